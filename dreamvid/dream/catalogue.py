"""The networks by name, without TensorFlow: what each needs and what is worth dreaming on.

To add a network is to add one entry here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dreamvid.dreaming.networks.network_spec import (
    AS_IT_IS,
    CENTERED,
    ONE_TO_ONE,
    STANDARD,
    NetworkSpec,
    Preprocess,
)
from dreamvid.dreaming.networks.packaged import LITE0
from dreamvid.errors import NetworkError, near
from dreamvid.recipe import FilmRecipe, LayerTerm, Network, Recipe


def _keras(
    name: str, function: str, cached: str, layers: tuple[str, ...], **own: Any
) -> NetworkSpec:
    """A network of `keras.applications` that dreams on `layers` alike."""
    return NetworkSpec(
        name=name,
        build=f"keras.applications:{function}",
        cached=cached,
        objective=tuple((layer, 1.0) for layer in layers),
        weights="imagenet",
        licence="Apache-2.0 (Keras), weights trained on ImageNet",
        **{"least": 32, **own},
    )


LITE0_LOOKS = {
    "scales": "a skin of small scales, all over",
    "folds": "cloth and wrinkles",
    "strokes": "short strokes, as of a brush",
    "ribs": "ribs and tiles",
    "cells": "cells with corners, some with an eye",
    "bars": "bundles of bars",
    "nets": "nets and woven fabric",
    "machines": "vehicles, instruments, rows of windows",
    "heads": "furry heads and fur",
    "animals": "small animals with legs",
    "creatures": "dogs, birds and fish, whole and in parts",
    "beasts": "whole animals, far apart; trees and boats",
    "domes": "domes, trees, bottles",
    "tents": "tents, arches, bells",
    "spires": "spires and feathers, faint",
}
"""What the layers of lite0 dream, shallow to deep."""

ENTRIES = {
    entry.name: entry
    for entry in (
        NetworkSpec(
            name="lite0",
            build="dreamvid.dreaming.networks.lite0:build_lite0",
            preprocess=Preprocess((127.0,) * 3, (128.0,) * 3),
            objective=(("heads", 1.0), ("creatures", 1.0)),
            looks=LITE0_LOOKS,
            steps=12,
            step_size=1.8,
            least=32,
            small=300,
            bfloat16=False,  # its depthwise convolutions have not been timed where there is any
            weights="package",
            licence=LITE0.credit,
            packaged=LITE0,
            arrays="dreamvid.dreaming.networks.lite0:lite0_arrays",
        ),
        NetworkSpec(
            name="squeezenet",
            build="dreamvid.dreaming.networks.squeezenet:build_squeezenet",
            preprocess=Preprocess((104.0, 117.0, 123.0), (1.0,) * 3, "bgr"),
            objective=(("fire6", 1.0), ("fire8", 1.0)),
            step_size=2.0,
            least=32,
            weights="file",
            licence="BSD (Iandola et al.)",
        ),
        _keras(
            "inception_v3",
            "InceptionV3",
            "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ("mixed3", "mixed5"),
            preprocess=ONE_TO_ONE,
            least=75,
        ),
        # A `sepconv1_act` is the ReLU of all that the blocks before it have added up.
        _keras(
            "xception",
            "Xception",
            "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ("block7_sepconv1_act", "block10_sepconv1_act"),
            preprocess=ONE_TO_ONE,
            least=71,
        ),
        # The ends of dense blocks 2, 3 and 4.
        _keras(
            "densenet121",
            "DenseNet121",
            "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ("pool3_conv", "pool4_conv", "conv5_block16_concat"),
            preprocess=STANDARD,
        ),
        # Behind a batch norm and a ReLU, where no channel of the growing sum outshouts the others.
        _keras(
            "resnet50v2",
            "ResNet50V2",
            "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ("conv3_block4_preact_relu", "conv4_block6_preact_relu"),
            preprocess=ONE_TO_ONE,
        ),
        _keras(
            "vgg16",
            "VGG16",
            "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ("block4_conv3", "block5_conv3"),
            preprocess=CENTERED,
        ),
        _keras(
            "vgg19",
            "VGG19",
            "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ("block4_conv4", "block5_conv4"),
            preprocess=CENTERED,
        ),
        _keras(
            "mobilenet_v2",
            "MobileNetV2",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            ("block_10_expand_relu", "block_13_expand_relu"),
            preprocess=ONE_TO_ONE,
        ),
        _keras(
            "efficientnet_v2_b0",
            "EfficientNetV2B0",
            "efficientnetv2-b0_notop.h5",
            ("block4c_expand_activation", "block6a_expand_activation"),
            preprocess=AS_IT_IS,
        ),
    )
}


NOTHING = NetworkSpec(
    name="none",
    build="",
    preprocess=AS_IT_IS,
    objective=(),
    least=1,
    weights="file",
    licence="",
)
"""`network: none`, which dreams nothing."""

RETIRED = "pocket"
"""Dreamed by default before lite0; films and recipes may still name it."""


def entry(name: str) -> NetworkSpec:
    """The network of that name, in capitals or not, with or without its hyphens.

    Raises:
        NetworkError: there is none; the message names the near ones and all.
    """
    found = {_plain(known): own for known, own in ENTRIES.items()}.get(_plain(name))
    if name == NOTHING.name:
        raise NetworkError("network none: dreams nothing, and has no layers")
    if name == RETIRED:
        raise NetworkError(
            f"network {name}: is no longer part of dreamvid; lite0 dreams in its place, on layers "
            "of its own (dreamvid layers --network lite0)"
        )
    if found is None:
        known = ", ".join([*ENTRIES, "none"])
        raise NetworkError(f"network {name}: unknown{near(name, ENTRIES)}; there are: {known}")
    return found


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


STAGGER = 2
"""Every how many frames the largest octave takes its steps, over a carried dream; docs/how.md has
what was measured."""


def settled(recipe: Recipe) -> Recipe:
    """`recipe` with what it leaves to its network filled in from the network's entry."""
    if recipe.network.name == NOTHING.name:
        return recipe
    filled = own_values(recipe, entry(recipe.network.name))
    return recipe.model_copy(update={"dream": recipe.dream.model_copy(update=filled)})


def spec_of(network: Network) -> NetworkSpec:
    """What is known of a recipe's network, `none` among them. Raises NetworkError."""
    return NOTHING if network.name == NOTHING.name else entry(network.name)


def own_values(recipe: Recipe, own: NetworkSpec) -> dict[str, Any]:
    """The values of the section `dream` that a recipe leaves to its network, filled in."""
    dream = recipe.dream
    objective = tuple(LayerTerm(layer=layer, weight=weight) for layer, weight in own.objective)
    shapes = dream.method != "recursive"
    carries = isinstance(recipe, FilmRecipe) and recipe.blend.share != 0
    return {
        "objective": dream.objective or objective,
        "power": dream.power or own.power,
        "steps": dream.steps or (own.steps_carried if carries else own.steps),
        "burst": dream.burst or dream.steps or own.steps,
        "step_size": dream.step_size or own.step_size,
        "stagger": dream.stagger or (STAGGER if dream.method == "detail" else 1),
        "smooth": own.smooth if dream.smooth is None else dream.smooth,
        "decorrelate": shapes * own.decorrelate if dream.decorrelate is None else dream.decorrelate,
        "laplacian": shapes * own.laplacian if dream.laplacian is None else dream.laplacian,
    }


def packaged_weights(network: Network) -> Path | None:
    """The file of an installed package that a network's weights are in, if they are.

    Raises:
        NetworkError: they should be, and are not installed.
    """
    if network.name == "none" or network.weights is not None:
        return None
    packaged = entry(network.name).packaged
    return packaged.path if packaged else None


def network_lines() -> Iterator[str]:
    """All networks: where their weights come from, and what they dream on unless told."""
    origin = {
        "package": "installed with dreamvid",
        "imagenet": "fetched once, by Keras",
        "file": "--weights FILE",
    }
    wide = max(map(len, ENTRIES))
    for own in ENTRIES.values():
        on = ", ".join(layer for layer, _ in own.objective)
        yield f"{own.name:{wide}}  {origin[own.weights]:22}  {on}"
        yield f"{'':{wide}}  {own.licence}; at least {own.min_size}x{own.min_size}"
