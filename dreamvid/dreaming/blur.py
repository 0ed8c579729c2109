"""Gaussian blurs within TensorFlow's graphs; one trace serves every sigma."""

from __future__ import annotations

from functools import cache

from dreamvid.dreaming.tensorflow import tf


@cache
def taps(radius: int) -> tf.Tensor:
    """Squared distances (px²) of a kernel's taps from its centre, float32 (2 radius + 1,).

    Graphs take this array instead of the radius, because shapes in a compiled graph must not depend
    on a value; and they take squares, because TensorFlow's power rounds differently in a graph.
    """
    return tf.range(-radius, radius + 1, dtype=tf.float32) ** 2


def cascade(gradient: tf.Tensor, sigma: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """The sum of three Gaussian blurs of a gradient (H, W, 3): of sigma, 2 sigma and sigma / 2."""
    return tf.add_n([blurred(gradient, sigma * times, reach) for times in (1.0, 2.0, 0.5)])


def blurred(picture: tf.Tensor, sigma: tf.Tensor, reach: tf.Tensor) -> tf.Tensor:
    """Gaussian blur of each channel of (H, W, 3), edges mirrored.

    Args:
        sigma: px.
        reach: the kernel's squared distances, from `taps`.
    """
    radius = tf.size(reach) // 2
    kernel = tf.exp(-reach / (2 * sigma**2))
    kernel = kernel / tf.reduce_sum(kernel)
    for axis in (0, 1):
        shape = (-1, 1, 1, 1) if axis == 0 else (1, -1, 1, 1)
        filters = tf.tile(tf.reshape(kernel, shape), (1, 1, 3, 1))
        # Mirrored by index, because tf.pad refuses a radius larger than the picture.
        length = tf.shape(picture)[axis]
        index = tf.math.floormod(tf.range(-radius, length + radius), 2 * length)
        mirrored = tf.minimum(index, 2 * length - 1 - index)
        padded = tf.gather(picture, mirrored, axis=axis)[tf.newaxis]
        picture = tf.nn.depthwise_conv2d(padded, filters, (1, 1, 1, 1), "VALID")[0]
    return picture
