"""The sound tracks of a file, as ffmpeg lists them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import RunError
from dreamvid.media import ffmpeg

STREAM = re.compile(
    r"^ *Stream #0:(?P<stream>\d+)(?:\[\w+\])?(?:\((?P<language>.*?)\))?: Audio: (?P<codec>\w+)"
    r"(?:.*?, (?P<rate>\d+) Hz, (?P<layout>[^,\n]+))?(?P<rest>.*)",
    re.MULTILINE,
)
"""A sound stream in ffmpeg's description of a file:
`Stream #0:1[0x101](eng): Audio: aac (LC), 48000 Hz, stereo, fltp (default)`."""

BASS_HERTZ = 250
BASS_MARGIN = 20
"""A bass channel's sound above so many hertz is weaker by so many decibels than all of it."""

SILENCE = -60.0
"""Decibels of full scale; what is weaker is noise of a codec."""

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9-]+)?")
"""A code by ISO 639 or BCP 47."""


@dataclass(frozen=True)
class Track:
    """A sound track of a file.

    Attributes:
        index: its place among the file's sound tracks.
        language: its code; "" if none is stated.
        codec: ffmpeg's name of it.
        layout: ffmpeg's name of its channels' layout, such as `stereo` or `4 channels`; "" if
            unknown.
        rate: samples a second; 0 if unknown.
        default: whether it is marked as played by default.
        packets: when they come; None if they cannot be listed.
    """

    index: int
    language: str
    codec: str
    layout: str
    rate: int
    default: bool
    packets: ffmpeg.Packets | None = None


def listed(text: str) -> list[Track]:
    """The sound tracks in ffmpeg's description of a file, without their packets."""
    # Programs of a broadcast may share a stream, and list theirs in any order.
    streams = {int(found["stream"]): found for found in STREAM.finditer(text)}
    return [
        Track(
            index,
            _language(found["language"]),
            found["codec"],
            (found["layout"] or "").strip(),
            int(found["rate"] or 0),
            "(default)" in found["rest"],
        )
        for index, (_, found) in enumerate(sorted(streams.items()))
    ]


def filled(path: Path) -> list[Track]:
    """The sound tracks of a file that are not empty.

    Raises:
        RunError: the file cannot be read.
    """
    found = []
    for track in listed(ffmpeg.describe(path)):
        try:
            packets = ffmpeg.packets(path, "audio", track.index, timeout=ffmpeg.PATIENCE)
        except RunError:  # decoding tells why
            found.append(track)
        else:
            if packets is not None:
                found.append(replace(track, packets=packets))
    return found


def is_bass(path: Path, track: Track, place: int, near: Sequence[str], length: Fraction) -> bool:
    """Whether the channel at a place in a track has low frequencies only, or nothing.

    Args:
        near: options of ffmpeg by which it seeks the part of the file to listen to.
        length: that part's length in seconds.
    """
    shape = (
        f"channelmap=map={place}:channel_layout=mono,pan=stereo|c0=c0|c1=c0,"
        + 3 * f"highpass=frequency={BASS_HERTZ}:channels=FR,"  # 36 dB an octave
        + "asetnsamples=n=1048576:pad=0,"
        "astats=metadata=1:measure_perchannel=RMS_level:measure_overall=none,"
        "ametadata=mode=print:file=-"
    )
    source = [*ffmpeg.GUARD, *ffmpeg.UNGUESSED, "-i", ffmpeg.url(path)]
    part = [*near, "-t", f"{float(length):.6f}", *source, "-map", f"0:a:{track.index}"]
    arguments = [*part, "-af", shape, "-f", "null", "-"]
    try:
        said, _ = ffmpeg.run(arguments, timeout=ffmpeg.patience(float(length)))
    except RunError:
        return True  # as is usual, and as good as silence
    # The levels so far in dB, "-inf" of silence; the last ones are those of the whole.
    whole, high = (re.findall(rf"astats\.{channel}\.RMS_level=(\S+)", said) for channel in (1, 2))
    return not whole or float(high[-1]) < max(float(whole[-1]) - BASS_MARGIN, SILENCE)


def language_tags(languages: Iterable[str]) -> list[str]:
    """The options that give an output's sound tracks their languages."""
    return [
        option
        for index, language in enumerate(languages)
        if language
        for option in (f"-metadata:s:a:{index}", f"language={language}")
    ]


def _language(tag: str | None) -> str:
    return tag if tag and tag != "und" and LANGUAGE.fullmatch(tag) else ""
