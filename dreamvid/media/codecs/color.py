"""The filters that turn RGB into what an encoder takes, and tag what its numbers mean.

Frames are display-coded RGB. A film's file says that they are BT.709, in the stream's own header
and in the container's: by `setparams`, since options such as `-color_primaries` reach neither.
"""

from __future__ import annotations

BT709 = "color_primaries=bt709:color_trc=bt709"

YUV_TAGS = f"setparams=range=tv:colorspace=bt709:{BT709}"
"""Y'CbCr of BT.709 in its limited range."""

RGB_TAGS = f"setparams=range=pc:colorspace=gbr:{BT709}"
"""RGB, of the same primaries and transfer, so that a film looks alike in any codec."""


def to_yuv(pixel_format: str) -> str:
    """The filters from 8- or 16-bit RGB to a Y'CbCr format of more than 8 bits.

    zscale computes in floating point and rounds once, without dither: patches of one color are off
    by half of a 10-bit step; swscale was off by four times as much. Color halved by bicubic filters
    keeps more of a natural picture than by bilinear ones, zscale's own choice.
    """
    rgb = "matrixin=gbr:rangein=full:primariesin=709:transferin=709"
    yuv = "matrix=709:range=limited:primaries=709:transfer=709:filter=bicubic"
    return f"format=gbrp16le,zscale={rgb}:{yuv},format={pixel_format},{YUV_TAGS}"
