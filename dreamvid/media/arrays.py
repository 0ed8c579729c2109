"""Arrays in an `.npz`, of which nothing is unpacked before its size is known."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


def read_arrays(path: Path, most: int) -> dict[str, NDArray[Any]]:
    """All arrays of an `.npz`, of at most `most` bytes together, unpacked. No code is run.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no `.npz` of plain arrays, or holds more.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(info.file_size for info in packed.infolist()) > most:
                raise ValueError(f"it unpacks to more than {most} bytes")
            for info in packed.infolist():
                _require_plain(packed, info)
        with np.load(path, allow_pickle=False) as file:
            return dict(file)
    except (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error) or "not an .npz") from None


def _require_plain(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Raise ValueError unless a member is an array of numbers or text that is as long as it says.

    NumPy makes room for the shape that a header states before it reads what there is.
    """
    with packed.open(info) as member:
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        version = npy.read_magic(member)
        if version not in read:
            raise ValueError(f"{info.filename} is no array")
        shape, _, kind = read[version](member)
    if kind.hasobject or math.prod(shape) * kind.itemsize > info.file_size:
        raise ValueError(f"{info.filename} is not the array that it says")
