"""The colors of a still in sRGB, by the ICC profile or the color space that its file states."""

from __future__ import annotations

import numpy as np

from dreamvid.media.color_space import ColorSpace
from dreamvid.media.icc import read_profile, through_tables
from dreamvid.media.samples import Pixels, in_blocks
from dreamvid.media.still_header import StillHeader

BY_TABLES = "its color profile is of tables, by which its colors become sRGB at 8 bits"

LEFT_OUT = (
    "its color profile is left out, as it is damaged or of another kind of picture; "
    "its colors are taken for sRGB"
)

UNKNOWN = "it states colors that are not known here, or of HDR ({}); they are taken for sRGB"


def in_srgb(pixels: Pixels, profile: bytes, header: StillHeader) -> tuple[Pixels, tuple[str, ...]]:
    """Convert regular samples to sRGB. Those of sRGB, or of no stated space, stay as they are.

    Args:
        profile: an ICC profile, untrusted; empty if there is none.

    Returns:
        Regular samples, of 16 bits where those of 8 bits were converted by a matrix; and what is to
        be told of it.
    """
    try:
        if header.space is not None:
            return _by_matrix(pixels, header.space), ()
        if not profile:
            return pixels, (UNKNOWN.format(header.unknown),) if header.unknown else ()
        read = read_profile(profile)
        if read.space is not None:
            return _by_matrix(pixels, read.space), ()
        pixels_of_8 = _bytes(pixels)
        colors = 3 if pixels.shape[2] > 2 else 1
        made = through_tables(pixels_of_8[..., :colors], read)
        return np.concatenate([made, pixels_of_8[..., colors:]], axis=2), (BY_TABLES,)
    except ValueError:
        return pixels, (LEFT_OUT,)


def _by_matrix(pixels: Pixels, space: ColorSpace) -> Pixels:
    return pixels if space.is_srgb else space.to_srgb(pixels)


def _bytes(pixels: Pixels) -> Pixels:
    """Regular samples with 8 bits."""
    if pixels.dtype == np.uint8:
        return pixels
    scale = 255 / (65535 if pixels.dtype == np.uint16 else 1)
    return in_blocks(pixels, lambda block: block * scale, np.uint8)
