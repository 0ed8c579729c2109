"""Files read whole, with care: no more than is wanted, and nothing that would be waited for."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_bytes(path: Path, most: int) -> bytes:
    """All of a plain file of up to `most` bytes.

    Raises:
        OSError: it cannot be read, is longer, or is no plain file. One that waits for a writer, as
            a pipe does, is not waited for.
    """
    opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(opened, "rb") as file:
        told = os.fstat(opened)
        if stat.S_ISDIR(told.st_mode):
            raise OSError(0, "a folder")
        if not stat.S_ISREG(told.st_mode):
            raise OSError(0, "not a plain file")
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(0, f"longer than {most} bytes")
    return data
