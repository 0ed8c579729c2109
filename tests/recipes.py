"""Recipes as texts and as the prompt's words, and the fields that they have."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamvid.cli import options as flags
from dreamvid.cli.run_options import RunOptions
from dreamvid.recipe import Recipe, ZoomRecipe
from dreamvid.recipe.load import (
    make_recipe,
)


def parse(word: str, *argv: str, base: Recipe | None = None) -> tuple[Recipe, RunOptions]:
    data, command = flags.parse(word, "", base or make_recipe({}, word), argv)
    return make_recipe(data, word), command


def zoom(*argv: str) -> ZoomRecipe:
    recipe, _ = parse("zoom", *argv)
    assert isinstance(recipe, ZoomRecipe)
    return recipe


NIGHT = """
kind: zoom
source: a.png
output: out/night.mp4
frames: 9
size: 32x24
fps: 30000/1001
dream: {objective: {mixed3: 1, mixed5: .5}, octaves: 2, steps: 3}
motion: {zoom: 1.1, angle: .5, moves: dream}
blend: .5
color: {shift: [1, 2, 3], anchor: 0}
"""


def fields(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every leaf of a recipe with its dotted path."""
    for name, own in model.model_fields.items():
        if isinstance(own.annotation, type) and issubclass(own.annotation, BaseModel):
            yield from fields(own.annotation, f"{path}{name}.")
        else:
            yield path + name, own


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
