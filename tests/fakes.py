"""Dreamers that need no network, and sinks that need no encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid import frames as dream_frames
from dreamvid.errors import RunError
from dreamvid.frame import Frame, Fresh
from dreamvid.recipe.load import make_recipe
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


def dreamed(sources: list[Frame], dream: AnyDreamer, **sections: Any) -> list[Frame]:
    """A clip dreamed once a frame, unless `blend` says how its first dream settles."""
    blend = sections.pop("blend", {})
    blend = {"warmup": 0, **(blend if isinstance(blend, dict) else {"share": blend})}
    recipe = make_recipe({**sections, "blend": blend}, "video")
    return list(dream_frames(recipe, iter(sources), dream))


UNHELD = {"color": {"anchor": 0}}


class Told:
    """A dreamer that notes what it is told."""

    def __init__(self, dream: AnyDreamer) -> None:
        self.dream = dream
        self.canvas: list[Frame] = []
        self.t: list[int] = []
        self.fresh: list[Fresh] = []

    def __call__(self, task: DreamTask) -> Frame:
        assert task.fresh is not None
        self.canvas.append(task.canvas.copy())
        self.t.append(task.index)
        self.fresh.append(task.fresh.copy())
        return self.dream(task)
