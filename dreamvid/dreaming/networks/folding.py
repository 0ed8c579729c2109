"""Batch normalisation taken into the convolution before it: the same function, fewer passes.

At inference it is a scale and an offset of each channel, of which the one can be multiplied into
the convolution's kernel and the other is its bias (B. Jacob et al., "Quantization and training of
neural networks for efficient integer-arithmetic-only inference", 2018, §3.2).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.tensorflow import keras

KERNELS = {
    keras.layers.Conv2D: "kernel",
    keras.layers.DepthwiseConv2D: "kernel",
    keras.layers.SeparableConv2D: "pointwise_kernel",
}
"""The weights that a convolution's channels come from, by its exact class."""


def folded(model: keras.Model) -> keras.Model:
    """The same model without the batch normalisations that directly follow a convolution.

    One whose convolution is read by anything else, or is an output, stays. Outputs and their order
    are those of `model`; weights are copied.
    """
    pairs = _pairs(model)
    if not pairs:
        return model
    gone = {norm.name for norm in pairs.values()}

    def cloned(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in pairs:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def called(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        return args[0] if layer.name in gone else layer(*args, **kwargs)

    fresh = keras.models.clone_model(model, clone_function=cloned, call_function=called)
    for layer in model.layers:
        if layer.name in pairs:
            _fill(fresh.get_layer(layer.name), layer, pairs[layer.name])
        elif layer.name not in gone and layer.weights:
            fresh.get_layer(layer.name).set_weights(layer.get_weights())
    return fresh


def _pairs(model: keras.Model) -> dict[str, keras.layers.BatchNormalization]:
    """Each convolution that can take in the batch normalisation after it, by name."""
    read = Counter(id(one) for layer in model.layers for one in keras.tree.flatten(layer.input))
    read.update(id(one) for one in model.outputs)
    made = {id(layer.output): layer for layer in model.layers if type(layer) in KERNELS}
    pairs = {}
    for norm in model.layers:
        if not isinstance(norm, keras.layers.BatchNormalization):
            continue
        before = made.get(id(norm.input))
        if before is None or read[id(norm.input)] > 1:
            continue
        if before.activation is keras.activations.linear:
            pairs[before.name] = norm
    return pairs


def _fill(fresh: keras.Layer, layer: keras.Layer, norm: keras.layers.BatchNormalization) -> None:
    """Give a convolution its weights, those of `norm` taken in."""
    scale = 1 / np.sqrt(_array(norm.moving_variance) + norm.epsilon)
    if norm.scale:
        scale *= _array(norm.gamma)
    offset = -_array(norm.moving_mean) * scale
    if layer.use_bias:
        offset += _array(layer.bias) * scale
    if norm.center:
        offset += _array(norm.beta)
    kernel = KERNELS[type(layer)]
    for variable in layer.weights:
        value = _array(variable)
        if variable.name == kernel:
            depthwise = type(layer) is keras.layers.DepthwiseConv2D  # (h, w, channels, each one's)
            value *= scale.reshape(value.shape[2:]) if depthwise else scale
        if variable.name != "bias":
            getattr(fresh, variable.name).assign(value.astype(np.float32))
    fresh.bias.assign(offset.astype(np.float32))


def _array(variable: keras.Variable) -> NDArray[np.float64]:
    return np.array(variable, np.float64)
