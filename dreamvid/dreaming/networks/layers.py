"""A network's layers with their sizes: what there is to dream on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dreamvid.dreaming.networks.load import build, load
from dreamvid.dreaming.tensorflow import keras
from dreamvid.frame import Size
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import spec
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
        default: whether the network dreams on it by default.
    """

    name: str
    kind: str
    size: Size
    channels: int
    stride: int
    default: bool


def layers(network: Network, size: tuple[int, int]) -> list[Layer]:
    """The layers of a network for a picture of `size` (width, height), from the picture on.

    No weights are loaded, but for a whole model in a `.keras` file.

    Raises:
        NetworkError: there is no such network or file, or the picture is too small for it.
    """
    known, size = spec(network.name), Size(*size)
    known.check_size(size)
    whole = (network.weights or "").endswith(".keras")
    return _layers(known, load(known, network) if whole else build(known), size)


def _layers(known: NetworkSpec, model: keras.Model, size: Size) -> list[Layer]:
    fields = [layer for layer in model.layers[1:] if _is_field(layer)]
    shapes = keras.Model(model.inputs, [layer.output for layer in fields])
    here, near, far = (
        shapes.compute_output_shape((1, high, wide, 3))
        for high, wide in (size.shape, (FAR, FAR), (2 * FAR, 2 * FAR))
    )
    default = dict(known.objective)
    return [
        Layer(
            layer.name,
            type(layer).__name__,
            Size(at[2], at[1]),
            at[3],
            FAR // (beyond[1] - close[1]),
            layer.name in default,
        )
        for layer, at, close, beyond in zip(fields, here, near, far, strict=True)
    ]


def _is_field(layer: keras.Layer) -> bool:
    """Whether a layer has one output, over the picture; not, say, a mean over all of it."""
    output = layer.output
    return isinstance(output, keras.KerasTensor) and None in output.shape[1:3]


def layer_lines(network: Network, size: tuple[int, int], *, all: bool = False) -> Iterator[str]:
    """A network's layers as a table, for people: those first of which it is known what they dream,
    with a word on it; the others only with `all`, or where it is known of none.

    Raises:
        NetworkError: as `layers`.
    """
    found, known = layers(network, size), spec(network.name)
    default = dict(known.objective)
    width = max(len(layer.name) for layer in found)
    kind = max(len(layer.kind) for layer in found)
    yield f"{known.name} on {size[0]}x{size[1]}; * marks what it dreams on by default"
    for name, look in known.looks.items():
        yield f"{'*' if name in default else ' '} {name:{width}}  {look}"
    if known.looks and not all:
        yield f"  and {len(found) - len(known.looks)} other layers: --all lists them"
        return
    yield f"  {'layer':{width}}  {'kind':{kind}}  {'size':>9}  channels  stride"
    for layer in found:
        mark = "*" if layer.default else " "
        yield (
            f"{mark} {layer.name:{width}}  {layer.kind:{kind}}  {layer.size!s:>9}  "
            f"{layer.channels:>8}  {layer.stride:>6}"
        )
