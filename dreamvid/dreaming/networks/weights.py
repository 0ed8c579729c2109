"""Files of weights, looked at before anything in them is unpacked: they may be a stranger's.

No format of weights needs code, another file, or more room than its network: what asks for any of
these is refused here, and not left to the libraries that read it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py

from dreamvid.errors import NetworkError

MAX_BYTES = 2**32
"""Of the arrays in a file, unpacked: over a thousand million weights."""

MAX_CONFIG = 2**26
"""Bytes of the description of a whole model."""

MEMBERS = ("metadata.json", "config.json", "model.weights.h5")
"""All that there is in a `.keras` file of a network without text."""

REFUSED = (
    *("Lambda", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer", "function"),
    *("StringLookup", "IntegerLookup", "TextVectorization", "__lambda__"),
)
"""Kinds of layer that carry code, or read a file that they name."""


def check_file(path: Path) -> None:
    """See that a file of weights is there, a plain one, and carries neither code nor a bomb.

    Raises:
        NetworkError: in one line, what it does carry.
    """
    if not path.is_file():
        raise NetworkError(f"weights {path}: no such file; or say imagenet or random")
    try:
        if path.suffix == ".h5":
            with h5py.File(path) as file:
                _check_arrays(file)
        elif path.suffix == ".keras":
            _check_model(path)
    except _UnsafeError as error:
        raise NetworkError(f"weights {path}: {error}") from None
    except Exception as error:  # h5py and zipfile meet damaged files with nearly any
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise NetworkError(f"weights {path}: cannot be read: {reason}") from None


class _UnsafeError(Exception):
    """What a file of weights has no need of."""


def _check_arrays(file: h5py.File) -> None:
    total = 0
    for array in _arrays(file):
        if array.external or array.is_virtual:
            raise _UnsafeError("its arrays lie in other files")
        total += array.size * array.dtype.itemsize
        if total > MAX_BYTES:
            raise _UnsafeError(f"its arrays unpack to more than {MAX_BYTES >> 30} GiB")


def _arrays(group: h5py.Group, depth: int = 0) -> Iterator[h5py.Dataset]:
    """Every array, by no link: a link may lead into another file, or back."""
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


def _check_model(path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        sizes = {info.filename: info.file_size for info in packed.infolist()}
        strange = next((name for name in sizes if name not in MEMBERS), None)
        if strange is not None:
            raise _UnsafeError(f"holds {strange}, which no network needs")
        if sum(sizes.values()) > MAX_BYTES or sizes.get("config.json", 0) > MAX_CONFIG:
            raise _UnsafeError(f"it unpacks to more than {MAX_BYTES >> 30} GiB")
        for kind, home in _kinds(json.loads(packed.read("config.json"))):
            if kind in REFUSED or not f"{home or 'keras'}.".startswith("keras."):
                raise _UnsafeError(f"carries code or a file's name ({home or 'a'} {kind})")
        with h5py.File(io.BytesIO(packed.read("model.weights.h5"))) as file:
            _check_arrays(file)


def _kinds(config: Any) -> Iterator[tuple[str, str | None]]:
    """What a model's description is made of: each part's kind, and its module if it says one."""
    todo = [config]
    while todo:
        part = todo.pop()
        if isinstance(part, dict):
            if isinstance(part.get("class_name"), str):
                home = part.get("module")
                yield part["class_name"], home if isinstance(home, str) else None
            todo.extend(part.values())
        elif isinstance(part, list):
            todo.extend(part)
