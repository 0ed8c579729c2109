"""Files as they lie on the disk: which of them are opened."""

from __future__ import annotations

from pathlib import Path

from dreamvid.errors import MediaError


def require_file(path: Path) -> None:
    """See that `path` is a plain file with something in it: no pipe, no device, by no link.

    Raises:
        MediaError: in one line, what it is instead.
    """
    try:
        if path.is_dir():
            raise MediaError(f"{path}: a folder; name a file in it")
        if not path.exists():
            raise MediaError(f"{path}: no such file")
        if not path.is_file():
            raise MediaError(f"{path}: not a plain file")
        if path.stat().st_size == 0:
            raise MediaError(f"{path}: the file is empty")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise MediaError(f"{path}: cannot be read: {reason}") from error
