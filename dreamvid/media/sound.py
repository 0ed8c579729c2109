"""The sound that belongs to a film: cut from its source, in time with the pictures."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
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
    All tracks are kept, with their languages. What cannot be decoded is silent, and one line of
    warning says so: a film is worth more than its sound.

    Returns:
        The file's name, or None where the source has no sound.
    """
    try:
        tracks = _tracks(sound.path)
        if not tracks:
            return None
        # Streams begin when they like on the file's clock; our time 0 is the first picture.
        seen = ffmpeg.first_picture(sound.path)
        zero = tracks[0].heard.start if seen is None else seen
        name = f"sound{suffix}"
        audible = length if sound.duration is None else min(length, sound.duration)
        if sound.start == 0 and audible >= length - frame:
            fitting = all(_fits(track.heard, zero, length, frame) for track in tracks)
            if fitting and _copied(sound, tracks, folder / name, zero):
                return name
        return _coded(sound, tracks, folder / name, zero, audible, length)
    except RunError as error:
        _warn(sound, f"its sound cannot be read, the film is silent ({error})")
        return None


def languages(path: Path) -> list[str]:
    """The options that give the sound tracks of an output the languages of a file's."""
    return _tags(language for language, _ in _said(ffmpeg.describe(path)))


@dataclass(frozen=True)
class _Track:
    """One sound stream: its place among them, its language or "", its codec, its packets."""

    index: int
    language: str
    codec: str
    heard: ffmpeg.Packets


def _said(text: str) -> list[tuple[str, str]]:
    """The languages and codecs of the sound streams that ffmpeg lists."""
    stream = r"^ *Stream #0:\d+(?:\[\w+\])?(?:\((\w+)\))?: Audio: (\w+)"
    return [
        (language.replace("und", ""), codec)
        for language, codec in re.findall(stream, text, re.MULTILINE)
    ]


def _tracks(path: Path) -> list[_Track]:
    """The sound streams with something in them."""
    found = []
    for index, (language, codec) in enumerate(_said(ffmpeg.describe(path))):
        heard = ffmpeg.packets(path, "audio", index, timeout=ffmpeg.PATIENCE)
        if heard is not None:
            found.append(_Track(index, language, codec, heard))
    return found


def _fits(heard: ffmpeg.Packets, zero: Fraction, length: Fraction, frame: Fraction) -> bool:
    # What lies before time 0 of the file's own clock is for the decoder alone, which drops it.
    prompt = heard.start >= zero or (zero == 0 and heard.start < 0)
    return prompt and abs(heard.end - zero - length) <= frame


def _copied(sound: Sound, tracks: Sequence[_Track], path: Path, zero: Fraction) -> bool:
    """Copy whole tracks; whether the container takes them."""
    if path.suffix == ".mp4" and not {track.codec for track in tracks} <= PLAYED_IN_MP4:
        return False
    shift = ["-copyts", "-itsoffset", _seconds(-zero)]
    try:
        words = [*shift, *_source(sound, tracks), "-c", "copy", *_output(tracks, path)]
        ffmpeg.run(words, timeout=ffmpeg.PATIENCE)
    except RunError:
        return False
    return True


def _coded(
    sound: Sound,
    tracks: Sequence[_Track],
    path: Path,
    zero: Fraction,
    audible: Fraction,
    length: Fraction,
) -> str:
    """Code what can be decoded of the tracks; the file's name. Raises RunError if nothing can."""
    shape = (
        f"asetpts=PTS-({_seconds(zero + sound.start)})/TB,"
        "aresample=async=1:first_pts=0,"  # silence before a late sound, nothing before time 0
        f"atrim=end={_seconds(audible)},apad=whole_dur={_seconds(length)}"
    )
    near = ["-copyts", "-ss", _seconds(max(Fraction(0), sound.start - LEAD))]
    near += ["-max_error_rate", "1"]
    coding = ["-af", shape, "-c:a", "aac", "-b:a", BITRATE]

    def code(some: Sequence[_Track]) -> str:
        words = [*near, *_source(sound, some), *coding, *_output(some, path)]
        return ffmpeg.run(words, timeout=ffmpeg.patience(float(length)))[1]

    def can_be_coded(track: _Track) -> bool:
        try:
            code([track])
        except RunError:
            return False
        return True

    try:
        fault = code(tracks)
    except RunError as error:
        good = [track for track in tracks if can_be_coded(track)]
        if not good:
            raise
        fault = code(good)
        _warn(sound, f"of its {len(tracks)} sound tracks only {len(good)} can be read ({error})")
    # Where decoding begins within the sound it may complain of what it lacks from before.
    if fault and sound.start == 0:
        _warn(sound, f"its sound is damaged, the film is silent there ({fault})")
    return path.name


def _source(sound: Sound, tracks: Sequence[_Track]) -> list[str]:
    maps = [word for track in tracks for word in ("-map", f"0:a:{track.index}")]
    return [*ffmpeg.GUARD, "-i", ffmpeg.url(sound.path), *maps]


def _output(tracks: Sequence[_Track], path: Path) -> list[str]:
    plain = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    return [*plain, *_tags(track.language for track in tracks), "-y", ffmpeg.url(path)]


def _tags(languages: Iterable[str]) -> list[str]:
    named = enumerate(languages)
    return [w for at, said in named if said for w in (f"-metadata:s:a:{at}", f"language={said}")]


def _warn(sound: Sound, message: str) -> None:
    logging.getLogger("dreamvid").warning("%s: %s", sound.path, message)


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"
