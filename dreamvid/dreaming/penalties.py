"""Penalties: what a step takes back of noise and of difference from the source.

Both look at the difference of the picture from its source, so that the source's own detail stays.
They act on a step after its gradient was normalised, so that their amounts mean the same for every
network, objective and size of picture.
"""

from __future__ import annotations

from typing import NamedTuple

from dreamvid.dreaming.tensorflow import tf

EDGE = 2.0
"""Levels: smallest difference of neighbours that total variation counts in full, for small steps.
Below it the pull falls to 0 with the difference, so that steps do not overshoot."""

SPAN = 16.0
"""Levels: a penalty of 1 on this difference from the source is as strong as the gradient."""


class Penalties(NamedTuple):
    """Amounts of the penalties, each in units of a normalised gradient.

    Attributes:
        variation: of the total variation of the difference from the source.
        difference: of the difference from the source.
    """

    variation: float = 0.0
    difference: float = 0.0

    def __bool__(self) -> bool:
        """Whether anything is penalised."""
        return bool(self.variation or self.difference)


def pull(
    picture: tf.Tensor, source: tf.Tensor, amounts: tf.Tensor, step_size: tf.Tensor
) -> tf.Tensor:
    """What a step subtracts from a picture, in levels.

    Args:
        picture: (H, W, 3).
        source: the source at that size.
        amounts: `Penalties` as a tensor, (2,).
        step_size: levels a step.
    """
    levels = amounts * step_size
    # A step of v · d / e on a difference d, which two pixels share and each has four times, must
    # not turn it round: e ≥ 4 v.
    edge = tf.maximum(EDGE, 4 * levels[0])
    difference = picture - source
    return levels[0] * _rise(difference, edge) + levels[1] * difference / SPAN


def _rise(picture: tf.Tensor, edge: tf.Tensor) -> tf.Tensor:
    """The gradient of total variation (L. Rudin, S. Osher, E. Fatemi, "Nonlinear total variation
    based noise removal algorithms", 1992), by axis: the sum of the signs of a pixel's differences
    from its four neighbours, where a difference far below `edge` counts in proportion."""
    across = picture[:, 1:] - picture[:, :-1]
    down = picture[1:] - picture[:-1]
    across, down = (each / tf.sqrt(each**2 + edge**2) for each in (across, down))
    none = [0, 0]
    return (
        tf.pad(across, [none, [1, 0], none])
        - tf.pad(across, [none, [0, 1], none])
        + tf.pad(down, [[1, 0], none, none])
        - tf.pad(down, [[0, 1], none, none])
    )
