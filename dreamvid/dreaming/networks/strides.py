"""The strides of a network's layers."""

from __future__ import annotations

from collections.abc import Mapping

from dreamvid.dreaming.tensorflow import keras

FAR = 2048
"""Px, difference of two pictures' sizes. Divided by the difference of a layer's sizes for the two,
it gives the layer's stride, whatever the layer pads or crops at the edges."""


def strides(model: keras.Model, outputs: Mapping[str, keras.KerasTensor]) -> dict[str, int]:
    """Px of the picture from one place of each output to the next, by the output's name.

    Args:
        outputs: of the model's layers, (N, h, w, C).
    """
    if not outputs:
        return {}
    shapes = keras.Model(model.inputs, list(outputs.values()))
    small, large = (
        [shape[1] for shape in shapes.compute_output_shape((1, side, side, 3))]
        for side in (FAR, 2 * FAR)
    )
    return {name: FAR // (b - a) for name, a, b in zip(outputs, small, large, strict=True)}
