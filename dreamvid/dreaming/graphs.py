"""TensorFlow graphs of one step of gradient ascent, each traced once for pictures of all sizes.

A step is two graphs: one computes the gradient, one applies it. Between them OpenCV evens the
gradient's bands, in a tenth of TensorFlow's time. Each variant (blurred or not, one tile or
several, transformed or not, colors mixed or not, penalised or not) is a separate graph, because a
tf.cond changes the last digits.
"""

from __future__ import annotations

from functools import partial
from itertools import product

from dreamvid.dreaming.blur import cascade
from dreamvid.dreaming.inputs import INPUTS, Inputs
from dreamvid.dreaming.objectives import Function
from dreamvid.dreaming.penalties import pull
from dreamvid.dreaming.tensorflow import tf
from dreamvid.dreaming.tiles import GUARD, Tiling, Value, tile_gradient
from dreamvid.dreaming.transforms import transformed


class StepGraphs:
    """The graphs, by variant.

    Attributes:
        gradients: of the whole picture, by (blurred, in one tile, transformed).
        box_gradients: of a box, by (blurred, transformed).
        steps: of the whole picture, by (colors mixed, enlarged, penalised).
        box_steps: of a box, by (colors mixed, penalised).
    """

    def __init__(self, objective: Function, tiling: Tiling, *, normalize: str, clip: bool) -> None:
        self._objective, self._tiling = objective, tiling
        self._normalize, self._clip = normalize, clip
        picture, field = (tf.TensorSpec((None, None, n), tf.float32) for n in (3, 1))
        number, numbers = (tf.TensorSpec(shape, tf.float32) for shape in ((), (None,)))
        draw, cut, box = (tf.TensorSpec((n,), tf.int32) for n in (2, 3, 4))
        table = tf.TensorSpec((3, 3), tf.float32)
        pair, change = (tf.TensorSpec((n,), tf.float32) for n in (2, 4))
        either = (False, True)
        self.gradients = {
            (smooth, one_tile, changed): tf.function(
                partial(self._gradient, smooth=smooth, one_tile=one_tile, changed=changed),
                input_signature=[picture, draw, change, INPUTS, number, numbers, cut, cut],
            )
            for smooth, one_tile, changed in product(either, either, either)
        }
        self.box_gradients = {
            (smooth, changed): tf.function(
                partial(self._box_gradient, smooth=smooth, changed=changed),
                input_signature=[picture, draw, change, INPUTS, number, numbers, box],
            )
            for smooth, changed in product(either, either)
        }
        self.steps = {
            (mixed, large, held): tf.function(
                partial(self._step, mixed=mixed, large=large, held=held),
                input_signature=[
                    *(picture, picture, table, number, field, number),
                    *(picture, pair, field),
                ],
            )
            for mixed, large, held in product(either, either, either)
        }
        self.box_steps = {
            (mixed, held): tf.function(
                partial(self._box_step, mixed=mixed, held=held),
                input_signature=[
                    *(picture, picture, table, number, field, box, box),
                    *(number, picture, pair, field),
                ],
            )
            for mixed, held in product(either, either)
        }

    def _gradient(
        self,
        picture: tf.Tensor,
        draw: tf.Tensor,
        change: tf.Tensor,
        inputs: Inputs,
        sigma: tf.Tensor,
        reach: tf.Tensor,
        rows: tf.Tensor,
        columns: tf.Tensor,
        *,
        smooth: bool,
        one_tile: bool,
        changed: bool,
    ) -> tf.Tensor:
        """The gradient of the whole picture, blurred where `smooth`; where `changed`, each tile is
        transformed by `change` before."""
        value = self._value(inputs, change, changed)
        if one_tile:
            gradient = tile_gradient(value, picture, draw)
        else:
            gradient = self._tiling.gradient(value, picture, draw, rows, columns)
        tile = (rows[1] + 2 * rows[2]) * (columns[1] + 2 * columns[2])
        return _rescaled(gradient, tile, sigma, reach, smooth)

    def _box_gradient(
        self,
        picture: tf.Tensor,
        draw: tf.Tensor,
        change: tf.Tensor,
        inputs: Inputs,
        sigma: tf.Tensor,
        reach: tf.Tensor,
        context: tf.Tensor,
        *,
        smooth: bool,
        changed: bool,
    ) -> tf.Tensor:
        """The gradient of the part `context` of the picture, as `_gradient`."""
        part = picture[context[0] : context[2], context[1] : context[3]]
        area = (context[2] - context[0]) * (context[3] - context[1])
        gradient = tile_gradient(self._value(inputs, change, changed), part, draw)
        return _rescaled(gradient, area, sigma, reach, smooth)

    def _value(self, inputs: Inputs, change: tf.Tensor, changed: bool) -> Value:
        """The objective of a tile, which is transformed by `change` before where `changed`."""
        if changed:
            return lambda tile: self._objective(transformed(tile, change), inputs)
        return lambda tile: self._objective(tile, inputs)

    def _step(
        self,
        picture: tf.Tensor,
        gradient: tf.Tensor,
        table: tf.Tensor,
        step_size: tf.Tensor,
        extra: tf.Tensor,
        beyond: tf.Tensor,
        source: tf.Tensor,
        penalties: tf.Tensor,
        mask: tf.Tensor,
        *,
        mixed: bool,
        large: bool,
        held: bool,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """One step of the whole picture, and the gradient's norm.

        Args:
            extra: (H, W, 1), extra steps of each pixel.
            beyond: the step's number less the base steps; from 0 on it is an extra step.
            source: the octave's source, and `penalties`, (2,): used where the step is `held`.
            mask: (H, W, 1), how much of the step each pixel takes.
        """
        if mixed:
            gradient = _mixed(gradient, table)
        norm = self._norm(gradient)
        gradient = gradient / norm
        if large:
            # Of several small steps, later ones correct an overshoot. An enlarged step cannot, so
            # the largest gradients are compressed; the norm is kept.
            compressed = tf.tanh(gradient)
            gradient = compressed * (self._norm(gradient) / self._norm(compressed))
        # A base step has weight 1 everywhere; an extra step 1, or the fraction that is left, where
        # a pixel still needs it.
        weight = tf.clip_by_value(extra - beyond, tf.cast(beyond < 0, tf.float32), 1.0)
        step = step_size * (weight * gradient)
        if held:
            step -= weight * pull(picture, source, penalties, step_size)
        return self._stepped(picture, mask * step), norm

    def _box_step(
        self,
        picture: tf.Tensor,
        gradient: tf.Tensor,
        table: tf.Tensor,
        step_size: tf.Tensor,
        remaining: tf.Tensor,
        context: tf.Tensor,
        box: tf.Tensor,
        norm: tf.Tensor,
        source: tf.Tensor,
        penalties: tf.Tensor,
        mask: tf.Tensor,
        *,
        mixed: bool,
        held: bool,
    ) -> tf.Tensor:
        """One step of a box.

        Args:
            step_size: levels for a gradient of `norm`, divided by that.
            remaining: (H, W, 1), the extra steps each pixel still needs.
            source: the octave's source, and `penalties`, (2,): used where the step is `held`.
            mask: (H, W, 1), how much of the step each pixel takes.
        """
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]
        top, left = box[0] - context[0], box[1] - context[1]
        gradient = gradient[top : box[2] - context[0], left : box[3] - context[1]]
        if mixed:
            gradient = _mixed(gradient, table)
        weight = tf.clip_by_value(remaining[box[0] : box[2], box[1] : box[3]], 0.0, 1.0)
        padding = [[box[0], high - box[2]], [box[1], wide - box[3]], [0, 0]]
        step = step_size * tf.pad(weight * gradient, padding)
        if held:
            pulled = pull(picture, source, penalties, step_size * norm)
            step -= tf.pad(weight, padding) * pulled
        return self._stepped(picture, mask * step)

    def _stepped(self, picture: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        picture = tf.ensure_shape(picture + step, (None, None, 3))
        return tf.clip_by_value(picture, 0.0, 255.0) if self._clip else picture

    def _norm(self, gradient: tf.Tensor) -> tf.Tensor:
        """The norm that the whole picture's gradient is divided by."""
        if self._normalize == "mean":
            return tf.reduce_mean(tf.abs(gradient)) + GUARD
        return tf.math.reduce_std(gradient) + GUARD


def _rescaled(
    gradient: tf.Tensor, area: tf.Tensor, sigma: tf.Tensor, reach: tf.Tensor, smooth: bool
) -> tf.Tensor:
    """A gradient, blurred where `smooth`, times the `area` (px) of its picture or tile: the
    objective is a mean, so the gradient is the larger the smaller that area is."""
    if smooth:
        gradient = cascade(gradient, sigma, reach)
    return gradient * tf.cast(area, tf.float32)


def _mixed(gradient: tf.Tensor, mixing: tf.Tensor) -> tf.Tensor:
    """The gradient (H, W, 3) with its colors multiplied by `mixing`, (3, 3)."""
    return tf.reshape(tf.reshape(gradient, (-1, 3)) @ mixing, tf.shape(gradient))
