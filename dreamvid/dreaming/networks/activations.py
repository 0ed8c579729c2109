"""Activations: the features of a network's layers for a picture, from which objectives are made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np

from dreamvid.dreaming.networks.folding import folded
from dreamvid.dreaming.networks.head import Head, head_of
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.networks.strides import strides
from dreamvid.dreaming.tensorflow import keras, keras_seed, tf
from dreamvid.errors import NetworkError, suggestion
from dreamvid.networks.classes import class_number
from dreamvid.networks.network_spec import NetworkSpec, Preprocess
from dreamvid.recipe import Network

Features = dict[str, tf.Tensor]
"""Activations of layers, float32 (N, h, w, C), by the layer's name; beside them what `class_key`
and `rectified_key` name."""

Power = Literal[1, 2]
"""What is averaged: activations (1), or their squares (2)."""


def channel_means(activation: tf.Tensor, power: Power) -> tf.Tensor:
    """The mean of each channel of (N, h, w, C), or of its squares, (C,)."""
    powered = activation if power == 1 else tf.square(activation)
    return tf.reduce_mean(powered, (0, 1, 2))


def class_key(number: int) -> str:
    """The key of a class's logits at each place, float32 (N, h, w)."""
    return f"class:{number}"


def rectified_key(layer: str) -> str:
    """The key of what a layer rectifies, float32 (N, h, w, C)."""
    return f"rectified:{layer}"


class Activations:
    """A differentiable function from pictures, (N, H, W, 3) float32 RGB on the 0–255 scale, to
    features. It includes the preprocessing.

    Inputs and outputs are float32; inside, the network computes in its precision. Only its part up
    to the deepest layer is computed.

    Attributes:
        channels: the number of channels of each layer.
        strides: px of the picture from one place of each layer to the next.
        numbers: the number of each class.
    """

    def __init__(
        self,
        spec: NetworkSpec,
        network: Network,
        layers: Iterable[str],
        classes: Iterable[int | str] = (),
        rectified: Iterable[str] = (),
    ) -> None:
        """
        Args:
            layers: names of layers whose features are computed.
            classes: numbers or names of classes whose logits are; the spec includes the classifier
                then (`NetworkSpec.suited_to`).
            rectified: names of some of the layers; where one is a ReLU, its input is computed too.

        Raises:
            NetworkError: an unknown layer or class, no classifier, or weights that cannot be
                loaded.
        """
        full, names = load(spec, network), list(dict.fromkeys(layers))
        for layer in names:
            _check_layer(full, spec, layer)
        outputs = {name: full.get_layer(name).output for name in names}
        self.channels = {name: int(output.shape[-1]) for name, output in outputs.items()}
        self.strides = strides(full, outputs)
        for name in rectified:
            if _is_relu(full.get_layer(name)):
                outputs[rectified_key(name)] = full.get_layer(name).input
        self.numbers: dict[int | str, int] = {}
        self._head: Head | None = None
        if wanted := list(classes):
            head = self._head = head_of(full, spec.name)
            self.numbers = {
                name: class_number(name, head.count, spec.classes, spec.name) for name in wanted
            }
            outputs[""] = head.features
        self._names, self._preprocess = list(outputs), spec.preprocess
        with keras_seed():
            self._model = folded(keras.Model(full.inputs, list(outputs.values())))
        self._model.trainable = False
        variables = self._model.variables
        self._weights = [(each, keras.ops.convert_to_numpy(each)) for each in variables]

    def __call__(self, pictures: tf.Tensor) -> Features:
        """The features of pictures."""
        features = self._outputs(pictures)
        if self._head is not None:
            features |= self._logits(self._head, features.pop(""))
        return features

    def _outputs(self, pictures: tf.Tensor) -> Features:
        """The model's outputs by name; "" has what the classifier is given."""
        # As constants, so that oneDNN lays out the kernels once, and not at every step.
        frozen = [(variable, tf.constant(value)) for variable, value in self._weights]
        with keras.StatelessScope(state_mapping=frozen):
            outputs = self._model(preprocessed(pictures, self._preprocess), training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        named = zip(self._names, outputs, strict=True)
        return {name: tf.cast(output, tf.float32) for name, output in named}

    def scores(self, pictures: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """The logit of the class of a number that may change, (N,); classes were asked for."""
        assert self._head is not None
        outputs = self._outputs(pictures)
        features = tf.reduce_mean(outputs[""], (1, 2))
        kernel = tf.gather(tf.constant(self._head.kernel), number, axis=1)
        return tf.linalg.matvec(features, kernel) + tf.gather(self._head.bias, number)

    def _logits(self, head: Head, features: tf.Tensor) -> Features:
        """The logits of the wanted classes at each place."""
        numbers = sorted(set(self.numbers.values()))
        kernel = tf.constant(np.ascontiguousarray(head.kernel[:, numbers]))
        logits = tf.linalg.matmul(features, kernel) + tf.constant(head.bias[numbers])
        return {class_key(number): logits[..., at] for at, number in enumerate(numbers)}


def preprocessed(pictures: tf.Tensor, how: Preprocess) -> tf.Tensor:
    """Pictures (N, H, W, 3) RGB 0–255, preprocessed for the network."""
    if how.order == "bgr":
        pictures = tf.reverse(pictures, axis=[-1])
    return (pictures - tf.constant(how.mean)) / tf.constant(how.scale)


def _is_relu(layer: keras.Layer) -> bool:
    """Whether a layer rectifies its only input."""
    relu = isinstance(layer, keras.layers.ReLU) or (
        isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.relu
    )
    return relu and isinstance(layer.input, keras.KerasTensor)


def _check_layer(model: keras.Model, spec: NetworkSpec, layer: str) -> None:
    """Raise NetworkError where a model has no layer of that name."""
    names = [known.name for known in model.layers]
    if layer not in names:
        raise missing_layer(layer, names, spec)


def missing_layer(layer: str, names: Iterable[str], spec: NetworkSpec) -> NetworkError:
    """The error for a layer that is none of the network's `names`."""
    default = ", ".join(name for name, _ in spec.objective)
    usual = f"it dreams well on {default}" if default else "dreamvid layers lists them"
    hint = suggestion(layer, names) or usual
    return NetworkError(f"layer {layer}: network {spec.name} has none of that name", hint=hint)
