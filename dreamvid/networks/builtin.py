"""Specs of the built-in networks.

To add a network of `keras.applications`, add one value here. `docs/networks.md` describes how
another package adds one without any change here.
"""

from __future__ import annotations

from typing import Any

from dreamvid.networks.network_spec import (
    AS_IT_IS,
    CENTERED,
    ONE_TO_ONE,
    STANDARD,
    Download,
    NetworkSpec,
    Preprocess,
)
from dreamvid.networks.packaged import LITE0

APPLICATIONS = "https://storage.googleapis.com/tensorflow/keras-applications"


def _keras(
    name: str,
    function: str,
    weights: str,
    md5: str,
    layers: tuple[str, ...],
    full_md5: str = "",
    **fields: Any,
) -> NetworkSpec:
    """A network of `keras.applications` that dreams on `layers` with equal weights.

    Args:
        weights: the file without the classifier's weights; `md5` is its hash, `full_md5` that of
            the file with them.
        fields: other fields of the spec.
    """
    full = weights.replace("_notop", "").replace("_no_top", "")
    return NetworkSpec(
        name=name,
        build=f"keras.applications:{function}",
        download=Download(f"{APPLICATIONS}/{weights}", md5),
        full_download=Download(f"{APPLICATIONS}/{full}", full_md5),
        objective=tuple((layer, 1.0) for layer in layers),
        weights="imagenet",
        licence="Apache-2.0 (Keras), weights trained on ImageNet",
        **{"min_size": 32, **fields},
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
"""What dreams on lite0's layers look like, shallow to deep."""

BUILTIN = {
    spec.name: spec
    for spec in (
        NetworkSpec(
            name="lite0",
            build="dreamvid.dreaming.networks.lite0:build_lite0",
            preprocess=Preprocess((127.0,) * 3, (128.0,) * 3),
            objective=(("heads", 1.0), ("creatures", 1.0)),
            looks=LITE0_LOOKS,
            steps=12,
            step_size=1.8,
            min_size=32,
            small=300,
            bfloat16=False,  # not measured for its depthwise convolutions
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
            min_size=32,
            weights="file",
            licence="BSD (Iandola et al.)",
        ),
        _keras(
            "inception_v3",
            "InceptionV3",
            "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "bcbd6486424b2319ff4ef7d526e38f63",
            ("mixed3", "mixed5"),
            full_md5="9a0d58056eeedaa3f26cb7ebd46da564",
            preprocess=ONE_TO_ONE,
            min_size=75,
        ),
        # A `sepconv1_act` is the ReLU of the sum of all blocks before it.
        _keras(
            "xception",
            "Xception",
            "xception/xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "b0042744bf5b25fce3cb969f33bebb97",
            ("block7_sepconv1_act", "block10_sepconv1_act"),
            full_md5="0a58e3b7378bc2990ea3b43d5981f1f6",
            preprocess=ONE_TO_ONE,
            min_size=71,
        ),
        # The ends of dense blocks 2, 3 and 4.
        _keras(
            "densenet121",
            "DenseNet121",
            "densenet/densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "30ee3e1110167f948a6b9946edeeb738",
            ("pool3_conv", "pool4_conv", "conv5_block16_concat"),
            full_md5="9d60b8095a5708f2dcce2bca79d332c7",
            preprocess=STANDARD,
        ),
        # After a batch norm and a ReLU, where no channel of the residual sum dominates the others.
        _keras(
            "resnet50v2",
            "ResNet50V2",
            "resnet/resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "fac2f116257151a9d068a22e544a4917",
            ("conv3_block4_preact_relu", "conv4_block6_preact_relu"),
            full_md5="3ef43a0b657b3be2300d5770ece849e0",
            preprocess=ONE_TO_ONE,
        ),
        _keras(
            "vgg16",
            "VGG16",
            "vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "6d6bbae143d832006294945121d1f1fc",
            ("block4_conv3", "block5_conv3"),
            preprocess=CENTERED,
        ),
        _keras(
            "vgg19",
            "VGG19",
            "vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            "253f8cb515780f3b799900260a226db6",
            ("block4_conv4", "block5_conv4"),
            preprocess=CENTERED,
        ),
        _keras(
            "mobilenet_v2",
            "MobileNetV2",
            "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            "",
            ("block_10_expand_relu", "block_13_expand_relu"),
            preprocess=ONE_TO_ONE,
        ),
        _keras(
            "efficientnet_v2_b0",
            "EfficientNetV2B0",
            "efficientnet_v2/efficientnetv2-b0_notop.h5",
            "893217f2bb855e2983157299931e43ff",
            ("block4c_expand_activation", "block6a_expand_activation"),
            full_md5="21ecbf6da12460d5c40bb2f29ceb2188",
            preprocess=AS_IT_IS,
        ),
    )
}
