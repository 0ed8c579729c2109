"""From a network's name to its activations: models, weights, preprocessing."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dreamvid.dream.catalogue import Entry, Preprocess, entry
from dreamvid.errors import NetworkError, near
from dreamvid.recipe import Network

Activations = Callable[[tf.Tensor], list[tf.Tensor]]
"""Pictures, float32 (N, H, W, 3) RGB on the 0–255 scale, to one tensor (N, h, w, C) a layer."""


def activations(network: Network, layers: list[str]) -> Activations:
    """The activations of `layers`, preprocessing included and differentiable; float32 throughout
    but for what lies inside the network where its precision is less.

    Only the part of the network below the deepest of `layers` is ever computed.

    Raises:
        NetworkError: unknown network or layer, or weights that cannot be had.
    """
    own = entry(network.name)
    whole = load(own, network)
    for layer in layers:
        _check_layer(whole, own, layer)
    model = keras.Model(whole.inputs, [whole.get_layer(layer).output for layer in layers])
    model.trainable = False

    def run(pictures: tf.Tensor) -> list[tf.Tensor]:
        outputs = model(preprocessed(pictures, own.preprocess), training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        return [tf.cast(output, tf.float32) for output in outputs]

    return run


def preprocessed(pictures: tf.Tensor, how: Preprocess) -> tf.Tensor:
    """Pictures (N, H, W, 3) RGB 0–255 as the network wants them."""
    if how.order == "bgr":
        pictures = tf.reverse(pictures, axis=[-1])
    return (pictures - tf.constant(how.mean)) / tf.constant(how.scale)


def load(own: Entry, network: Network) -> keras.Model:
    """The Keras model of an entry with the weights asked for, for pictures of any size."""
    weights = network.weights or own.weights
    if weights == "file":
        raise NetworkError(f"network {own.name}: name its file of weights: --weights FILE.npz")
    if weights.endswith(".keras"):
        return _whole_model(Path(weights))
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32" if network.precision == "float32" else "mixed_bfloat16")
    keras.utils.set_random_seed(0)
    try:
        if weights == "imagenet":
            return _fetched(own)
        model = own.builder()(include_top=False, weights=None)
    finally:
        keras.config.set_dtype_policy(policy)
    if weights == "shipped":
        _assign(model, Path(__file__).with_name(f"{own.name}.npz"))
    elif weights != "random":
        _from_file(model, Path(weights))
    return model


def _fetched(own: Entry) -> keras.Model:
    if own.weights != "imagenet":
        raise NetworkError(f"network {own.name}: has no weights to fetch; leave imagenet out")
    # Keras reports a download on standard output, which is not its place; and to no one, if no one
    # is there to watch.
    watched = sys.stderr if sys.stderr.isatty() else io.StringIO()
    try:
        with contextlib.redirect_stdout(watched):
            return own.builder()(include_top=False, weights="imagenet")
    except Exception as error:  # Keras lets through whatever its download raised
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NetworkError(
            f"network {own.name}: its ImageNet weights could not be fetched ({reason}); "
            "--network pocket needs no download, and weights: FILE takes a file you have"
        ) from None


def _from_file(model: keras.Model, path: Path) -> None:
    _check_file(path)
    if path.suffix == ".npz":
        _assign(model, path)
    elif path.suffix == ".h5":
        try:
            model.load_weights(path)
        except Exception as error:
            raise _unfit(path, model, error) from None
    else:
        raise NetworkError(f"weights {path}: must be imagenet, random, or end in .h5, .keras, .npz")


def _whole_model(path: Path) -> keras.Model:
    _check_file(path)
    try:
        # Safe mode refuses a model that carries code (Lambda layers).
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise NetworkError(
            f"weights {path}: not a model that Keras loads safely: {reason}"
        ) from None


def _assign(model: keras.Model, path: Path) -> None:
    """Give each variable the array called LAYER/VARIABLE, as `conv1/kernel`.

    A slash within the layer's name, which Keras does not allow, stands for an underscore.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            split = {name: name.rpartition("/") for name in file.files}
            arrays = {
                f"{layer.replace('/', '_')}/{variable}": file[name]
                for name, (layer, _, variable) in split.items()
            }
    except Exception as error:
        raise NetworkError(f"weights {path}: not an .npz of plain arrays: {error}") from None
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{variable.name}"
            array = arrays.get(key)
            if array is None or array.shape != tuple(variable.shape):
                found = "is missing" if array is None else f"has shape {array.shape}"
                raise NetworkError(f"weights {path}: {key} {found}, want {tuple(variable.shape)}")
            variable.assign(array.astype(np.float32))


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise NetworkError(f"weights {path}: no such file; or say imagenet or random")


def _unfit(path: Path, model: keras.Model, error: Exception) -> NetworkError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return NetworkError(f"weights {path}: do not fit network {model.name}: {reason}")


def _check_layer(model: Any, own: Entry, layer: str) -> None:
    names = [one.name for one in model.layers]
    if layer not in names:
        hint = near(layer, names) or f"; it dreams well on {', '.join(n for n, _ in own.objective)}"
        raise NetworkError(f"layer {layer}: network {own.name} has none of that name{hint}")
