"""SqueezeNet 1.0 (Iandola et al. 2016, arXiv:1602.07360): real ImageNet features in 1.2 M weights.

Its weights do not ship with dreamvid: give them as `weights: FILE.npz`, arrays named LAYER/kernel
(height, width, in, out) and LAYER/bias, as conv1/kernel and fire2/conv1x1_1/kernel.
"""

from __future__ import annotations

from dreamvid.dreaming.tensorflow import keras

FIRES = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128), 6: (48, 192), 7: (48, 192),
         8: (64, 256), 9: (64, 256)}  # fmt: skip
"""Channels of each fire module's squeeze, and of each of its two expansions."""


def build_squeezenet(*, include_top: bool = False, weights: None = None) -> keras.Model:
    """The network with random weights. It takes pictures (N, H, W, 3) BGR less their mean, up to
    the layer `fire9` or, with `include_top`, the 1000 class scores."""
    assert weights is None
    pictures = keras.Input((None, None, 3))
    x = _convolution(pictures, 96, 7, "conv1", strides=2)
    x = keras.layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    for number, (squeeze, expand) in FIRES.items():
        name = f"fire{number}"
        x = _convolution(x, squeeze, 1, f"{name}_conv1x1_1")
        branches = [
            _convolution(x, expand, 1, f"{name}_conv1x1_2"),
            _convolution(x, expand, 3, f"{name}_conv3x3_2"),
        ]
        x = keras.layers.Concatenate(name=name)(branches)
        if number in (4, 8):
            x = keras.layers.MaxPooling2D(3, 2, padding="same", name=f"pool{number}")(x)
    if include_top:
        x = _convolution(x, 1000, 1, "conv_final")
        x = keras.layers.GlobalAveragePooling2D(name="scores")(x)
    return keras.Model(pictures, x, name="squeezenet")


def _convolution(
    x: keras.KerasTensor, channels: int, size: int, name: str, strides: int = 1
) -> keras.KerasTensor:
    layer = keras.layers.Conv2D(channels, size, strides, "same", activation="relu", name=name)
    return layer(x)
