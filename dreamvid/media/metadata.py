"""Comments in film files: written as ffmpeg metadata, read back from any film."""

from __future__ import annotations

import re
from pathlib import Path

from dreamvid.errors import InputError, RunError
from dreamvid.media import ffmpeg
from dreamvid.media.durable import os_errors
from dreamvid.media.files import require_file

LONGEST = 1_000_000
"""Most characters of a comment that is read."""

HEAD = ";FFMETADATA1\n"


def write_comment(comment: str, folder: Path) -> str:
    """Write `comment` to an ffmpeg metadata file in `folder`.

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
    """Read the comment of a film file; "" if it has none.

    Raises:
        InputError: the film cannot be read, or its comment is too long.
    """
    require_file(path)
    arguments = [*ffmpeg.GUARD, "-i", ffmpeg.url(path), "-f", "ffmetadata", "-"]
    try:
        text, _ = ffmpeg.run(arguments, timeout=ffmpeg.PROBE_SECONDS)
    except RunError as error:
        raise InputError(f"cannot be read as a film ({error})", path=path) from None
    if len(text) > LONGEST:
        raise InputError("its comment is too long", path=path)
    # A newline that is not escaped by a backslash ends the value; other escapes are removed.
    match = re.search(r"^comment=((?:[^\\\n]|\\.)*)", text, re.MULTILINE | re.DOTALL | re.I)
    return re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL) if match else ""
