"""The colors of a still in sRGB, by the ICC profile or the color space that its file states."""

from __future__ import annotations

import numpy as np

from dreamvid.media.color_codes import HdrColors
from dreamvid.media.color_space import ColorSpace
from dreamvid.media.icc import Profile, read_profile, through_tables
from dreamvid.media.samples import Pixels, in_blocks
from dreamvid.media.still_header import StillHeader

BY_TABLES = "its color profile is of tables, by which its colors become sRGB at 8 bits"

LEFT_OUT = (
    "its color profile is left out, as it is damaged or of another kind of picture; "
    "its colors are taken for sRGB"
)

UNKNOWN = "it states colors that are not known here ({}); they are taken for sRGB"


def stated_colors(
    profile: bytes, header: StillHeader
) -> tuple[ColorSpace | HdrColors | Profile | None, tuple[str, ...]]:
    """The colors that a still states.

    Args:
        profile: an ICC profile, untrusted; empty if there is none.

    Returns:
        A space, those of HDR, or a profile of tables; None: none that is known. And what is to be
        told of them.
    """
    if header.space is not None:
        return header.space, ()
    if not profile:
        return None, (UNKNOWN.format(header.unknown),) if header.unknown else ()
    try:
        read = read_profile(profile)
    except ValueError:
        return None, (LEFT_OUT,)
    return read.space or read, ()


def in_srgb(pixels: Pixels, colors: ColorSpace | Profile | None) -> tuple[Pixels, tuple[str, ...]]:
    """Convert regular samples to sRGB. Those of sRGB, or of no stated colors, stay as they are.

    Returns:
        Regular samples, of 16 bits where those of 8 bits were converted by a matrix; and what is to
        be told of it.
    """
    if colors is None:
        return pixels, ()
    try:
        if isinstance(colors, ColorSpace):
            return pixels if colors.is_srgb else colors.to_srgb(pixels), ()
        pixels_of_8 = _bytes(pixels)
        count = 3 if pixels.shape[2] > 2 else 1
        made = through_tables(pixels_of_8[..., :count], colors)
        return np.concatenate([made, pixels_of_8[..., count:]], axis=2), (BY_TABLES,)
    except ValueError:
        return pixels, (LEFT_OUT,)


def _bytes(pixels: Pixels) -> Pixels:
    """Regular samples with 8 bits."""
    if pixels.dtype == np.uint8:
        return pixels
    scale = 255 / (65535 if pixels.dtype == np.uint16 else 1)
    return in_blocks(pixels, lambda block: block * scale, np.uint8)
