"""Atomic writes: a file appears whole or not at all, and survives a power cut."""

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
"""Ending of a file that is still being written: `NAME.a3f09b12.undone`."""


def temp_name(path: Path, ending: str = TEMP_ENDING) -> Path:
    """A unique name beside `path`: the child of a process that was killed may still be writing to
    the one that it was given."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{ending}")


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a RunError of one line that names the file."""
    try:
        yield
    except OSError as error:
        named = error.filename if isinstance(error.filename, str) else path
        raise RunError(
            f"{named}: {error.strerror or error}; the disk failed, or is not ours"
        ) from error


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Atomic write: a temporary file, which replaces `path` once all of it is on the disk.

    Raises:
        RunError: it cannot be written, because the disk is full for example; nothing of it stays.
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
    """Rename a complete file to `path` and sync both, so that they survive a power cut. Raises
    OSError."""
    sync(made)
    made.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk (fsync). Raises OSError."""
    if os.name == "nt":  # where folders cannot be opened, and files not for reading alone
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
