"""Cubic resampling: each output pixel is a weighted sum of a few input pixels, axis by axis.

Keys' cubic (R. Keys, "Cubic convolution interpolation for digital image processing", 1981, a = −½)
with weights computed in float64 at the exact position, and a wider kernel where a picture shrinks.
Along an axis this is a product with a banded matrix, computed as small dense matrices: four times
as quick as sums of shifted copies. For the horizontal axis the picture is transposed first.
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
"""Output lines of a block: few enough that its matrix is hardly wider than its band."""
WIDEST = 64
"""Input lines that a block may read as one contiguous range, needed or not."""
SINGLE = 260_000
"""Multiplications in a matrix product, at most: up to 2**18 OpenBLAS uses one thread. Several
threads wait for each other in busy loops, which beside an encoder takes a hundred times as long."""


def keys(distance: Floats) -> Floats:
    """Keys' cubic kernel at a distance in pixels."""
    d = np.abs(distance)
    near = (1.5 * d - 2.5) * d * d + 1
    far = ((-0.5 * d + 2.5) * d - 4) * d + 2
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))


def taps(where: Floats, spread: float) -> tuple[Indices, Floats, Floats]:
    """The pixels around each position, their weights, and their signed distances, divided by
    `spread`; (*where.shape, taps) each.

    `spread` ≥ 1 is the kernel's width as a multiple of Keys' four taps. The weights sum to 1.
    """
    reach = math.ceil(2 * spread)
    pixels = np.floor(where)[..., None].astype(np.intp) + np.arange(1 - reach, reach + 1)
    distance = (where[..., None] - pixels) / spread
    weights = keys(distance)
    return pixels, weights / weights.sum(axis=-1, keepdims=True), distance


class Block(NamedTuple):
    """Some output lines, and the input lines and weights that they are computed from.

    Attributes:
        lines: the n output lines.
        reads: the k input lines.
        band: weights, float32 (n, k).
    """

    lines: slice
    reads: slice | Indices
    band: NDArray[np.float32]


def blocks(pixels: Indices, weights: Floats) -> list[Block]:
    """The weighted sums of `pixels`, as products with small matrices.

    Args:
        pixels: (n, taps), the input pixels of each of n output pixels, all within the frame.
        weights: (n, taps), their weights.
    """
    starts = np.arange(0, len(pixels), BLOCK)
    first_read = np.minimum.reduceat(pixels.min(axis=1), starts)
    span = np.maximum.reduceat(pixels.max(axis=1), starts) + 1 - first_read
    contiguous = np.repeat(span <= WIDEST, BLOCK)[: len(pixels)]
    columns = pixels - np.repeat(first_read, BLOCK)[: len(pixels), np.newaxis]
    bands = np.zeros((len(pixels), min(int(span.max()), WIDEST)))
    rows = np.flatnonzero(contiguous)[:, np.newaxis]
    np.add.at(bands, (rows, columns[contiguous]), weights[contiguous])
    narrow = bands.astype(np.float32)
    result = []
    for start, first, wide in zip(starts.tolist(), first_read.tolist(), span.tolist(), strict=True):
        lines = slice(start, start + BLOCK)
        if wide <= WIDEST:
            result.append(Block(lines, slice(first, first + wide), narrow[lines, :wide]))
            continue
        # Wrapped around an edge, or far apart: only the pixels that are needed.
        reads, column = np.unique(pixels[lines], return_inverse=True)
        band = np.zeros((len(column), len(reads)))
        np.add.at(band, (np.arange(len(column))[:, np.newaxis], column), weights[lines])
        result.append(Block(lines, reads, band.astype(np.float32)))
    return result


def summed(frame: Frame, axis: int, along: list[Block]) -> Frame:
    """`frame` (H, W, C) resampled along an axis, 0 or 1."""
    if axis == 1:
        return _across(summed(_across(frame), 0, along))
    lines = np.ascontiguousarray(frame, np.float32).reshape(len(frame), -1)
    result = np.empty((along[-1].lines.start + len(along[-1].band), lines.shape[1]), np.float32)
    for block_lines, reads, band in along:
        source, target = lines[reads], result[block_lines]
        wide = max(1, SINGLE // band.size)
        for left in range(0, lines.shape[1], wide):
            part = slice(left, left + wide)
            np.matmul(band, source[:, part], out=target[:, part])
    return result.reshape(len(result), *frame.shape[1:])


def resize_cubic(frame: Frame, size: Size) -> Frame:
    """`frame` (H, W, C) resized to `size`, antialiased where it shrinks; `frame` itself where it
    has that size. Equals TensorFlow's `tf.image.resize(…, "bicubic", antialias=True)` in a third of
    the time: at the edges the weights within the picture are normalised to a sum of 1."""
    # The horizontal axis is resized while the picture is smaller, since that needs a transpose.
    shape = size.shape
    for axis in (0, 1) if shape[0] < len(frame) else (1, 0):
        if frame.shape[axis] != shape[axis]:
            frame = summed(frame, axis, _scaled(frame.shape[axis], shape[axis]))
    return frame


@lru_cache(64)
def _scaled(before: int, after: int) -> list[Block]:
    """The weights that resize an axis of `before` px to `after` px."""
    # Positions are rounded to float32, up to .00003 px, as in TensorFlow. Without that a dream
    # would differ from TensorFlow's by a tenth of a level.
    scale = 1 / (np.float32(after) / np.float32(before))
    where = (np.arange(after, dtype=np.float32) + np.float32(0.5)) * scale
    pixels, weights, _ = taps(where.astype(np.float64) - 0.5, max(1.0, float(scale)))
    weights = np.where((pixels >= 0) & (pixels < before), weights, 0.0)
    return blocks(np.clip(pixels, 0, before - 1), weights / weights.sum(axis=-1, keepdims=True))


def _across(frame: Frame) -> Frame:
    """The frame transposed, (W, H, C)."""
    if frame.ndim == 3 and frame.shape[2] in (2, 3, 4):
        return np.asarray(cv2.transpose(frame))  # six times as quick as NumPy's copy
    if frame.ndim == 3 and frame.shape[2] == 1:
        return np.asarray(cv2.transpose(frame[..., 0]), np.float32)[..., None]
    return np.ascontiguousarray(frame.swapaxes(0, 1))
