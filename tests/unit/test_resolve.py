"""A job: a recipe with every default filled in, for one machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from dreamvid.frame import Size
from dreamvid.machine import TILES, Machine
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.recipe import Recipe
from dreamvid.recipe.at_frame import at_frame
from dreamvid.recipe.heard import Heard
from dreamvid.recipe.load import load_recipe, make_recipe, presets
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import Job, resolve

SIZE = Size(640, 360)
MACHINE = Machine(2, 300, "bfloat16")

MAY_BE_NONE = {
    *("network.weights", "network.preprocess"),
    *("motion.trim", "motion.border", "encode.codec"),
}
"""Keys where None is a value: of the network itself, no trim, what the kind of camera does, what
the output's extension says."""


def nones(section: BaseModel, prefix: str = "") -> Iterator[str]:
    """Each key that is None, in sections within sections too."""
    for name in type(section).model_fields:
        yield from _nones(getattr(section, name), prefix + name)


def _nones(value: Any, key: str) -> Iterator[str]:
    if value is None:
        yield key
    elif isinstance(value, BaseModel):
        yield from nones(value, f"{key}.")
    elif isinstance(value, tuple):
        for at, part in enumerate(value):
            yield from _nones(part, f"{key}.{at}")


def recipes() -> dict[str, Recipe]:
    kinds = ("zoom", "video", "image")
    made = {name: load_recipe(name) for name in presets()}
    made |= {f"{kind} of {n}": make_recipe({"network": n}, kind) for kind in kinds for n in BUILTIN}
    return made | {f"{kind} of none": make_recipe({"network": "none"}, kind) for kind in kinds}


class Halves:
    """Hears everything half as loud as can be."""

    def at(self, heard: Heard, t: int) -> float:
        return 0.5


RECIPES = recipes()
EVERY_RECIPE = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)


@EVERY_RECIPE
def test_nothing_is_left_open(recipe: Recipe) -> None:
    job = resolve(recipe, SIZE, MACHINE)
    assert set(nones(job)) <= MAY_BE_NONE
    assert not set(nones(job.dream))
    assert job.network.precision != "auto"
    now = at_frame(job, Timeline(frames=100, heard=Halves())[7])
    assert type(now) is Job
    assert not set(nones(now.dream))


@EVERY_RECIPE
def test_to_fill_in_before_changes_nothing(recipe: Recipe) -> None:
    job = resolve(recipe, SIZE, MACHINE)
    assert resolve(with_network_defaults(recipe), SIZE, MACHINE) == job
    filled = with_network_defaults(recipe).model_copy(
        update={
            "network": job.network,
            "dream": with_network_defaults(recipe).dream.model_copy(
                update={name: getattr(job.dream, name) for name in type(job.dream).model_fields}
            ),
        }
    )
    assert resolve(filled, SIZE, Machine(1, TILES[0], "float32")) == job


@EVERY_RECIPE
def test_what_the_recipe_says_is_what_is_done(recipe: Recipe) -> None:
    job = resolve(recipe, SIZE, MACHINE)
    for name, value in recipe.dream:
        if value is not None and value != ():
            assert getattr(job.dream, name) == value
    assert job.network.name == recipe.network.name
    assert (job.color, job.seed, job.source) == (recipe.color, recipe.seed, recipe.source)
    assert job.still == (recipe.kind != "video")
    assert job.film == (recipe.kind != "image")
    assert job.cuts == (recipe.kind == "video" and bool(getattr(recipe, "cuts", False)))
    assert job.cadence == getattr(recipe, "cadence", 1)


def test_what_the_machine_decides_is_pinned() -> None:
    for machine in (MACHINE, Machine(1, 192, "float32")):
        job = resolve(make_recipe({}, "zoom"), SIZE, machine)
        assert (job.network.precision, job.dream.tile) == (machine.precision, machine.tile)
        asked = make_recipe({"network": {"precision": "float32"}, "dream": {"tile": 99}}, "zoom")
        job = resolve(asked, SIZE, machine)
        assert (job.network.precision, job.dream.tile) == ("float32", 99)


def test_the_top_octave_is_that_of_the_frames_size() -> None:
    small, large = (
        resolve(make_recipe({}, "zoom"), size, MACHINE).dream.octave_top
        for size in (Size(128, 96), Size(1920, 1080))
    )
    assert (small, large) == (1, 0)
    own = make_recipe({"size": "128x96"}, "zoom")
    assert resolve(own, machine=MACHINE).dream.octave_top == small
    assert resolve(own, Size(1920, 1080), MACHINE).dream.octave_top == large
