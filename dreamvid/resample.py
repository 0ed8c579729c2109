"""Resampling: each new pixel a weighted sum of a few old ones, along one axis and then the other.

Keys' cubic (R. Keys, "Cubic convolution interpolation for digital image processing", 1981, a = −½)
with weights computed in float64 at the exact position, and widened where a picture shrinks. Whole
lines are summed, a few at a time: columns are turned into lines first. (As a product with a matrix
of a narrow band it would be a third quicker, but NumPy's BLAS waits for its threads spinning, and
beside an encoder that costs a hundred times as much.)
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

BLOCK = 32768
"""Values that are summed at a time, so that they stay in a core's cache."""


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


def weighed(frame: Frame, axis: int, pixels: Indices, weights: Floats) -> Frame:
    """`frame` (H, W, C) resampled along an axis, 0 or 1.

    Args:
        pixels: (n, taps), those that each of n new pixels reads, all within the frame.
        weights: (n, taps).
    """
    if axis == 1:
        return _across(weighed(_across(frame), 0, pixels, weights))
    lines = np.ascontiguousarray(frame, np.float32).reshape(len(frame), -1)
    result = np.empty((len(pixels), lines.shape[1]), np.float32)
    block = max(1, BLOCK // lines.shape[1])
    room = np.empty((block, lines.shape[1]), np.float32)
    shares = weights.astype(np.float32)[..., np.newaxis]
    for first in range(0, len(pixels), block):
        own = slice(first, first + block)
        total = result[own]
        tap = room[: len(total)]
        total[:] = 0
        for pixel, share in zip(pixels[own].T, shares[own].swapaxes(0, 1), strict=True):
            if share.any():
                lines.take(pixel, axis=0, out=tap, mode="clip")  # any mode but the default's copies
                np.multiply(tap, share, out=tap)
                np.add(total, tap, out=total)
    return result.reshape(len(pixels), *frame.shape[1:])


def resized(frame: Frame, size: tuple[int, int]) -> Frame:
    """`frame` (H, W, C) at (height, width), antialiased on the way down; the same size is the frame
    itself. As TensorFlow's `tf.image.resize(…, "bicubic", antialias=True)`, in a third of the time:
    at the edges what is left of the kernel is brought to a sum of 1."""
    for axis, length in enumerate(size):
        if frame.shape[axis] != length:
            frame = weighed(frame, axis, *_scaled(frame.shape[axis], length))
    return frame


@lru_cache(64)
def _scaled(before: int, after: int) -> tuple[Indices, Floats]:
    scale = before / after
    pixels, weights, _ = taps((np.arange(after) + 0.5) * scale - 0.5, max(1.0, scale))
    weights = np.where((pixels >= 0) & (pixels < before), weights, 0.0)
    return np.clip(pixels, 0, before - 1), weights / weights.sum(axis=-1, keepdims=True)


def _across(frame: Frame) -> Frame:
    """The axes exchanged, (W, H, C)."""
    if frame.ndim == 3 and frame.shape[2] in (2, 3, 4):
        return np.asarray(cv2.transpose(frame))  # six times as quick as NumPy's copy
    return np.ascontiguousarray(frame.swapaxes(0, 1))
