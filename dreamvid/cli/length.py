"""The options `--seconds` and `--range`, converted to the recipe's keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from dreamvid.cli.arguments import gives
from dreamvid.cli.run_options import RunOptions
from dreamvid.errors import RecipeError, UsageError
from dreamvid.recipe import FilmRecipe, Recipe, VideoRecipe
from dreamvid.recipe.fields import parse_moment
from dreamvid.recipe.load import make_recipe

OTHERS = {
    "--seconds": ("--frames", "-n", "--end", "--range"),
    "--range": ("--frames", "-n", "--start", "--end"),
    "--preview": ("--dry-run", "--shot", "--shots", "--join"),
    "--dry-run": ("--shot", "--shots", "--join"),
}
"""Options that exclude each option."""


def refuse_conflicts(argv: Sequence[str]) -> None:
    """Raise UsageError if two options exclude each other."""
    for flag, others in OTHERS.items():
        both = [other for other in others if gives(argv, other)]
        if gives(argv, flag) and both:
            raise UsageError(f"{flag} and {both[0]} exclude each other")


def with_length(recipe: Recipe, options: RunOptions, rate: Fraction | None = None) -> Recipe:
    """The recipe with the length of `--seconds`, or the part of the clip of `--range`.

    Args:
        rate: frames a second of a film that is extended; None: the recipe's.

    Raises:
        RecipeError: an option is malformed, or does not apply to this kind of recipe.
        MediaError: the clip whose rate `--range` needs cannot be read.
    """
    if options.seconds is None and options.range is None:
        return recipe
    if not isinstance(recipe, FilmRecipe):
        raise RecipeError("seconds, range: an image is a single frame; leave them out")
    changes = {} if options.seconds is None else _seconds(recipe, options.seconds, rate)
    if options.range is not None:
        changes |= _range(recipe, options.range)
    values: dict[str, Any] = {key: getattr(recipe, key) for key in type(recipe).model_fields}
    return make_recipe(values | changes, recipe.kind)


def _seconds(recipe: FilmRecipe, text: str, rate: Fraction | None) -> dict[str, Any]:
    try:
        seconds = parse_moment(text)
    except ValueError as error:
        raise RecipeError(f"{error}", key="seconds") from None
    if seconds <= 0:
        raise RecipeError("must be more than 0", key="seconds")
    if isinstance(recipe, VideoRecipe) and rate is None:
        # The clip's rate is unknown until it is opened; `end` needs no rate.
        taken = seconds + (recipe.loop_blend if recipe.loop else 0)
        return {"end": (recipe.start or Fraction(0)) + taken, "frames": None}
    frames = seconds * (recipe.fps or rate or 1)
    return {"frames": max(1, round(frames))}


def _range(recipe: FilmRecipe, text: str) -> dict[str, Any]:
    if not isinstance(recipe, VideoRecipe):
        raise RecipeError(
            "works on clips only, as each frame of a zoom needs the one before it; use --frames",
            key="range",
        )
    match = re.fullmatch(r"(\d{1,9})-(\d{1,9})", text.replace(" ", ""))
    if not match or int(match[2]) < int(match[1]):
        raise RecipeError(f"must be FIRST-LAST such as 50-60, not {text!r}", key="range")
    if not recipe.source:
        raise RecipeError("name the picture or clip to dream on", key="source")
    from dreamvid.media.probe import probe

    clip = probe(recipe.source[0])
    first, last = int(match[1]), int(match[2])
    return {"start": first / clip.rate, "end": (last + 1) / clip.rate, "frames": None}
