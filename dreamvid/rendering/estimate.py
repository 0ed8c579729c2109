"""Estimating time, memory and disk of a render from the frames done."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass

from dreamvid import notices
from dreamvid.machine import taken
from dreamvid.media.outputs import Cost, cost_of
from dreamvid.recipe import FilmRecipe
from dreamvid.rendering.lead_files import BYTES as LEAD_BYTES
from dreamvid.rendering.plan import Plan


class Pace:
    """Measured time a frame: of the first, which takes a burst, and of those after it."""

    def __init__(self, least: int = 2) -> None:
        """An estimate needs `least` frames."""
        self._least = least
        self._start = time.monotonic()
        self._first: float | None = None
        self._last = self._start
        self._count = 0

    def note(self, now: float) -> None:
        """Note that a frame was done at `now` (of `time.monotonic`)."""
        self._first = now if self._first is None else self._first
        self._last = now
        self._count += 1

    def enough(self, total: int | None) -> bool:
        """Whether an estimate is possible: after a second frame or more, or the only one."""
        return self._count >= self._least or total == self._count == 1

    @property
    def first(self) -> float:
        """Seconds that the first frame took."""
        return (self._first or self._start) - self._start

    @property
    def later(self) -> float:
        """Mean seconds of the later frames."""
        if self._first is None or self._count < 2:
            return self.first
        return (self._last - self._first) / (self._count - 1)


def warn_of_shortfalls(planned: Plan) -> None:
    """Warn if the source has fewer frames than requested, or octaves are skipped."""
    if planned.timeline.frames is not None:
        _warn_of_end(planned, planned.timeline.frames)
    skipped, octaves = planned.octaves_skipped, len(planned.octaves)
    if skipped:
        notices.warn(
            f"only {octaves} of {octaves + skipped} octaves are used: smaller ones are under the "
            "network's minimum size"
        )


def warn_of_early_end(planned: Plan, done: int) -> None:
    """Warn if a clip of unknown length had fewer frames than requested."""
    if planned.timeline.frames is None:
        _warn_of_end(planned, done)


def _warn_of_end(planned: Plan, frames: int) -> None:
    requested = planned.frames_requested
    if requested is None:
        return
    # The time `end` may lie between two frames of the clip, or of the film's other rate.
    slack = 0 if isinstance(planned.recipe, FilmRecipe) and planned.recipe.frames else 1
    if frames + slack < requested:
        notices.warn(
            f"{planned.output}: only {frames} of the {requested} frames can be made: the source "
            "ends there"
        )


@dataclass(frozen=True)
class Estimate:
    """What a render takes, as far as its first frames tell.

    Attributes:
        seconds_a_frame: of the frames after the first.
        seconds_left: None: the film's length is not known.
        memory: bytes, the most that the process has taken so far.
        line: all of it, and the memory of encoders and the disk, for people.
    """

    seconds_a_frame: float
    seconds_left: float | None
    memory: float
    line: str


def tried(planned: Plan) -> Estimate:
    """Dream the first frames and estimate from them; nothing is written."""
    pace = Pace()
    with closing(planned.groups()) as groups:
        for group in groups:
            for _ in range(len(group.frames) or 1):  # those that lead into a loop are no frames
                pace.note(time.monotonic())
            if pace.enough(planned.count):
                break
    return foreseen(planned, pace, 0)


def foreseen(planned: Plan, pace: Pace, done: int) -> Estimate:
    """What a render takes.

    Args:
        pace: the measured time of dreamed frames.
        done: how many of the frames are done.
    """
    total, left = planned.count, None
    line = f"{pace.later:.2f} s a frame"
    if total is not None:
        lead = 0 if done else planned.timeline.lead
        left = (total + lead - done) * pace.later + (0 if done else pace.first - pace.later)
        left = max(0.0, left)
        line += f", {lasting(left)} {'left' if done else 'in all'}"
    memory = _cost(planned).memory * len(planned.job.encode.passes)
    more = f", {_large(memory)} more for ffmpeg" if memory else ""
    line += f"; {_large(taken())} of memory{more}; {disk(planned)} on disk"
    return Estimate(pace.later, left, taken(), line)


def disk(planned: Plan) -> str:
    """Disk space during the render: films, segments, frames of open segments, checkpoints."""
    size, frames = planned.source.size, planned.count
    passes = len(planned.job.encode.passes)
    if not planned.job.film:
        return _large(3 * passes * size.width * size.height)
    cost, pixels = _cost(planned), size.width * size.height
    film = pixels * passes * 2 * cost.disk
    stored = passes * cost.stored * min(planned.segment, frames or planned.segment)
    loop = planned.timeline.loop
    lead = LEAD_BYTES * loop.blend if loop else 0
    steady = pixels * (stored + 2 * 28 + lead)
    if frames is None:
        return f"{_large(steady)} and {_large(film)} a frame"
    return f"at most {_large(steady + film * frames)}"


def _cost(planned: Plan) -> Cost:
    job = planned.job
    return cost_of(planned.output, planned.source.size, job.encode.codec, film=job.film)


def _large(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def lasting(seconds: float) -> str:
    """A duration for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
