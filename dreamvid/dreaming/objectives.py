"""What the ascent raises: a number for a picture, the weighted sum of an objective's terms.

To add a kind of term is to describe it in `recipe/terms.py` and to compute it here, in one function
that stands in `OBJECTIVES` under the name of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from dreamvid.dreaming.networks.activations import Features, activations
from dreamvid.dreaming.tensorflow import tf
from dreamvid.frame import Frame
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Network, Term

Power = Literal[1, 2]


class ObjectiveFunction(Protocol):
    """What is raised."""

    def __call__(self, picture: tf.Tensor, /, weights: tf.Tensor) -> tf.Tensor:
        """A float32 scalar, of a picture, float32 (H, W, 3) RGB on the 0–255 scale, and the terms'
        weights, float32 (n,)."""


def layer(term: Any, picture: tf.Tensor, features: Features, power: Power) -> tf.Tensor:
    """The mean of a layer's activations (power 1) or of their squares (power 2).

    Power 1 is the TensorFlow tutorial's, power 2 Google's ½Σa² up to its scale, which the
    normalised gradient does not see.
    """
    found = features[term.layer]
    if power == 1:
        return tf.reduce_mean(found)
    # A loss of TensorFlow's own, whose gradient is a single product.
    return tf.nn.l2_loss(found) * (2 / tf.cast(tf.size(found), tf.float32))


OBJECTIVES: dict[str, Callable[[Any, tf.Tensor, Features, Power], tf.Tensor]] = {"layer": layer}
"""By the key that tells a term's kind, what computes it, a float32 scalar: of the term, the picture
(H, W, 3) on the 0–255 scale, the features of all terms' layers, and the dream's power."""


def objective(
    spec: NetworkSpec, network: Network, terms: Sequence[Term], power: Power
) -> ObjectiveFunction:
    """The weighted sum of terms, each layer computed once whatever the number of its terms.

    The weights are those that it is called with, for they may change from frame to frame.

    Raises:
        NetworkError: unknown layer, or weights that cannot be had.
    """
    layers = [name for term in terms if (name := getattr(term, "layer", None))]
    features_of = activations(spec, network, layers) if layers else None
    parts = [(OBJECTIVES[getattr(term, "telling", "layer")], term) for term in terms]

    def value(picture: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        features = features_of(picture[tf.newaxis]) if features_of else {}
        return tf.add_n(
            [weights[n] * of(term, picture, features, power) for n, (of, term) in enumerate(parts)]
        )

    return value


def measure(function: ObjectiveFunction) -> Callable[[Frame, Sequence[float]], float]:
    """What evaluates an objective at pictures as they are, unjittered and whole: of a picture
    (H, W, 3) and the terms' weights a number; traced once for all sizes."""
    graph = tf.function(
        function, input_signature=[tf.TensorSpec(shape) for shape in ((None, None, 3), (None,))]
    )

    def measured(picture: Frame, weights: Sequence[float]) -> float:
        return float(graph(tf.constant(picture, tf.float32), tuple(weights)))

    return measured
