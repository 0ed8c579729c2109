"""Dreamers that need no network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dreamvid.frame import Frame
from dreamvid.task import AnyDreamer, DreamTask, Fresh


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
