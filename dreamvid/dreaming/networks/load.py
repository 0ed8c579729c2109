"""From a spec to its Keras model, weights and all."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.networks.download import fetch
from dreamvid.dreaming.networks.torch_file import read_tensors
from dreamvid.dreaming.networks.weights import check_file
from dreamvid.dreaming.tensorflow import computed_in, keras, keras_seed
from dreamvid.errors import DownloadError, NetworkError
from dreamvid.media.arrays import read_arrays
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Network

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
"""Keras's names of what a network computes in."""


def load(spec: NetworkSpec, network: Network) -> keras.Model:
    """The Keras model of a network with the weights asked for, for pictures of any size.

    Raises:
        NetworkError: the weights cannot be had, or do not fit.
    """
    weights = network.weights or spec.weights
    if weights == "file":
        raise NetworkError(f"network {spec.name}: name its file of weights: --weights FILE.npz")
    if weights == "imagenet" and spec.weights != "imagenet":
        raise NetworkError(f"network {spec.name}: has no weights to fetch; leave imagenet out")
    if weights.endswith(".keras"):
        return _whole_model(Path(weights))
    model = build(spec, POLICIES[computed_in(network.precision, spec.bfloat16)])
    if weights == "imagenet":
        _load_imagenet(model, spec)
    elif weights == "package":
        _assign_packaged(model, spec)
    elif weights not in ("random", "build"):
        _from_file(model, Path(weights))
    return model


def build(spec: NetworkSpec, policy: str = "float32") -> keras.Model:
    """The model of a network as its builder makes it, for pictures of any size; random weights are
    the same ones in every process.

    It is made in a thread of its own: Keras counts the layers of a thread to name those that have
    no name, so that here a layer has the same name in every model and every process.
    """

    def make() -> keras.Model:
        keras.config.set_dtype_policy(policy)  # the thread's alone, like the names
        with keras_seed(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MobileNet's, that 224 px is not the only size
            return spec.builder()(include_top=False, weights=None)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make).result()


def _load_imagenet(model: keras.Model, spec: NetworkSpec) -> None:
    """From Keras's cache where the file is there and whole, else downloaded into it."""
    assert spec.download, "a spec whose weights are downloaded says from where"
    cached = spec.fetched
    if cached is not None:
        with contextlib.suppress(Exception):  # it is broken, and downloaded anew
            _load_h5(model, cached)
            return
    try:
        fetch(spec.download, spec.name)
        _load_h5(model, spec.download.file)
    except Exception as error:  # the network, the disk, the file: none can be told beforehand
        raise DownloadError(
            f"network {spec.name}: its ImageNet weights could not be fetched ({_reason(error)}); "
            "--network lite0 needs no download, and weights: FILE takes a file you have"
        ) from None


def _from_file(model: keras.Model, path: Path) -> None:
    check_file(path)
    if path.suffix == ".npz":
        _from_npz(model, path)
    elif path.suffix == ".h5":
        try:
            _load_h5(model, path)
        except Exception as error:
            raise NetworkError(
                f"weights {path}: do not fit network {model.name}: {_reason(error)}"
            ) from None
    else:
        raise NetworkError(f"weights {path}: must be imagenet, random, or end in .h5, .keras, .npz")


def _load_h5(model: keras.Model, path: Path) -> None:
    """Either of Keras's two layouts, which it tells apart by the name alone."""
    with h5py.File(path) as file:
        newer = not {"layer_names", "model_weights"} & {*file.attrs, *file}
    if not newer or path.name.endswith(".weights.h5"):
        model.load_weights(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        model.load_weights(shutil.copy(path, Path(folder) / "its.weights.h5"))


def _whole_model(path: Path) -> keras.Model:
    check_file(path)
    try:
        # Safe mode refuses a model that carries code (Lambda layers).
        with keras_seed():
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise NetworkError(
            f"weights {path}: not a model that Keras loads safely: {_reason(error)}"
        ) from None


def _assign_packaged(model: keras.Model, spec: NetworkSpec) -> None:
    """Give a model the weights that an installed package carries."""
    assert spec.packaged, "a spec whose weights are a package's says which"
    _assign(model, spec.converter()(read_tensors(spec.packaged.read())), spec.packaged.path)


def _from_npz(model: keras.Model, path: Path) -> None:
    """Its arrays are called LAYER/VARIABLE; a slash within the layer's name, which Keras does not
    allow, stands for an underscore."""
    try:
        held = read_arrays(path, 8 * model.count_params() + 2**20)
        split = {name: name.rpartition("/") for name in held}
        arrays = {
            f"{layer.replace('/', '_')}/{variable}": held[name]
            for name, (layer, _, variable) in split.items()
        }
    except (OSError, ValueError) as error:
        raise NetworkError(f"weights {path}: not an .npz of plain arrays: {error}") from None
    _assign(model, arrays, path)


def _assign(model: keras.Model, arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Give each variable the array called LAYER/VARIABLE, as `conv1/kernel`."""
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{variable.name}"
            array = arrays.get(key)
            if array is None or array.shape != tuple(variable.shape):
                found = "is missing" if array is None else f"has shape {array.shape}"
                raise NetworkError(f"weights {path}: {key} {found}, want {tuple(variable.shape)}")
            variable.assign(array.astype(np.float32))


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
