"""Codecs to show and share films: H.264, H.265 and AV1, 4:2:0, of constant quality.

Threads are fixed, since encoded bytes may depend on their number. Each segment begins with a
keyframe, and no frame refers beyond one. So that the picture does not jump there, each encoder is
told not to spend the more on a frame the more others refer to it, and a segment's last frames get
more bits (`ending`): frames before a keyframe are then as good as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from dreamvid.frame import Size
from dreamvid.media.codecs.color import YUV_TAGS, to_yuv
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.sink import FilmSpec

THREADS = 2


def ending(film: FilmSpec) -> str:
    """The option of x264 and x265 that codes the last frames of a full segment better, three with
    1.5 times the bits and three with 3 times."""
    last = film.segment_frames - 1
    return f":zones={last - 5},{last - 3},b=1.5/{last - 2},{last},b=3" if last > 10 else ""


class H264(JoinedCodec):
    """H.264 of 8 bits, which plays everywhere."""

    name = "h264"
    endings = (".mp4", ".mov", ".mkv")
    needs = ("libx264",)
    segment_ending = ".mp4"
    multiple = 2
    largest = Size(16384, 16384)
    reorders = True
    disk_bytes = 0.25  # dreams at CRF 18 took .1 to .2
    memory_bytes = 36e6, 240

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `FilmCodec`."""
        # Without these flags swscale is off by some levels.
        exactly = "flags=bicubic+accurate_rnd+full_chroma_int"
        filters = (
            f"scale=in_range=pc:out_range=tv:out_color_matrix=bt709:{exactly},"
            f"format=yuv420p,{YUV_TAGS}"
        )
        return [
            "-vf",
            filters,
            "-c:v",
            "libx264",
            "-crf",
            f"{film.crf:g}",
            "-x264-params",
            f"mbtree=0:qcomp=0.7{ending(film)}",
            "-threads",
            str(THREADS),
        ]


class H265(JoinedCodec):
    """H.265 of 10 bits, so that smooth ground has no bands."""

    name = "h265"
    endings = (".mp4", ".mov", ".mkv")
    needs = ("libx265", "zscale")
    deep = True
    segment_ending = ".mp4"
    multiple = 2
    least = 16  # of x265
    tag = "hvc1"  # Apple's players know no other
    reorders = True
    disk_bytes = 0.25
    memory_bytes = 98e6, 400

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `FilmCodec`."""
        fixed = f"open-gop=0:pools={THREADS}:frame-threads={THREADS}:info=0:log-level=error"
        fixed += f":no-cutree=1{ending(film)}"
        quality = ["-c:v", "libx265", "-crf", f"{film.crf:g}", "-x265-params", fixed]
        return ["-vf", to_yuv("yuv420p10le"), *quality, *self.tagged(self.segment_ending)]


class AV1(JoinedCodec):
    """AV1 of 10 bits, for the web."""

    name = "av1"
    endings = (".mp4", ".mkv")
    needs = ("libsvtav1", "zscale")
    deep = True
    segment_ending = ".mp4"
    multiple = 2
    largest = Size(16384, 8704)
    disk_bytes = 0.25
    memory_bytes = 90e6, 460

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `FilmCodec`."""
        quality = f"{round(film.crf * 63 / 51)}"  # its scale goes up to 63, x264's to 51
        fixed = ["-preset", "6", "-svtav1-params", f"lp={THREADS}:enable-tf=0"]
        return ["-vf", to_yuv("yuv420p10le"), "-c:v", "libsvtav1", "-crf", quality, *fixed]
