"""Safe reading of `.npz` files: sizes are checked before anything is unpacked."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray


def read_arrays(path: Path, most: int) -> dict[str, NDArray[Any]]:
    """Read all arrays of an `.npz`, of at most `most` unpacked bytes together. Runs no pickled
    code.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not an `.npz` of plain arrays, or is larger.
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
    """Raise ValueError unless a member is an array of numbers or text as long as its header states.

    NumPy allocates memory for the stated shape before it reads the data.
    """
    with packed.open(info) as member:
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        version = npy.read_magic(member)
        if version not in read:
            raise ValueError(f"{info.filename} is no array")
        shape, _, kind = read[version](member)
    if kind.hasobject or math.prod(shape) * kind.itemsize > info.file_size:
        raise ValueError(f"{info.filename} is shorter than its header states")
