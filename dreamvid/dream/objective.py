"""What the ascent climbs: one number for a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import tensorflow as tf

from dreamvid.dreaming.networks.activations import activations
from dreamvid.recipe import Network, Term

Objective = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""A picture, float32 (H, W, 3) RGB on the 0–255 scale, and the terms' weights, float32 (n,), to a
float32 scalar to be raised."""


def _mean(a: tf.Tensor, power: Literal[1, 2]) -> tf.Tensor:
    """The mean of a or a²; a loss of TensorFlow's own, whose gradient is a single product."""
    if power == 1:
        return tf.reduce_mean(a)
    return tf.nn.l2_loss(a) * (2 / tf.cast(tf.size(a), tf.float32))


def objective(network: Network, terms: tuple[Term, ...], power: Literal[1, 2]) -> Objective:
    """The weighted sum over the terms' layers of the mean of a (power 1) or of a² (power 2).

    The weights are those that it is called with, for they may change from frame to frame.

    Power 1 is the TensorFlow tutorial's, power 2 Google's ½Σa² up to its scale, which the
    normalised gradient does not see.
    """
    on = [term.layer for term in terms]
    layers = list(dict.fromkeys(on))
    of = activations(network, layers)

    def value(picture: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        found = dict(zip(layers, of(picture[tf.newaxis]), strict=True))
        return tf.add_n([weights[n] * _mean(found[layer], power) for n, layer in enumerate(on)])

    return value
