"""Dreamers that need no network, and sinks that need no encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from dreamvid.errors import RunError
from dreamvid.frame import Frame, Fresh
from dreamvid.task import AnyDreamer, DreamTask


def dreaming(dream: Callable[[Frame, int, Fresh], Frame]) -> AnyDreamer:
    """A dreamer of a task's canvas, of its index and of what is fresh."""

    def dreamed(task: DreamTask) -> Frame:
        fresh = task.fresh
        if fresh is None:
            fresh = np.full(task.canvas.shape[:2], task.index == 0, np.float32)
        return dream(task.canvas, task.index, fresh)

    return dreamed


def asleep(task: DreamTask) -> Frame:
    """Changes nothing."""
    return task.canvas


def waves(canvas: Frame, index: int, fresh: Fresh) -> Frame:
    """A dream after which each frame depends on all before it."""
    return np.asarray(canvas + np.float32(3) * np.sin(canvas + np.float32(index)), np.float32)


class FakeDreamer:
    """A dreamer that counts its tasks and can be told apart from another.

    Attributes:
        identity: as `Identified` has it; missing where None was given.
        indices: of the tasks so far.
    """

    identity: str

    def __init__(
        self,
        identity: str | None = "fake",
        dream: Callable[[Frame, int, Fresh], Frame] = waves,
    ) -> None:
        self._dream = dreaming(dream)
        self.indices: list[int] = []
        if identity is not None:
            self.identity = identity

    def __call__(self, task: DreamTask, /) -> Frame:
        self.indices.append(task.index)
        return self._dream(task)


class FakeSink:
    """A sink that stores what it is given.

    Attributes:
        frames: copies of the frames.
        ended: how it was ended, "closed", "kept" (abandoned, the frames left) or "dropped"; each
            time that it was.
    """

    def __init__(self, full_after: int | None = None) -> None:
        """The frame after the first `full_after` raises a RunError."""
        self.frames: list[Frame] = []
        self.ended: list[str] = []
        self._full_after = full_after

    def write(self, frame: Frame) -> None:
        assert not self.ended, f"a frame after it was {self.ended}"
        if len(self.frames) == self._full_after:
            raise RunError("sink: full")
        self.frames.append(frame.copy())

    def close(self) -> Path:
        self.ended.append("closed")
        return Path("nowhere")

    def abandon(self, *, keep: bool) -> Path | None:
        self.ended.append("kept" if keep else "dropped")
        return None
