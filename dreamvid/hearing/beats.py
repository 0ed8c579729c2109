"""Beats: their times, from a tempo, a file or a tracker, and where a film's frames lie between."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from dreamvid.errors import InputError
from dreamvid.files import read_bytes
from dreamvid.hearing.spectra import Numbers
from dreamvid.limits import MAX_SOUND_SECONDS

UNEVEN = 0.15
"""How much a beat may be longer or shorter and count in the tempo."""

MOST = 4 * 2**20
"""Most bytes of a file of beats."""

FILE = "audio.beats"
"""The key of the recipe that errors are about."""


@dataclass(frozen=True)
class Beats:
    """The beats of a sound.

    Attributes:
        times: of each in seconds from the sound's beginning, rising, at least two.
        first: the index of beat 0, with which a bar begins.
        source: where they are from, for people.
    """

    times: tuple[float, ...]
    first: int
    source: str

    @property
    def tempo(self) -> float:
        """Beats a minute, by the mean of their distances that are near the median one."""
        apart = np.diff(self.times)
        usual = float(np.median(apart))
        even = apart[np.abs(apart - usual) <= UNEVEN * usual]
        return 60 / (float(even.mean()) if len(even) else usual)

    @property
    def line(self) -> str:
        """The tempo and the first beat, for people."""
        start = self.times[self.first]
        return f"{self.tempo:.1f} beats a minute, the first at {start:.2f} s ({self.source})"

    def positions(self, start: Fraction, rate: Fraction, frames: Numbers) -> Numbers:
        """Where frames lie among the beats: 0 at the frame with beat 0, 1.5 halfway from beat 1
        to 2.

        A frame that contains a beat has its whole number. Before the first and after the last beat
        they go on at the pace of the nearest.

        Args:
            start: seconds from the sound's beginning to the film's.
            rate: frames a second.
            frames: indices.
        """
        times = (np.array(self.times) - float(start)) * float(rate)
        places = np.floor(times + 1e-6)
        numbers = np.arange(len(places)) - float(self.first)
        kept = np.append(np.diff(places) > 0, True)  # of beats within one frame the last
        inside = np.interp(frames, places[kept], numbers[kept])
        early, late = (frames - places[0]), (frames - places[-1])
        inside = np.where(early < 0, numbers[0] + early / (times[1] - times[0]), inside)
        return np.asarray(np.where(late > 0, numbers[-1] + late / (times[-1] - times[-2]), inside))


def beats_of_tempo(bpm: float, first: float, seconds: float) -> Beats:
    """Even beats, `bpm` a minute, over a sound of so many seconds, and at least two.

    Args:
        first: seconds from the sound's beginning to the first beat of a bar.
    """
    before = math.floor(first * bpm / 60)
    count = before + max(1, math.ceil((seconds - first) * bpm / 60)) + 1
    times = tuple(first + (index - before) * 60 / bpm for index in range(count))
    return Beats(times, before, f"by bpm {bpm:g}")


def beats_of_times(times: Sequence[float], first: float | None, source: str) -> Beats:
    """Beats at given times; a bar begins with the one nearest to `first`, else with the first."""
    near = 0 if first is None else int(np.argmin(np.abs(np.array(times) - first)))
    return Beats(tuple(times), near, source)


def read_beats(path: Path) -> list[float]:
    """The times in a file of beats: seconds, one a line, rising; what follows a time on its line is
    not looked at, nor are empty lines and those that begin with `#`.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    try:
        text = read_bytes(path, MOST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read: {reason}", path=path, key=FILE) from error
    times: list[float] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.replace(",", " ").replace(";", " ").split()
        if not words or words[0].startswith("#"):
            continue
        try:
            time = float(words[0])
        except ValueError:
            time = math.nan
        if not 0 <= time <= MAX_SOUND_SECONDS or (times and time <= times[-1]):
            raise InputError(
                f"line {number} must begin with a time in seconds, later than the one before",
                path=path,
                key=FILE,
            )
        times.append(time)
    if len(times) < 2:
        raise InputError("must hold at least two times, one a line", path=path, key=FILE)
    return times
