"""A film's timeline: the time of each frame, and the variables of schedules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from dreamvid.recipe.heard import Heard
from dreamvid.recipe.loop import Loop


class Hearing(Protocol):
    """What is heard at a film's frames."""

    def at(self, heard: Heard, t: int) -> float:
        """The value at frame `t`: 0..1, or beats; 0 where the sound is over. `heard` is one of
        those that were listened for."""


@dataclass(frozen=True)
class FrameTime:
    """A frame's time; created only by `Timeline`.

    Attributes:
        t: index in the film, from 0.
        rate: frames a second, over 0.
        frames: the film's number of frames; None: unknown.
        heard: what is heard; None: the film has no sound to listen to.
    """

    t: int
    rate: Fraction
    frames: int | None
    heard: Hearing | None = None

    @property
    def seconds(self) -> Fraction:
        """When the frame is shown."""
        return self.t / self.rate

    def names(self) -> dict[str, float]:
        """The value of each schedule variable at this frame; `n` is 0 where the length is
        unknown."""
        return {name: value(self) for name, value in NAMES.items()}


NAMES: dict[str, Callable[[FrameTime], float]] = {
    "t": lambda time: float(time.t),
    "s": lambda time: float(time.seconds),
    "n": lambda time: float(time.frames or 0),
    "pi": lambda time: math.pi,
    "max_f": lambda time: float(max(0, (time.frames or 0) - 1)),
}
"""The variables of schedules. A new one is added here and documented in docs/schedules.md. What is
heard is none of them: see `Heard`."""

LENGTHS = ("n", "max_f")
"""The variables that need the film's length."""


DEFAULT_RATE = Fraction(30)
"""Frames a second of a film whose source has no rate."""


@dataclass(frozen=True)
class Timeline:
    """The time of a film.

    Attributes:
        rate: frames a second, exact, over 0.
        frames: the number of frames; None: unknown.
        heard: what is heard; None: nothing. Every schedule that hears gets it from here.
        loop: how the film closes; None: it does not.
        cuts: the frames at which its shots begin; None: they are not known.
    """

    rate: Fraction = DEFAULT_RATE
    frames: int | None = None
    heard: Hearing | None = None
    loop: Loop | None = None
    cuts: frozenset[int] | None = None

    @property
    def lead(self) -> int:
        """Frames that are dreamed before the film's first."""
        return self.loop.lead if self.loop else 0

    def __getitem__(self, index: int) -> FrameTime:
        """The time of a frame; in a loop, one before the first has that of a round later."""
        if self.loop:
            index %= self.loop.frames
        return FrameTime(index, self.rate, self.frames, self.heard)

    def first(self, most: int) -> Iterator[FrameTime]:
        """The times of the first frames, at most `most`; of one frame where the length is
        unknown."""
        return (self[index] for index in range(min(self.frames or 1, most)))
