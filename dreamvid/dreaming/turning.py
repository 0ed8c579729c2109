"""Small random turns and changes of scale of the picture from step to step.

What only works at one angle and one size is fine texture that other networks do not see; what
survives small turns is form (A. Mordvintsev, C. Olah et al., Lucid's `optvis/transform.py`; C. Olah
et al., "Feature Visualization", Distill 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.tensorflow import tf

Turns = NDArray[np.float32]
"""The angle (radians) and the ratio of size of each step, (steps, 2)."""


class Turning(NamedTuple):
    """How far the picture is turned and scaled at most.

    Attributes:
        angle: degrees.
        scale: 0.1: up to 1.1 times as large, or as small.
    """

    angle: float = 0.0
    scale: float = 0.0

    def __bool__(self) -> bool:
        """Whether the picture is turned or scaled at all."""
        return bool(self.angle or self.scale)

    def draws(self, rng: np.random.Generator, steps: int) -> Turns:
        """Each step's angle and ratio; nothing is drawn where nothing turns."""
        if not self:
            return unturned(steps)
        angle, scale = np.deg2rad(self.angle), np.log1p(self.scale)
        drawn = rng.uniform(-1, 1, (steps, 2)) * (angle, scale)
        return np.stack([drawn[:, 0], np.exp(drawn[:, 1])], 1).astype(np.float32)


def unturned(steps: int) -> Turns:
    """The angles and ratios of steps that do not turn."""
    return np.tile(np.array([[0, 1]], np.float32), (steps, 1))


def turned(picture: tf.Tensor, turn: tf.Tensor) -> tf.Tensor:
    """A picture (H, W, 3) turned and scaled about its centre, edges mirrored.

    Args:
        turn: angle (radians) and ratio of size, float32 (2,).
    """
    shape = tf.shape(picture)[:2]
    middle = (tf.cast(shape, tf.float32) - 1) / 2
    cos, sin = tf.cos(turn[0]) / turn[1], tf.sin(turn[0]) / turn[1]
    across = middle[1] - cos * middle[1] + sin * middle[0]
    down = middle[0] - sin * middle[1] - cos * middle[0]
    matrix = tf.stack([cos, -sin, across, sin, cos, down, 0.0, 0.0])
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=picture[tf.newaxis],
        transforms=matrix[tf.newaxis],
        output_shape=shape,
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )[0]
