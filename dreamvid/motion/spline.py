"""Sampling a picture between its pixels by cubic B-splines.

A carried dream is resampled in every frame, so that errors compound:
linear interpolation blurs a dream away, and OpenCV's cubic (a = −¾) moves a shift of .3 px by .34.
A cubic spline through the pixels (P. Thévenaz, T. Blu, M. Unser, "Interpolation revisited", 2000)
moves smooth pictures exactly and blurs less than Keys' cubic. Its sixteen weights are computed by
four linear look-ups (C. Sigg, M. Hadwiger, "Fast third-order texture filtering", GPU Gems 2, 2005),
which OpenCV 5 does exactly in float (but for fields of two channels, to .003 px).
"""

from __future__ import annotations

import numpy as np

from dreamvid.frame import Field
from dreamvid.media.opencv import cv2

POLE = 3**0.5 - 2
"""Pole of the filter that turns pixels into the coefficients of a cubic B-spline."""
REACH = 12
"""Taps on either side of that filter; the next would be POLE**12, a ten-millionth."""


def sample_spline(field: Field, x: Field, y: Field) -> Field:
    """`field`, (H, W) or (H, W, C), at the positions (x, y), px, (H', W') each; mirrored beyond its
    edges. At integer positions the result is the pixels themselves, up to rounding."""
    taps = np.sqrt(3) * POLE ** np.abs(np.arange(-REACH, REACH + 1))
    edges = cv2.BORDER_REFLECT_101
    # Shortened for small pictures, because OpenCV does not mirror twice.
    reach = [min(REACH, edge - 1) for edge in field.shape[1::-1]]
    across, down = (taps[REACH - r : REACH + r + 1] for r in reach)
    coefficients = cv2.sepFilter2D(
        field, -1, across / across.sum(), down / down.sum(), borderType=edges
    )
    shape = *x.shape, *field.shape[2:]
    channels = field.shape[2] if field.ndim == 3 else 1
    total = np.zeros(shape, np.float32)
    pairs_x, pairs_y = _pairs(x), _pairs(y)
    for weight_y, at_y in pairs_y:
        for weight_x, at_x in pairs_x:
            part = cv2.remap(coefficients, at_x, at_y, cv2.INTER_LINEAR, borderMode=edges)
            # cv2.merge, because NumPy is slow along an axis as short as the channels'.
            weight = cv2.merge([weight_x * weight_y] * channels)
            total += part.reshape(shape) * weight.reshape(shape)
    return total


def _pairs(at: Field) -> list[tuple[Field, Field]]:
    """The four weights of a cubic B-spline along an axis as two linear look-ups, each a weight and
    a position."""
    floor: Field = np.floor(at)
    f = at - floor
    g = 1 - f
    w0, w3 = g * g * g / 6, f * f * f / 6
    w1 = 2 / 3 - f * f * (1 - f / 2)
    left: Field = w0 + w1
    right: Field = 1 - left
    return [(left, floor - 1 + w1 / left), (right, floor + 1 + w3 / right)]
