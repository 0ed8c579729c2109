"""Names of sources that cannot be right, refused with what would be."""

from __future__ import annotations

import re
from pathlib import Path

from dreamvid.errors import MediaError
from dreamvid.recipe import Recipe

_ADDRESS = re.compile(r"(?:^|[/\\])([A-Za-z][A-Za-z0-9+.-]+):/+(.*)")
_PATTERN = re.compile(r"%\d*d|[*?\[]")


def check_sources(recipe: Recipe) -> None:
    """Refuse addresses and patterns, where no file has that name.

    Raises:
        MediaError: with what dreamvid reads instead.
    """
    for path in recipe.source:
        try:
            there = path.exists()
        except (OSError, ValueError):
            continue  # it is refused where it is opened
        address = _ADDRESS.search(str(path))  # of which Path has made `https:/example.com`
        if address and not there:
            raise MediaError(
                f"{address[1]}://{address[2]}: an address; download it first, as pictures and "
                "clips are read from files"
            )
        if not there and _PATTERN.search(path.name):
            raise MediaError(f"{path}: no such file; {_one_file()}")
        if there and path.is_dir():
            raise MediaError(f"{path}: a folder; name a file in it{_of_clip(recipe)}")


def _one_file() -> str:
    return (
        "a sequence of pictures is not read as a clip; make one of it first: "
        "ffmpeg -i %06d.png -c:v ffv1 clip.mkv"
    )


def _of_clip(recipe: Recipe) -> str:
    return f"; {_one_file()}" if recipe.kind == "video" else ""


def clip_output(folder: str, clip: str) -> Path:
    """Where the film of one of several clips goes, in a folder; "" is this one."""
    return Path(folder) / f"{Path(clip).stem}-dream.mp4"
