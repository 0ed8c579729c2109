"""One octave's gradient ascent; a step is a graph of TensorFlow, traced once for all sizes.

The steps are counted out here. A picture that goes around within a graph makes a ring of nodes, and
where TensorFlow puts in oneDNN's kernels it begins such a ring anywhere: whether a max pool's
gradient is oneDNN's or not, which round differently on several threads, is drawn anew with each
trace, and a render that goes on in another process would not be the same film.
So nothing that the network reads may go around a loop in a graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, partial
from itertools import product
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dreamvid.dream.effort import Box
from dreamvid.dream.objective import Objective
from dreamvid.dream.tiles import GUARD, Draws, Tiling, rolled_gradient

SMOOTH_REACH = 3
"""Sigmas that the widest of a cascade's blurs, of twice the sigma, looks far."""
EVERYWHERE = np.zeros((1, 1, 1), np.float32)
"""For a whole picture, that no pixel of it takes further steps."""
LEAST_SIGMA = 1e-3
"""Px: a narrower cascade smooths nothing; the square of its sigma may vanish, and divides."""


Pushed = tuple[tf.Tensor, float, np.float32, tf.Tensor]
"""What a step's graph is given of a `Push`."""


class Push(NamedTuple):
    """What a frame sets of its ascent; data of the graph, so that one trace serves any frame.

    Attributes:
        weights: those of the objective's terms.
        step_size: levels a step, for a gradient of unit norm.
        smooth: sigma (px) of the gradient's cascade at the first step and, rising evenly, after
            the last; 0: none, which is a graph of its own.
    """

    weights: tuple[float, ...]
    step_size: float
    smooth: tuple[float, float]

    @property
    def smooths(self) -> bool:
        """Whether there is a cascade."""
        return self.smooth[1] >= LEAST_SIGMA

    def steps(self, count: int) -> Iterator[Pushed]:
        """For each of `count` steps the weights, the step size, the sigma and the blurs' taps."""
        weights = tf.constant(self.weights, tf.float32)
        reach = taps(math.ceil(SMOOTH_REACH * 2 * self.smooth[1]))
        for sigma in np.linspace(*self.smooth, count, endpoint=False, dtype=np.float32):
            yield weights, self.step_size, sigma, reach


class Ascent:
    """Steps up the gradient of an objective."""

    def __init__(self, value: Objective, tiling: Tiling, *, normalize: str, clip: bool) -> None:
        """
        Args:
            value: what is climbed.
            tiling: how the gradient is taken.
            normalize: what the norm is, "std" or "mean" magnitude.
            clip: whether each step's picture is clipped to 0..255.
        """
        self.value, self.tiling = value, tiling
        self._normalize, self._clip = normalize, clip
        picture, field = (tf.TensorSpec((None, None, n), tf.float32) for n in (3, 1))
        number, numbers = (tf.TensorSpec(shape, tf.float32) for shape in ((), (None,)))
        draw, cut, box = (tf.TensorSpec((n,), tf.int32) for n in (2, 3, 4))
        push = numbers, number, number, numbers
        climb = [picture, draw, push, cut, cut, field, number]
        catch_up = [picture, draw, push, box, box, field, number]
        # Smoothed or not, whole or in tiles is asked here, not in the graph: a tf.cond there
        # changes last digits.
        either = (False, True)
        self._climb = {
            (smooth, whole): tf.function(
                partial(self._climb_graph, smooth=smooth, whole=whole), input_signature=climb
            )
            for smooth, whole in product(either, either)
        }
        self._catch_up = {
            smooth: tf.function(
                partial(self._catch_up_graph, smooth=smooth), input_signature=catch_up
            )
            for smooth in either
        }

    @property
    def traces(self) -> int:
        """How often the climb's graphs were traced: each form once, if it was wanted."""
        return sum(int(one.experimental_get_tracing_count()) for one in self._climb.values())

    def climb(
        self, picture: tf.Tensor, draws: Draws, push: Push, even: int, more: NDArray[np.float32]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The picture (H, W, 3) a step further for each of `draws`.

        Args:
            picture: where it begins.
            draws: each step's random (down, right).
            push: what drives it.
            even: steps that every pixel takes whole; those beyond are weighed by `more`.
            more: (H, W), the steps that each pixel takes beyond those.

        Returns:
            The picture, and the last gradient's norm for `catch_up`.
        """
        high, wide = (int(edge) for edge in picture.shape[:2])
        rows, columns = self.tiling.axis(high), self.tiling.axis(wide)
        graph = self._climb[push.smooths, self.tiling.whole((high, wide))]
        norm = tf.constant(1.0)
        field = tf.constant(more[..., None] if more.any() else EVERYWHERE)
        for step, (draw, pushed) in enumerate(zip(draws, push.steps(len(draws)), strict=True)):
            beyond = float(step - even)
            picture, norm = graph(picture, draw, pushed, rows, columns, field, beyond)
        return picture, norm

    def catch_up(
        self,
        picture: tf.Tensor,
        draws: Draws,
        push: Push,
        seen: Box,
        own: Box,
        more: NDArray[np.float32],
        norm: tf.Tensor,
    ) -> tf.Tensor:
        """The picture with the box `own` a step further for each of `draws`, as strongly as the
        climb that had `norm` for the whole; `seen` is what of the picture it looks at."""
        graph = self._catch_up[push.smooths]
        for step, (draw, pushed) in enumerate(zip(draws, push.steps(len(draws)), strict=True)):
            left = more[..., None] - np.float32(step)
            picture = graph(picture, draw, pushed, seen, own, left, norm)
        return picture

    def _climb_graph(
        self,
        picture: tf.Tensor,
        draw: tf.Tensor,
        push: tuple[tf.Tensor, ...],
        rows: tf.Tensor,
        columns: tf.Tensor,
        more: tf.Tensor,
        beyond: tf.Tensor,
        *,
        smooth: bool,
        whole: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """One step, `beyond` those that all pixels take."""
        weights, step_size, sigma, reach = push

        def value(tile: tf.Tensor) -> tf.Tensor:
            return self.value(tile, weights)

        if whole:
            gradient = rolled_gradient(value, picture, draw)
        else:
            gradient = self.tiling.gradient(value, picture, draw, rows, columns)
        if smooth:
            gradient = _smoothed(gradient, sigma, reach)
        norm = self._norm(gradient)
        weight = tf.clip_by_value(more - beyond, tf.cast(beyond < 0, tf.float32), 1.0)
        picture = self._stepped(picture, step_size * (weight * gradient / norm))
        # The objective is a mean: the smaller what is looked at, the larger its gradient.
        tile = (rows[1] + 2 * rows[2]) * (columns[1] + 2 * columns[2])
        return picture, norm * tf.cast(tile, tf.float32)

    def _catch_up_graph(
        self,
        picture: tf.Tensor,
        draw: tf.Tensor,
        push: tuple[tf.Tensor, ...],
        seen: tf.Tensor,
        own: tf.Tensor,
        left: tf.Tensor,
        norm: tf.Tensor,
        *,
        smooth: bool,
    ) -> tf.Tensor:
        """One step, `left` being how many each pixel still wants."""
        weights, step_size, sigma, reach = push

        def value(tile: tf.Tensor) -> tf.Tensor:
            return self.value(tile, weights)

        top, side = own[0] - seen[0], own[1] - seen[1]
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]
        part = picture[seen[0] : seen[2], seen[1] : seen[3]]
        gradient = rolled_gradient(value, part, draw)
        if smooth:
            gradient = _smoothed(gradient, sigma, reach)
        area = tf.cast((seen[2] - seen[0]) * (seen[3] - seen[1]), tf.float32)
        gradient = gradient[top : own[2] - seen[0], side : own[3] - seen[1]] * (area / norm)
        weight = tf.clip_by_value(left[own[0] : own[2], own[1] : own[3]], 0.0, 1.0)
        beside = [[own[0], high - own[2]], [own[1], wide - own[3]], [0, 0]]
        return self._stepped(picture, step_size * tf.pad(weight * gradient, beside))

    def _stepped(self, picture: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        picture = tf.ensure_shape(picture + step, (None, None, 3))
        return tf.clip_by_value(picture, 0.0, 255.0) if self._clip else picture

    def _norm(self, gradient: tf.Tensor) -> tf.Tensor:
        """What brings the whole picture's gradient to unit size."""
        if self._normalize == "mean":
            return tf.reduce_mean(tf.abs(gradient)) + GUARD
        return tf.math.reduce_std(gradient) + GUARD


def _smoothed(gradient: tf.Tensor, sigma: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """The sum of the cascade's blurs."""
    return tf.add_n([blurred(gradient, sigma * times, reach) for times in (1.0, 2.0, 0.5)])


@cache
def taps(radius: int) -> tf.Tensor:
    """The squared distances (px²) at which a blur of that radius reads, float32 (2 radius + 1,).

    A graph is given them and not the radius, for the shapes of what is compiled must not hang on a
    number in it; and their squares, for within it TensorFlow's power rounds otherwise.
    """
    return tf.range(-radius, radius + 1, dtype=tf.float32) ** 2


def blurred(picture: tf.Tensor, sigma: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """Gaussian blur of each channel (H, W, 3) alone, at the `taps` given, the edges mirrored."""
    radius = tf.size(reach) // 2
    kernel = tf.exp(-reach / (2 * sigma**2))
    kernel = kernel / tf.reduce_sum(kernel)
    for axis in (0, 1):
        shape = (-1, 1, 1, 1) if axis == 0 else (1, -1, 1, 1)
        taps = tf.tile(tf.reshape(kernel, shape), (1, 1, 3, 1))
        # Mirrored by index, for a radius may exceed the picture, which tf.pad refuses.
        length = tf.shape(picture)[axis]
        around = tf.math.floormod(tf.range(-radius, length + radius), 2 * length)
        mirrored = tf.minimum(around, 2 * length - 1 - around)
        padded = tf.gather(picture, mirrored, axis=axis)[tf.newaxis]
        picture = tf.nn.depthwise_conv2d(padded, taps, (1, 1, 1, 1), "VALID")[0]
    return picture
