"""Display-coded levels as linear light."""

from __future__ import annotations

import numpy as np

from dreamvid.frame import Field


def to_linear(levels: Field) -> Field:
    """Decode sRGB levels of 255 to linear light, 255 to 1.0 (IEC 61966-2-1).

    The curve goes on above 255, and below 0 as its mirror image, so that nothing is clipped.
    """
    coded = np.abs(levels) / np.float32(255)
    toe = coded / np.float32(12.92)
    curve = ((coded + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    light = np.where(coded <= np.float32(0.04045), toe, curve)
    return np.copysign(light, levels).astype(np.float32)
