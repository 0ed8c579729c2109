"""The sound of a film: cut from its source's tracks, in sync with the pictures."""

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
"""ffmpeg can also write PCM and Vorbis into MP4, but few players support them."""

LEAD = 5
"""Seconds decoded before a cut, since seeking is inexact."""


@dataclass(frozen=True)
class Sound:
    """A film's sound: the clip it is taken from, and the part of it.

    Attributes:
        path: the clip; if it has no sound track the film is silent.
        start: seconds after its first picture (after its first sound, where it has no picture).
        duration: silence after this many seconds; None: sound to the film's end.
    """

    path: Path
    start: Fraction = Fraction(0)
    duration: Fraction | None = None


def cut(sound: Sound, folder: Path, suffix: str, length: Fraction, frame: Fraction) -> str | None:
    """Make the sound of a film of `length` seconds, as a file in `folder`.

    Sound that fits to within one `frame` (seconds) is copied unchanged, if the format of `suffix`
    supports it. Otherwise it is decoded, cut or padded with silence to the sample, and encoded as
    AAC: packets last 20 to 30 ms, and the first ones after a cut need those before it. All tracks
    are kept, with their languages. What cannot be decoded is silent, with a warning, since the film
    is worth more than its sound.

    Returns:
        The file's name, or None if the source has no sound.
    """
    try:
        tracks = _tracks(sound.path)
        if not tracks:
            return None
        # Streams begin at any time on the file's clock; the film's time 0 is the first picture.
        shown = ffmpeg.first_picture(sound.path)
        zero = tracks[0].packets.start if shown is None else shown
        name = f"sound{suffix}"
        audible = length if sound.duration is None else min(length, sound.duration)
        if sound.start == 0 and audible >= length - frame:
            fitting = all(_fits(track.packets, zero, length, frame) for track in tracks)
            if fitting and _copied(sound, tracks, folder / name, zero):
                return name
        return _coded(sound, tracks, folder / name, zero, audible, length)
    except RunError as error:
        _warn(sound, f"its sound cannot be read, the film is silent ({error})")
        return None


def languages(path: Path) -> list[str]:
    """The options that copy the languages of a file's sound tracks to an output."""
    return _tags(language for language, _ in _audio_streams(ffmpeg.describe(path)))


@dataclass(frozen=True)
class _Track:
    """A sound stream: its index among sound streams, language or "", codec, packets."""

    index: int
    language: str
    codec: str
    packets: ffmpeg.Packets


def _audio_streams(text: str) -> list[tuple[str, str]]:
    """The languages and codecs of the sound streams that ffmpeg lists."""
    stream = r"^ *Stream #0:\d+(?:\[\w+\])?(?:\((\w+)\))?: Audio: (\w+)"
    return [
        (language.replace("und", ""), codec)
        for language, codec in re.findall(stream, text, re.MULTILINE)
    ]


def _tracks(path: Path) -> list[_Track]:
    """The sound streams that are not empty."""
    tracks = []
    for index, (language, codec) in enumerate(_audio_streams(ffmpeg.describe(path))):
        packets = ffmpeg.packets(path, "audio", index, timeout=ffmpeg.PATIENCE)
        if packets is not None:
            tracks.append(_Track(index, language, codec, packets))
    return tracks


def _fits(packets: ffmpeg.Packets, zero: Fraction, length: Fraction, frame: Fraction) -> bool:
    # Packets before time 0 of the file's clock only prime the decoder, which drops them.
    prompt = packets.start >= zero or (zero == 0 and packets.start < 0)
    return prompt and abs(packets.end - zero - length) <= frame


def _copied(sound: Sound, tracks: Sequence[_Track], path: Path, zero: Fraction) -> bool:
    """Copy complete tracks; False if the container does not support them."""
    if path.suffix == ".mp4" and not {track.codec for track in tracks} <= PLAYED_IN_MP4:
        return False
    shift = ["-copyts", "-itsoffset", _seconds(-zero)]
    try:
        arguments = [*shift, *_source(sound, tracks), "-c", "copy", *_output(tracks, path)]
        ffmpeg.run(arguments, timeout=ffmpeg.PATIENCE)
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
    """Encode the decodable tracks; returns the file's name. Raises RunError if there are none."""
    shape = (
        f"asetpts=PTS-({_seconds(zero + sound.start)})/TB,"
        "aresample=async=1:first_pts=0,"  # silence before a late sound, nothing before time 0
        f"atrim=end={_seconds(audible)},apad=whole_dur={_seconds(length)}"
    )
    near = ["-copyts", "-ss", _seconds(max(Fraction(0), sound.start - LEAD))]
    near += ["-max_error_rate", "1"]
    coding = ["-af", shape, "-c:a", "aac", "-b:a", BITRATE]

    def code(some: Sequence[_Track]) -> str:
        arguments = [*near, *_source(sound, some), *coding, *_output(some, path)]
        return ffmpeg.run(arguments, timeout=ffmpeg.patience(float(length)))[1]

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
    # If decoding begins in the middle, warnings about missing earlier packets are expected.
    if fault and sound.start == 0:
        _warn(sound, f"its sound is damaged, the film is silent there ({fault})")
    return path.name


def _source(sound: Sound, tracks: Sequence[_Track]) -> list[str]:
    maps = [option for track in tracks for option in ("-map", f"0:a:{track.index}")]
    return [*ffmpeg.GUARD, "-i", ffmpeg.url(sound.path), *maps]


def _output(tracks: Sequence[_Track], path: Path) -> list[str]:
    plain = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact"]
    return [*plain, *_tags(track.language for track in tracks), "-y", ffmpeg.url(path)]


def _tags(languages: Iterable[str]) -> list[str]:
    numbered = enumerate(languages)
    return [
        option
        for index, name in numbered
        if name
        for option in (f"-metadata:s:a:{index}", f"language={name}")
    ]


def _warn(sound: Sound, message: str) -> None:
    logging.getLogger("dreamvid").warning("%s: %s", sound.path, message)


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"
