"""Samples of stills: as a file stores them, made regular, and as a frame.

Regular samples are (H, W, C): grey, grey with alpha, RGB or RGBA, of uint8 or uint16, whose largest
number is white, or of float32, 0..1. Alpha is straight: the color is not multiplied by it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError
from dreamvid.frame import Frame
from dreamvid.limits import MAX_PIXELS, MAX_SIDE

Pixels = NDArray[Any]

PAPER = 255.0
"""Level of the white that transparent pixels are laid on."""

DEEPEST_FLOAT = 2.0
"""Float samples are 0..1 with highlights a little above; a larger maximum means another scale."""

BLOCK = 2**20
"""Pixels that are converted at a time."""

_UPRIGHT: dict[int, Callable[[Pixels], Pixels]] = {
    2: lambda picture: picture[:, ::-1],
    3: lambda picture: picture[::-1, ::-1],
    4: lambda picture: picture[::-1],
    5: lambda picture: picture.swapaxes(0, 1),
    6: lambda picture: picture.swapaxes(0, 1)[:, ::-1],
    7: lambda picture: picture[::-1, ::-1].swapaxes(0, 1),
    8: lambda picture: picture.swapaxes(0, 1)[::-1],
}
"""How to turn the stored picture upright, by EXIF orientation; 1 needs nothing."""


@dataclass(frozen=True)
class Stored:
    """A picture as its file stores it.

    Attributes:
        pixels: (H, W, C): grey, grey with alpha, RGB or RGBA.
        white: the number of white, and of full alpha; None: the type's largest, or 1 of floats.
        inverted: whether 0 is white, and `white` black; alpha is not inverted.
        premultiplied: whether the color is multiplied by alpha.
        orientation: by EXIF, 1 to 8.
        profile: its ICC profile; empty if it has none.
        notes: what to tell of it, such as that its profile was left out.
    """

    pixels: Pixels
    white: int | None = None
    inverted: bool = False
    premultiplied: bool = False
    orientation: int = 1
    profile: bytes = b""
    notes: tuple[str, ...] = field(default=())


def require_size(path: Path, width: int, height: int) -> None:
    """Raise InputError if a still of that size is too large."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise too_large(path)


def too_large(path: Path) -> InputError:
    """The error of a still that is too large."""
    return InputError(
        f"too large; at most {MAX_PIXELS // 10**6} million pixels, {MAX_SIDE} a side", path=path
    )


def damaged(path: Path, reason: object) -> InputError:
    """The error of a still that is cut off or damaged."""
    return InputError(f"the picture is cut off or damaged ({reason})", path=path)


def regular(path: Path, stored: Stored) -> Pixels:
    """Stored samples as regular ones. Raises InputError if they stand for nothing visible."""
    pixels, white = stored.pixels, stored.white
    floats = pixels.dtype.kind == "f"
    if floats:
        _require_visible(path, pixels)
        pixels = np.clip(pixels, 0, 1, dtype=np.float32)
    elif pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(f"samples of type {pixels.dtype}; save it with 8 or 16 bits", path=path)
    largest = 1 if floats else int(np.iinfo(pixels.dtype).max)
    white = white or largest
    has_alpha = pixels.shape[2] % 2 == 0
    if stored.inverted:
        pixels = pixels.copy()
        color = pixels[..., :-1] if has_alpha else pixels
        np.subtract(white, np.minimum(color, white), out=color)
    if white != largest:
        pixels = in_blocks(pixels, lambda block: np.minimum(block / white, 1) * 65535)
    if stored.premultiplied and has_alpha:
        pixels = _straight(pixels)
    return pixels


def upright(samples: Pixels, orientation: int) -> Pixels:
    """Turn a stored picture upright by its EXIF `orientation`, 1 to 8."""
    turn = _UPRIGHT.get(orientation)
    return turn(samples) if turn else samples


def with_alpha(samples: Pixels) -> Frame:
    """Regular samples as RGB and straight alpha, (H, W, 4), float32, 0..255; 255 is opaque."""
    height, width, channels = samples.shape
    scale = 255 / (np.iinfo(samples.dtype).max if samples.dtype.kind == "u" else 1)
    made = np.full((height, width, 4), 255, np.float32)
    rows = max(1, BLOCK // width)
    for top in range(0, height, rows):
        block = samples[top : top + rows] * (1 if scale == 1 else scale)
        made[top : top + rows, :, :3] = block[..., : 3 if channels > 2 else 1]
        if channels % 2 == 0:
            made[top : top + rows, :, 3] = block[..., -1]
    return made


def on_white(picture: Frame) -> Frame:
    """RGB with straight alpha, (H, W, 4), 0..255, laid on white: (H, W, 3)."""
    color, alpha = picture[..., :3], picture[..., 3:].astype(np.float64) / 255
    if alpha.min(initial=1) == 1:
        return np.ascontiguousarray(color)
    return np.asarray(color * alpha + PAPER * (1 - alpha), np.float32)


def _require_visible(path: Path, pixels: Pixels) -> None:
    if not np.isfinite(pixels).all():
        raise InputError("the picture holds samples that are not finite", path=path)
    if pixels.max() > DEEPEST_FLOAT:
        raise InputError(
            f"float samples up to {pixels.max():g}; scale them to 0..1, or save as PNG", path=path
        )


def _straight(pixels: Pixels) -> Pixels:
    """Divide the color by alpha: uint16, or float32 of floats. It is 0 where alpha is 0."""
    floats = pixels.dtype.kind == "f"
    largest = 1 if floats else np.iinfo(pixels.dtype).max

    def divided(block: Pixels) -> Pixels:
        made = block / largest
        alpha = made[..., -1:]
        color = np.divide(made[..., :-1], alpha, out=np.zeros_like(made[..., :-1]), where=alpha > 0)
        made[..., :-1] = np.minimum(color, 1)
        return made if floats else made * 65535

    return in_blocks(pixels, divided, np.float32 if floats else np.uint16)


def in_blocks(
    pixels: Pixels, convert: Callable[[Pixels], Pixels], kind: type[np.generic] = np.uint16
) -> Pixels:
    """Convert (H, W, C) to `kind` some rows at a time, which bounds the memory for it; to whole
    numbers by rounding."""
    made = np.empty(pixels.shape, kind)
    rows = max(1, BLOCK // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        block = convert(pixels[top : top + rows])
        made[top : top + rows] = block if kind is np.float32 else np.rint(block)
    return made
