"""The shake of a camera held by hand: a sway, and a quicker tremor, by the recipe's seed.

It moves the camera about its path and never away from it: the noise is that of a position, of which
a frame's step takes the difference. It goes by seconds, so that another frame rate shows the same
movement, and begins at rest (`risen`).
"""

from __future__ import annotations

import math

from dreamvid.frame import Size
from dreamvid.motion.affine import Affine, movement
from dreamvid.recipe.functions import fade, mixed

SWAYS = ((0.45, 0.75), (0.15, 0.25))
"""Seconds from one random value to the next, and the share of each noise in the whole."""

DEGREES = 0.3
"""Most degrees of turning for each percent of the width: so much moves the corners as a third of
the sway does."""

STARTS = 1.0
"""Seconds in which the shake rises from rest at the film's beginning."""


def shake(percent: float, seconds: float, seed: int, size: Size) -> Affine:
    """Where the shake has the picture at a time, about where it would be without.

    Args:
        percent: of the frame's width, the most that it is moved to each side and up and down.
        seconds: since the film's beginning.
        seed: the recipe's.
    """
    if not percent:
        return Affine()
    across, down, turn = (_sway(seconds, mixed(seed) + which) for which in range(3))
    px = percent / 100 * size.width
    return movement(size, angle=DEGREES * percent * turn, translate=(px * across, px * down))


def risen(seconds: float) -> float:
    """How far the shake has risen from rest at a time of a film, 0..1."""
    return fade(min(max(seconds / STARTS, 0.0), 1.0))


def _sway(seconds: float, which: int) -> float:
    """Noise within -1..1."""
    return sum(
        share * _noise(seconds / every, mixed(which) + each)
        for each, (every, share) in enumerate(SWAYS)
    )


def _noise(x: float, which: int) -> float:
    """Noise within -1..1 with a new random value at every integer: a cubic B-spline of them, so
    that speed and acceleration are smooth too."""
    cell = math.floor(x)
    f = x - cell
    g = 1 - f
    weights = (g**3 / 6, 2 / 3 - f * f * (1 - f / 2), 2 / 3 - g * g * (1 - g / 2), f**3 / 6)
    values = ((mixed(mixed(which) + cell + i) >> 11) / 2**52 - 1 for i in (-1, 0, 1, 2))
    return sum(weight * value for weight, value in zip(weights, values, strict=True))
