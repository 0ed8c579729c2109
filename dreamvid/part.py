"""A rectangular part of a frame; where a mask hides the rest, only it is computed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Field, Size

Array = TypeVar("Array", bound=NDArray[Any])
Positions = NDArray[np.floating[Any]]
"""Along an axis, px."""


@dataclass(frozen=True)
class Part:
    """A rectangle of a frame, px, half-open.

    Attributes:
        frame: size of the frame.
    """

    top: int
    left: int
    bottom: int
    right: int
    frame: Size

    @classmethod
    def whole(cls, frame: Size) -> Part:
        """All of a frame."""
        return cls(0, 0, frame.height, frame.width, frame)

    @classmethod
    def around(cls, wanted: NDArray[np.bool_], margin: int, align: int) -> Part:
        """The part with all of `wanted`, (H, W), in it, and `margin` px or more around that.

        Args:
            align: its edges lie at multiples of so many px, or at the frame's.
        """
        (top, bottom), (left, right) = (
            _span(np.asarray(wanted.any(axis=axis)), margin, align) for axis in (1, 0)
        )
        return cls(top, left, bottom, right, Size.of(wanted))

    @property
    def size(self) -> Size:
        """Its own size."""
        return Size(self.right - self.left, self.bottom - self.top)

    @property
    def all(self) -> bool:
        """Whether it is the whole frame."""
        return self.size == self.frame

    def of(self, field: Array) -> Array:
        """What a field (H, W) or (H, W, C) of the frame has there: a view of it."""
        return field[self.top : self.bottom, self.left : self.right]  # type: ignore[return-value]

    def cut(self, field: Field) -> Field:
        """As `of`, contiguous; of the whole frame the field itself."""
        return field if self.all else np.ascontiguousarray(self.of(field))

    def pasted(self, piece: Field, ground: Field) -> Field:
        """A new field of the frame that is `piece` in the part, and `ground` around it."""
        if self.all:
            return piece.copy()
        field = ground.copy()
        self.of(field)[...] = piece
        return field


def _span(wanted: NDArray[np.bool_], margin: int, align: int) -> tuple[int, int]:
    """Where a part begins and ends along an axis, (length,)."""
    inside = np.flatnonzero(wanted)
    begin = max(0, (int(inside[0]) - margin) // align * align)
    end = -(-(int(inside[-1]) + 1 + margin) // align) * align
    return begin, min(len(wanted), end)


def reached(x: Positions, y: Positions, reach: int, frame: Size) -> Part:
    """The part of a frame that kernels of so many px to each side of the positions (x, y) read; a
    frame is mirrored beyond its edges."""
    (left, right), (top, bottom) = (
        _read(float(at.min()), float(at.max()), reach, length)
        for at, length in ((x, frame.width), (y, frame.height))
    )
    return Part(top, left, bottom, right, frame)


def _read(least: float, most: float, reach: int, length: int) -> tuple[int, int]:
    """Where what is read begins and ends along an axis of `length` px."""
    first, last = math.floor(least) - reach, math.ceil(most) + reach
    mirrored = -first, 2 * (length - 1) - last
    if first < 0:
        last = max(last, mirrored[0])
    if last > length - 1:
        first = min(first, mirrored[1])
    begin = min(max(first, 0), length - 1)
    return begin, max(begin, min(last, length - 1)) + 1
