"""Plain files: which may be opened, and how much of them is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from dreamvid.errors import InputError


def require_file(path: Path) -> None:
    """Check that `path` is a plain file that is not empty: no pipe, no device, by no link.

    Raises:
        InputError: in one line, what it is instead.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path}: a folder; name a file in it", path=path)
        if not path.exists():
            raise InputError(f"{path}: no such file", path=path)
        if not path.is_file():
            raise InputError(f"{path}: not a plain file", path=path)
        if path.stat().st_size == 0:
            raise InputError(f"{path}: the file is empty", path=path)
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path}: cannot be read: {reason}", path=path) from error


def read_bytes(path: Path, most: int) -> bytes:
    """All of a plain file of up to `most` bytes.

    Raises:
        OSError: it cannot be read, is longer, or is no plain file. One that waits for a writer, as
            a pipe does, is not waited for.
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
