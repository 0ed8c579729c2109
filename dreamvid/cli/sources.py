"""Checks for typical mistakes in source names, with advice."""

from __future__ import annotations

import re
from pathlib import Path

from dreamvid.errors import MediaError
from dreamvid.media.codecs.table import default_ending
from dreamvid.media.files import url_in
from dreamvid.recipe import Recipe

_PATTERN = re.compile(r"%\d*d|[*?\[]")


def check_sources(recipe: Recipe) -> None:
    """Reject patterns and folders as sources, unless a file has that name.

    Raises:
        MediaError: with advice on what to give instead.
    """
    for path in recipe.source:
        try:
            exists = path.exists()
        except (OSError, ValueError):
            continue  # reported when the file is opened
        if not exists and not url_in(path) and _PATTERN.search(path.name):
            raise MediaError(f"no such file; {_sequence_advice()}", path=path)
        if exists and path.is_dir():
            raise MediaError(f"a folder; name a file in it{_folder_advice(recipe)}", path=path)


def _sequence_advice() -> str:
    return (
        "a sequence of pictures is not read as a clip; make one of it first: "
        "ffmpeg -i %06d.png -c:v ffv1 clip.mkv"
    )


def _folder_advice(recipe: Recipe) -> str:
    return f"; {_sequence_advice()}" if recipe.kind == "video" else ""


def clip_output(folder: Path, clip: str, codec: str | None = None) -> Path:
    """The output path for one of several clips, in `folder`, in a codec (`encode.codec`)."""
    return folder / f"{Path(clip).stem}-dream{default_ending(codec)}"
