"""Files that come to be whole or not at all, and are there after a power cut."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dreamvid.errors import RunError

TEMP_ENDING = ".undone"
"""What the name of a file ends in that is still being written: `NAME.a3f09b12.undone`."""


def temp_name(path: Path, ending: str = TEMP_ENDING) -> Path:
    """A name beside `path` that no one else has: a process that was killed may leave a child that
    goes on writing."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{ending}")


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Say in one line what the system has against a file: raises RunError for OSError."""
    try:
        yield
    except OSError as error:
        named = error.filename if isinstance(error.filename, str) else path
        raise RunError(
            f"{named}: {error.strerror or error}; the disk failed, or is not ours"
        ) from error


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """A file to write into; it takes its name, in the place of another, when all is on the disk.

    Raises:
        RunError: it cannot be written, for want of room perhaps; then nothing of it is left.
    """
    partial = temp_name(path)
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        commit(partial, path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def commit(made: Path, path: Path) -> None:
    """Give a file that is whole its name, so that both outlive a power cut. Raises OSError."""
    sync(made)
    made.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk. Raises OSError."""
    if os.name == "nt":  # where folders cannot be opened, and files not for reading alone
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
