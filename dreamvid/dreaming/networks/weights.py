"""Safety checks of files of weights, before they are unpacked, since they may be untrusted.

Weights need no code, no other file, and no more memory than their network. Files with any of these
are refused here; the libraries that read them are not relied on for that.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py

from dreamvid.errors import NetworkError

MAX_BYTES = 2**32
"""Size of a file's unpacked arrays, at most: over a thousand million weights."""

MAX_CONFIG = 2**26
"""Bytes of a model's `config.json`, at most."""

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
"""The members of a `.keras` file; others are needed only by layers for text."""

REFUSED = (
    *("Lambda", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer", "function"),
    *("StringLookup", "IntegerLookup", "TextVectorization", "__lambda__"),
)
"""Classes of layers that contain code, or read a file that they name."""

Registered = Callable[[str], bool]
"""Whether a class is known by a name such as `package>Class`."""


def check_file(path: Path) -> None:
    """Check that a file of weights exists, and has no code, no links and no excessive size.

    Raises:
        NetworkError: it does not exist, cannot be read, or is unsafe; the message says why.
    """
    if not path.is_file():
        raise NetworkError(f"weights {path}: no such file; or say imagenet or random", path=path)
    with _one_line(path, "weights"):
        if path.suffix == ".h5":
            with h5py.File(path) as file:
                _check_arrays(file)
        elif path.suffix == ".keras":
            _check_packed(path, lambda name: False)


def check_model(path: Path, what: str, registered: Registered) -> None:
    """As `check_file`, of a file with a whole model, `.keras` or `.h5`.

    Args:
        what: how errors call the file.
        registered: whether a class that is none of Keras's is known to this program, by the name
            under which it was registered.
    """
    if not path.is_file():
        raise NetworkError(f"{what} {path}: no such file", path=path)
    with _one_line(path, what):
        if path.suffix.lower() == ".h5":
            _check_legacy(path, registered)
        else:
            _check_packed(path, registered)


@contextmanager
def _one_line(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except _UnsafeError as error:
        raise NetworkError(f"{what} {path}: {error}", path=path) from None
    except Exception as error:  # damaged files make h5py and zipfile raise nearly any kind
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NetworkError(f"{what} {path}: cannot be read: {reason}", path=path) from None


class _UnsafeError(Exception):
    """A file of weights contains something unsafe."""


def _check_arrays(file: h5py.File) -> None:
    """Raise _UnsafeError where arrays lie in other files or are too large in total."""
    total = 0
    for array in _arrays(file):
        if array.external or array.is_virtual:
            raise _UnsafeError("its arrays lie in other files")
        total += array.size * array.dtype.itemsize
        if total > MAX_BYTES:
            raise _UnsafeError(f"its arrays unpack to more than {MAX_BYTES >> 30} GiB")


def _arrays(group: h5py.Group, depth: int = 0) -> Iterator[h5py.Dataset]:
    """Every array of a group. Links are refused: they may lead into another file, or in circles."""
    if depth > 64:
        raise _UnsafeError("its groups lie too deep within one another")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise _UnsafeError(f"{name} is a link to elsewhere")
        inner = group[name]
        if isinstance(inner, h5py.Dataset):
            yield inner
        elif isinstance(inner, h5py.Group):
            yield from _arrays(inner, depth + 1)


def _check_packed(path: Path, registered: Registered) -> None:
    """Raise _UnsafeError where a `.keras` file has unknown members, code or an excessive size."""
    with zipfile.ZipFile(path) as packed:
        sizes = {info.filename: info.file_size for info in packed.infolist()}
        unknown = next((name for name in sizes if name not in MEMBERS), None)
        if unknown is not None:
            raise _UnsafeError(f"holds {unknown}, which no network needs")
        if sum(sizes.values()) > MAX_BYTES or sizes.get("config.json", 0) > MAX_CONFIG:
            raise _UnsafeError(f"it unpacks to more than {MAX_BYTES >> 30} GiB")
        _check_config(json.loads(packed.read("config.json")), registered)
        with h5py.File(io.BytesIO(packed.read("model.weights.h5"))) as file:
            _check_arrays(file)


def _check_legacy(path: Path, registered: Registered) -> None:
    """Raise _UnsafeError where an `.h5` holds no model, or as `_check_packed`. Keras's safe mode
    does not cover such files."""
    with h5py.File(path) as file:
        config = file.attrs.get("model_config")
        if config is None:
            raise _UnsafeError("holds weights alone, and no model")
        if len(config) > MAX_CONFIG:
            raise _UnsafeError(f"it unpacks to more than {MAX_BYTES >> 30} GiB")
        _check_config(json.loads(config), registered)
        _check_arrays(file)


def _check_config(config: Any, registered: Registered) -> None:
    """Raise _UnsafeError where a model's config names code, or classes that are not known."""
    for kind, module, name in _kinds(config):
        is_own = bool(name) and ">" in name and registered(name)
        if kind in REFUSED or not (is_own or f"{module or 'keras'}.".startswith("keras.")):
            raise _UnsafeError(f"carries code or a file's name ({module or 'a'} {kind})")


def _kinds(config: Any) -> Iterator[tuple[str, str | None, str]]:
    """The class of each object in a model's config, its module where one is given, and the name
    under which it was registered, or ""."""
    stack = [config]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if isinstance(part.get("class_name"), str):
                module, name = part.get("module"), part.get("registered_name")
                yield (
                    part["class_name"],
                    module if isinstance(module, str) else None,
                    name if isinstance(name, str) else "",
                )
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)
