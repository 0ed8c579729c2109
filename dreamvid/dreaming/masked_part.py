"""The part of a picture that a mask lets be dreamed on; the rest costs nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.dream_step import DreamStep
from dreamvid.errors import MediaError
from dreamvid.frame import Frame, Size
from dreamvid.part import Part
from dreamvid.task import DreamTask

AROUND = 16
"""Px around what is dreamed on that the network sees too."""

QUANTUM = 32
"""Px by which the part's sides grow: under a moving mask few sizes follow one another. A size that
is new costs as much as half a step, while its convolutions are compiled."""


@dataclass(frozen=True)
class MaskedPart:
    """A task, cut to the part of its canvas around what its mask does not hide.

    Attributes:
        task: of the part.
    """

    task: DreamTask
    _canvas: Frame
    _part: Part

    @classmethod
    def of(cls, task: DreamTask, canvas: Frame, least: int) -> MaskedPart | None:
        """The part of a task; None where its mask is black all over.

        Args:
            canvas: of the task, (H, W, 3).
            least: shortest side (px) of a part, within the canvas.

        Raises:
            MediaError: the mask has another shape.
        """
        mask = np.asarray(task.mask, np.float32)
        if mask.shape != canvas.shape[:2]:
            raise MediaError(
                f"mask: must have the canvas's shape {canvas.shape[:2]}, not {mask.shape}"
            )
        if not mask.any():
            return None
        (top, bottom), (left, right) = (
            _span(np.asarray(mask.any(axis=axis)), least) for axis in (1, 0)
        )
        part = Part(top, left, bottom, right, Size.of(canvas))
        inner = replace(
            task,
            canvas=part.cut(canvas),
            fresh=None if task.fresh is None else part.cut(task.fresh),
            source=None if task.source is None else part.cut(task.source),
            mask=part.cut(mask),
        )
        return cls(inner, canvas, part)

    def told(self, steps: Generator[DreamStep, None, Frame]) -> Generator[DreamStep, None, Frame]:
        """The steps of the part's dream, which say where in the canvas it lies."""
        with closing(steps):
            while True:
                try:
                    step = next(steps)
                except StopIteration as end:
                    frame: Frame = end.value
                    return frame
                yield replace(step, part=self._part)

    def pasted(self, dream: Frame) -> Frame:
        """The canvas, clipped to 0..255, with the dream of the part."""
        return self._part.pasted(dream, np.clip(self._canvas, 0.0, 255.0))


def _span(wanted: NDArray[np.bool_], least: int) -> tuple[int, int]:
    """Where a part begins and ends along an axis, (length,): AROUND px or more around `wanted`,
    `least` px long or more, and in all a multiple of QUANTUM where the axis does not end before."""
    inside = np.flatnonzero(wanted)
    first, last = int(inside[0]), int(inside[-1]) + 1
    long = -(-max(last - first + 2 * AROUND, least) // QUANTUM) * QUANTUM
    begin = min(max(0, (first + last - long) // 2), max(0, len(wanted) - long))
    return begin, min(len(wanted), begin + long)
