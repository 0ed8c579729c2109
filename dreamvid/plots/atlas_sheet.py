"""The pictures of an atlas with their captions, on pages."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dreamvid.frame import Frame
from dreamvid.media.sink import to_uint8
from dreamvid.rendering.atlas import Made

PAGE_WIDTH = 1800
"""Most px of a page's width, unless one picture is wider."""

MOST_ROWS = 12
"""Most rows of a page."""

GAP, LETTERS, LINES = 8, 13, 2
"""Px between pictures; height of the letters in px; lines of a caption."""

LINE = LETTERS + 4
"""Px from line to line."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
"""Of captions."""

PAPER, INK = "#181818", "#e8e8e8"

CONTRAST = 48.0
"""Standard deviation in levels at which dreams from noise, which are faint, are shown."""


def pages(count: int, size: int) -> list[range]:
    """The pictures of each page, of `count` pictures of `size` px a side."""
    most = _columns(count, size) * MOST_ROWS
    return [range(first, min(first + most, count)) for first in range(0, count, most)]


def draw_page(title: str, tiles: Sequence[tuple[str, Frame]]) -> Frame:
    """A page as a frame.

    Args:
        tiles: captions and pictures, all of one size and square.
    """
    size = tiles[0][1].shape[0]
    columns = _columns(len(tiles), size)
    rows = math.ceil(len(tiles) / columns)
    width, height = size + GAP, size + GAP + LINES * LINE
    page = Image.new("RGB", (columns * width + GAP, rows * height + 2 * GAP + LINE), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(LETTERS)
    draw.text((GAP, GAP), _fitted(title, page.width - 2 * GAP, 1, font)[0], INK, font)
    for index, (caption, picture) in enumerate(tiles):
        row, column = divmod(index, columns)
        left, top = GAP + column * width, 2 * GAP + LINE + row * height
        page.paste(Image.fromarray(to_uint8(picture)), (left, top))
        for number, line in enumerate(_fitted(caption, size, LINES, font)):
            draw.text((left, top + size + 2 + number * LINE), line, INK, font)
    return np.asarray(page, np.float32)


def caption(made: Made) -> str:
    """A picture's caption: its term, and whether it answers nothing."""
    text = made.wanted.term.name
    if made.wanted.about and made.wanted.number is not None:
        text += f" {made.wanted.about}"
    return f"{text} (answers nothing)" if made.silent else text


def shown(picture: Frame, *, noise: bool) -> Frame:
    """A picture as it is shown: those from noise at one contrast."""
    if not noise:
        return picture
    spread = max(float(picture.std()), 1e-3)
    stretched = (picture - picture.mean()) * (CONTRAST / spread) + 128
    return np.asarray(np.clip(stretched, 0, 255), np.float32)


def _columns(count: int, size: int) -> int:
    most = max(1, (PAGE_WIDTH - GAP) // (size + GAP))
    return min(most, max(1, math.ceil(math.sqrt(1.5 * count))))


def _fitted(text: str, width: int, lines: int, font: Font) -> list[str]:
    """A text in lines of at most `width` px, broken at any letter, cut where it is too long."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    fitted: list[str] = []
    while text and len(fitted) < lines:
        length = len(text)
        while length > 1 and font.getlength(text[:length]) > width:
            length -= 1
        if length < len(text) and " " in text[1:length]:
            length = text.rindex(" ", 1, length)
        fitted.append(text[:length].strip())
        text = text[length:].strip()
    if text and fitted:
        fitted[-1] = fitted[-1][:-1] + "…"
    return fitted or [""]
