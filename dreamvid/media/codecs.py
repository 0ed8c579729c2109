"""How films are coded: one table, `CODECS`, of which every list of endings is made.

To add a codec is to add it here: what its files and segments are called, what ffmpeg is given and
told, how segments become the film, and what that costs.
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
"""Fixed, since another count gives other bytes."""

CLEAN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
"""Nothing of the date, the tools or the source goes into the file."""

LIST = "segments.txt"
"""The file, in the folder of the segments, that names them in their order."""

SEGMENTS = ("-f", "concat", "-i", LIST)
"""The options that make ffmpeg, run in that folder, read them as one film."""


class Codec(ABC):
    """How frames become segments, and segments a film.

    Attributes:
        endings: of the films' names, the usual one first. Of a name the longest ending counts.
        segment_ending: the ending of a segment's name.
        pixel_format: of the encoder's input, as ffmpeg calls it; `pixels` makes such samples.
        even: whether both sides must be even.
        carries_recipe: whether its files keep a comment, and so the recipe.
        disk_bytes: what a pixel of a frame takes in a segment, and again in the film.
        fastest: frames a second that it can have at most; None: any number.
    """

    endings: tuple[str, ...]
    segment_ending: str
    pixel_format: str = "rgb24"
    even: bool = False
    carries_recipe: bool = False
    disk_bytes: float
    fastest: int | None = None

    def pixels(self, frame: Frame) -> NDArray[Any]:
        """A frame (H, W, 3) rounded to the samples of `pixel_format`, rows first."""
        return to_uint8(frame)

    def memory(self, size: Size) -> float:
        """Bytes that the encoder of a segment takes, beyond a few frames."""
        return 0.0

    @abstractmethod
    def options(self, film: FilmSpec) -> Sequence[str]:
        """ffmpeg's, for the encoder of one segment."""

    @abstractmethod
    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """Make one file of all `frames` frames out of the `SEGMENTS` in a folder.

        Returns:
            Its name in the folder, which ends in `ending`.

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
        # swscale is some levels off unless it is asked not to be.
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
    """Segments that lose nothing, for films that can be coded only as a whole."""

    segment_ending = ".mkv"
    disk_bytes = 2.5

    def options(self, film: FilmSpec) -> Sequence[str]:
        """See `Codec`."""
        return ["-c:v", "ffv1", "-g", "1", "-threads", "1", "-pix_fmt", "bgr0"]


class Gif(Lossless):
    """An animated GIF, which loops for ever, with one palette of 256 colors made for this film.

    A GIF times its frames in 1/100 s: 30000/1001 a second become frames of .03 and .04 s, right in
    the sum.
    """

    endings = (".gif",)
    fastest = 50  # a shorter frame time, 1/100 s, players take for a mistake and slow down

    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """See `Codec`."""
        # Two passes over the files: in one, ffmpeg would hold every frame in memory.
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
    """An animated WebP, which loops for ever; of quality 100 - `crf`. Times in 1/1000 s."""

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
    """Those that a film's name may have."""
    return tuple(ending for codec in CODECS for ending in codec.endings)


def segment_endings() -> set[str]:
    """Those that a segment's name may have."""
    return {codec.segment_ending for codec in CODECS}


def ending_of(path: Path) -> str:
    """The longest ending of a film's that a name has, in lower case; else "" if it has none."""
    name = path.name.lower()[1:]  # a leading dot begins a hidden file's name
    known = [ending for ending in film_endings() if name.endswith(ending)]
    return max(known, key=len, default="")


def codec_of(path: Path) -> Codec | None:
    """The codec that a film's name asks for; None where it is no film's."""
    ending = ending_of(path)
    return next((codec for codec in CODECS if ending in codec.endings), None)


def carries_recipe(path: Path) -> bool:
    """Whether a file of this name can carry the recipe that it was made by."""
    codec = codec_of(path)
    return codec is not None and codec.carries_recipe


def joined(folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
    """Join segments without coding them again, add sound and comment; else as `Codec.assemble`."""
    length, frame = frames / film.rate, 1 / film.rate
    heard = None
    if film.sound is not None:
        heard = sound.cut(film.sound, folder, ending, length, frame)
    # The concat demuxer adds up lengths in microseconds, so that in a long film some frames
    # land a tick beside their time, and the decoding times of a short last segment leave a
    # gap. Each frame is shown at a whole number of frame times, and decoded one after another.
    ticks = f"({film.rate.denominator}/({film.rate.numerator}*TB))"  # of one frame
    times = f"setts=pts=round(PTS/{ticks})*{ticks}:dts=STARTDTS+N*{ticks}:duration={ticks}"
    # Without copyts a sound that begins late would be moved to the beginning.
    inputs = ["-copyts", *SEGMENTS, *(["-i", heard] if heard else [])]
    tracks = ["-map", "0:v"]
    if heard:
        tracks += ["-map", "1:a", *sound.languages(folder / heard)]
    inputs += ["-f", "ffmetadata", "-i", metadata.write_comment(film.note, folder)]
    name = f"film{ending}"
    noted = ["-map_metadata:g", f"{2 if heard else 1}:g"]
    # The bit rate in the header would be that of the first segment's own file.
    form = [] if ending.endswith(".mkv") else ["-movflags", "+faststart", "-write_btrt", "0"]
    output = [*CLEAN, *noted, *form, "-y", name]
    ffmpeg.run(
        [*inputs, *tracks, "-c", "copy", "-bsf:v", times, *output],
        cwd=folder,
        timeout=ffmpeg.patience(frames),
    )
    require_count(folder / name, frames)
    return name


def require_count(film: Path, frames: int) -> None:
    """Raise RunError unless a film holds every frame: ffmpeg drops some without a word."""
    made = ffmpeg.packets(film, "video", timeout=ffmpeg.patience(frames))
    if made is None or made.count != frames:
        raise RunError(f"{made.count if made else 0} of {frames} frames are in the joined film")


def _timed(film: FilmSpec) -> list[str]:
    """Read lossless segments with every frame at its exact time, which MKV rounds."""
    return ["-r", f"{film.rate.numerator}/{film.rate.denominator}", *SEGMENTS]
