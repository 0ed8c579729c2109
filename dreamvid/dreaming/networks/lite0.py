"""EfficientNet-Lite0, the default network: real ImageNet features in 4.7 million weights.

M. Tan, Q. Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019);
the Lite form is Google's for small devices: no squeeze-and-excitation, ReLU6 for swish. Each of its
blocks (M. Sandler et al., "MobileNetV2", 2018) expands its channels by a 1×1 convolution, applies
a depthwise convolution, and projects to few channels again. The layers to dream on are the
expansions after their ReLU6, where a block has most channels; here they have plain names.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.tensorflow import keras


class Stage(NamedTuple):
    """A sequence of similar blocks; only the first applies the stride."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
STEM, HEAD, CLASSES = 32, 1280, 1000
EPSILON = 1e-3
"""Epsilon of the batch norms, as in Google's training."""

NAMES = {
    1: "scales",
    2: "folds",
    3: "strokes",
    4: "ribs",
    5: "cells",
    6: "bars",
    7: "nets",
    8: "machines",
    9: "heads",
    10: "animals",
    11: "creatures",
    12: "beasts",
    13: "domes",
    14: "tents",
    15: "spires",
}
"""Name of each block's expansion, chosen by what its dreams look like; the first block has none."""


def build_lite0(*, include_top: bool = False, weights: None = None) -> keras.Model:
    """The network with random weights.

    Args:
        include_top: include the head and the 1000 class scores (logits, before softmax).
        weights: must be None.

    Returns:
        A model of pictures (N, H, W, 3) RGB, preprocessed to (picture − 127) / 128.
    """
    assert weights is None
    pictures = keras.Input((None, None, 3))
    x = _normed(_convolution(STEM, 3, 2, "stem_conv"), pictures, "stem")
    number, channels = 0, STEM
    for stage in STAGES:
        for index in range(stage.blocks):
            stride = stage.stride if index == 0 else 1
            block = _block(x, number, channels, stage, stride)
            if stride == 1 and channels == stage.channels:
                block = keras.layers.Add(name=f"block{number}")([x, block])
            x, channels, number = block, stage.channels, number + 1
    if include_top:
        x = _normed(_convolution(HEAD, 1, 1, "head_conv"), x, "head")
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        x = keras.layers.Dense(CLASSES, name="scores")(x)
    return keras.Model(pictures, x, name="lite0")


def _block(
    x: keras.KerasTensor, number: int, channels: int, stage: Stage, stride: int
) -> keras.KerasTensor:
    """One block without its residual sum."""
    name = f"block{number}"
    if stage.expansion > 1:
        wide = _convolution(channels * stage.expansion, 1, 1, f"{name}_expand_conv")
        x = _normed(wide, x, NAMES[number])
    depthwise = keras.layers.DepthwiseConv2D(
        stage.kernel, stride, "same", use_bias=False, name=f"{name}_depthwise_conv"
    )
    x = _normed(depthwise, x, f"{name}_depthwise")
    project = _convolution(stage.channels, 1, 1, f"{name}_project_conv")
    return _norm(project.name)(project(x))


def _convolution(channels: int, size: int, stride: int, name: str) -> keras.layers.Layer:
    return keras.layers.Conv2D(channels, size, stride, "same", use_bias=False, name=name)


def _norm(name: str) -> keras.layers.Layer:
    return keras.layers.BatchNormalization(epsilon=EPSILON, name=name.replace("_conv", "_norm"))


def _normed(layer: keras.layers.Layer, x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """A convolution, its batch norm, and a ReLU6 named `name`, applied to x."""
    return keras.layers.ReLU(6.0, name=name)(_norm(layer.name)(layer(x)))


def lite0_arrays(tensors: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The published tensors by LAYER/VARIABLE of `build_lite0`, in Keras's order of axes."""
    layers = {"_conv_stem": "stem_conv", "_bn0": "stem_norm"}
    layers |= {"_conv_head": "head_conv", "_bn1": "head_norm", "_fc": "scores"}
    for number in range(sum(stage.blocks for stage in STAGES)):
        # A block has three convolutions and three norms; the first block has no expansion.
        for part, norm in (("expand", "0"), ("depthwise", "1"), ("project", "2")):
            layers[f"_blocks.{number}._{part}_conv"] = f"block{number}_{part}_conv"
            layers[f"_blocks.{number}._bn{norm}"] = f"block{number}_{part}_norm"
    return {
        f"{layers[layer]}/{kind}": array
        for name, tensor in tensors.items()
        for layer, _, variable in [name.rpartition(".")]
        for kind, array in [_variable(layers[layer], variable, tensor)]
        if kind
    }


def _variable(layer: str, variable: str, tensor: NDArray[Any]) -> tuple[str, NDArray[Any]]:
    """The Keras name and array of a layer's tensor; an empty name where inference does not need
    it."""
    if layer.endswith("_norm"):
        names = {"weight": "gamma", "bias": "beta"}
        names |= {"running_mean": "moving_mean", "running_var": "moving_variance"}
        return names.get(variable, ""), tensor
    if variable == "bias":
        return "bias", tensor
    if layer.endswith("depthwise_conv"):  # (channels, 1, h, w) to (h, w, channels, 1)
        return "kernel", tensor.transpose(2, 3, 0, 1)
    return "kernel", np.moveaxis(tensor, (0, 1), (-1, -2))  # (out, in[, h, w]) to ([h, w, ]in, out)
