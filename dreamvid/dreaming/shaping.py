"""Preconditioning of a gradient: its frequency bands are evened and its colors decorrelated.

Both change how far a step goes in each direction, not where the objective is highest. A gradient
that is only divided by its norm is strongest in the finest detail and in saturated color: ripples
and neon, which a recursion compounds.
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
"""Px: smallest size at which a band still counts as detail."""

Sizes = NDArray[np.float32]
"""Root mean squares of a gradient's bands, finest first, and of the low-pass rest, each as a share
of that of the whole gradient."""


def most_bands(size: tuple[int, int]) -> int:
    """The largest number of bands for a picture of (height, width)."""
    return max(0, int(math.log2(max(1, min(size) / SMALLEST))))


def mixing(colors: Colors, share: float) -> NDArray[np.float32]:
    """The matrix (3, 3) that a gradient's RGB (H, W, 3) is multiplied by, from the right.

    (1 − a)·1 + a·C, C the covariance of colors over its largest eigenvalue: ascent in the space in
    which those colors are uncorrelated (Lucid, `param/color.py`), written for the gradient.

    Args:
        colors: covariance of the colors, (3, 3), or any multiple of it.
        share: a, 0..1.
    """
    scaled = colors / np.linalg.eigvalsh(colors)[-1]
    return np.asarray((1 - share) * np.eye(3) + share * scaled, np.float32)


def evened(gradient: Frame, bands: int, sizes: Sizes | None = None) -> tuple[Frame, Sizes]:
    """A gradient (H, W, 3) with equally strong bands of detail.

    The bands of its Laplacian pyramid (P. Burt, E. Adelson, "The Laplacian Pyramid as a Compact
    Image Code", 1983) and the low-pass rest are each scaled to the root mean square of the whole
    gradient and summed again. `lap_normalize` of Mordvintsev's TensorFlow notebook of DeepDream
    scales each to 1 instead; here a gradient that is nearly 0 does not grow.

    Args:
        gradient: of the whole picture, or of a part of it.
        bands: number of bands, at most `most_bands` of the picture.
        sizes: of the whole picture's gradient, for a part of it; None: computed from `gradient`.

    Returns:
        The evened gradient, and the sizes that its bands were divided by.
    """
    parts = split(gradient, bands)
    if sizes is None:
        whole_size = max(_size(gradient), float(np.finfo(np.float32).tiny))
        # GUARD bounds the shares, not the bands, so that it works alike for faint gradients.
        sizes = np.array([max(_size(part) / whole_size, GUARD) for part in parts], np.float32)
    return joined([part / size for part, size in zip(parts, sizes, strict=True)]), sizes


def _size(part: Frame) -> float:
    """The root mean square of (H, W, C)."""
    # Not cv2.norm, which sums in float32: 6e-5 off at 128 px.
    mean, deviation = cv2.meanStdDev(part)
    return math.sqrt(np.mean(np.square(mean) + np.square(deviation)))
