"""Dreamers that need no network, sources that need no file, sinks that need no encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid.frame import Frame, Size
from dreamvid.source import Source
from dreamvid.task import Bare, Dreams, DreamTask


def dreaming(dream: Callable[[Frame, int, Bare], Frame]) -> Dreams:
    """A dreamer of a task's canvas, of its index and of what is bare."""

    def dreamed(task: DreamTask) -> Frame:
        bare = task.bare
        if bare is None:
            bare = np.full(task.canvas.shape[:2], task.index == 0, np.float32)
        return dream(task.canvas, task.index, bare)

    return dreamed


def asleep(task: DreamTask) -> Frame:
    """Changes nothing."""
    return task.canvas


class FakeDreamer:
    """A dreamer that counts what it is asked, and can be told apart from another.

    Attributes:
        indices: of the tasks so far.
        identity: as `Identified` has it; missing where None was given.
    """

    identity: str

    def __init__(
        self,
        dream: Callable[[Frame, int, Bare], Frame] | None = None,
        *,
        identity: str | None = "fake",
    ) -> None:
        """`dream` of a canvas, an index and what is fresh; by default the canvas, 1 level on."""
        self._dream = dreaming(dream or (lambda canvas, t, fresh: canvas + np.float32(1)))
        self.indices: list[int] = []
        if identity is not None:
            self.identity = identity

    def __call__(self, task: DreamTask, /) -> Frame:
        self.indices.append(task.index)
        return self._dream(task)

    @property
    def calls(self) -> int:
        """How many dreams were asked for."""
        return len(self.indices)


def fake_source(
    frames: Sequence[Frame], rate: Fraction = Fraction(25), identity: str | None = "frames"
) -> Source:
    """A source of frames that are there, which says how many there are."""
    more: dict[str, Any] = {"identity": identity} if hasattr(Source, "identity") else {}
    return Source(Size.of(frames[0]), rate, len(frames), None, lambda: iter(frames), **more)


class FakeSink:
    """A sink that keeps what it is given.

    Attributes:
        frames: copies of them.
        ended: "closed", "kept" (abandoned, what is done left) or "dropped"; "" until then.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.ended = ""

    def write(self, frame: Frame) -> None:
        """Take a frame."""
        assert not self.ended, f"a frame after it was {self.ended}"
        self.frames.append(frame.copy())

    def close(self) -> Path:
        """Finish."""
        assert not self.ended, f"closed after it was {self.ended}"
        self.ended = "closed"
        return Path("fake")

    def abandon(self, *, keep: bool) -> Path | None:
        """Stop early."""
        self.ended = "kept" if keep else "dropped"
        return Path("fake.partial") if keep else None
