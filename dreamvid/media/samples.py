"""Converting decoded samples of any type to a frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError
from dreamvid.frame import Frame

Pixels = NDArray[Any]

PAPER = 255.0
"""Level of the white that transparent pixels are blended with."""

DEEPEST_FLOAT = 2.0
"""Float samples are 0..1 with highlights a little above; a larger maximum means another scale."""

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


def upright(samples: Pixels, orientation: int) -> Pixels:
    """Turn a stored picture upright by its EXIF `orientation`, 1 to 8."""
    turn = _UPRIGHT.get(orientation)
    return turn(samples) if turn else samples


def rgb_order(samples: Pixels) -> Pixels:
    """OpenCV's grey, BGR or BGRA as (H, W, 1), RGB or RGBA."""
    if samples.ndim == 2:
        return samples[..., np.newaxis]
    order = {3: [2, 1, 0], 4: [2, 1, 0, 3]}.get(samples.shape[2])
    return samples if order is None else samples[..., order]


def to_frame(path: Path, samples: Pixels) -> Frame:
    """Convert grey, grey with alpha, RGB or RGBA (H, W, C) of any depth to a frame. Raises
    InputError."""
    if samples.dtype.kind == "f":
        if not np.isfinite(samples).all():
            raise InputError("the picture holds samples that are not finite", path=path)
        if samples.max() > DEEPEST_FLOAT:
            raise InputError(
                f"float samples up to {samples.max():g}; scale them to 0..1, or save as PNG",
                path=path,
            )
        scaled = np.clip(samples.astype(np.float64), 0, 1) * 255
    elif samples.dtype in (np.uint8, np.uint16):
        scaled = samples.astype(np.float64) * (255 / np.iinfo(samples.dtype).max)
    else:
        raise InputError(f"samples of type {samples.dtype}; save it with 8 or 16 bits", path=path)
    channels = scaled.shape[2]
    color = scaled[..., : 3 if channels > 2 else 1]
    if channels in (2, 4):
        alpha = scaled[..., -1:] / 255
        color = color * alpha + PAPER * (1 - alpha)
    shown = np.broadcast_to(color, (*color.shape[:2], 3))
    return np.ascontiguousarray(shown, dtype=np.float32)
