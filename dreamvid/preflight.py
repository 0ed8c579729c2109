"""What a render will take, told from the frames of it that are done."""

from __future__ import annotations

import logging
import time

from dreamvid.memory import taken
from dreamvid.recipe import FilmRecipe
from dreamvid.recurrence import turns
from dreamvid.rendering import SEGMENT, Plan
from dreamvid.scheduled import in_force
from dreamvid.timeline import FrameTime

log = logging.getLogger("dreamvid")

FILM = 0.25
"""Bytes a pixel of coded film, a frame: dreams at CRF 18 took .1 to .2."""
LOSSLESS = 2.5
"""Bytes a pixel of the lossless pieces that animations are made of."""
X264, X264_PIXEL = 36e6, 240
"""Bytes of memory, and those a pixel of a frame, that the encoder takes: 96 MB at 640x360, 515 at
1920x1080."""


class Pace:
    """When frames were done: the first, which takes a burst, and those after it."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._first: float | None = None
        self._last = self._start
        self._count = 0

    def note(self, now: float) -> None:
        """A frame is done at `now` (of `time.monotonic`)."""
        self._first = now if self._first is None else self._first
        self._last = now
        self._count += 1

    def enough(self, total: int | None) -> bool:
        """Whether there is something to tell from: a frame after the first, or the only one."""
        return self._count > 1 or total == self._count == 1

    @property
    def first(self) -> float:
        """Seconds of the first frame."""
        return (self._first or self._start) - self._start

    @property
    def later(self) -> float:
        """Mean seconds of the frames after it."""
        if self._first is None or self._count < 2:
            return self.first
        return (self._last - self._first) / (self._count - 1)


def warn_of_shortfalls(planned: Plan) -> None:
    """Log, as warnings, what of a recipe will not be done."""
    asked, comes = getattr(planned.recipe, "frames", None), planned.source.frames
    if asked is not None and comes is not None and comes < asked:
        log.warning("%s: %d of %d frames: its source ends there", planned.output, comes, asked)
    if planned.octaves:
        start = FrameTime(0, planned.source.rate, comes)
        octaves = in_force(planned.recipe, start).dream.octaves
        if len(planned.octaves) < octaves:
            log.warning(
                "octaves: %d of %d; smaller ones are under the least size of the network",
                len(planned.octaves),
                octaves,
            )


def warn_of_early_end(planned: Plan, done: int) -> None:
    """Log a warning where a clip that did not tell its length gave fewer frames than asked."""
    asked = getattr(planned.recipe, "frames", None)
    if planned.source.frames is None and asked is not None and done < asked:
        log.warning("%s: %d of %d frames: its source ends there", planned.output, done, asked)


def tried(planned: Plan) -> str:
    """Dream the first frames, and tell from them; nothing is written."""
    pace = Pace()
    source = planned.source
    for turn in turns(
        planned.recipe, source.open(), planned.dream, rate=source.rate, frames=source.frames
    ):
        for _ in turn.frames:
            pace.note(time.monotonic())
        if pace.enough(source.frames):
            break
    return foreseen(planned, pace, 0)


def foreseen(planned: Plan, pace: Pace, done: int) -> str:
    """One line: seconds a frame, time in all, peak memory, disk.

    Args:
        pace: of frames that were dreamed.
        done: how many frames are.
    """
    total = planned.source.frames
    line = f"{pace.later:.2f} s a frame"
    if total is not None:
        left = (total - done) * pace.later + (0 if done else pace.first - pace.later)
        line += f", {lasting(max(0.0, left))} {'left' if done else 'in all'}"
    return f"{line}; {_large(taken())} of memory{coder(planned)}; {disk(planned)} on disk"


def coder(planned: Plan) -> str:
    """What the encoder takes besides, which it fills within its first second."""
    if not isinstance(planned.recipe, FilmRecipe) or not coded(planned):
        return ""
    width, height = planned.source.size
    return f", {_large(X264 + X264_PIXEL * width * height)} more for ffmpeg"


def coded(planned: Plan) -> bool:
    """Whether frames are coded as H.264 while they come."""
    return planned.output.suffix.lower() in (".mp4", ".mov", ".mkv")


def disk(planned: Plan) -> str:
    """What the render takes while it works: the film, its pieces, the open one's frames, states."""
    recipe, (width, height) = planned.recipe, planned.source.size
    if not isinstance(recipe, FilmRecipe):
        return _large(3 * width * height)
    frames = planned.source.frames
    pixel = FILM if coded(planned) else LOSSLESS
    steady = width * height * (3 * min(SEGMENT, frames or SEGMENT) + 2 * 28)
    if frames is None:
        return f"{_large(steady)} and {_large(2 * pixel * width * height)} a frame"
    return f"at most {_large(steady + 2 * pixel * width * height * frames)}"


def _large(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def lasting(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
