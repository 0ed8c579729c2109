"""Loading: from a network's spec to its Keras model with weights."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import warnings
from collections.abc import Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.networks.download import fetch
from dreamvid.dreaming.networks.head import head_of
from dreamvid.dreaming.networks.model_file import any_size, read_model, reason
from dreamvid.dreaming.networks.torch_file import read_tensors
from dreamvid.dreaming.networks.weights import check_file
from dreamvid.dreaming.tensorflow import computed_in, keras, keras_seed
from dreamvid.errors import DownloadError, NetworkError
from dreamvid.media.arrays import read_arrays
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Network

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
"""Keras's names of the precisions."""


kept: ContextVar[dict[Hashable, keras.Model] | None] = ContextVar("kept", default=None)
"""Where the last model that was loaded stays for the next one who asks for it; None: nowhere."""


def load(spec: NetworkSpec, network: Network) -> keras.Model:
    """The Keras model of a network with the recipe's weights, for pictures of any size. It is not
    to be changed, as it may be `kept`.

    Raises:
        NetworkError: the weights cannot be loaded, do not fit the network, or as `build`.
    """
    models = kept.get()
    if models is None:
        return _loaded(spec, network)
    key = model_key(spec, network)
    if key not in models:
        models.clear()
        models[key] = _loaded(spec, network)
    return models[key]


def model_key(spec: NetworkSpec, network: Network) -> tuple[Hashable, ...]:
    """What a network's model depends on, with the stamp of the file that it is loaded from."""
    stamp: Hashable = None
    for name in (spec.name, network.weights):
        with contextlib.suppress(OSError, ValueError, TypeError):
            found = Path(name).stat()  # type: ignore[arg-type]
            stamp = found.st_mtime_ns, found.st_size, found.st_ino
    precision = computed_in(network.precision, spec.bfloat16)
    return spec.name, spec.build, spec.include_top, network.weights, precision, stamp


def _loaded(spec: NetworkSpec, network: Network) -> keras.Model:
    if spec.weights == "model":
        if network.weights is not None:
            raise NetworkError(f"network {spec.name}: has its weights inside; leave weights out")
        return read_model(Path(spec.name), "network")
    weights = network.weights or spec.weights
    if weights == "file":
        raise NetworkError(f"network {spec.name}: name its file of weights: --weights FILE.npz")
    if weights == "imagenet" and spec.weights != "imagenet":
        raise NetworkError(f"network {spec.name}: has no weights to fetch; leave imagenet out")
    if weights.endswith(".keras"):
        return read_model(Path(weights), "weights")
    model = build(spec, POLICIES[computed_in(network.precision, spec.bfloat16)])
    if weights == "imagenet":
        _load_imagenet(model, spec)
    elif weights == "package":
        _assign_packaged(model, spec)
    elif weights not in ("random", "build"):
        _from_file(model, Path(weights))
    return model


def build(spec: NetworkSpec, policy: str = "float32") -> keras.Model:
    """The model of a network from its builder, for pictures of any size. Random weights are the
    same in every process.

    Raises:
        NetworkError: the spec includes a classifier, and the model has none.

    The model is built in a new thread: Keras numbers unnamed layers per thread, so that there a
    layer gets the same name in every model and process.
    """

    def make() -> keras.Model:
        keras.config.set_dtype_policy(policy)  # per thread, like the names
        with keras_seed(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MobileNet warns about sizes other than 224 px
            model = spec.builder()(include_top=spec.include_top, weights=None)
            if spec.include_top:
                head_of(model, spec.name)  # before its weights are downloaded
            return any_size(model)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make).result()


def _load_imagenet(model: keras.Model, spec: NetworkSpec) -> None:
    """Load the weights from Keras's cache; download them where they are missing or damaged."""
    assert spec.download, "weights='imagenet' needs `download`"
    cached = spec.fetched
    if cached is not None:
        with contextlib.suppress(Exception):  # the file is damaged: download it again
            _load_h5(model, cached)
            return
    try:
        fetch(spec.download, spec.name)
        _load_h5(model, spec.download.file)
    except Exception as error:  # network, disk and file raise many kinds
        raise DownloadError(
            f"network {spec.name}: its ImageNet weights could not be fetched ({reason(error)}); "
            "--network lite0 needs no download, and weights: FILE takes a file you have"
        ) from None


def _from_file(model: keras.Model, path: Path) -> None:
    """Load a file of weights into a model, by the file's ending."""
    check_file(path)
    if path.suffix == ".npz":
        _from_npz(model, path)
    elif path.suffix == ".h5":
        try:
            _load_h5(model, path)
        except Exception as error:
            raise NetworkError(
                f"weights {path}: do not fit network {model.name}: {reason(error)}", path=path
            ) from None
    else:
        raise NetworkError(
            f"weights {path}: must be imagenet, random, or end in .h5, .keras, .npz", path=path
        )


def _load_h5(model: keras.Model, path: Path) -> None:
    """Load either of Keras's two layouts of .h5; Keras itself tells them apart by the file's
    name."""
    with h5py.File(path) as file:
        is_new_layout = not {"layer_names", "model_weights"} & {*file.attrs, *file}
    if not is_new_layout or path.name.endswith(".weights.h5"):
        model.load_weights(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        model.load_weights(shutil.copy(path, Path(folder) / "copy.weights.h5"))


def _assign_packaged(model: keras.Model, spec: NetworkSpec) -> None:
    """Load the weights from an installed package into a model."""
    assert spec.packaged, "weights='package' needs `packaged`"
    _assign(model, spec.converter()(read_tensors(spec.packaged.read())), spec.packaged.path)


def _from_npz(model: keras.Model, path: Path) -> None:
    """Load arrays named LAYER/VARIABLE. A slash within LAYER, which Keras does not allow, becomes
    an underscore."""
    try:
        stored = read_arrays(path, 8 * model.count_params() + 2**20)
        split = {name: name.rpartition("/") for name in stored}
        arrays = {
            f"{layer.replace('/', '_')}/{variable}": stored[name]
            for name, (layer, _, variable) in split.items()
        }
    except (OSError, ValueError) as error:
        raise NetworkError(
            f"weights {path}: not an .npz of plain arrays: {error}", path=path
        ) from None
    _assign(model, arrays, path)


def _assign(model: keras.Model, arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Assign to each variable the array named LAYER/VARIABLE, such as `conv1/kernel`."""
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{variable.name}"
            array = arrays.get(key)
            if array is None or array.shape != tuple(variable.shape):
                problem = "is missing" if array is None else f"has shape {array.shape}"
                raise NetworkError(
                    f"weights {path}: {key} {problem}, want {tuple(variable.shape)}", path=path
                )
            variable.assign(array.astype(np.float32))
