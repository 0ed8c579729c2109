"""Bounded reads of plain files, which never block on a pipe."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_bytes(path: Path, most: int) -> bytes:
    """The contents of a plain file of at most `most` bytes.

    Raises:
        OSError: it cannot be read, is longer, or is not a plain file. A pipe is refused without
            waiting for its writer.
    """
    opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(opened, "rb") as file:
        mode = os.fstat(opened).st_mode
        if stat.S_ISDIR(mode):
            raise OSError(0, "a folder")
        if not stat.S_ISREG(mode):
            raise OSError(0, "not a plain file")
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(0, f"longer than {most} bytes")
    return data
