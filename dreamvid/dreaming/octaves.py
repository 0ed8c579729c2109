"""Octaves: the sizes that a picture is dreamed at, and how the dream passes between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from dreamvid.dreaming.blur import blurred, taps
from dreamvid.dreaming.tensorflow import tf
from dreamvid.frame import Frame, Size
from dreamvid.motion.resample import resize_cubic
from dreamvid.pipeline import read_ahead
from dreamvid.recipe import Dream

Shape = tuple[int, int]
"""(height, width), the order of an array's shape."""

RECURSIVE_KEEP = 0.2
"""`recursive`: share of the undreamed picture in its blend with the smaller octave's dream."""
RECURSIVE_BLUR = 0.5
"""`recursive`: sigma (px) of the blur before each downscale."""


def octave_sizes(size: Shape, dream: Dream, top: int, min_size: int) -> list[Shape]:
    """The (height, width) of every octave, smallest first, `top` of them larger than the frame;
    octaves under `min_size` px are skipped."""
    powers = range(dream.octaves - 1 - top, -top - 1, -1)
    sizes = [tuple(round(edge / dream.octave_scale**power) for edge in size) for power in powers]
    return [(high, wide) for high, wide in sizes if min(high, wide) >= min_size]


class Octaves(Protocol):
    """Passes a picture through its octaves, smallest first: for each octave the caller calls
    `start`, takes its steps and calls `finish`; at the end it calls `frame`."""

    def start(self, size: Shape) -> Frame:
        """The picture that the next octave's steps start from; `size` is its (height, width)."""

    def finish(self, dreamed: Frame) -> None:
        """Receive the picture after the octave's steps."""

    def frame(self) -> Frame:
        """The dream at the canvas's size, not clipped."""


def octaves_of(method: str, canvas: Frame, sizes: Sequence[Shape]) -> Octaves:
    """The octaves of a dream's method.

    Args:
        method: `detail`, `resize` or `recursive`, as in a recipe.
        canvas: (H, W, 3), the picture that is dreamed on.
        sizes: (height, width) of the octaves that take steps, smallest first.
    """
    if method == "recursive":
        return _Recursive(canvas, sizes)
    return _Resize(canvas) if method == "resize" else _Detail(canvas, sizes)


class _Resize:
    """The whole picture is resized from octave to octave, as in the TensorFlow tutorial."""

    def __init__(self, canvas: Frame) -> None:
        self._size, self._picture = canvas.shape[:2], canvas

    def start(self, size: Shape) -> Frame:
        return _resized(self._picture, size)

    def finish(self, dreamed: Frame) -> None:
        self._picture = dreamed

    def frame(self) -> Frame:
        return _resized(self._picture, self._size)


class _Detail:
    """Only the dreamed detail (dream − canvas) is resized, and added to the canvas at each size, as
    in Google's notebook; so the canvas keeps its detail."""

    def __init__(self, canvas: Frame, sizes: Sequence[Shape]) -> None:
        self._canvas = canvas
        self._bases = read_ahead((_resized(canvas, size) for size in sizes), len(sizes))
        self._base = canvas
        self._detail: Frame | None = None

    def start(self, size: Shape) -> Frame:
        self._base = next(self._bases)
        return self._base if self._detail is None else self._base + _resized(self._detail, size)

    def finish(self, dreamed: Frame) -> None:
        self._detail = dreamed - self._base

    def frame(self) -> Frame:
        if self._detail is None:
            return self._canvas
        dreamed: Frame = self._canvas + _resized(self._detail, self._canvas.shape[:2])
        return dreamed


class _Recursive:
    """The smaller octave's dream is blended with the undreamed picture of each octave's size, as in
    the recursive zoom."""

    def __init__(self, canvas: Frame, sizes: Sequence[Shape]) -> None:
        self._size = canvas.shape[:2]
        self._picture: Frame | None = None
        self._undreamed = [_resized(canvas, sizes[-1])]
        for size in reversed(sizes[:-1]):
            larger = tf.constant(self._undreamed[-1])
            soft = blurred(larger, tf.constant(RECURSIVE_BLUR), taps(3))
            self._undreamed.append(_resized(soft.numpy(), size))

    def start(self, size: Shape) -> Frame:
        undreamed = self._undreamed.pop()
        if self._picture is None:
            return undreamed
        smaller = _resized(self._picture, size)
        blended: Frame = RECURSIVE_KEEP * undreamed + (1 - RECURSIVE_KEEP) * smaller
        return blended

    def finish(self, dreamed: Frame) -> None:
        self._picture = dreamed

    def frame(self) -> Frame:
        assert self._picture is not None
        return np.asarray(_resized(self._picture, self._size))


def _resized(frame: Frame, shape: Shape) -> Frame:
    return resize_cubic(frame, Size(shape[1], shape[0]))
