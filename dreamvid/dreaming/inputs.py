"""The numbers that an objective takes beside the picture, as tensors of its graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.tensorflow import tf


class Readings(NamedTuple):
    """What an objective's terms take from pictures before the ascent.

    Attributes:
        channels: of the terms whose channels are ranked, one term after another; from the source.
        guides: the numbers of guides (`Guides.numbers`), float32 (k,).
    """

    channels: Sequence[int] = ()
    guides: NDArray[np.float32] = np.zeros(0, np.float32)


NO_READINGS = Readings()
"""Of terms that take nothing from pictures."""


class Inputs(NamedTuple):
    """The numbers of an objective that may change from frame to frame, or from shot to shot.

    Attributes:
        weights: of the terms, float32 (n,).
        channels, guides: as `Readings`, int32 (m,) and float32 (k,).
    """

    weights: tf.Tensor
    channels: tf.Tensor
    guides: tf.Tensor

    @classmethod
    def of(cls, weights: Sequence[float], readings: Readings = NO_READINGS) -> Inputs:
        """The numbers as tensors."""
        return cls(
            tf.constant(weights, tf.float32),
            tf.constant(readings.channels, tf.int32),
            tf.constant(readings.guides, tf.float32),
        )


INPUTS = Inputs(*(tf.TensorSpec((None,), kind) for kind in (tf.float32, tf.int32, tf.float32)))
"""The specification of `Inputs` in a graph's signature."""
