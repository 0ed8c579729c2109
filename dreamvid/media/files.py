"""Checking that an input is a plain file, and no URL."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from dreamvid.errors import InputError

_URL = re.compile(r"(?:^|[/\\])([A-Za-z][A-Za-z0-9+.-]+):/+(.*)")


def url_in(path: Path) -> str | None:
    """The URL that was given as a path, which has made one slash of two; None if it is none."""
    match = _URL.search(str(path))
    return f"{match[1]}://{match[2]}" if match else None


def require_file(path: Path) -> None:
    """Check that `path` is a plain, readable file and not empty; links are followed.

    Raises:
        InputError: it is missing, a folder, a pipe, a device, empty or unreadable; one line.
    """
    try:
        if path.is_dir():
            raise InputError("a folder; name a file in it", path=path)
        if not path.exists():
            url = url_in(path)
            if url:
                raise InputError(
                    f"{url}: a URL; download it first, as pictures and clips are read from files"
                )
            raise InputError("no such file", path=path)
        if not path.is_file():
            raise InputError("not a plain file", path=path)
        if path.stat().st_size == 0:
            raise InputError("the file is empty", path=path)
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot be read: {reason}", path=path) from error


def digest(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal. Raises InputError if it cannot be read."""
    require_file(path)  # opening a pipe would block
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from None
