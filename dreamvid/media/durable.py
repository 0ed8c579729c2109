"""Atomic writes: a file appears complete or not at all, and survives a power cut."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dreamvid.errors import RunError
from dreamvid.names import derived

TEMP_ENDING = ".undone"
"""File extension of a file that is still being written: `NAME.a3f09b12.undone`."""


def temp_name(path: Path, ending: str = TEMP_ENDING) -> Path:
    """A unique temporary name beside `path`: unique, since a child of a killed process may still be
    writing to its own."""
    return derived(path.parent, path.name, f".{uuid.uuid4().hex[:8]}", ending)


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a RunError of one line that names the file."""
    try:
        yield
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else path
        raise RunError(
            f"{error.strerror or error}; the disk failed, or access was denied", path=name
        ) from error


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Atomic write: a temporary file, which replaces `path` once all of it is on the disk.

    Raises:
        RunError: it cannot be written, for example to a full disk; no temporary file remains.
    """
    partial = temp_name(path)
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        commit(partial, path)
    except OSError as error:
        raise RunError(f"cannot be written: {error.strerror or error}", path=path) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def commit(temporary: Path, path: Path) -> None:
    """Rename a complete file to `path` and sync both, so that they survive a power cut. Raises
    OSError."""
    sync(temporary)
    temporary.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk (fsync). Raises OSError."""
    if os.name == "nt":  # where fsync needs write access and does not support folders
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
