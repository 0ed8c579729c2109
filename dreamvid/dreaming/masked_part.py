"""The part of a picture that a mask lets be dreamed on; the rest costs nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.step_map import Box
from dreamvid.errors import MediaError
from dreamvid.frame import Frame
from dreamvid.task import DreamTask

AROUND = 24
"""Px around what is dreamed on that the network sees too."""

GRID = 8
"""Px to which the part's sides are aligned, so that a moving mask makes few sizes."""


@dataclass(frozen=True)
class MaskedPart:
    """A task, cut to the part of its canvas around what its mask does not hide.

    Attributes:
        task: of the part.
    """

    task: DreamTask
    _canvas: Frame
    _box: Box

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
        cut = np.s_[top:bottom, left:right]
        fresh = None if task.fresh is None else np.ascontiguousarray(task.fresh[cut])
        part = np.ascontiguousarray(canvas[cut])
        source = None if task.source is None else np.ascontiguousarray(task.source[cut])
        inner = replace(
            task, canvas=part, fresh=fresh, source=source, mask=np.ascontiguousarray(mask[cut])
        )
        return cls(inner, canvas, (top, left, bottom, right))

    def pasted(self, dream: Frame) -> Frame:
        """The canvas, clipped to 0..255, with the dream of the part."""
        frame = np.clip(self._canvas, 0.0, 255.0)
        top, left, bottom, right = self._box
        frame[top:bottom, left:right] = dream
        return frame


def _span(wanted: NDArray[np.bool_], least: int) -> tuple[int, int]:
    """Where a part begins and ends along one axis: AROUND px around `wanted`, (length,) bool, at
    least `least` px, aligned to the grid where the axis does not end."""
    length = len(wanted)
    inside = np.flatnonzero(wanted)
    begin, end = int(inside[0]) - AROUND, int(inside[-1]) + 1 + AROUND
    short = max(0, least - (end - begin))
    begin, end = begin - short // 2, end + short - short // 2
    begin, end = begin - max(0, end - length), end - min(0, begin)
    return max(0, begin // GRID * GRID), min(length, -(-end // GRID) * GRID)
