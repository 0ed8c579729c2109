"""Random transforms of the picture from step to step: small turns, changes of scale, and noise.

What only works at one angle, at one size and without noise is fine texture that other networks do
not see; what survives them is form (C. Olah et al., "Feature Visualization", Distill 2017, and
Lucid's `optvis/transform.py`; for noise D. Smilkov et al., "SmoothGrad", 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.tensorflow import tf

Changes = NDArray[np.float32]
"""Of each step the angle (radians), the ratio of size, the noise (levels) and its seed, (steps, 4).
"""

SEEDS = 2**24
"""Number of seeds of the noise: float32 has every whole number below."""


class Transforms(NamedTuple):
    """How far the picture is transformed at most.

    Attributes:
        angle: degrees.
        scale: 0.1: up to 1.1 times as large, or as small.
        noise: standard deviation in levels.
    """

    angle: float = 0.0
    scale: float = 0.0
    noise: float = 0.0

    def __bool__(self) -> bool:
        """Whether the picture is transformed at all."""
        return any(self)

    def changes(self, rng: np.random.Generator, steps: int) -> Changes:
        """Each step's transforms; nothing is drawn where there are none."""
        if not self:
            return unchanged(steps)
        angles, scales = rng.uniform(-1, 1, (2, steps))
        return np.stack(
            [
                np.deg2rad(self.angle) * angles,
                np.exp(np.log1p(self.scale) * scales),
                np.full(steps, self.noise),
                rng.integers(SEEDS, size=steps),
            ],
            axis=1,
        ).astype(np.float32)


def unchanged(steps: int) -> Changes:
    """The transforms of steps that have none."""
    return np.tile(np.array([[0, 1, 0, 0]], np.float32), (steps, 1))


def transformed(picture: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
    """A picture (H, W, 3) turned and scaled about its centre, edges mirrored, with noise.

    Args:
        change: one step's transforms, float32 (4,).
    """
    angle, ratio, noise, seed = tf.unstack(change)
    shape = tf.shape(picture)
    middle = (tf.cast(shape, tf.float32) - 1) / 2
    cos, sin = tf.cos(angle) / ratio, tf.sin(angle) / ratio
    across = middle[1] - cos * middle[1] + sin * middle[0]
    down = middle[0] - sin * middle[1] - cos * middle[0]
    matrix = tf.stack([cos, -sin, across, sin, cos, down, 0.0, 0.0])
    turned = tf.raw_ops.ImageProjectiveTransformV3(
        images=picture[tf.newaxis],
        transforms=matrix[tf.newaxis],
        output_shape=shape[:2],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )[0]
    seeds = tf.stack([tf.cast(seed, tf.int32), 0])
    return turned + noise * tf.random.stateless_normal(shape, seeds, alg="philox")
