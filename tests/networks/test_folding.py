"""Batch norm taken into convolutions: the same values, and nothing taken in that others read."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from dreamvid.dreaming.networks.folding import folded

kinds = keras.layers


def norms(model: keras.Model) -> int:
    return sum(isinstance(layer, kinds.BatchNormalization) for layer in model.layers)


def stirred(model: keras.Model) -> keras.Model:
    """Its statistics are no longer those of a new one."""
    draw = np.random.default_rng(0)
    for layer in model.layers:
        for variable in layer.weights:
            value = draw.uniform(0.5, 1.5, variable.shape)
            variable.assign(value if isinstance(layer, kinds.BatchNormalization) else value / 9)
    return model


def agree(model: keras.Model, other: keras.Model) -> None:
    picture = np.random.default_rng(1).uniform(-1, 1, (2, 12, 15, 3)).astype(np.float32)
    for one, own in zip(
        keras.tree.flatten(model(picture)), keras.tree.flatten(other(picture)), strict=True
    ):
        np.testing.assert_allclose(one, own, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("norm", [{}, {"scale": False}, {"center": False}], ids=str)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "convolution",
    [
        lambda bias: kinds.Conv2D(4, 3, use_bias=bias),
        lambda bias: kinds.DepthwiseConv2D(3, depth_multiplier=2, use_bias=bias),
        lambda bias: kinds.SeparableConv2D(5, 3, depth_multiplier=2, use_bias=bias),
    ],
    ids=["whole", "depthwise", "separable"],
)
def test_it_is_the_same_function(convolution: Any, bias: bool, norm: dict[str, bool]) -> None:
    picture = keras.Input((None, None, 3))
    x = kinds.BatchNormalization(**norm)(convolution(bias)(picture))
    model = stirred(keras.Model(picture, kinds.ReLU()(x)))
    made = folded(model)
    assert norms(made) == 0
    agree(model, made)


def test_what_others_read_stays_as_it_is() -> None:
    """An output, one that is read twice, one behind a rectifier, and one that follows a join."""
    picture = keras.Input((None, None, 3))
    shown = kinds.Conv2D(4, 3, padding="same")(picture)
    twice = kinds.Conv2D(4, 3, padding="same")(kinds.BatchNormalization()(shown))
    joined = kinds.Concatenate()([twice, kinds.BatchNormalization()(twice)])
    bent = kinds.Conv2D(4, 3, activation="relu")(kinds.BatchNormalization()(joined))
    last = kinds.Conv2D(3, 1)(kinds.BatchNormalization()(bent))
    model = stirred(keras.Model(picture, [shown, kinds.BatchNormalization()(last)]))
    made = folded(model)
    assert norms(model) == 5
    assert norms(made) == 4
    agree(model, made)


def test_without_any_the_model_is_itself() -> None:
    picture = keras.Input((None, None, 3))
    model = keras.Model(picture, kinds.Conv2D(4, 3)(picture))
    assert folded(model) is model
