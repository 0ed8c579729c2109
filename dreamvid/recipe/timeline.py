"""A film's time: the one maker of a frame's place in it, and of the names schedules may use."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class FrameTime:
    """A frame's place in time; made by `Timeline`.

    Attributes:
        t: its index in the film, from 0.
        rate: frames a second, over 0.
        frames: how many the film has; None: not known.
    """

    t: int
    rate: Fraction
    frames: int | None

    @property
    def seconds(self) -> Fraction:
        """When it is shown."""
        return self.t / self.rate

    def names(self) -> dict[str, float]:
        """What each name in a schedule is worth here; `n` is 0 where the length is not known."""
        return {name: value(self) for name, value in NAMES.items()}


NAMES: dict[str, Callable[[FrameTime], float]] = {
    "t": lambda time: float(time.t),
    "s": lambda time: float(time.seconds),
    "n": lambda time: float(time.frames or 0),
    "pi": lambda time: math.pi,
}
"""The variables of a schedule. To add one is to add it here, and to say it in docs/schedules.md."""


DEFAULT_RATE = Fraction(30)
"""Frames a second of a film whose source tells none."""


@dataclass(frozen=True)
class Timeline:
    """The time of a film.

    Attributes:
        rate: frames a second, exact, over 0.
        frames: how many there are; None: not known.
    """

    rate: Fraction = DEFAULT_RATE
    frames: int | None = None

    def __getitem__(self, index: int) -> FrameTime:
        return FrameTime(index, self.rate, self.frames)

    def first(self, most: int) -> Iterator[FrameTime]:
        """The film's first frames, at most so many; one where the length is not known."""
        return (self[index] for index in range(min(self.frames or 1, most)))
