"""Checks for typical mistakes in source names, with advice; names of outputs."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from dreamvid.errors import MediaError
from dreamvid.media.codecs.table import default_ending
from dreamvid.names import derived
from dreamvid.recipe import Recipe
from dreamvid.recipe.paths import PICTURE_ENDINGS, named_after, names_several


def check_sources(recipe: Recipe) -> None:
    """Reject folders and patterns where one picture is wanted, and patterns of other files.

    Raises:
        MediaError: with advice on what to give instead.
    """
    for path in recipe.source:
        if recipe.kind != "video" and names_several(path):
            what = "a folder" if path.is_dir() else "no such file"
            raise MediaError(f"{what}; name one picture, or use dreamvid video", path=path)
        wild = "*" in path.name and not path.exists() and not names_several(path)
        if recipe.kind == "video" and wild:
            raise MediaError(
                "no such file; name a folder, or a pattern such as shot.####.png", path=path
            )


def refuse_pictures(names: Sequence[str]) -> None:
    """Reject pictures as clips, as they are where the shell has expanded a pattern of them.

    Raises:
        MediaError: with advice on how to make one film of them.
    """
    paths = [Path(name) for name in names]
    if not (paths[0].is_file() and all(p.suffix.lower() in PICTURE_ENDINGS for p in paths)):
        return
    from dreamvid.media.probe import probe  # after the help, which needs none of it

    with suppress(MediaError):
        if probe(paths[0]).frames != 1:
            return  # PNG, WebP and AVIF may be animated
    pattern = paths[0].with_name(f"*{paths[0].suffix}")
    raise MediaError(
        f"one of {len(paths)} pictures, and no clip; for a film of them name their folder, "
        f"or put the pattern in quotes: '{pattern}'",
        path=paths[0],
    )


def clip_output(folder: Path, clip: str, codec: str | None = None) -> Path:
    """The output path for one of several clips, in `folder`, in a codec (`encode.codec`)."""
    return derived(folder, named_after(Path(clip)), "-dream", default_ending(codec))
