"""The layers of a network that can be dreamed on, with their sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dreamvid.dreaming.networks.load import build, load
from dreamvid.dreaming.networks.strides import strides
from dreamvid.dreaming.tensorflow import keras
from dreamvid.frame import Size
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import NOTHING, looked_at, spec
from dreamvid.recipe import Network


@dataclass(frozen=True)
class Layer:
    """A layer that can be dreamed on.

    Attributes:
        name: as in a recipe's objective.
        kind: the Keras class.
        size: (width, height) of its output for the given picture.
        channels: number of features.
        stride: px of the picture for one cell of the output.
        default: whether the network dreams on it by default.
    """

    name: str
    kind: str
    size: Size
    channels: int
    stride: int
    default: bool


def layers(network: Network, size: tuple[int, int]) -> list[Layer]:
    """The layers of a network for a picture of `size` (width, height), shallow to deep.

    No weights are loaded, except of a file with a whole model.

    Raises:
        NetworkError: the network or file does not exist, or the picture is too small.
    """
    known, size = looked_at(network), Size(*size)
    if known.name == NOTHING.name:
        spec(known.name)  # raises
    known.check_size(size)
    is_whole = known.weights == "model" or (network.weights or "").endswith(".keras")
    return _layers(known, load(known, network) if is_whole else build(known), size)


def _layers(known: NetworkSpec, model: keras.Model, size: Size) -> list[Layer]:
    """The layers of a model with a spatial output, for a picture of `size`."""
    fields = [layer for layer in model.layers[1:] if _is_field(layer)]
    apart = strides(model, {layer.name: layer.output for layer in fields})
    shapes = keras.Model(model.inputs, [layer.output for layer in fields])
    outputs = shapes.compute_output_shape((1, *size.shape, 3))
    default = dict(known.objective)
    return [
        Layer(
            layer.name,
            type(layer).__name__,
            Size(output[2], output[1]),
            output[3],
            apart[layer.name],
            layer.name in default,
        )
        for layer, output in zip(fields, outputs, strict=True)
    ]


def _is_field(layer: keras.Layer) -> bool:
    """Whether a layer has one spatial output, and not, say, a mean over the picture."""
    output = layer.output
    return isinstance(output, keras.KerasTensor) and None in output.shape[1:3]


def described_layers(network: Network, size: tuple[int, int]) -> list[str]:
    """The names of the layers whose dreams are described, shallow to deep; where none is, of all
    that change what is before them."""
    known = looked_at(network)
    rows = layers(network, size)
    return [*known.looks] or [row.name for row in rows if row.kind not in PASSING]


PASSING = (
    *("ZeroPadding2D", "Cropping2D", "BatchNormalization", "Dropout", "SpatialDropout2D"),
    *("Rescaling", "Normalization", "MaxPooling2D", "AveragePooling2D", "DepthwiseConv2D"),
)
"""Kinds of layers that dream much as the layer beside them does."""


def layer_lines(network: Network, size: tuple[int, int], *, all: bool = False) -> Iterator[str]:
    """A network's layers as lines of a table. Layers with a description of their dreams come first;
    the others are listed only with `all`, or where no layer has one.

    Raises:
        NetworkError: as `layers`.
    """
    rows, known = layers(network, size), looked_at(network)
    default = dict(known.objective)
    width = max(len(layer.name) for layer in rows)
    kind = max(len(layer.kind) for layer in rows)
    yield f"{known.name} on {size[0]}x{size[1]}; * marks what it dreams on by default"
    for name, look in known.looks.items():
        yield f"{'*' if name in default else ' '} {name:{width}}  {look}"
    if known.looks and not all:
        yield f"  and {len(rows) - len(known.looks)} other layers: --all lists them"
        return
    yield f"  {'layer':{width}}  {'kind':{kind}}  {'size':>9}  channels  stride"
    for layer in rows:
        mark = "*" if layer.default else " "
        yield (
            f"{mark} {layer.name:{width}}  {layer.kind:{kind}}  {layer.size!s:>9}  "
            f"{layer.channels:>8}  {layer.stride:>6}"
        )
