"""The sizes that a picture is dreamed at, and how the dream passes from one to the next."""

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
"""(height, width), as arrays have it."""

RECURSIVE_KEEP = 0.2
"""`recursive`: share of an octave's own picture under the dream that comes up from below."""
RECURSIVE_BLUR = 0.5
"""`recursive`: sigma (px) of the blur before each downscale."""


def octave_sizes(size: Shape, dream: Dream, top: int, min_size: int) -> list[Shape]:
    """The (height, width) of every octave, smallest first, `top` of them above the frame's own
    size; those under `min_size` px are skipped."""
    powers = range(dream.octaves - 1 - top, -top - 1, -1)
    sizes = [tuple(round(edge / dream.octave_scale**power) for edge in size) for power in powers]
    return [(high, wide) for high, wide in sizes if min(high, wide) >= min_size]


class Octaves(Protocol):
    """A picture's way through its octaves, smallest first: `start`, and after its steps `finish`,
    for each; at last `frame`."""

    def start(self, size: Shape) -> Frame:
        """What the steps of the next octave, of (height, width), begin from."""

    def finish(self, dreamed: Frame) -> None:
        """Take what they made of it."""

    def frame(self) -> Frame:
        """The dream at the canvas's size, not clipped."""


def octaves_of(method: str, canvas: Frame, sizes: Sequence[Shape]) -> Octaves:
    """Those of a dream's method.

    Args:
        method: `detail`, `resize` or `recursive`, as in a recipe.
        canvas: (H, W, 3), what is dreamed on.
        sizes: those of the octaves that take steps.
    """
    if method == "recursive":
        return _Recursive(canvas, sizes)
    return _Resize(canvas) if method == "resize" else _Detail(canvas, sizes)


class _Resize:
    """The picture itself goes through the sizes, as in the TensorFlow tutorial."""

    def __init__(self, canvas: Frame) -> None:
        self._size, self._picture = canvas.shape[:2], canvas

    def start(self, size: Shape) -> Frame:
        return _resized(self._picture, size)

    def finish(self, dreamed: Frame) -> None:
        self._picture = dreamed

    def frame(self) -> Frame:
        return _resized(self._picture, self._size)


class _Detail:
    """What was dreamed alone goes through the sizes, on the canvas at each, as in Google's
    notebook; the canvas keeps its detail."""

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
    """The dream from below is blended over the octave's own picture, as in the recursive zoom."""

    def __init__(self, canvas: Frame, sizes: Sequence[Shape]) -> None:
        self._size = canvas.shape[:2]
        self._picture: Frame | None = None
        self._own = [_resized(canvas, sizes[-1])]
        for size in reversed(sizes[:-1]):
            soft = blurred(tf.constant(self._own[-1]), tf.constant(RECURSIVE_BLUR), taps(3))
            self._own.append(_resized(soft.numpy(), size))

    def start(self, size: Shape) -> Frame:
        own = self._own.pop()
        if self._picture is None:
            return own
        below = _resized(self._picture, size)
        blended: Frame = RECURSIVE_KEEP * own + (1 - RECURSIVE_KEEP) * below
        return blended

    def finish(self, dreamed: Frame) -> None:
        self._picture = dreamed

    def frame(self) -> Frame:
        assert self._picture is not None
        return np.asarray(_resized(self._picture, self._size))


def _resized(frame: Frame, shape: Shape) -> Frame:
    return resize_cubic(frame, Size(shape[1], shape[0]))
