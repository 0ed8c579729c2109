"""The graphs of a step of gradient ascent, each traced once for pictures of all sizes.

A step is two graphs, the gradient's and the step's own; between them its bands are evened, which
OpenCV does in a tenth of the time. Smoothed or not, whole or in tiles, mixed or not are graphs of
their own: a tf.cond changes last digits.
"""

from __future__ import annotations

from functools import partial
from itertools import product

from dreamvid.dreaming.blur import cascade
from dreamvid.dreaming.objectives import ObjectiveFunction
from dreamvid.dreaming.tensorflow import tf
from dreamvid.dreaming.tiles import GUARD, Tiling, tile_gradient


class StepGraphs:
    """The graphs by what they do.

    Attributes:
        gradients: by (smoothed, in one tile).
        box_gradients: by smoothed.
        steps: by (colors mixed, larger than usual).
        box_steps: by colors mixed.
    """

    def __init__(
        self, objective: ObjectiveFunction, tiling: Tiling, *, normalize: str, clip: bool
    ) -> None:
        self._objective, self._tiling = objective, tiling
        self._normalize, self._clip = normalize, clip
        picture, field = (tf.TensorSpec((None, None, n), tf.float32) for n in (3, 1))
        number, numbers = (tf.TensorSpec(shape, tf.float32) for shape in ((), (None,)))
        draw, cut, box = (tf.TensorSpec((n,), tf.int32) for n in (2, 3, 4))
        table = tf.TensorSpec((3, 3), tf.float32)
        either = (False, True)
        self.gradients = {
            (smooth, whole): tf.function(
                partial(self._gradient, smooth=smooth, whole=whole),
                input_signature=[picture, draw, numbers, number, numbers, cut, cut],
            )
            for smooth, whole in product(either, either)
        }
        self.box_gradients = {
            smooth: tf.function(
                partial(self._box_gradient, smooth=smooth),
                input_signature=[picture, draw, numbers, number, numbers, box],
            )
            for smooth in either
        }
        self.steps = {
            (mixed, large): tf.function(
                partial(self._step, mixed=mixed, large=large),
                input_signature=[picture, picture, table, number, field, number],
            )
            for mixed, large in product(either, either)
        }
        self.box_steps = {
            mixed: tf.function(
                partial(self._box_step, mixed=mixed),
                input_signature=[picture, picture, table, number, field, box, box],
            )
            for mixed in either
        }

    def _gradient(
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
        value = partial(self._objective, weights=weights)
        if whole:
            gradient = tile_gradient(value, picture, draw)
        else:
            gradient = self._tiling.gradient(value, picture, draw, rows, columns)
        tile = (rows[1] + 2 * rows[2]) * (columns[1] + 2 * columns[2])
        return _finished(gradient, tile, sigma, reach, smooth)

    def _box_gradient(
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
        part = picture[seen[0] : seen[2], seen[1] : seen[3]]
        area = (seen[2] - seen[0]) * (seen[3] - seen[1])
        gradient = tile_gradient(partial(self._objective, weights=weights), part, draw)
        return _finished(gradient, area, sigma, reach, smooth)

    def _step(
        self,
        picture: tf.Tensor,
        gradient: tf.Tensor,
        table: tf.Tensor,
        step_size: tf.Tensor,
        extra: tf.Tensor,
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
        weight = tf.clip_by_value(extra - beyond, tf.cast(beyond < 0, tf.float32), 1.0)
        return self._stepped(picture, step_size * (weight * gradient)), norm

    def _box_step(
        self,
        picture: tf.Tensor,
        gradient: tf.Tensor,
        table: tf.Tensor,
        step_size: tf.Tensor,
        left: tf.Tensor,
        seen: tf.Tensor,
        box: tf.Tensor,
        *,
        mixed: bool,
    ) -> tf.Tensor:
        """One step of a box, `left` being how many each pixel still wants."""
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]
        top, side = box[0] - seen[0], box[1] - seen[1]
        gradient = gradient[top : box[2] - seen[0], side : box[3] - seen[1]]
        if mixed:
            gradient = _mixed(gradient, table)
        weight = tf.clip_by_value(left[box[0] : box[2], box[1] : box[3]], 0.0, 1.0)
        beside = [[box[0], high - box[2]], [box[1], wide - box[3]], [0, 0]]
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
        gradient = cascade(gradient, sigma, reach)
    return gradient * tf.cast(area, tf.float32)


def _mixed(gradient: tf.Tensor, mixing: tf.Tensor) -> tf.Tensor:
    """The gradient's colors (H, W, 3), each a mixture of all."""
    return tf.reshape(tf.reshape(gradient, (-1, 3)) @ mixing, tf.shape(gradient))
