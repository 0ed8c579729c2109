"""A gradient shaped before it becomes a step: its bands of detail evened out, its colors joined.

Both are preconditioners, which change how far a step goes in each direction and not where the
objective is highest. Divided by one number alone, a gradient is loudest in what is finest and in
what is colored: ripples and neon, which a recursion compounds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.tiles import GUARD
from dreamvid.frame import Colors, Frame
from dreamvid.media.opencv import cv2
from dreamvid.pyramid import joined, split

SMALLEST = 8
"""Px: a band of a picture smaller than this is no detail."""

Sizes = NDArray[np.float32]
"""The root mean square of each band of a gradient, finest first, and of what is left, as shares of
that of the whole gradient."""


def most_bands(size: tuple[int, int]) -> int:
    """How many bands a picture of (height, width) can be split into."""
    return max(0, int(math.log2(max(1, min(size) / SMALLEST))))


def mixing(colors: Colors, share: float) -> NDArray[np.float32]:
    """What a gradient's RGB (H, W, 3) is multiplied by, from the right: (3, 3).

    (1 − a)·1 + a·C, C the covariance of colors over its largest eigenvalue: ascent in the space in
    which those colors are uncorrelated (Lucid, `param/color.py`), written for the gradient.

    Args:
        colors: their covariance, (3, 3), or any multiple of it.
        share: a, 0..1.
    """
    scaled = colors / np.linalg.eigvalsh(colors)[-1]
    return np.asarray((1 - share) * np.eye(3) + share * scaled, np.float32)


def evened(gradient: Frame, bands: int, sizes: Sizes | None = None) -> tuple[Frame, Sizes]:
    """A gradient (H, W, 3), its bands of detail at the same strength.

    The bands of its Laplacian pyramid (P. Burt, E. Adelson, "The Laplacian Pyramid as a Compact
    Image Code", 1983) and what is left, each brought to the root mean square of the whole gradient,
    and put together again: `lap_normalize` of Mordvintsev's TensorFlow notebook of DeepDream, which
    brings each to 1. So a gradient that all but vanishes does not grow.

    Args:
        gradient: of the whole picture, or of a part of it.
        bands: how many; at most `most_bands` of the picture.
        sizes: those of the whole picture, for a part of it; None: the gradient's own.

    Returns:
        The gradient, and the sizes that it was divided by.
    """
    parts = split(gradient, bands)
    if sizes is None:
        whole = max(_size(gradient), float(np.finfo(np.float32).tiny))
        # The guard is on the shares, so that it weighs the same however faint a gradient is.
        sizes = np.array([max(_size(part) / whole, GUARD) for part in parts], np.float32)
    return joined([part / size for part, size in zip(parts, sizes, strict=True)]), sizes


def _size(part: Frame) -> float:
    # Not cv2.norm, which sums in float32: 6e-5 off at 128 px.
    mean, deviation = cv2.meanStdDev(part)
    return math.sqrt(np.mean(np.square(mean) + np.square(deviation)))
