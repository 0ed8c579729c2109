"""From a network's name to its activations."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from dreamvid.dreaming.networks.folding import folded
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.networks.network_spec import NetworkSpec, Preprocess
from dreamvid.dreaming.networks.registry import spec
from dreamvid.errors import NetworkError, near
from dreamvid.recipe import Network

Activations = Callable[[tf.Tensor], list[tf.Tensor]]
"""Pictures, float32 (N, H, W, 3) RGB on the 0–255 scale, to one tensor (N, h, w, C) a layer."""


def activations(network: Network, layers: list[str]) -> Activations:
    """The activations of `layers`, preprocessing included and differentiable; float32 throughout
    but for what lies inside the network where its precision is less.

    Only the part of the network below the deepest of `layers` is ever computed.

    Raises:
        NetworkError: unknown network or layer, or weights that cannot be had.
    """
    own = spec(network.name)
    whole = load(own, network)
    for layer in layers:
        _check_layer(whole, own, layer)
    cut = keras.Model(whole.inputs, [whole.get_layer(layer).output for layer in layers])
    model = folded(cut)
    model.trainable = False
    weights = [(variable, np.array(variable)) for variable in model.variables]

    def run(pictures: tf.Tensor) -> list[tf.Tensor]:
        # As constants of the graph oneDNN lays the kernels out once, and not at every step.
        frozen = [(variable, tf.constant(value)) for variable, value in weights]
        with keras.StatelessScope(state_mapping=frozen):
            outputs = model(preprocessed(pictures, own.preprocess), training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        return [tf.cast(output, tf.float32) for output in outputs]

    return run


def preprocessed(pictures: tf.Tensor, how: Preprocess) -> tf.Tensor:
    """Pictures (N, H, W, 3) RGB 0–255 as the network wants them."""
    if how.order == "bgr":
        pictures = tf.reverse(pictures, axis=[-1])
    return (pictures - tf.constant(how.mean)) / tf.constant(how.scale)


def _check_layer(model: keras.Model, own: NetworkSpec, layer: str) -> None:
    names = [one.name for one in model.layers]
    if layer not in names:
        hint = near(layer, names) or f"; it dreams well on {', '.join(n for n, _ in own.objective)}"
        raise NetworkError(f"layer {layer}: network {own.name} has none of that name{hint}")
