"""One octave's gradient ascent, as a graph of TensorFlow traced once for all sizes and frames."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from dreamvid.dream.effort import Box
from dreamvid.dream.objective import Objective
from dreamvid.dream.tiles import GUARD, Draws, Tiling, gradient_of

SMOOTH_REACH = 3
"""Sigmas that the widest of a cascade's blurs, of twice the sigma, looks far."""


class Ascent:
    """Steps up the gradient of an objective."""

    def __init__(
        self,
        value: Objective,
        tiling: Tiling,
        *,
        step_size: float,
        normalize: str,
        smooth: tuple[float, float],
        clip: bool,
    ) -> None:
        """
        Args:
            value: what is climbed.
            tiling: how the gradient is taken.
            step_size: levels a step, for a gradient of unit norm.
            normalize: what the norm is, "std" or "mean" magnitude.
            smooth: sigma (px) of the gradient's cascade at the first step and, rising evenly, after
                the last; 0: none.
            clip: whether each step's picture is clipped to 0..255.
        """
        self.value, self.tiling = value, tiling
        self._step_size, self._normalize, self._smooth = step_size, normalize, smooth
        self._clip = clip
        picture, field = (tf.TensorSpec((None, None, n), tf.float32) for n in (3, 1))
        draws, sigmas = tf.TensorSpec((None, 2), tf.int32), tf.TensorSpec((None,), tf.float32)
        cut, box = (tf.TensorSpec((n,), tf.int32) for n in (3, 4))
        number = tf.TensorSpec((), tf.float32)
        self._climb = tf.function(
            self._climb_graph, input_signature=[picture, draws, sigmas, cut, cut, field, number]
        )
        self._catch_up = tf.function(
            self._catch_up_graph, input_signature=[picture, draws, sigmas, box, box, field, number]
        )

    @property
    def traces(self) -> int:
        """How often the climb's graph was traced."""
        return int(self._climb.experimental_get_tracing_count())

    def climb(
        self, picture: tf.Tensor, draws: Draws, even: int, more: NDArray[np.float32]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The picture (H, W, 3) a step further for each of `draws`.

        Args:
            picture: where it begins.
            draws: each step's random (down, right).
            even: steps that every pixel takes whole; those beyond are weighed by `more`.
            more: (H, W), the steps that each pixel takes beyond those.

        Returns:
            The picture, and the last gradient's norm for `catch_up`.
        """
        rows, columns = (self.tiling.axis(int(edge)) for edge in picture.shape[:2])
        sigmas = self._sigmas(len(draws))
        found: tuple[tf.Tensor, tf.Tensor] = self._climb(
            picture, draws, sigmas, rows, columns, more[..., None], float(even)
        )
        return found

    def catch_up(
        self,
        picture: tf.Tensor,
        draws: Draws,
        seen: Box,
        own: Box,
        more: NDArray[np.float32],
        norm: tf.Tensor,
    ) -> tf.Tensor:
        """The picture with the box `own` a step further for each of `draws`, as strongly as the
        climb that had `norm` for the whole; `seen` is what of the picture it looks at."""
        sigmas = self._sigmas(len(draws))
        return self._catch_up(picture, draws, sigmas, seen, own, more[..., None], norm)

    def _sigmas(self, steps: int) -> NDArray[np.float32]:
        return np.linspace(*self._smooth, steps, endpoint=False, dtype=np.float32)

    def _climb_graph(
        self,
        picture: tf.Tensor,
        draws: tf.Tensor,
        sigmas: tf.Tensor,
        rows: tf.Tensor,
        columns: tf.Tensor,
        more: tf.Tensor,
        even: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        norm = tf.constant(1.0)
        for step in tf.range(tf.shape(draws)[0]):
            gradient = self.tiling.gradient(self.value, picture, draws[step], rows, columns)
            gradient = self._smoothed(gradient, sigmas[step])
            norm = self._norm(gradient)
            beyond = tf.cast(step, tf.float32) - even
            weight = tf.clip_by_value(more - beyond, tf.cast(beyond < 0, tf.float32), 1.0)
            picture = self._stepped(picture, weight * gradient / norm)
        # The objective is a mean: the smaller what is looked at, the larger its gradient.
        tile = (rows[1] + 2 * rows[2]) * (columns[1] + 2 * columns[2])
        return picture, norm * tf.cast(tile, tf.float32)

    def _catch_up_graph(
        self,
        picture: tf.Tensor,
        draws: tf.Tensor,
        sigmas: tf.Tensor,
        seen: tf.Tensor,
        own: tf.Tensor,
        more: tf.Tensor,
        norm: tf.Tensor,
    ) -> tf.Tensor:
        up, left = own[0] - seen[0], own[1] - seen[1]
        down, right = own[2] - seen[0], own[3] - seen[1]
        keep = more[own[0] : own[2], own[1] : own[3]]
        high, wide = tf.shape(picture)[0], tf.shape(picture)[1]
        beside = [[own[0], high - own[2]], [own[1], wide - own[3]], [0, 0]]
        area = tf.cast((seen[2] - seen[0]) * (seen[3] - seen[1]), tf.float32)
        for step in tf.range(tf.shape(draws)[0]):
            part = picture[seen[0] : seen[2], seen[1] : seen[3]]
            gradient = gradient_of(self.value, tf.roll(part, draws[step], (0, 1)))
            gradient = self._smoothed(tf.roll(gradient, -draws[step], (0, 1)), sigmas[step])
            gradient = gradient[up:down, left:right] * (area / norm)
            weight = tf.clip_by_value(keep - tf.cast(step, tf.float32), 0.0, 1.0)
            picture = self._stepped(picture, tf.pad(weight * gradient, beside))
        return picture

    def _stepped(self, picture: tf.Tensor, direction: tf.Tensor) -> tf.Tensor:
        picture = tf.ensure_shape(picture + self._step_size * direction, (None, None, 3))
        return tf.clip_by_value(picture, 0.0, 255.0) if self._clip else picture

    def _smoothed(self, gradient: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
        radius = math.ceil(SMOOTH_REACH * 2 * self._smooth[1])
        if not radius:
            return gradient
        return tf.add_n([blurred(gradient, sigma * times, radius) for times in (1.0, 2.0, 0.5)])

    def _norm(self, gradient: tf.Tensor) -> tf.Tensor:
        """What brings the whole picture's gradient to unit size."""
        if self._normalize == "mean":
            return tf.reduce_mean(tf.abs(gradient)) + GUARD
        return tf.math.reduce_std(gradient) + GUARD


def blurred(picture: tf.Tensor, sigma: tf.Tensor, radius: int) -> tf.Tensor:
    """Gaussian blur of each channel (H, W, 3) alone, the edges mirrored."""
    offsets = tf.range(-radius, radius + 1, dtype=tf.float32)
    kernel = tf.exp(-(offsets**2) / (2 * sigma**2))
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
