"""``pocket``, the network that lies in the package: small, quick, and it dreams without a download.

It learned to answer as the deeper half of SqueezeNet 1.0 does (Iandola et al., arXiv:1602.07360),
channel by channel, and its gradients to point where the teacher's do;
``scripts/train_pocket.py`` trains it, and ``docs/pocket.md`` says on what and how well. It is a
network of the teacher's kind, a chain of modules that squeeze and expand, made for quick
gradients:

- the heads of ``patterns`` to ``creatures`` are modules of the chain, not branches off it;
- the picture is folded first, 2×2 pixels to a cell of twelve values: a convolution on three
  channels wastes most of a processor's lanes, and its gradient more of them;
- the two expansions of a module are joined only where one dreams on them; the next module reads
  each by itself and adds;
- the stem's kernel was learned as one of 5×5 blurred by 2×2, which has no answer to a checkerboard,
  and sharpened only at the end, as far as the teacher's dream has need of what is fine.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from dreamvid.media.arrays import read_arrays

HEADS = {
    "strokes": 256,
    "patterns": 256,
    "eyes": 384,
    "fur": 384,
    "faces": 512,
    "creatures": 512,
}
"""What one dreams on, from shallow to deep, and its channels.

They stand for SqueezeNet's modules ``fire4`` to ``fire9``, with the same channels in the same
order and units. The first is computed at a quarter of the picture's size, the last at a
sixteenth, the others at an eighth.
"""

STEM = 64

MAX_BYTES = 2**26
"""Of its weights; they take some 3 MB."""


class Module(NamedTuple):
    """A squeeze to few channels, then two expansions: of each cell alone, and of 3×3 of them."""

    squeezed: int
    expanded: int  # channels of each of the two


MODULES = {
    "lines": Module(16, 32),
    "corners": Module(16, 32),
    "weave": Module(32, 64),
    "patterns": Module(32, 128),
    "eyes": Module(48, 192),
    "fur": Module(48, 192),
    "faces": Module(64, 256),
    "creatures": Module(64, 256),
}
HALVED = ("lines", "patterns", "creatures")
"""Modules before which maxima over 3×3 halve the size."""


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
    x = _convolution(picture, 12, 2, "fold", dtype, strides=2, activation=None, bias=False)
    x = _convolution(x, STEM, 3, "stem", dtype)
    parts = [x]
    heads = {}
    for name, (squeezed, expanded) in MODULES.items():
        if name in HALVED:
            parts = [
                keras.layers.MaxPooling2D(3, 2, "same", name=f"{name}_halved{number}", dtype=dtype)(
                    part
                )
                for number, part in enumerate(parts, 1)
            ]
        x = _squeeze(parts, squeezed, f"{name}_squeeze", dtype)
        parts = [
            _convolution(x, expanded, 1, f"{name}_point", dtype),
            _convolution(x, expanded, 3, f"{name}_mix", dtype),
        ]
        joined = keras.layers.Concatenate(name=name, dtype=dtype)(parts)
        if name == "weave":
            heads["strokes"] = _convolution(joined, HEADS["strokes"], 1, "strokes", dtype)
        elif name in HEADS:
            heads[name] = joined
    model = keras.Model(picture, list(heads.values()), name="pocket")
    if weights is not None:
        _fill(model, weights)
    return model


def load_weights(path: str | Path) -> dict[str, NDArray[np.floating]]:
    """Read the arrays that ``scripts/train_pocket.py`` wrote.

    Returns:
        ``NAME/kernel`` of shape (rows, columns, inputs, outputs) and mostly ``NAME/bias`` of
        shape (outputs,), float16, for every convolution of the network.
    """
    return read_arrays(Path(path), MAX_BYTES)


def _squeeze(
    parts: list[keras.KerasTensor], channels: int, name: str, dtype: str | None
) -> keras.KerasTensor:
    """A 1×1 convolution of the parts side by side, without laying them there."""
    if len(parts) == 1:
        return _convolution(parts[0], channels, 1, name, dtype)
    one, other = parts
    one = _convolution(one, channels, 1, f"{name}_point", dtype, activation=None)
    other = _convolution(other, channels, 1, f"{name}_mix", dtype, activation=None, bias=False)
    x = keras.layers.Add(name=f"{name}_sum", dtype=dtype)([one, other])
    return keras.layers.ReLU(name=name, dtype=dtype)(x)


def _convolution(
    x: keras.KerasTensor,
    channels: int,
    size: int,
    name: str,
    dtype: str | None,
    *,
    strides: int = 1,
    activation: str | None = "relu",
    bias: bool = True,
) -> keras.KerasTensor:
    """Convolve with zeros around the picture: its batch norm has been folded into the weights."""
    layer = keras.layers.Conv2D(
        channels,
        size,
        strides,
        "same",
        activation=activation,
        use_bias=bias,
        name=name,
        dtype=dtype,
    )
    return layer(x)


def _fill(model: keras.Model, weights: Mapping[str, NDArray[np.floating]]) -> None:
    """Put every array where it belongs; complain about any that is missing or left over."""
    places = {
        f"{layer.name}/{kind}": variable
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D)
        for kind, variable in (("kernel", layer.kernel), ("bias", layer.bias))
        if variable is not None
    }
    if places.keys() != weights.keys():
        odd = ", ".join(sorted(places.keys() ^ weights.keys()))
        raise ValueError(f"the weights are not pocket's: missing or left over: {odd}")
    for name, variable in places.items():
        if tuple(variable.shape) != weights[name].shape:
            raise ValueError(f"{name} has shape {weights[name].shape}, not {tuple(variable.shape)}")
        variable.assign(weights[name].astype(np.float32))
