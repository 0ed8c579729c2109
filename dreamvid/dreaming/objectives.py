"""Objective functions: the scalar that the ascent raises, a weighted sum of terms.

To add a kind of term, describe it in `recipe/terms.py` and compute it here, in one function that is
entered in `OBJECTIVES` under the kind's name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from dreamvid.dreaming.networks.activations import Features, activations
from dreamvid.dreaming.tensorflow import tf
from dreamvid.frame import Frame
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Network
from dreamvid.recipe.terms import BaseTerm

Power = Literal[1, 2]


class ObjectiveFunction(Protocol):
    """The function that the ascent raises."""

    def __call__(self, picture: tf.Tensor, /, weights: tf.Tensor) -> tf.Tensor:
        """The objective's value, a float32 scalar.

        Args:
            picture: float32 (H, W, 3) RGB on the 0–255 scale.
            weights: of the terms, float32 (n,).
        """


def layer(term: Any, picture: tf.Tensor, features: Features, power: Power) -> tf.Tensor:
    """The mean of a layer's activations (power 1) or of their squares (power 2).

    Power 1 is the TensorFlow tutorial's; power 2 is Google's ½Σa² up to a scale, which cancels when
    the gradient is normalised.
    """
    activation = features[term.layer]
    if power == 1:
        return tf.reduce_mean(activation)
    # l2_loss because its gradient is a single product.
    return tf.nn.l2_loss(activation) * (2 / tf.cast(tf.size(activation), tf.float32))


OBJECTIVES: dict[str, Callable[[Any, tf.Tensor, Features, Power], tf.Tensor]] = {"layer": layer}
"""The function of each kind of term. Its arguments: the term, the picture (H, W, 3) on the 0–255
scale, the features of all terms' layers, and the dream's power. It returns a float32 scalar."""


def objective(
    spec: NetworkSpec, network: Network, terms: Sequence[BaseTerm], power: Power
) -> ObjectiveFunction:
    """The weighted sum of terms; each layer is computed once, however many terms use it.

    The weights are arguments of the returned function, because they may change from frame to frame.

    Raises:
        NetworkError: an unknown layer, or weights that cannot be loaded.
    """
    layers = [name for term in terms for name in term.layers]
    features_of = activations(spec, network, layers) if layers else None
    parts = [(OBJECTIVES[term.telling], term) for term in terms]

    def value(picture: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        features = features_of(picture[tf.newaxis]) if features_of else {}
        return tf.add_n(
            [
                weights[n] * compute(term, picture, features, power)
                for n, (compute, term) in enumerate(parts)
            ]
        )

    return value


def measure(function: ObjectiveFunction) -> Callable[[Frame, Sequence[float]], float]:
    """A function that evaluates an objective for a picture (H, W, 3) and the terms' weights,
    without jitter or tiles; traced once for all sizes."""
    graph = tf.function(
        function, input_signature=[tf.TensorSpec(shape) for shape in ((None, None, 3), (None,))]
    )

    def measured(picture: Frame, weights: Sequence[float]) -> float:
        return float(graph(tf.constant(picture, tf.float32), tuple(weights)))

    return measured
