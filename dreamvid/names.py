"""Names of files that are derived from others', within the file system's limit."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

USUAL_LIMIT = 255
"""Most bytes of a name where the file system does not tell; on Windows, of characters."""

LONGEST_ENDING = 16
"""What is longer than this is no file extension, but part of a name with a dot in it."""


def derived(folder: Path, stem: str, mark: str, ending: str = "", before: str = "") -> Path:
    """The path `before` + `stem` + `mark` + `ending` in `folder`.

    Where that is too long for the file system, the stem is cut, at a character, and a hash of all
    of it is added: the same name has the same derived name, and another one another.
    """
    limit = _limit(folder)
    name = before + stem + mark + ending
    if _length(name) <= limit:
        return folder / name
    if len(ending) > LONGEST_ENDING:
        stem, ending = stem + ending, ""
    digest = hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]
    while stem and _length(name) > limit:
        stem = stem[:-1]
        name = f"{before}{stem}~{digest}{mark}{ending}"
    return folder / name


def is_too_long(path: Path) -> bool:
    """Whether a path's name is longer than its file system takes."""
    return _length(path.name) > _limit(path.parent)


def _length(name: str) -> int:
    return len(name if os.name == "nt" else os.fsencode(name))


def _limit(folder: Path) -> int:
    try:
        return os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # Windows; no such folder
        return USUAL_LIMIT
