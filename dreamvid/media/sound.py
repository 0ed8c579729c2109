"""The sound that belongs to a film: cut from its source, in time with the pictures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import RunError
from dreamvid.media import ffmpeg

BITRATE = "192k"

PLAYED_IN_MP4 = {"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"}
"""ffmpeg writes others into MP4 too (PCM, Vorbis), but hardly a player plays them."""

LEAD = 5
"""Seconds decoded before a cut, since seeking lands only somewhere near."""


@dataclass(frozen=True)
class Sound:
    """Whose sound a film carries, and from when.

    Attributes:
        path: a clip; if it has no sound track the film stays silent.
        start: seconds after its first picture (after its first sound, where it has no picture).
        duration: silence after so many seconds; None: sound to the film's end.
    """

    path: Path
    start: Fraction = Fraction(0)
    duration: Fraction | None = None


def cut(sound: Sound, folder: Path, suffix: str, length: Fraction, frame: Fraction) -> str | None:
    """Make the sound track of a film of `length` seconds, as a file of its own in `folder`.

    A sound that fits as it is, to within one `frame` (seconds), is copied untouched, if files of
    that `suffix` take it. Anything else is decoded, cut or filled with silence to the sample, and
    coded as AAC: packets last 20 to 30 ms, and the first ones after a cut need those before it.

    Returns:
        The file's name, or None where the source has no sound.

    Raises:
        RunError: the source's sound cannot be read.
    """
    heard = ffmpeg.packets(sound.path, "audio", timeout=None)
    if heard is None:
        return None
    seen = ffmpeg.packets(sound.path, "video", first=True)
    # Streams begin when they like on the file's clock; OpenCV's first picture is time 0 for us.
    zero = seen.start if seen else heard.start
    begin = zero + sound.start
    source = [*ffmpeg.GUARD, "-i", ffmpeg.url(sound.path), "-map", "0:a"]
    output = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", "-y"]
    name = f"sound{suffix}"

    audible = length if sound.duration is None else min(length, sound.duration)
    # What lies before time 0 of the file's own clock is for the decoder alone, which drops it.
    prompt = heard.start >= begin or (begin == 0 and heard.start < 0)
    fits = prompt and abs(heard.end - begin - length) <= frame
    if fits and sound.start == 0 and audible >= length - frame and _takes(suffix, sound.path):
        shift = ["-copyts", "-itsoffset", _seconds(-begin)]
        try:
            ffmpeg.run([*shift, *source, "-c", "copy", *output, name], cwd=folder)
            return name
        except RunError:
            pass  # the container refuses it after all
    shape = (
        f"asetpts=PTS-({_seconds(begin)})/TB,"
        "aresample=async=1:first_pts=0,"  # silence before a late sound, nothing before time 0
        f"atrim=end={_seconds(audible)},apad=whole_dur={_seconds(length)}"
    )
    near = ["-copyts", "-ss", _seconds(max(Fraction(0), sound.start - LEAD))]
    coding = ["-af", shape, "-c:a", "aac", "-b:a", BITRATE]
    ffmpeg.run([*near, *source, *coding, *output, name], cwd=folder)
    return name


def _takes(suffix: str, path: Path) -> bool:
    codecs = set(re.findall(r" Audio: (\w+)", ffmpeg.describe(path)))
    return suffix != ".mp4" or codecs <= PLAYED_IN_MP4


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"
