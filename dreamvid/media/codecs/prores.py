"""ProRes, for editing and compositing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.media.codecs.color import YUV_TAGS, to_yuv
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.codecs.ycbcr import planes_10_bit
from dreamvid.media.sink import FilmSpec

ENCODER = ("-c:v", "prores_ks", "-vendor", "apl0", "-threads", "2")


class ProRes(JoinedCodec):
    """ProRes 422 HQ; with alpha ProRes 4444, straight. The encoder takes 10 bits.

    For 4444 the encoder may use the most bits: at its usual rate natural pictures were off by .65
    levels of 255 on average, at this one by .22.
    """

    name = "prores"
    endings = (".mov", ".mkv")
    needs = ("prores_ks", "zscale")
    deep = True
    alpha = True
    segment_ending = ".mov"
    multiple = 2
    disk_bytes = 2.0
    memory_bytes = 29e6, 140

    def pixel_format(self, film: FilmSpec) -> str:
        """See `FilmCodec`."""
        return "yuva444p10le" if film.alpha else super().pixel_format(film)

    def pixels(self, frame: Frame) -> NDArray[Any]:
        """See `FilmCodec`; with alpha its four planes, (4, H, W)."""
        # zscale would multiply the color by alpha and divide again, which loses it.
        return planes_10_bit(frame) if frame.shape[2] == 4 else super().pixels(frame)

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `FilmCodec`."""
        if film.alpha:
            return _of_4444(self.pixel_format(film), "-alpha_bits", "16")
        return ["-vf", to_yuv("yuv422p10le"), *ENCODER, "-profile:v", "hq"]

    def of_data(self) -> ProRes:
        """See `Codec`."""
        return _ProResOfData()


class _ProResOfData(ProRes):
    """4444 without alpha, for numbers, of which 422 would lose half of the color."""

    def pixel_format(self, film: FilmSpec) -> str:
        """See `FilmCodec`."""
        return "yuv444p10le"

    def pixels(self, frame: Frame) -> NDArray[Any]:
        """See `FilmCodec`: three planes, (3, H, W)."""
        return planes_10_bit(frame)

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `FilmCodec`."""
        return _of_4444(self.pixel_format(film))


def _of_4444(pixels: str, *more: str) -> Sequence[str]:
    form = ["-profile:v", "4444", "-bits_per_mb", "8192", *more]
    return ["-vf", f"format={pixels},{YUV_TAGS}", *ENCODER, *form]
