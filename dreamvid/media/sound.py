"""The sound of a film: cut from its source's tracks, in sync with the pictures."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import RunError
from dreamvid.media import channels, ffmpeg, streams, tracks
from dreamvid.media.sound_encoder import Cut, destination, encode, seconds, source
from dreamvid.media.tracks import Track
from dreamvid.notices import warn

PLAYED = {"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"}
"""What is copied into MP4 and MOV; MOV takes PCM besides. ffmpeg can also write PCM and Vorbis into
MP4, but few players support them, and codecs into MOV that it cannot read again."""

UNSOUGHT = {"vorbis"}
"""What is decoded from its beginning: the time of the first packet after a seek may be wrong."""


@dataclass(frozen=True)
class Sound:
    """A film's sound: the clip it is taken from, and the part of it.

    Attributes:
        path: the clip; if it has no sound track the film is silent.
        start: seconds after its first picture (after its first sound, where it is no film).
        duration: silence after this many seconds; None: sound to the film's end.
        pictures: index in the file of the stream of pictures that the film shows; None: the first.
        passes: seconds at the film's end over which the sound passes over into what comes before
            `start`, in a film that closes.
    """

    path: Path
    start: Fraction = Fraction(0)
    duration: Fraction | None = None
    pictures: int | None = None
    passes: Fraction = Fraction(0)


def cut(sound: Sound, folder: Path, suffix: str, length: Fraction, frame: Fraction) -> str | None:
    """Make the sound of a film of `length` seconds, as a file in `folder`.

    Sound that fits to within one `frame` (seconds) is copied unchanged, if the format of `suffix`
    supports it. Otherwise it is decoded, cut or padded with silence to the sample, and encoded,
    since packets last 20 to 30 ms, and the first ones after a cut need those before it. All tracks
    are kept, with their languages and all their channels. What cannot be decoded is silent, with a
    warning, since the film is worth more than its sound.

    Returns:
        The file's name, or None if the source has no sound.
    """
    try:
        found = tracks.filled(sound.path)
        if not found:
            return None
        zero = beginning(sound)
        name = f"sound{suffix}"
        audible = length if sound.duration is None else min(length, sound.duration)
        if sound.start == 0 and audible >= length - frame:
            fitting = all(_fits(track, suffix, zero, length, frame) for track in found)
            if fitting and _copied(sound.path, found, folder / name, zero):
                return name
        seeks = all(track.codec not in UNSOUGHT for track in found)
        part = Cut(sound.path, zero, sound.start, audible, length, sound.passes, seeks)
        encode(part, found, folder / name)
        return name
    except RunError as error:
        warn(f"{sound.path}: its sound cannot be read, the film is silent ({error})")
        return None


def languages(path: Path) -> list[str]:
    """The options that copy the languages of a file's sound tracks to an output."""
    found = tracks.listed(ffmpeg.describe(path))
    return tracks.language_tags(track.language for track in found)


def beginning(sound: Sound) -> Fraction:
    """The film's time 0 on the file's clock, where each track begins at a time of its own: the
    first picture; of a file without pictures, or with a cover alone, the first sound.

    The first sound is the first that is played, not the first packet: the first packets of MP3 and
    AAC only prime the decoder, for some 25 ms.

    Raises:
        RunError: the file cannot be read.
    """
    text = ffmpeg.describe(sound.path)
    if sound.pictures is not None or streams.parse_streams(text).shown is not None:
        with contextlib.suppress(RunError):
            zero = ffmpeg.first_picture(sound.path, sound.pictures)
            if zero is not None:
                return zero
    firsts = []
    for track in tracks.listed(text):
        with contextlib.suppress(RunError):
            firsts.append(ffmpeg.packets(sound.path, "audio", track.index, first=True, decode=True))
    return min((each.start for each in firsts if each), default=Fraction(0))


def _fits(track: Track, suffix: str, zero: Fraction, length: Fraction, frame: Fraction) -> bool:
    """Whether a track can be copied, as far as is known without trying."""
    packets = track.packets
    if packets is None or not packets.key:
        return False
    if track.codec.startswith("pcm_"):
        if not channels.holds(suffix, track.layout):
            return False
    elif suffix != ".mkv" and track.codec not in PLAYED:
        return False
    # Packets before time 0 of the file's clock only prime the decoder, which drops them.
    prompt = packets.start >= zero or (zero == 0 and packets.start < 0)
    return prompt and abs(packets.end - zero - length) <= frame


def _copied(path: Path, found: Sequence[Track], copy: Path, zero: Fraction) -> bool:
    """Copy complete tracks; False if the container does not support them."""
    maps = [word for track in found for word in ("-map", f"0:a:{track.index}")]
    tags = tracks.language_tags(track.language for track in found)
    shift = ["-copyts", "-itsoffset", seconds(-zero)]
    try:
        arguments = [*shift, *source(path), *maps, "-c", "copy", *tags, *destination(copy)]
        ffmpeg.run(arguments, timeout=ffmpeg.PATIENCE)
    except RunError:
        return False
    return True
