"""Pictures of sources for the page: one frame, or a strip of a clip's."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid.errors import InputError
from dreamvid.frame import Frame, Size
from dreamvid.media.jpeg import jpeg_of
from dreamvid.media.resize import resize_area
from dreamvid.opening import open_source
from dreamvid.recipe import ImageRecipe, Recipe, VideoRecipe
from dreamvid.recipe.load import kind_of

MAX_STRIP = 40
"""Frames of a strip."""


def about(path: Path) -> dict[str, Any]:
    """What a source is; see `/api/source`. Raises InputError."""
    recipe = _recipe(path)
    source = open_source(recipe)
    still = isinstance(recipe, ImageRecipe)
    frames = None if still else source.frames
    return {
        "kind": "picture" if still else "clip",
        "size": list(source.size),
        "frames": frames,
        "fps": None if still else float(source.rate),
        "seconds": None if frames is None else float(frames / source.rate),
        "sound": source.sound is not None,
    }


def picture(path: Path, seconds: float, side: int) -> bytes:
    """A picture, or a clip's at a time, as JPEG. Raises InputError."""
    return jpeg_of(_frame(path, seconds), side)


def strip(path: Path, count: int, height: int) -> bytes:
    """`count` frames, evenly over a clip, side by side, as JPEG. Raises InputError."""
    count, seconds = min(max(1, count), MAX_STRIP), about(path)["seconds"] or 0
    cells = []
    for index in range(count):
        frame = _frame(path, seconds * (index + 0.5) / count)
        width = max(1, round(frame.shape[1] * height / frame.shape[0]))
        cells.append(resize_area(frame, Size(width, height)))
    return jpeg_of(np.hstack(cells))


def _recipe(path: Path, more: Mapping[str, Any] | None = None) -> Recipe:
    if kind_of(path) == "video":
        return VideoRecipe(source=path, **(more or {}))
    return ImageRecipe(source=path)


def _frame(path: Path, seconds: float) -> Frame:
    """A picture, or a clip's frame at a time or the last one before it."""
    start = max(Fraction(0), Fraction(seconds).limit_denominator(10_000))
    try:
        source = open_source(_recipe(path, {"start": start, "frames": 1}))
    except InputError:
        if not start:
            raise
        source = open_source(_recipe(path, {"frames": 1}))
    with closing(source.open()) as frames:
        return next(frames)[..., :3]
