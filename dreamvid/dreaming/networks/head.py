"""A network's classifier: how its class scores follow from the features of its last layer.

Classifiers of networks that take pictures of any size average over the picture, so the score of a
class is the mean of scores that belong to the places of the picture. Scores are logits: before the
softmax, whose gradient would vanish where one class wins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.tensorflow import keras
from dreamvid.errors import NetworkError
from dreamvid.networks.classes import KEY

BETWEEN = (
    keras.layers.Activation,
    keras.layers.Softmax,
    keras.layers.ReLU,
    keras.layers.Dropout,
    keras.layers.Flatten,
    keras.layers.Reshape,
)
"""Layers that change no logit of a place: between the pooling and the scores, or after them."""


@dataclass(frozen=True)
class Head:
    """The logits of a place are features @ kernel + bias.

    Attributes:
        features: output of the layer before the classifier, (N, h, w, C).
        kernel: (C, classes) float32.
        bias: (classes,) float32.
    """

    features: keras.KerasTensor
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    @property
    def count(self) -> int:
        """The number of classes."""
        return len(self.bias)


def head_of(model: keras.Model, network: str) -> Head:
    """The classifier at the end of a model.

    It is either a mean over the picture and one dense layer, or a convolution of 1×1 px and a mean
    (Lin et al., "Network In Network", 2014).

    Raises:
        NetworkError: the model has none of these; `network` is its name.
    """
    producers = {id(layer.output): layer for layer in model.layers if _is_single(layer)}

    def before(tensor: keras.KerasTensor) -> keras.Layer | None:
        """The layer that made a tensor, or the first before it that changes logits."""
        layer = producers.get(id(tensor))
        while isinstance(layer, BETWEEN):
            layer = producers.get(id(layer.input))
        return layer

    last = before(model.outputs[0])
    if isinstance(last, keras.layers.Dense):
        pool = before(last.input)
        if isinstance(pool, keras.layers.GlobalAveragePooling2D):
            return Head(pool.input, *_arrays(last))
    elif isinstance(last, keras.layers.GlobalAveragePooling2D):
        scores = before(last.input)
        if isinstance(scores, keras.layers.Conv2D) and scores.kernel_size == (1, 1):
            return Head(scores.input, *_arrays(scores))
    raise NetworkError(
        f"network {network}: has no classifier that takes pictures of any size, so it knows no "
        "classes; lite0 has one",
        key=KEY,
    )


def _is_single(layer: keras.Layer) -> bool:
    return isinstance(layer.output, keras.KerasTensor)


def _arrays(layer: keras.Layer) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The kernel, (C, classes), and bias of a dense layer or of a convolution of 1×1 px."""
    kernel = np.asarray(keras.ops.convert_to_numpy(layer.kernel), np.float32)
    kernel = kernel.reshape(-1, kernel.shape[-1])
    if not layer.use_bias:
        return kernel, np.zeros(kernel.shape[1], np.float32)
    return kernel, np.asarray(keras.ops.convert_to_numpy(layer.bias), np.float32)
