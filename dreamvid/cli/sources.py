"""Checks for typical mistakes in source names, with advice; names of outputs."""

from __future__ import annotations

from pathlib import Path

from dreamvid.errors import MediaError
from dreamvid.media.codecs.table import default_ending
from dreamvid.names import derived
from dreamvid.recipe import Recipe
from dreamvid.recipe.paths import names_several


def check_sources(recipe: Recipe) -> None:
    """Reject folders and patterns where one picture is wanted, and patterns of the shell.

    Raises:
        MediaError: with advice on what to give instead.
    """
    for path in recipe.source:
        if recipe.kind != "video" and names_several(path):
            what = "a folder" if path.is_dir() else "no such file"
            raise MediaError(f"{what}; name one picture, or use dreamvid video", path=path)
        if recipe.kind == "video" and "*" in path.name and not path.exists():
            raise MediaError(
                "no such file; name a folder, or a pattern such as shot.####.png", path=path
            )


def clip_output(folder: Path, clip: str, codec: str | None = None) -> Path:
    """The output path for one of several clips, in `folder`, in a codec (`encode.codec`)."""
    return derived(folder, Path(clip).stem, "-dream", default_ending(codec))
