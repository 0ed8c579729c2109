"""What a render will take, told from the frames of it that are done."""

from __future__ import annotations

import time
from contextlib import closing

from dreamvid.machine import taken
from dreamvid.media.outputs import cost_of
from dreamvid.recipe import FilmRecipe
from dreamvid.rendering.render import SEGMENT, Plan


class Times:
    """When each frame was done: the first, which takes a burst, and those after it."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._at: list[float] = []

    def note(self, now: float) -> None:
        """A frame is done at `now` (of `time.monotonic`)."""
        if len(self._at) < 3:
            self._at.append(now)

    def enough(self, total: int | None) -> bool:
        """Whether there is something to tell from: a frame after the first, or the only one."""
        return len(self._at) > 1 or total == len(self._at) == 1

    @property
    def first(self) -> float:
        """Seconds of the first frame."""
        return self._at[0] - self._start

    @property
    def later(self) -> float:
        """Seconds of a frame after it."""
        return (self._at[-1] - self._at[0]) / (len(self._at) - 1) if self._at[1:] else self.first


def tried(planned: Plan) -> str:
    """Dream the first frames, and tell from them; nothing is written."""
    times = Times()
    with closing(planned.groups()) as groups:
        for group in groups:
            for _ in group.frames:
                times.note(time.monotonic())
            if times.enough(planned.timeline.frames):
                break
    return foreseen(planned, times, 0)


def foreseen(planned: Plan, times: Times, done: int) -> str:
    """One line: seconds a frame, time in all, peak memory, disk.

    Args:
        times: of frames that were dreamed.
        done: how many frames are.
    """
    total = planned.source.frames
    told = f"{times.later:.2f} s a frame"
    if total is not None:
        left = (total - done) * times.later + (0 if done else times.first - times.later)
        told += f", {_lasting(max(0.0, left))} {'left' if done else 'in all'}"
    return f"{told}; {_large(taken())} of memory{coder(planned)}; {disk(planned)} on disk"


def coder(planned: Plan) -> str:
    """What the encoder takes besides, which it fills within its first second."""
    memory = cost_of(planned.output, planned.source.size).memory
    if not isinstance(planned.recipe, FilmRecipe) or not memory:
        return ""
    return f", {_large(memory)} more for ffmpeg"


def disk(planned: Plan) -> str:
    """What the render takes while it works: the film, its pieces, the open one's frames, states."""
    recipe, (width, height) = planned.recipe, planned.source.size
    if not isinstance(recipe, FilmRecipe):
        return _large(3 * width * height)
    frames = planned.source.frames
    pixel = cost_of(planned.output, planned.source.size).disk
    steady = width * height * (3 * min(SEGMENT, frames or SEGMENT) + 2 * 28)
    if frames is None:
        return f"{_large(steady)} and {_large(2 * pixel * width * height)} a frame"
    return f"at most {_large(steady + 2 * pixel * width * height * frames)}"


def _large(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def _lasting(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
