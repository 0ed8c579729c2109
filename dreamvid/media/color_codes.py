"""Color spaces by the numbers that pictures state in place of a profile.

The code points are those of ITU-T H.273 (CICP), which PNG (cICP), AVIF and clips share.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dreamvid.media.color_space import (
    D65,
    SRGB,
    ColorSpace,
    Curve,
    Floats,
    Primaries,
    light_of,
    matrix_to_pcs,
)

PAL: Primaries = (*D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06)
NTSC: Primaries = (*D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070)
BT2020: Primaries = (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)
DCI_P3: Primaries = (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)
DISPLAY_P3: Primaries = (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060)

PRIMARIES = {1: SRGB, 2: SRGB, 5: PAL, 6: NTSC, 7: NTSC, 9: BT2020, 11: DCI_P3, 12: DISPLAY_P3}
"""By code point; 2 is unspecified."""

SRGB_TRANSFERS = (1, 2, 6, 13, 14, 15)
"""Code points that are taken for sRGB's curve: its own, none, and those of video, whose cameras'
curve is shown by screens much as sRGB's is; so a frame has the colors of its clip."""

GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}

PQ, HLG = 16, 18
"""Transfer functions of HDR (ITU-R BT.2100)."""

SRGB_GAMMAS = (0.43, 0.52)
"""A PNG's gAMA within these is taken for sRGB's curve: encoders write .45455 for it, and ffmpeg
.50994 for video's."""


@dataclass(frozen=True)
class HdrColors:
    """Colors of HDR, which sRGB shows only after a tone map.

    Attributes:
        primaries, transfer: code points of `PRIMARIES`, and `PQ` or `HLG`.
    """

    primaries: int
    transfer: int


def coded_space(primaries: int, transfer: int, full_range: int = 1) -> ColorSpace | HdrColors:
    """The space of two code points.

    Raises:
        ValueError: they are unknown, or not of the full range of numbers; the text names them.
    """
    known = primaries in PRIMARIES and transfer in (*SRGB_TRANSFERS, *GAMMAS, PQ, HLG)
    if not known or not full_range:
        raise ValueError(f"primaries {primaries}, transfer {transfer}, range {full_range}")
    if transfer in (PQ, HLG):
        return HdrColors(primaries, transfer)
    curve = light_of if transfer in SRGB_TRANSFERS else power(GAMMAS[transfer])
    return ColorSpace.of_rgb((curve,) * 3, matrix_to_pcs(PRIMARIES[primaries]))


def gamma_space(gamma: float | None, primaries: Primaries | None) -> ColorSpace:
    """The space of a PNG's gAMA and cHRM; None: as of sRGB.

    Raises:
        ValueError: they are of no color.
    """
    if gamma is not None and gamma <= 0:
        raise ValueError("gAMA")
    least, most = SRGB_GAMMAS
    curve = light_of if gamma is None or least < gamma < most else power(1 / gamma)
    return ColorSpace.of_rgb((curve,) * 3, matrix_to_pcs(primaries or SRGB))


def power(gamma: float) -> Curve:
    """The curve of a plain gamma."""

    def curve(samples: Floats) -> Floats:
        return np.asarray(samples**gamma, np.float64)

    return curve
