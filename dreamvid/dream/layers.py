"""A network's layers with their sizes: what there is to dream on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import keras

from dreamvid.dream.catalogue import entry
from dreamvid.dream.models import build, load
from dreamvid.errors import NetworkError
from dreamvid.recipe import Network

FAR = 2048
"""Px between two pictures of which the layers' sizes are compared: their difference over that of
the layer's is its stride, whatever it pads or cuts off at the edges."""


@dataclass(frozen=True)
class Layer:
    """A layer that can be dreamed on.

    Attributes:
        name: as the recipe's objective names it.
        kind: the Keras class.
        size: (width, height) for the picture asked about.
        channels: how many features it has.
        stride: px of the picture to one of its cells.
        default: whether the network's entry dreams on it.
    """

    name: str
    kind: str
    size: tuple[int, int]
    channels: int
    stride: int
    default: bool


def layers(network: Network, size: tuple[int, int]) -> list[Layer]:
    """The layers of a network for a picture of `size` (width, height), from the picture on.

    No weights are loaded, but for a whole model in a `.keras` file.

    Raises:
        NetworkError: there is no such network or file, or the picture is too small for it.
    """
    own, (width, height) = entry(network.name), size
    if min(size) < own.least:
        raise NetworkError(
            f"size {width}x{height}: network {own.name} needs at least {own.least}x{own.least}"
        )
    whole = (network.weights or "").endswith(".keras")
    model = load(own, network) if whole else build(own)
    fields = [layer for layer in model.layers[1:] if _is_field(layer)]
    shapes = keras.Model(model.inputs, [layer.output for layer in fields])
    here, near, far = (
        shapes.compute_output_shape((1, high, wide, 3))
        for high, wide in ((height, width), (FAR, FAR), (2 * FAR, 2 * FAR))
    )
    chosen = dict(own.objective)
    return [
        Layer(
            layer.name,
            type(layer).__name__,
            (at[2], at[1]),
            at[3],
            FAR // (beyond[1] - close[1]),
            layer.name in chosen,
        )
        for layer, at, close, beyond in zip(fields, here, near, far, strict=True)
    ]


def _is_field(layer: keras.Layer) -> bool:
    """Whether a layer has one output, over the picture; not, say, a mean over all of it."""
    output = layer.output
    return isinstance(output, keras.KerasTensor) and None in output.shape[1:3]


def layer_lines(network: Network, size: tuple[int, int], all: bool = False) -> Iterator[str]:
    """The layers of which is known what they dream, then :func:`layers` as a table.

    Args:
        all: whether the table is given where some layers are described; else it always is.
    """
    found, own = layers(network, size), entry(network.name)
    wide = max(len(layer.name) for layer in found)
    kind = max(len(layer.kind) for layer in found)
    yield f"{own.name} on {size[0]}x{size[1]}; * is what it dreams on unless told"
    for name, look in own.looks.items():
        yield f"{'*' if name in dict(own.objective) else ' '} {name:{wide}}  {look}"
    if own.looks and not all:
        yield f"  {len(found)} layers in all: --all lists them with their sizes and strides"
        return
    yield f"  {'layer':{wide}}  {'what':{kind}}  {'size':>9}  channels  stride"
    for layer in found:
        mark = "*" if layer.default else " "
        width, height = layer.size
        yield (
            f"{mark} {layer.name:{wide}}  {layer.kind:{kind}}  {f'{width}x{height}':>9}  "
            f"{layer.channels:>8}  {layer.stride:>6}"
        )
