"""Joining the segments of a film, with its sound and its comment."""

from __future__ import annotations

from pathlib import Path

from dreamvid.errors import RunError
from dreamvid.media import ffmpeg, metadata, sound
from dreamvid.media.codecs.codec import FilmCodec
from dreamvid.media.sink import FilmSpec

CLEAN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
"""Keep dates, tool versions and metadata of the source out of the file."""

LIST = "segments.txt"
"""The file in the segments' folder that lists them in order."""

SEGMENTS = ("-f", "concat", "-i", LIST)
"""The input options by which ffmpeg, run in that folder, reads the segments as one film."""


class JoinedCodec(FilmCodec):
    """A codec whose segments are joined without encoding them again.

    MP4 and MOV keep any rate exactly; MKV rounds each frame's time to a millisecond.

    Attributes:
        tag: the stream's name in MP4 and MOV, where ffmpeg's default is not the best known one.
        reorders: whether frames are stored in another order than they are shown.
    """

    carries_recipe = True
    tag: str | None = None
    reorders: bool = False

    def tagged(self, ending: str) -> list[str]:
        """The options that set `tag` in a file with this extension."""
        return ["-tag:v", self.tag] if self.tag and ending in (".mp4", ".mov") else []

    def assemble(self, folder: Path, film: FilmSpec, frames: int, ending: str) -> str:
        """See `FilmCodec`."""
        length, frame = frames / film.rate, 1 / film.rate
        sound_file = None
        if film.sound is not None:
            sound_file = sound.cut(film.sound, folder, ending, length, frame)
        # The concat demuxer adds up lengths in microseconds, so in a long film some frames are off
        # by a tick, and the decoding times of a short last segment leave a gap. `setts` puts each
        # frame at an exact multiple of the frame time, with consecutive decoding times.
        ticks = f"({film.rate.denominator}/({film.rate.numerator}*TB))"  # of one frame
        shown = f"round(PTS/{ticks})*{ticks}" if self.reorders else f"N*{ticks}"
        times = f"setts=pts={shown}:dts=STARTDTS+N*{ticks}:duration={ticks}"
        # Without -copyts, sound that begins late would be moved to the beginning.
        inputs = ["-copyts", *SEGMENTS]
        tracks = ["-map", "0:v"]
        if sound_file:
            inputs += [*ffmpeg.UNGUESSED, "-i", sound_file]  # a copy would be labelled by the guess
            tracks += ["-map", "1:a", *sound.languages(folder / sound_file)]
        inputs += ["-f", "ffmetadata", "-i", metadata.write_comment(film.note, folder)]
        name = f"film{ending}"
        metadata_map = ["-map_metadata:g", f"{2 if sound_file else 1}:g"]
        # The bit rate in the header would be that of the first segment only.
        form = [] if ending == ".mkv" else ["-movflags", "+faststart", "-write_btrt", "0"]
        output = [*CLEAN, *metadata_map, *form, "-y", name]
        ffmpeg.run(
            [*inputs, *tracks, "-c", "copy", *self.tagged(ending), "-bsf:v", times, *output],
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
