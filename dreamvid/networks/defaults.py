"""What a recipe leaves to its network, filled in."""

from __future__ import annotations

from typing import Any

from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import NOTHING, spec
from dreamvid.recipe import Dream, FilmRecipe, LayerTerm, Recipe

STAGGER = 2
"""Every how many frames the largest octave takes its steps, over a carried dream; docs/how.md has
what was measured."""


def settled(recipe: Recipe) -> Recipe:
    """`recipe` with what it leaves to its network filled in from the network's spec."""
    if recipe.network.name == NOTHING.name:
        return recipe
    filled = own_values(recipe, spec(recipe.network.name))
    return recipe.model_copy(update={"dream": recipe.dream.model_copy(update=filled)})


def own_values(recipe: Recipe, network: NetworkSpec) -> dict[str, Any]:
    """The values of the section `dream` that a recipe leaves to its network, filled in."""
    carries = isinstance(recipe, FilmRecipe) and recipe.blend.share != 0
    return dream_values(recipe.dream, network, carries=carries)


def dream_values(dream: Dream, network: NetworkSpec, *, carries: bool) -> dict[str, Any]:
    """The values that the section `dream` leaves to its network, filled in.

    Args:
        carries: whether frames after the first carry a dream, which few steps keep alive.
    """
    objective = tuple(LayerTerm(layer=layer, weight=weight) for layer, weight in network.objective)
    shapes = dream.method != "recursive"
    steps = network.steps_carried if carries else network.steps
    even = network.decorrelate * shapes
    bands = network.laplacian * shapes
    return {
        "objective": dream.objective or objective,
        "power": dream.power or network.power,
        "steps": dream.steps or steps,
        "burst": dream.burst or dream.steps or network.steps,
        "step_size": dream.step_size or network.step_size,
        "stagger": dream.stagger or (STAGGER if dream.method == "detail" else 1),
        "gradient_blur": (
            network.gradient_blur if dream.gradient_blur is None else dream.gradient_blur
        ),
        "decorrelate": even if dream.decorrelate is None else dream.decorrelate,
        "laplacian": bands if dream.laplacian is None else dream.laplacian,
    }
