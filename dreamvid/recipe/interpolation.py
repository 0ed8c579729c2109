"""Interpolation between the keyframes of a schedule."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from dreamvid.recipe.functions import clip, fade, finite

BETWEEN = ("linear", "step", "ease", "cubic")
"""The words that say how to go from keyframe to keyframe."""


def between_keys(
    between: str, x: Mapping[int, Fraction], y: Mapping[int, float], i: int, share: float
) -> float:
    """The value between keyframes `i` and `i + 1`, never outside of theirs.

    Args:
        between: one of `BETWEEN`, not `step`.
        x, y: places and values of keyframes `i` and `i + 1`, for `cubic` also of those before and
            after them.
        share: of the way, 0..1.

    Raises:
        OverflowError: it is not finite.
    """
    a, b = y[i], y[i + 1]
    if between == "cubic":
        value = finite(_cubic(x, y, i, share))
    else:
        share = fade(share) if between == "ease" else share
        value = (1 - share) * a + share * b
    return clip(value, min(a, b), max(a, b))  # only rounding could exceed it


def _cubic(x: Mapping[int, Fraction], y: Mapping[int, float], i: int, share: float) -> float:
    """Monotone cubic interpolation between keyframes `x[i]` and `x[i + 1]`: no overshoot.

    Slopes by the harmonic mean: F. N. Fritsch and J. Butland, "A method for constructing local
    monotone piecewise cubic interpolants", SIAM J. Sci. Stat. Comput. 5 (1984), as in PCHIP; within
    the bounds of F. N. Fritsch and R. E. Carlson, SIAM J. Numer. Anal. 17 (1980).
    """

    def gap(k: int) -> float:
        return float(x[k + 1] - x[k])

    def rise(k: int) -> float:
        return (y[k + 1] - y[k]) / gap(k)

    def slope(k: int) -> float:
        if k - 1 not in y or k + 1 not in y:  # the first or last keyframe
            return rise(i)
        before, after = rise(k - 1), rise(k)
        if min(before, after) <= 0 <= max(before, after):
            return 0.0
        one, two = gap(k - 1), gap(k)
        return 3 * (one + two) / ((2 * two + one) / before + (two + 2 * one) / after)

    width, rest = gap(i), 1 - share
    from_left = y[i] * (1 + 2 * share) + slope(i) * width * share
    from_right = y[i + 1] * (1 + 2 * rest) - slope(i + 1) * width * rest
    return rest * rest * from_left + share * share * from_right
