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

from dreamvid.dreaming.objectives import Objective
from dreamvid.dreaming.shaping import Sizes, evened, most_bands
from dreamvid.dreaming.step_map import Box
from dreamvid.dreaming.tiles import GUARD, Draws, Tiling, rolled_gradient

SMOOTH_REACH = 3
"""Sigmas that the widest of a cascade's blurs, of twice the sigma, looks far."""
EVERYWHERE = np.zeros((1, 1, 1), np.float32)
"""For a whole picture, that no pixel of it takes further steps."""
LEAST_SIGMA = 1e-3
"""Px: a narrower cascade smooths nothing; the square of its sigma may vanish, and divides."""


class Push(NamedTuple):
    """What a frame sets of its ascent; data of the graphs, so that one trace serves any frame.

    Attributes:
        weights: those of the objective's terms.
        step_size: levels a step, for a gradient of unit norm.
        smooth: sigma (px) of the gradient's cascade at the first step and, rising evenly, after
            the last; 0: none.
        bands: into how many the gradient is split, as far as the picture's size allows.
        mixing: what its colors are multiplied by, (3, 3); None: nothing.
    """

    weights: tuple[float, ...]
    step_size: float
    smooth: tuple[float, float]
    bands: int = 0
    mixing: NDArray[np.float32] | None = None

    @property
    def smooths(self) -> bool:
        """Whether there is a cascade."""
        return self.smooth[1] >= LEAST_SIGMA

    def bands_of(self, size: tuple[int, int]) -> int:
        """Into how many bands the gradient of a picture of (height, width) is split."""
        return min(self.bands, most_bands(size))

    def blurs(self, count: int) -> Iterator[tuple[np.float32, tf.Tensor]]:
        """For each of `count` steps the cascade's sigma, and its blurs' taps."""
        reach = taps(math.ceil(SMOOTH_REACH * 2 * self.smooth[1]))
        for sigma in np.linspace(*self.smooth, count, endpoint=False, dtype=np.float32):
            yield sigma, reach


class Scale(NamedTuple):
    """By what a whole picture's gradient was divided, for boxes of it to be as strong.

    Attributes:
        sizes: of its bands; None if it was not split.
        norm: the norm of what was left.
    """

    sizes: Sizes | None
    norm: float

    @classmethod
    def of(cls, note: NDArray[np.float64]) -> Scale:
        """One that was kept as an array."""
        return cls(note[1:].astype(np.float32) if len(note) > 1 else None, float(note[0]))

    @property
    def note(self) -> NDArray[np.float64]:
        """The norm, then the sizes."""
        return np.array([self.norm, *([] if self.sizes is None else self.sizes)], np.float64)


class Ascent:
    """Steps up the gradient of an objective.

    A step is two graphs, the gradient's and the step's own; between them its bands are evened,
    which OpenCV does in a tenth of the time. Smoothed or not, whole or in tiles, mixed or not are
    graphs of their own: a tf.cond changes last digits.
    """

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
        table = tf.TensorSpec((3, 3), tf.float32)
        either = (False, True)
        self._gradients = {
            (smooth, whole): tf.function(
                partial(self._gradient_graph, smooth=smooth, whole=whole),
                input_signature=[picture, draw, numbers, number, numbers, cut, cut],
            )
            for smooth, whole in product(either, either)
        }
        self._box_gradients = {
            smooth: tf.function(
                partial(self._box_gradient_graph, smooth=smooth),
                input_signature=[picture, draw, numbers, number, numbers, box],
            )
            for smooth in either
        }
        self._steps = {
            (mixed, large): tf.function(
                partial(self._step_graph, mixed=mixed, large=large),
                input_signature=[picture, picture, table, number, field, number],
            )
            for mixed, large in product(either, either)
        }
        self._box_steps = {
            mixed: tf.function(
                partial(self._box_step_graph, mixed=mixed),
                input_signature=[picture, picture, table, number, field, box, box],
            )
            for mixed in either
        }

    @property
    def traces(self) -> int:
        """How often a whole gradient's graphs were traced: each form once, if it was wanted."""
        graphs = self._gradients.values()
        return sum(int(graph.experimental_get_tracing_count()) for graph in graphs)

    def climb(
        self,
        picture: tf.Tensor,
        draws: Draws,
        push: Push,
        even: int,
        gain: float,
        more: NDArray[np.float32],
    ) -> tuple[tf.Tensor, Scale]:
        """The picture (H, W, 3) a step further for each of `draws`, of which there is one at least.

        Args:
            picture: where it begins.
            draws: each step's random (down, right).
            push: what drives it.
            even: steps that every pixel takes whole; those beyond are weighed by `more`.
            gain: how much larger those are than the others.
            more: (H, W), the steps that each pixel takes beyond those.

        Returns:
            The picture, and the last gradient's scale for `catch_up`.
        """
        high, wide = (int(edge) for edge in picture.shape[:2])
        rows, columns = self.tiling.axis(high), self.tiling.axis(wide)
        bands = push.bands_of((high, wide))
        climbed = self._gradients[push.smooths, self.tiling.whole((high, wide))]
        weights, table = tf.constant(push.weights, tf.float32), _table(push)
        field = tf.constant(more[..., None] if more.any() else EVERYWHERE)
        sizes = None
        for step, (draw, blur) in enumerate(zip(draws, push.blurs(len(draws)), strict=True)):
            gradient = climbed(picture, draw, weights, *blur, rows, columns)
            if bands:
                gradient, sizes = evened(gradient.numpy(), bands)
            own = gain if step < even else 1.0
            stepped, size = self._steps[push.mixing is not None, own > 1], own * push.step_size
            picture, norm = stepped(picture, gradient, table, size, field, float(step - even))
        return picture, Scale(sizes, float(norm))

    def catch_up(
        self,
        picture: tf.Tensor,
        draws: Draws,
        push: Push,
        seen: Box,
        own: Box,
        more: NDArray[np.float32],
        scale: Scale,
    ) -> tf.Tensor:
        """The picture with the box `own` a step further for each of `draws`, as strongly as the
        climb that had `scale` for the whole; `seen` is what of the picture it looks at."""
        weights, table = tf.constant(push.weights, tf.float32), _table(push)
        climbed = self._box_gradients[push.smooths]
        stepped = self._box_steps[push.mixing is not None]
        for step, (draw, blur) in enumerate(zip(draws, push.blurs(len(draws)), strict=True)):
            gradient = climbed(picture, draw, weights, *blur, seen)
            if scale.sizes is not None:
                gradient, _ = evened(gradient.numpy(), len(scale.sizes) - 1, scale.sizes)
            left = more[..., None] - np.float32(step)
            size = push.step_size / scale.norm
            picture = stepped(picture, gradient, table, size, left, seen, own)
        return picture

    def _gradient_graph(
        self,
        picture: tf.Tensor,
        draw: tf.Tensor,
        weights: tf.Tensor,
        sigma: tf.Tensor,
        reach: tf.Tensor,
        rows: tf.Tensor,
        columns: tf.Tensor,
        *,
        smooth: bool,
        whole: bool,
    ) -> tf.Tensor:
        """The whole picture's gradient, smoothed."""

        def value(tile: tf.Tensor) -> tf.Tensor:
            return self.value(tile, weights)

        if whole:
            gradient = rolled_gradient(value, picture, draw)
        else:
            gradient = self.tiling.gradient(value, picture, draw, rows, columns)
        tile = (rows[1] + 2 * rows[2]) * (columns[1] + 2 * columns[2])
        return _finished(gradient, tile, sigma, reach, smooth)

    def _box_gradient_graph(
        self,
        picture: tf.Tensor,
        draw: tf.Tensor,
        weights: tf.Tensor,
        sigma: tf.Tensor,
        reach: tf.Tensor,
        seen: tf.Tensor,
        *,
        smooth: bool,
    ) -> tf.Tensor:
        """The gradient of a part of the picture alone, smoothed."""

        def value(tile: tf.Tensor) -> tf.Tensor:
            return self.value(tile, weights)

        part = picture[seen[0] : seen[2], seen[1] : seen[3]]
        area = (seen[2] - seen[0]) * (seen[3] - seen[1])
        return _finished(rolled_gradient(value, part, draw), area, sigma, reach, smooth)

    def _step_graph(
        self,
        picture: tf.Tensor,
        gradient: tf.Tensor,
        table: tf.Tensor,
        step_size: tf.Tensor,
        more: tf.Tensor,
        beyond: tf.Tensor,
        *,
        mixed: bool,
        large: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """One step of the whole picture, `beyond` those that all pixels take; and the norm."""
        if mixed:
            gradient = _mixed(gradient, table)
        norm = self._norm(gradient)
        gradient = gradient / norm
        if large:
            # Several small steps would not go on where one has overshot; a large one goes less far
            # where the gradient is largest.
            rounded = tf.tanh(gradient)
            gradient = rounded * (self._norm(gradient) / self._norm(rounded))
        weight = tf.clip_by_value(more - beyond, tf.cast(beyond < 0, tf.float32), 1.0)
        return self._stepped(picture, step_size * (weight * gradient)), norm

    def _box_step_graph(
        self,
        picture: tf.Tensor,
        gradient: tf.Tensor,
        table: tf.Tensor,
        step_size: tf.Tensor,
        left: tf.Tensor,
        seen: tf.Tensor,
        own: tf.Tensor,
        *,
        mixed: bool,
    ) -> tf.Tensor:
        """One step of a box, `left` being how many each pixel still wants."""
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]
        top, side = own[0] - seen[0], own[1] - seen[1]
        gradient = gradient[top : own[2] - seen[0], side : own[3] - seen[1]]
        if mixed:
            gradient = _mixed(gradient, table)
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


def _finished(
    gradient: tf.Tensor, area: tf.Tensor, sigma: tf.Tensor, reach: tf.Tensor, smooth: bool
) -> tf.Tensor:
    """A gradient smoothed, and of one scale whatever the `area` (px) of the picture or tile that it
    was taken of: the objective is a mean, so the smaller what is looked at, the larger it is."""
    if smooth:
        gradient = _smoothed(gradient, sigma, reach)
    return gradient * tf.cast(area, tf.float32)


def _table(push: Push) -> tf.Tensor:
    return tf.constant(np.eye(3, dtype=np.float32) if push.mixing is None else push.mixing)


def _mixed(gradient: tf.Tensor, mixing: tf.Tensor) -> tf.Tensor:
    """The gradient's colors (H, W, 3), each a mixture of all."""
    return tf.reshape(tf.reshape(gradient, (-1, 3)) @ mixing, tf.shape(gradient))


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
