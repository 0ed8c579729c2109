"""Reads tensors from a file of PyTorch's old, unzipped format, without PyTorch.

The file consists of five pickles (a magic number, a version, the machine's byte order, the object,
the storages' keys) and the storages, each as a count of elements (int64) and the elements. A pickle
can run any code, so this must only be given bytes whose hash is known; in addition the unpickler
refuses all classes but those of tensors.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001

ELEMENTS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
"""The storages that a file may contain, and their elements, little-endian."""

FAULTS = (
    *(pickle.UnpicklingError, EOFError, LookupError, TypeError, AttributeError),
    *(OverflowError, MemoryError),
)
"""Errors, besides ValueError, that unpickling arbitrary bytes may raise."""


class _Storage(NamedTuple):
    """A reference to one of the file's storages."""

    key: str
    element: np.dtype[Any]


class _Tensor(NamedTuple):
    """A view of a storage; offset and strides in elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(data: bytes) -> dict[str, NDArray[Any]]:
    """The tensors of a saved state dict, by their names.

    Args:
        data: the file's bytes, whose hash must be known.

    Raises:
        ValueError: the file has another format, or contains anything but tensors.
    """
    file = io.BytesIO(data)
    try:
        header = [_Unpickler(file).load() for _ in range(3)]
        if header[:2] != [MAGIC, PROTOCOL] or not header[2]["little_endian"]:
            raise ValueError("not PyTorch's unzipped format")
        state, keys = (_Unpickler(file).load() for _ in range(2))
        elements = {tensor.storage.key: tensor.storage.element for tensor in state.values()}
        storages = {key: _storage(file, elements[key]) for key in keys}
        return {name: _view(tensor, storages[tensor.storage.key]) for name, tensor in state.items()}
    except FAULTS as error:
        raise ValueError(f"not a file of tensors: {error}") from None


def _storage(file: io.BytesIO, element: np.dtype[Any]) -> NDArray[Any]:
    """The next storage of a file, (count,)."""
    count = int(np.frombuffer(file.read(8), "<i8")[0])
    if count < 0:
        raise ValueError("a storage of negative size")
    return np.frombuffer(file.read(count * element.itemsize), element, count)


def _view(tensor: _Tensor, storage: NDArray[Any]) -> NDArray[Any]:
    """The tensor as a contiguous copy, whatever the order of axes it was saved in."""
    reach = (step * (length - 1) for step, length in zip(tensor.strides, tensor.shape, strict=True))
    if min((tensor.offset, *tensor.strides)) < 0 or tensor.offset + sum(reach) >= storage.size:
        raise ValueError("a tensor that leaves its storage")
    strides = tuple(storage.itemsize * step for step in tensor.strides)
    view = as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)
    return np.ascontiguousarray(view)


class _Unpickler(pickle.Unpickler):
    """An unpickler that accepts ordered dicts, tensors and storages only."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *rest: _Tensor(
                storage, offset, shape, strides
            )
        if module == "torch" and name in ELEMENTS:
            return ELEMENTS[name]
        raise pickle.UnpicklingError(f"holds {module}.{name}, which no tensor needs")

    def persistent_load(self, pid: Any) -> _Storage:
        kind, element, key, *_ = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"holds a {kind}, which no tensor needs")
        return _Storage(key, element)
