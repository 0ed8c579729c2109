"""Folding of batch normalisation into the convolution before it: the same function, computed
faster.

At inference a batch normalisation is a scale and an offset of each channel. The scale is multiplied
into the convolution's kernel, the offset becomes its bias (B. Jacob et al., "Quantization and
training of neural networks for efficient integer-arithmetic-only inference", 2018, §3.2).
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
"""Name of the weights that make a convolution's output channels, by its exact class."""


def folded(model: keras.Model) -> keras.Model:
    """The same model without the batch normalisations that directly follow a convolution.

    A batch normalisation stays where its convolution is an output or another layer's input too.
    Outputs and their order are those of `model`; weights are copied.
    """
    pairs = _pairs(model)
    if not pairs:
        return model
    removed = {norm.name for norm in pairs.values()}

    def cloned(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name in pairs:
            config["use_bias"] = True
        return type(layer).from_config(config)

    def called(layer: keras.Layer, *args: Any, **kwargs: Any) -> Any:
        return args[0] if layer.name in removed else layer(*args, **kwargs)

    copy = keras.models.clone_model(model, clone_function=cloned, call_function=called)
    for layer in model.layers:
        if layer.name in pairs:
            _fill(copy.get_layer(layer.name), layer, pairs[layer.name])
        elif layer.name not in removed and layer.weights:
            copy.get_layer(layer.name).set_weights(layer.get_weights())
    return copy


def _pairs(model: keras.Model) -> dict[str, keras.layers.BatchNormalization]:
    """The batch normalisations that can be folded, by the name of the convolution before them."""
    uses = Counter(
        id(tensor) for layer in model.layers for tensor in keras.tree.flatten(layer.input)
    )
    uses.update(id(tensor) for tensor in model.outputs)
    producers = {id(layer.output): layer for layer in model.layers if type(layer) in KERNELS}
    pairs = {}
    for norm in model.layers:
        if not isinstance(norm, keras.layers.BatchNormalization):
            continue
        convolution = producers.get(id(norm.input))
        if convolution is None or uses[id(norm.input)] > 1:
            continue
        if convolution.activation is keras.activations.linear:
            pairs[convolution.name] = norm
    return pairs


def _fill(copy: keras.Layer, layer: keras.Layer, norm: keras.layers.BatchNormalization) -> None:
    """Set a convolution's weights to those of `layer` with `norm` folded in."""
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
            depthwise = type(layer) is keras.layers.DepthwiseConv2D  # (h, w, channels, multiplier)
            value *= scale.reshape(value.shape[2:]) if depthwise else scale
        if variable.name != "bias":
            getattr(copy, variable.name).assign(value.astype(np.float32))
    copy.bias.assign(offset.astype(np.float32))


def _array(variable: keras.Variable) -> NDArray[np.float64]:
    return np.asarray(keras.ops.convert_to_numpy(variable), np.float64)
