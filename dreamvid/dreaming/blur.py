"""Gaussian blurs in TensorFlow's graphs, of one trace for any sigma."""

from __future__ import annotations

from functools import cache

from dreamvid.dreaming.tensorflow import tf


@cache
def taps(radius: int) -> tf.Tensor:
    """The squared distances (px²) at which a blur of that radius reads, float32 (2 radius + 1,).

    A graph is given them and not the radius, for the shapes of what is compiled must not depend on
    a number in it; and their squares, for within it TensorFlow's power rounds otherwise.
    """
    return tf.range(-radius, radius + 1, dtype=tf.float32) ** 2


def cascade(gradient: tf.Tensor, sigma: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """The sum of three blurs of a gradient (H, W, 3): of sigma, twice it, and half of it."""
    return tf.add_n([blurred(gradient, sigma * times, reach) for times in (1.0, 2.0, 0.5)])


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
