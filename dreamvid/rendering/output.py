"""The output of a recipe: its path, and whether it can be written."""

from __future__ import annotations

from pathlib import Path

from dreamvid.errors import OutputError
from dreamvid.media.codecs.table import default_ending
from dreamvid.media.output_checks import (
    check_codec,
    check_frame_name,
    check_output,
    check_picture,
)
from dreamvid.media.passes import pass_path
from dreamvid.names import derived, is_too_long
from dreamvid.recipe import FilmRecipe, Recipe
from dreamvid.recipe.paths import named_after

TOO_LONG = "the name is too long; give a shorter one: -o FILE"


def output_of(recipe: Recipe) -> Path:
    """The output path: the recipe's, else `NAME-dream` in the current folder, with the extension
    of its codec: `.mp4`, or `.png` of a still, where it names none.

    Raises:
        OutputError: the recipe's has a name that is too long.
    """
    if recipe.output is not None:
        if is_too_long(recipe.output):
            raise OutputError(TOO_LONG, path=recipe.output)
        return recipe.output
    stem = named_after(recipe.source[0]) if recipe.source else "dreamvid"
    return derived(Path(), stem, "-dream", default_ending(recipe.codec, film=recipe.is_film))


def check_outputs(recipe: Recipe, output: Path, overwrite: bool) -> None:
    """Raise OutputError unless the output can be written, in the codec that is asked for."""
    checked = check_output if recipe.is_film else check_picture
    for name in recipe.encode.passes:
        path = pass_path(output, name)
        if is_too_long(path):
            raise OutputError(TOO_LONG, path=path)
        checked(path, recipe.source, overwrite)
    check_codec(output, recipe.codec, film=recipe.is_film)
    if isinstance(recipe, FilmRecipe):
        check_frame_name(output, recipe.encode.frame_name)
