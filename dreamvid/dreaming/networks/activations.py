"""The features that an objective is made of: a network's layers at a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from dreamvid.dreaming.networks.folding import folded
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.tensorflow import keras, keras_seed, tf
from dreamvid.errors import NetworkError, near
from dreamvid.networks.network_spec import NetworkSpec, Preprocess
from dreamvid.recipe import Network

Features = dict[str, tf.Tensor]
"""Each layer's activations, float32 (N, h, w, C), by its name."""


def activations(
    spec: NetworkSpec, network: Network, layers: Iterable[str]
) -> Callable[[tf.Tensor], Features]:
    """What gives the features of `layers`, preprocessing included and differentiable, of pictures
    (N, H, W, 3) float32 RGB on the 0–255 scale; float32 throughout but for what lies inside the
    network where its precision is less.

    Only the part of the network below the deepest of `layers` is ever computed.

    Raises:
        NetworkError: unknown layer, or weights that cannot be had.
    """
    whole, names = load(spec, network), list(dict.fromkeys(layers))
    for layer in names:
        _check_layer(whole, spec, layer)
    with keras_seed():
        model = folded(keras.Model(whole.inputs, [whole.get_layer(name).output for name in names]))
    model.trainable = False
    weights = [(variable, np.array(variable)) for variable in model.variables]

    def features(pictures: tf.Tensor) -> Features:
        # As constants of the graph oneDNN lays the kernels out once, and not at every step.
        frozen = [(variable, tf.constant(value)) for variable, value in weights]
        with keras.StatelessScope(state_mapping=frozen):
            outputs = model(preprocessed(pictures, spec.preprocess), training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        return {n: tf.cast(output, tf.float32) for n, output in zip(names, outputs, strict=True)}

    return features


def preprocessed(pictures: tf.Tensor, how: Preprocess) -> tf.Tensor:
    """Pictures (N, H, W, 3) RGB 0–255 as the network wants them."""
    if how.order == "bgr":
        pictures = tf.reverse(pictures, axis=[-1])
    return (pictures - tf.constant(how.mean)) / tf.constant(how.scale)


def _check_layer(model: keras.Model, spec: NetworkSpec, layer: str) -> None:
    names = [each.name for each in model.layers]
    if layer not in names:
        default = ", ".join(name for name, _ in spec.objective)
        hint = near(layer, names) or f"; it dreams well on {default}"
        raise NetworkError(f"layer {layer}: network {spec.name} has none of that name{hint}")
