"""``pocket``, the network that lies in the package: small, quick, and it dreams without a download.

A residual network of 1.4 million weights, distilled channel by channel from the deeper half of
SqueezeNet 1.0 (Iandola et al., arXiv:1602.07360); ``scripts/train_pocket.py`` trains it, and
``docs/pocket.md`` says on what and how well. It is made for dreams:

- the exponential linear unit is smooth, and it has a gradient for what is not there yet;
- it shrinks by averages over 4×4 windows with stride 2. Such a window covers every pixel equally
  often and keeps high frequencies out, so that the gradient bears no checkerboard. (A window of
  odd size, or a maximum, treats some rows better than their neighbors.) For the same reason the
  stem's 6×6 kernel is one of 5×5 blurred by 2×2: it has no answer to a checkerboard;
- its heads hang on the trunk by 1×1 convolutions: dreaming on an early one computes little.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

HEADS = {
    "strokes": ("s4_block2", 256),
    "patterns": ("s8_block2", 256),
    "eyes": ("s8_block3", 384),
    "fur": ("s8_block5", 384),
    "faces": ("s8_block6", 512),
    "creatures": ("s16_block3", 512),
}
"""What one dreams on, from shallow to deep: the block that it reads, and its channels.

They stand for SqueezeNet's modules ``fire4`` to ``fire9``, with the same channels in the same
order and units. The first is computed at a quarter of the picture's size, the last at a
sixteenth, the others at an eighth.
"""

STAGES = {"s4": (64, 32, 2), "s8": (192, 64, 6), "s16": (320, 96, 3)}
"""Per stride: the trunk's channels, those inside a block, and the number of blocks."""


def build_pocket(
    weights: Mapping[str, NDArray[np.floating]] | None = None,
    *,
    include_top: bool = False,
    dtype: str | None = None,
) -> keras.Model:
    """Build the network.

    Args:
        weights: arrays as :func:`load_weights` gives them; ``None`` leaves them random.
        include_top: must be false; here so that one calls it like any of ``keras.applications``.
        dtype: the Keras policy of every layer, such as ``"mixed_bfloat16"``; ``None`` takes
            the global one.

    Returns:
        A model from RGB pictures of any size in -1..1, float32 (B, H, W, 3), to a list with
        every head of :data:`HEADS` in that order. A head is a layer of that name; its values
        are at least 0 and of the teacher's scale, in the policy's compute type.

    Raises:
        ValueError: an array is missing, left over, or of the wrong shape; or a top is asked for.
    """
    if include_top:
        raise ValueError("pocket has no classifier on top")
    picture = keras.Input((None, None, 3), name="picture")
    x = _convolution(picture, 32, 6, "stem", dtype, strides=2)
    outputs = []
    for stage, (wide, narrow, blocks) in STAGES.items():
        x = keras.layers.AveragePooling2D(
            4, strides=2, padding="same", name=f"{stage}_shrink", dtype=dtype
        )(x)
        x = _convolution(x, wide, 3 if stage == "s4" else 1, f"{stage}_enter", dtype)
        for number in range(1, blocks + 1):
            block = f"{stage}_block{number}"
            y = _convolution(x, narrow, 1, f"{block}_reduce", dtype)
            y = _convolution(y, narrow, 3, f"{block}_mix", dtype)
            y = _convolution(y, wide, 1, f"{block}_expand", dtype, activation=None)
            x = keras.layers.Add(name=f"{block}_sum", dtype=dtype)([x, y])
            x = keras.layers.Activation("elu", name=block, dtype=dtype)(x)
            outputs += [
                _convolution(x, channels, 1, head, dtype, activation="relu")
                for head, (source, channels) in HEADS.items()
                if source == block
            ]
    model = keras.Model(picture, outputs, name="pocket")
    if weights is not None:
        _fill(model, weights)
    return model


def load_weights(path: str | Path) -> dict[str, NDArray[np.floating]]:
    """Read the arrays that ``scripts/train_pocket.py`` wrote.

    Returns:
        ``NAME/kernel`` of shape (rows, columns, inputs, outputs) and ``NAME/bias`` of shape
        (outputs,), float16, for every convolution of the network.
    """
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _convolution(
    x: keras.KerasTensor,
    channels: int,
    size: int,
    name: str,
    dtype: str | None,
    *,
    strides: int = 1,
    activation: str | None = "elu",
) -> keras.KerasTensor:
    """Convolve with zeros around the picture: its batch norm has been folded into the weights."""
    layer = keras.layers.Conv2D(
        channels, size, strides, "same", activation=activation, name=name, dtype=dtype
    )
    return layer(x)


def _fill(model: keras.Model, weights: Mapping[str, NDArray[np.floating]]) -> None:
    """Put every array where it belongs; complain about any that is missing or left over."""
    places = {
        f"{layer.name}/{kind}": variable
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
        for kind, variable in (("kernel", layer.kernel), ("bias", layer.bias))
    }
    if places.keys() != weights.keys():
        odd = ", ".join(sorted(places.keys() ^ weights.keys()))
        raise ValueError(f"the weights are not pocket's: missing or left over: {odd}")
    for name, variable in places.items():
        if tuple(variable.shape) != weights[name].shape:
            raise ValueError(f"{name} has shape {weights[name].shape}, not {tuple(variable.shape)}")
        variable.assign(weights[name].astype(np.float32))
