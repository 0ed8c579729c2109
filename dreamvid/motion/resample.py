"""Resampling: each new pixel a weighted sum of a few old ones, along one axis and then the other.

Keys' cubic (R. Keys, "Cubic convolution interpolation for digital image processing", 1981, a = −½)
with weights computed in float64 at the exact position, and widened where a picture shrinks. Along
an axis that is a product with a matrix of a narrow band, taken as small dense matrices: four times
as quick as sums of shifted copies. Columns are turned into lines first.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame, Size
from dreamvid.media.opencv import cv2

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

BLOCK = 8
"""New lines at a time: few enough that their matrix is hardly wider than its band."""
WIDEST = 64
"""Old lines that a block reads with those between, needed or not."""
SINGLE = 260_000
"""Multiplications in a product: up to 2**18 OpenBLAS takes one thread. With more it waits for them
spinning, and beside an encoder that costs a hundred times as much."""


def keys(distance: Floats) -> Floats:
    """The kernel at a distance in pixels."""
    d = np.abs(distance)
    near = (1.5 * d - 2.5) * d * d + 1
    far = ((-0.5 * d + 2.5) * d - 4) * d + 2
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def taps(where: Floats, spread: float) -> tuple[Indices, Floats, Floats]:
    """The pixels around each position, their weights, and how far off they are, in widths of the
    kernel; (*where.shape, taps) each.

    `spread` ≥ 1 is how much wider than Keys' four taps the kernel is. The weights sum to 1.
    """
    reach = math.ceil(2 * spread)
    pixels = np.floor(where)[..., None].astype(np.intp) + np.arange(1 - reach, reach + 1)
    away = (where[..., None] - pixels) / spread
    weights = keys(away)
    return pixels, weights / weights.sum(axis=-1, keepdims=True), away


class Block(NamedTuple):
    """New lines, and the old ones that they are made of.

    Attributes:
        lines: which new ones, n.
        reads: which old ones, k.
        band: their weights, float32 (n, k).
    """

    lines: slice
    reads: slice | Indices
    band: NDArray[np.float32]


def blocks(pixels: Indices, weights: Floats) -> list[Block]:
    """The weighted sums of `pixels`, as products with small matrices.

    Args:
        pixels: (n, taps), those that each of n new pixels reads, all within the frame.
        weights: (n, taps).
    """
    starts = np.arange(0, len(pixels), BLOCK)
    low = np.minimum.reduceat(pixels.min(axis=1), starts)
    span = np.maximum.reduceat(pixels.max(axis=1), starts) + 1 - low
    near = np.repeat(span <= WIDEST, BLOCK)[: len(pixels)]
    places = pixels - np.repeat(low, BLOCK)[: len(pixels), np.newaxis]
    bands = np.zeros((len(pixels), min(int(span.max()), WIDEST)))
    np.add.at(bands, (np.flatnonzero(near)[:, np.newaxis], places[near]), weights[near])
    narrow = bands.astype(np.float32)
    found = []
    for start, first, wide in zip(starts.tolist(), low.tolist(), span.tolist(), strict=True):
        own = slice(start, start + BLOCK)
        if wide <= WIDEST:
            found.append(Block(own, slice(first, first + wide), narrow[own, :wide]))
            continue
        reads, at = np.unique(pixels[own], return_inverse=True)  # around an edge, or far apart
        band = np.zeros((len(at), len(reads)))
        np.add.at(band, (np.arange(len(at))[:, np.newaxis], at), weights[own])
        found.append(Block(own, reads, band.astype(np.float32)))
    return found


def summed(frame: Frame, axis: int, along: list[Block]) -> Frame:
    """`frame` (H, W, C) resampled along an axis, 0 or 1."""
    if axis == 1:
        return _across(summed(_across(frame), 0, along))
    lines = np.ascontiguousarray(frame, np.float32).reshape(len(frame), -1)
    result = np.empty((along[-1].lines.start + len(along[-1].band), lines.shape[1]), np.float32)
    for own, reads, band in along:
        read, made = lines[reads], result[own]
        wide = max(1, SINGLE // band.size)
        for left in range(0, lines.shape[1], wide):
            part = slice(left, left + wide)
            np.matmul(band, read[:, part], out=made[:, part])
    return result.reshape(len(result), *frame.shape[1:])


def resize_cubic(frame: Frame, size: Size) -> Frame:
    """`frame` (H, W, C) at `size`, antialiased on the way down; the same size is the frame
    itself. As TensorFlow's `tf.image.resize(…, "bicubic", antialias=True)`, in a third of the time:
    at the edges what is left of the kernel is brought to a sum of 1."""
    # What grows grows last along the lines, for what is turned should be small.
    wanted = size.shape
    for axis in (0, 1) if wanted[0] < len(frame) else (1, 0):
        if frame.shape[axis] != wanted[axis]:
            frame = summed(frame, axis, _scaled(frame.shape[axis], wanted[axis]))
    return frame


@lru_cache(64)
def _scaled(before: int, after: int) -> list[Block]:
    # Positions are rounded to float32, as TensorFlow's are: up to .00003 px, which a dream that is
    # compared with one of TensorFlow's enlarges to a tenth of a level.
    scale = 1 / (np.float32(after) / np.float32(before))
    where = (np.arange(after, dtype=np.float32) + np.float32(0.5)) * scale
    pixels, weights, _ = taps(where.astype(np.float64) - 0.5, max(1.0, float(scale)))
    weights = np.where((pixels >= 0) & (pixels < before), weights, 0.0)
    return blocks(np.clip(pixels, 0, before - 1), weights / weights.sum(axis=-1, keepdims=True))


def _across(frame: Frame) -> Frame:
    """The axes exchanged, (W, H, C)."""
    if frame.ndim == 3 and frame.shape[2] in (2, 3, 4):
        return np.asarray(cv2.transpose(frame))  # six times as quick as NumPy's copy
    return np.ascontiguousarray(frame.swapaxes(0, 1))
