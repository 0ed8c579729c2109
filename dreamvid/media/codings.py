"""How a film is coded: H.264 with sound, an animated GIF, an animated WebP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dreamvid.errors import RunError
from dreamvid.media import ffmpeg, metadata, sound
from dreamvid.media.segments import Segments

X264_THREADS = 2
"""Fixed, since another count gives other bytes."""

CLEAN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
"""Nothing of the date, the tools or the source goes into the file."""


class Coding(Protocol):
    """How the segments are coded, and how they become the film."""

    @property
    def suffix(self) -> str:
        """Of a segment's name."""

    @property
    def even(self) -> bool:
        """Whether both sides must be even."""

    def options(self) -> Sequence[str]:
        """For the encoder of one segment."""

    def assemble(self, segments: Segments, frames: int, suffix: str) -> str:
        """Make one file of all `frames` frames in the segments' folder.

        Returns:
            Its name, which ends in `suffix`.

        Raises:
            RunError: ffmpeg failed.
        """


@dataclass(frozen=True)
class H264:
    """H.264 in MP4, MOV or MKV: yuv420p tagged bt709, of quality `crf`, with sound and a comment.

    MP4 and MOV keep any rate exactly; MKV rounds each frame's time to a millisecond.
    """

    crf: float
    sound: sound.Sound | None
    note: str = ""
    suffix: str = ".mp4"
    even: bool = True

    def options(self) -> Sequence[str]:
        """See `Coding`."""
        # swscale is some levels off unless it is asked not to be.
        exactly = "flags=bicubic+accurate_rnd+full_chroma_int"
        tags = "range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
        filters = (
            f"scale=in_range=pc:out_range=tv:out_color_matrix=bt709:{exactly},"
            f"format=yuv420p,setparams={tags}"
        )
        quality = ["-c:v", "libx264", "-crf", f"{self.crf:g}", "-threads", str(X264_THREADS)]
        return ["-vf", filters, *quality]

    def assemble(self, segments: Segments, frames: int, suffix: str) -> str:
        """See `Coding`."""
        length, frame = frames / segments.rate, 1 / segments.rate
        heard = None
        if self.sound is not None:
            heard = sound.cut(self.sound, segments.folder, suffix, length, frame)
        # The concat demuxer adds up lengths in microseconds, so that in a long film some frames
        # land a tick beside their time, and the decoding times of a short last segment leave a
        # gap. Each frame is shown at a whole number of frame times, and decoded one after another.
        ticks = f"({segments.rate.denominator}/({segments.rate.numerator}*TB))"  # of one frame
        times = f"setts=pts=round(PTS/{ticks})*{ticks}:dts=STARTDTS+N*{ticks}:duration={ticks}"
        # Without copyts a sound that begins late would be moved to the beginning.
        inputs = ["-copyts", *segments.joined(), *(["-i", heard] if heard else [])]
        tracks = ["-map", "0:v"]
        if heard:
            tracks += ["-map", "1:a", *sound.languages(segments.folder / heard)]
        inputs += ["-f", "ffmetadata", "-i", metadata.noted(self.note, segments.folder)]
        name = f"film{suffix}"
        noted = ["-map_metadata:g", f"{2 if heard else 1}:g"]
        # The bit rate in the header would be that of the first segment's own file.
        form = [] if suffix == ".mkv" else ["-movflags", "+faststart", "-write_btrt", "0"]
        output = [*CLEAN, *noted, *form, "-y", name]
        ffmpeg.run(
            [*inputs, *tracks, "-c", "copy", "-bsf:v", times, *output],
            cwd=segments.folder,
            timeout=ffmpeg.patience(frames),
        )
        _require_count(segments, name, frames)
        return name


class _Lossless:
    """Segments that lose nothing, for codings that can be made only of the whole film."""

    suffix = ".mkv"
    even = False

    def options(self) -> Sequence[str]:
        return ["-c:v", "ffv1", "-g", "1", "-threads", "1", "-pix_fmt", "bgr0"]


class Gif(_Lossless):
    """An animated GIF, which loops for ever, with one palette of 256 colors made for this film.

    A GIF times its frames in 1/100 s: 30000/1001 a second become frames of .03 and .04 s, right in
    the sum.
    """

    def assemble(self, segments: Segments, frames: int, suffix: str) -> str:
        """See `Coding`."""
        # Two passes over the files: in one, ffmpeg would hold every frame in memory.
        film = _film(segments)
        patience = ffmpeg.patience(frames)
        palette = [*film, "-vf", "palettegen", "-y", "palette.png"]
        ffmpeg.run(palette, cwd=segments.folder, timeout=patience)
        dithered = "[0:v][1:v]paletteuse=dither=sierra2_4a"
        name = f"film{suffix}"
        ffmpeg.run(
            [*film, "-i", "palette.png", "-filter_complex", dithered, *CLEAN, "-y", name],
            cwd=segments.folder,
            timeout=patience,
        )
        _require_count(segments, name, frames)
        return name


@dataclass(frozen=True)
class WebP(_Lossless):
    """An animated WebP, which loops for ever; of quality 100 - `crf`. Times in 1/1000 s."""

    crf: float

    def assemble(self, segments: Segments, frames: int, suffix: str) -> str:
        """See `Coding`."""
        name = f"film{suffix}"
        quality = ["-quality", f"{min(100, max(0, 100 - self.crf)):g}", "-loop", "0"]
        ffmpeg.run(
            [*_film(segments), "-c:v", "libwebp_anim", *quality, *CLEAN, "-y", name],
            cwd=segments.folder,
            timeout=ffmpeg.patience(frames),
        )
        return name


def _film(segments: Segments) -> list[str]:
    """Read lossless segments with every frame at its exact time, which MKV rounds."""
    rate = f"{segments.rate.numerator}/{segments.rate.denominator}"
    return ["-r", rate, *segments.joined()]


def _require_count(segments: Segments, name: str, frames: int) -> None:
    """Raise RunError unless the file holds every frame: ffmpeg drops some without a word."""
    made = ffmpeg.packets(segments.folder / name, "video", timeout=ffmpeg.patience(frames))
    if made is None or made.count != frames:
        raise RunError(f"{made.count if made else 0} of {frames} frames are in the joined film")
