"""Codecs of single pictures: stills, and the frames of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Field, Frame, Size
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.codec import StillCodec
from dreamvid.media.exr_header import with_straight_alpha
from dreamvid.media.linear import to_linear
from dreamvid.media.sink import to_uint8, to_uint16

SRGB = "setparams=range=pc:colorspace=gbr:color_primaries=bt709:color_trc=iec61966-2-1"


class _ByPillow(StillCodec):
    """8 bits, encoded by Pillow."""

    quality: ClassVar[dict[str, Any]] = {}

    def encode(self, frame: Frame, rate: str = "") -> bytes:
        """See `StillCodec`."""
        import imageio.v3 as iio  # which help does without

        pixels, ending = to_uint8(frame), self.endings[0]
        options = {"extension": ending, "plugin": "pillow", **self.quality}
        return bytes(iio.imwrite("<bytes>", pixels, **options))


class Png(_ByPillow):
    """PNG of 8 bits."""

    name = "png"
    endings = (".png",)
    alpha = True
    disk_bytes = 2.5


class Jpeg(_ByPillow):
    """JPEG of quality 95."""

    name = "jpeg"
    endings = (".jpg", ".jpeg")
    quality: ClassVar[dict[str, Any]] = {"quality": 95, "subsampling": 0}
    disk_bytes = 1.0


class WebPStill(_ByPillow):
    """WebP of quality 95."""

    name = "webp"
    endings = (".webp",)
    largest = Size(16383, 16383)
    quality: ClassVar[dict[str, Any]] = {"quality": 95}
    disk_bytes = 0.7


class _ByFfmpeg(StillCodec):
    """More than 8 bits, encoded by ffmpeg, since Pillow has no such color pixels."""

    deep = True
    alpha = True
    filters: str
    options: Sequence[str]

    def samples(self, frame: Frame) -> tuple[str, NDArray[Any]]:
        """ffmpeg's name of a pixel format, and the frame in it."""
        return "rgba64le" if frame.shape[2] == 4 else "rgb48le", to_uint16(frame)

    def encode(self, frame: Frame, rate: str = "") -> bytes:
        """See `StillCodec`."""
        form, pixels = self.samples(frame)
        source = ["-f", "rawvideo", "-pix_fmt", form, "-s", str(Size.of(frame)), "-r", rate or "25"]
        coding = ["-threads", "1", "-vf", self.filters, *self.options]
        exact = ["-fflags", "+bitexact", "-flags", "+bitexact"]
        words = [*source, "-i", "pipe:0", *coding, *exact, "-f", "image2pipe", "pipe:1"]
        return ffmpeg.convert(words, np.ascontiguousarray(pixels).tobytes())


class Png16(_ByFfmpeg):
    """PNG of 16 bits, tagged sRGB."""

    name = "png16"
    endings = (".png",)
    needs = ("png",)
    filters = SRGB
    options = ("-c:v", "png", "-pred", "sub", "-compression_level", "3")
    disk_bytes = 5.0


class Tiff16(_ByFfmpeg):
    """TIFF of 16 bits, packed by Deflate, with unassociated alpha."""

    name = "tiff16"
    endings = (".tif", ".tiff")
    needs = ("tiff",)
    filters = SRGB
    options = ("-c:v", "tiff", "-compression_algo", "8")
    disk_bytes = 6.0


class Exr(_ByFfmpeg):
    """OpenEXR of half floats, linear, packed by ZIP in blocks of 16 lines.

    Level 255 is 1.0; levels above it and below 0 are kept. Alpha is straight: color is not
    multiplied by it, which the header states.
    """

    name = "exr"
    signed = True
    endings = (".exr",)
    needs = ("exr",)
    # ffmpeg would multiply the color of straight alpha, as most EXR files have it.
    filters = "setparams=alpha_mode=premultiplied"
    options = ("-c:v", "exr", "-format", "half", "-compression", "zip16")
    disk_bytes = 5.0

    def samples(self, frame: Frame) -> tuple[str, NDArray[Any]]:
        """See `_ByFfmpeg`: planes G, B, R and alpha, rounded to halves, which ffmpeg would cut."""
        halves = np.dstack([self.stored(frame), _halves(frame[..., 3:] / np.float32(255))])
        order = [1, 2, 0, 3][: frame.shape[2]]
        form = "gbrapf32le" if len(order) == 4 else "gbrpf32le"
        return form, halves.astype("<f4").transpose(2, 0, 1)[order]

    def encode(self, frame: Frame, rate: str = "") -> bytes:
        """See `StillCodec`."""
        data = super().encode(frame, rate)
        return with_straight_alpha(data) if frame.shape[2] == 4 else data

    def stored(self, frame: Frame) -> Field:
        """See `Codec`."""
        return _halves(to_linear(frame[..., :3]))

    def of_data(self) -> Exr:
        """See `Codec`."""
        return _ExrOfData()


class _ExrOfData(Exr):
    """EXR of numbers, 255 as 1.0."""

    def stored(self, frame: Frame) -> Field:
        """See `Codec`."""
        return _halves(frame[..., :3] / np.float32(255))


def _halves(light: Field) -> Field:
    return light.astype(np.float16).astype(np.float32)
