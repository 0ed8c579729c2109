"""The filters that turn a clip's stored pictures into RGB, by ffmpeg.

Pictures of up to 8 bits are converted exactly as ffmpeg does by itself. Deeper ones keep 16 bits.
HDR (PQ and HLG) is mapped to SDR, and wider primaries to those of BT.709.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dreamvid.frame import Size
from dreamvid.media.streams import PictureStream

Deinterlace = Literal["auto", "on", "off"]

HDR = {"smpte2084": "PQ", "arib-std-b67": "HLG"}
"""ffmpeg's names of the transfer functions of HDR, and those that people use."""

WIDE = ("bt2020", "smpte431", "smpte432")
"""ffmpeg's names of primaries that are wider than BT.709's; the last two are P3."""

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""The decoders that read transparency stored beside the pictures; ffmpeg's own ignore it."""

_DEEP = re.compile(r"(9|1[0-6]|32|48|64|f16|f32)(p?)(be|le)$|^p[0-9]1[0-6]|^x2|^gray1")
_BITS = re.compile(r"(9|1[0-6])(?:le|be)$")
_CLEAR = re.compile(r"^(yuva|ya|gbrap|rgba|bgra|argb|abgr|vuya|ayuv|pal8)")

EXACT = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
"""swscale's options without its shortcuts, which cost the precision of deep pictures."""


@dataclass(frozen=True)
class Conversion:
    """How pictures are converted.

    Attributes:
        filters: ffmpeg's filters before the conversion to `pixel_format`, in order.
        pixel_format: ffmpeg's name of the result, interleaved RGB or RGBA of 8 or 16 bits.
        decoder: ffmpeg's name of the decoder; "": its choice.
        notes: what is changed about the pictures, for people.
        gray_top, alpha_top: the samples of white in gray pictures, and of what is opaque: under the
            type's largest where ffmpeg fills up the bits of a shallower picture with zeros.
    """

    filters: tuple[str, ...] = ()
    pixel_format: str = "rgb24"
    decoder: str = ""
    notes: tuple[str, ...] = ()
    gray_top: int | None = None
    alpha_top: int | None = None

    def filters_to(self, size: Size) -> list[str]:
        """All filters. A picture of another size covers `size` and is cropped to it, as in a stream
        whose size changes."""
        width, height = size
        exactly = "" if self.dtype == np.uint8 else f":{EXACT}"
        return [
            *self.filters,
            f"scale={width}:{height}:force_original_aspect_ratio=increase{exactly}",
            f"format={self.pixel_format}",
            f"crop={width}:{height}",
        ]

    @property
    def dtype(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        """The type of a sample."""
        return np.dtype("<u2") if self.pixel_format.endswith("le") else np.dtype("u1")

    @property
    def channels(self) -> int:
        """Samples a pixel: 3, or 4 with alpha."""
        return 4 if self.pixel_format.startswith("rgba") else 3


def decoder_of(stream: PictureStream) -> str:
    """The decoder that a stream needs; "": ffmpeg's choice."""
    return ALPHA_DECODERS.get(stream.codec, "") if stream.has_alpha_track else ""


def conversion_of(
    stream: PictureStream, pixel_format: str, interlaced: bool, deinterlace: Deinterlace
) -> Conversion:
    """The conversion for a stream.

    Args:
        pixel_format: of its decoded pictures.
        interlaced: whether its first pictures, or the stream, say that they are interlaced.
        deinterlace: `auto`: deinterlace the pictures that say that they are interlaced; `on`: all;
            `off`: none.
    """
    filters: list[str] = []
    notes: list[str] = []
    if deinterlace == "on" or (deinterlace == "auto" and interlaced):
        which = "all" if deinterlace == "on" else "interlaced"
        filters.append(f"bwdif=mode=send_frame:deint={which}")
        notes.append("deinterlaced")
    clear = bool(_CLEAR.match(pixel_format))
    mapped = _color_filters(stream, "a" if clear else "")
    if stream.transfer in HDR:
        notes.append(f"tone-mapped from {HDR[stream.transfer]} to SDR")
    elif mapped:
        notes.append("its wide colors brought to BT.709")
    filters += mapped
    deep = bool(mapped or _DEEP.search(pixel_format))
    target = ("rgba64le" if clear else "rgb48le") if deep else ("rgba" if clear else "rgb24")
    gray = pixel_format.startswith(("gray", "ya"))
    depth = _BITS.search(pixel_format)
    bits = int(depth[1]) if depth and (gray or pixel_format.startswith("yuva")) else 16
    top = ((1 << bits) - 1) << (16 - bits) if deep else 255
    return Conversion(
        tuple(filters),
        target,
        decoder_of(stream),
        tuple(notes),
        top if gray else None,
        top if clear else None,
    )


def _color_filters(stream: PictureStream, alpha: str) -> list[str]:
    """Filters from HDR or wide primaries to SDR in BT.709; none for other pictures.

    Args:
        alpha: "a" where the pictures have alpha, else "".
    """
    if stream.transfer not in HDR and stream.primaries not in WIDE:
        return []
    stated = (
        ("color_primaries", stream.primaries, "bt2020"),
        ("color_trc", stream.transfer, "bt709"),
        ("colorspace", stream.matrix, "bt2020nc"),
    )
    # zscale refuses pictures that do not state their colors.
    missing = ":".join(f"{key}={usual}" for key, value, usual in stated if not value)
    assumed = [f"setparams={missing}"] if missing else []
    result = f"format=yuv{alpha}444p16le"
    if stream.transfer not in HDR:
        return [*assumed, "zscale=p=bt709:t=bt709:m=bt709:r=tv", result]
    return [
        *assumed,
        "zscale=t=linear:npl=100",  # SDR's white is 100 cd/m²
        f"format=gbr{alpha}pf32le",
        "zscale=p=bt709",
        "tonemap=hable:desat=0",
        "zscale=t=bt709:m=bt709:r=tv",
        result,
    ]
