"""The codecs of films: one table, `CODECS`, from which all lists of file extensions are derived.

A new codec is added here: its file extensions, the pixels and options for ffmpeg, how its segments
are joined into a film, and its cost.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dreamvid.errors import RunError
from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg, metadata, sound
from dreamvid.media.sink import FilmSpec, to_uint8

X264_THREADS = 2
"""Fixed, since the encoded bytes depend on it."""

CLEAN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
"""Keep dates, tool versions and metadata of the source out of the file."""

LIST = "segments.txt"
"""The file in the segments' folder that lists them in order."""

SEGMENTS = ("-f", "concat", "-i", LIST)
"""The input options by which ffmpeg, run in that folder, reads the segments as one film."""


class Codec(ABC):
    """How frames become segments, and segments a film.

    Attributes:
        endings: file extensions of its films, the default one first; the longest match counts.
        segment_ending: file extension of its segments.
        pixel_format: ffmpeg's name for the encoder's input format, which `pixels` produces.
        even: whether both sides of a frame must be even.
        carries_recipe: whether its files can hold a comment, and so the recipe.
        disk_bytes: bytes a pixel in a segment, and again in the film.
        fastest: highest frame rate; None: any.
    """

    endings: tuple[str, ...]
    segment_ending: str
    pixel_format: str = "rgb24"
    even: bool = False
    carries_recipe: bool = False
    disk_bytes: float
    fastest: int | None = None

    def pixels(self, frame: Frame) -> NDArray[Any]:
        """Convert a frame (H, W, 3) to samples of `pixel_format`, row by row."""
        return to_uint8(frame)

    def memory(self, size: Size) -> float:
        """Memory of the encoder of a segment in bytes, besides a few frames."""
        return 0.0

    @abstractmethod
    def options(self, film: FilmSpec) -> Sequence[str]:
        """The ffmpeg options for encoding one segment."""

    @abstractmethod
    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """Make one file of all `frames` frames from the `SEGMENTS` in a folder.

        Returns:
            The name of the file in the folder, with the extension `ending`.

        Raises:
            RunError: ffmpeg failed, or frames are missing.
        """


class H264(Codec):
    """H.264 in MP4, MOV or MKV: yuv420p tagged bt709, with sound and a comment.

    MP4 and MOV keep any rate exactly; MKV rounds each frame's time to a millisecond.
    """

    endings = (".mp4", ".mov", ".mkv")
    segment_ending = ".mp4"
    even = True
    carries_recipe = True
    disk_bytes = 0.25  # dreams at CRF 18 took .1 to .2

    def memory(self, size: Size) -> float:
        """See `Codec`. Measured: 96 MB at 640x360, 515 at 1920x1080."""
        return 36e6 + 240 * size.width * size.height

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `Codec`."""
        # Without these flags swscale is off by some levels.
        exactly = "flags=bicubic+accurate_rnd+full_chroma_int"
        tags = "range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
        filters = (
            f"scale=in_range=pc:out_range=tv:out_color_matrix=bt709:{exactly},"
            f"format=yuv420p,setparams={tags}"
        )
        quality = ["-c:v", "libx264", "-crf", f"{film.crf:g}", "-threads", str(X264_THREADS)]
        return ["-vf", filters, *quality]

    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """See `Codec`."""
        return joined(folder, film, frames, ending)


class Lossless(Codec):
    """Lossless segments, for films that must be encoded in one piece."""

    segment_ending = ".mkv"
    disk_bytes = 2.5

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `Codec`."""
        return ["-c:v", "ffv1", "-g", "1", "-threads", "1", "-pix_fmt", "bgr0"]


class Gif(Lossless):
    """An animated GIF that loops forever, with one palette of 256 colors computed for the film.

    A GIF times its frames in 1/100 s: 30000/1001 a second become frames of .03 and .04 s, exact
    in the sum.
    """

    endings = (".gif",)
    fastest = 50  # players treat a frame time of 1/100 s as an error and slow down

    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """See `Codec`."""
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


class WebP(Lossless):
    """An animated WebP that loops forever, of quality 100 - `crf`. Frame times are in 1/1000 s."""

    endings = (".webp",)

    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """See `Codec`."""
        name = f"film{ending}"
        quality = ["-quality", f"{min(100, max(0, 100 - film.crf)):g}", "-loop", "0"]
        ffmpeg.run(
            [*_timed(film), "-c:v", "libwebp_anim", *quality, *CLEAN, "-y", name],
            cwd=folder,
            timeout=ffmpeg.patience(frames),
        )
        return name


CODECS: tuple[Codec, ...] = (H264(), Gif(), WebP())


def film_endings() -> tuple[str, ...]:
    """The file extensions of films."""
    return tuple(ending for codec in CODECS for ending in codec.endings)


def segment_endings() -> set[str]:
    """The file extensions of segments."""
    return {codec.segment_ending for codec in CODECS}


def ending_of(path: Path) -> str:
    """The film extension of a name, in lower case, the longest match; "" if it has none."""
    name = path.name.lower()[1:]  # a leading dot marks a hidden file
    known = [ending for ending in film_endings() if name.endswith(ending)]
    return max(known, key=len, default="")


def codec_of(path: Path) -> Codec | None:
    """The codec for a file name, by its extension; None if it is not that of a film."""
    ending = ending_of(path)
    return next((codec for codec in CODECS if ending in codec.endings), None)


def carries_recipe(path: Path) -> bool:
    """Whether a file of this name can carry an embedded recipe."""
    codec = codec_of(path)
    return codec is not None and codec.carries_recipe


def joined(folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
    """Join segments without re-encoding, add sound and comment; otherwise as `Codec.assemble`."""
    length, frame = frames / film.rate, 1 / film.rate
    sound_file = None
    if film.sound is not None:
        sound_file = sound.cut(film.sound, folder, ending, length, frame)
    # The concat demuxer adds up lengths in microseconds, so in a long film some frames are off by
    # a tick, and the decoding times of a short last segment leave a gap. `setts` puts each frame
    # at an exact multiple of the frame time, with consecutive decoding times.
    ticks = f"({film.rate.denominator}/({film.rate.numerator}*TB))"  # of one frame
    times = f"setts=pts=round(PTS/{ticks})*{ticks}:dts=STARTDTS+N*{ticks}:duration={ticks}"
    # Without -copyts, sound that begins late would be moved to the beginning.
    inputs = ["-copyts", *SEGMENTS, *(["-i", sound_file] if sound_file else [])]
    tracks = ["-map", "0:v"]
    if sound_file:
        tracks += ["-map", "1:a", *sound.languages(folder / sound_file)]
    inputs += ["-f", "ffmetadata", "-i", metadata.write_comment(film.note, folder)]
    name = f"film{ending}"
    metadata_map = ["-map_metadata:g", f"{2 if sound_file else 1}:g"]
    # The bit rate in the header would be that of the first segment only.
    form = [] if ending.endswith(".mkv") else ["-movflags", "+faststart", "-write_btrt", "0"]
    output = [*CLEAN, *metadata_map, *form, "-y", name]
    ffmpeg.run(
        [*inputs, *tracks, "-c", "copy", "-bsf:v", times, *output],
        cwd=folder,
        timeout=ffmpeg.patience(frames),
    )
    require_count(folder / name, frames)
    return name


def require_count(film: Path, frames: int) -> None:
    """Raise RunError unless a film has every frame: ffmpeg may drop some silently."""
    joined = ffmpeg.packets(film, "video", timeout=ffmpeg.patience(frames))
    if joined is None or joined.count != frames:
        raise RunError(f"{joined.count if joined else 0} of {frames} frames are in the joined film")


def _timed(film: FilmSpec) -> list[str]:
    """Input options that read lossless segments at the exact rate, since MKV rounds times."""
    return ["-r", f"{film.rate.numerator}/{film.rate.denominator}", *SEGMENTS]
