"""Dreamers that need no network, and sources and sinks that need no file."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from dreamvid.errors import RunError
from dreamvid.frame import Frame, Fresh, Size
from dreamvid.source import Source
from dreamvid.task import AnyDreamer, DreamTask


def dreaming(dream: Callable[[Frame, int, Fresh], Frame]) -> AnyDreamer:
    """A dreamer of a task's canvas, of its index and of what is bare."""

    def dreamed(task: DreamTask) -> Frame:
        bare = task.fresh
        if bare is None:
            bare = np.full(task.canvas.shape[:2], task.index == 0, np.float32)
        return dream(task.canvas, task.index, bare)

    return dreamed


def asleep(task: DreamTask) -> Frame:
    """Changes nothing."""
    return task.canvas


class NamedDreamer:
    """A dreamer of the caller's own that says what it is; each frame hangs on all before it."""

    def __init__(self, identity: str, gain: float = 3.0) -> None:
        self.identity, self.gain = identity, gain
        self.tasks: list[int] = []

    def __call__(self, task: DreamTask, /) -> Frame:
        self.tasks.append(task.index)
        waves = np.sin(task.canvas + np.float32(task.index))
        return np.asarray(task.canvas + np.float32(self.gain) * waves, np.float32)


@dataclass(frozen=True)
class NamedSource(Source):
    """A source of the caller's own that says what it is."""

    identity: str = "a source"


def still_source(frame: Frame, frames: int) -> Source:
    """A source that shows one picture; it says nothing of what it is."""
    return Source(Size.of(frame), Fraction(25), frames, None, lambda: _repeated(frame, frames))


def _repeated(frame: Frame, frames: int) -> Generator[Frame]:
    for _ in range(frames):
        yield frame


class ListSink:
    """A sink that keeps the frames, and how it ended: "closed", "kept" or "dropped"."""

    def __init__(self, full_after: int | None = None) -> None:
        self.frames: list[Frame] = []
        self.ended: list[str] = []
        self._full_after = full_after

    def write(self, frame: Frame) -> None:
        if len(self.frames) == self._full_after:
            raise RunError("sink: full")
        self.frames.append(frame.copy())

    def close(self) -> Path:
        self.ended.append("closed")
        return Path("nowhere")

    def abandon(self, *, keep: bool) -> Path | None:
        self.ended.append("kept" if keep else "dropped")
        return None
