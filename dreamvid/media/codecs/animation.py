"""Animated pictures: GIF and WebP, which are encoded in one piece from lossless segments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dreamvid.frame import Size
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.codec import FilmCodec
from dreamvid.media.codecs.joining import CLEAN, SEGMENTS, require_count
from dreamvid.media.sink import FilmSpec


class Animation(FilmCodec):
    """Lossless segments, for films that must be encoded in one piece."""

    segment_ending = ".mkv"
    disk_bytes = 2.5

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `FilmCodec`."""
        return ["-c:v", "ffv1", "-g", "1", "-threads", "1", "-pix_fmt", "bgr0"]


class Gif(Animation):
    """An animated GIF that loops forever, with one palette of 256 colors computed for the film.

    A GIF times its frames in 1/100 s: 30000/1001 a second become frames of .03 and .04 s, exact
    in the sum.
    """

    name = "gif"
    endings = (".gif",)
    needs = ("gif", "ffv1")
    fastest = 50  # players treat a frame time of 1/100 s as an error and slow down

    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """See `FilmCodec`."""
        # Two passes over the segments: in one, ffmpeg would keep every frame in memory.
        patience = ffmpeg.patience(frames)
        palette = [*_timed(film), "-vf", "palettegen", "-y", "palette.png"]
        ffmpeg.run(palette, cwd=folder, timeout=patience)
        dithered = "[0:v][1:v]paletteuse=dither=sierra2_4a"
        name = f"film{ending}"
        ffmpeg.run(
            [*_timed(film), "-i", "palette.png", "-filter_complex", dithered, *CLEAN, "-y", name],
            cwd=folder,
            timeout=patience,
        )
        require_count(folder / name, frames)
        return name


class WebP(Animation):
    """An animated WebP that loops forever, of quality 100 - `crf`. Frame times are in 1/1000 s."""

    name = "webp"
    endings = (".webp",)
    largest = Size(16383, 16383)
    needs = ("libwebp_anim", "ffv1")

    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """See `FilmCodec`."""
        name = f"film{ending}"
        quality = ["-quality", f"{min(100, max(0, 100 - film.crf)):g}", "-loop", "0"]
        ffmpeg.run(
            [*_timed(film), "-c:v", "libwebp_anim", *quality, *CLEAN, "-y", name],
            cwd=folder,
            timeout=ffmpeg.patience(frames),
        )
        return name


def _timed(film: FilmSpec) -> list[str]:
    """Input options that read lossless segments at the exact rate, since MKV rounds times."""
    return ["-r", film.fraction, *SEGMENTS]
