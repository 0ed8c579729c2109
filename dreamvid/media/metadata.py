"""The comment in a film file: written as ffmpeg's metadata, read back from any film."""

from __future__ import annotations

import re
from pathlib import Path

from dreamvid.errors import InputError, RunError
from dreamvid.media import ffmpeg
from dreamvid.media.durable import os_errors
from dreamvid.media.files import require_file

LONGEST = 1_000_000
"""Characters; a longer comment is refused."""

HEAD = ";FFMETADATA1\n"


def write_comment(comment: str, folder: Path) -> str:
    """Write `comment` into a file in `folder` that ffmpeg reads as metadata.

    Returns:
        The file's name.

    Raises:
        RunError: it cannot be written.
    """
    line = "comment=" + re.sub(r"([=;#\\\n])", r"\\\1", comment) + "\n" if comment else ""
    with os_errors(folder / "note.txt"):
        (folder / "note.txt").write_text(HEAD + line, encoding="utf-8", errors="surrogateescape")
    return "note.txt"


def read_comment(path: Path) -> str:
    """The comment of a film file, "" where it has none.

    Raises:
        InputError: there is no such film, or its comment is too long.
    """
    require_file(path)
    words = [*ffmpeg.GUARD, "-i", ffmpeg.url(path), "-f", "ffmetadata", "-"]
    try:
        text, _ = ffmpeg.run(words, timeout=ffmpeg.PROBE_SECONDS)
    except RunError as error:
        raise InputError(f"{path}: cannot be read as a film ({error})", path=path) from None
    if len(text) > LONGEST:
        raise InputError(f"{path}: its comment is too long", path=path)
    # A newline that is not escaped by a backslash ends the value; other escapes are removed.
    found = re.search(r"^comment=((?:[^\\\n]|\\.)*)", text, re.MULTILINE | re.DOTALL | re.I)
    return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL) if found else ""
