"""Defaults of the section `dream` that depend on the network."""

from __future__ import annotations

from typing import Any

from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import NOTHING, spec
from dreamvid.recipe import Dream, FilmRecipe, LayerTerm, Recipe

STAGGER = 2
"""Interval, in frames, of the largest octave's steps over a carried dream (measured:
docs/how.md)."""


def with_network_defaults(recipe: Recipe) -> Recipe:
    """`recipe` with the network's defaults filled in."""
    if recipe.network.name == NOTHING.name:
        return recipe
    filled = network_values(recipe, spec(recipe.network.name))
    return recipe.model_copy(update={"dream": recipe.dream.model_copy(update=filled)})


def network_values(recipe: Recipe, network: NetworkSpec) -> dict[str, Any]:
    """The values of the section `dream` that have defaults of the network, filled in."""
    carries = isinstance(recipe, FilmRecipe) and recipe.blend.share != 0
    return dream_values(recipe.dream, network, carries=carries)


def dream_values(dream: Dream, network: NetworkSpec, *, carries: bool) -> dict[str, Any]:
    """The values of a section `dream` that have defaults of the network, filled in.

    Args:
        carries: whether frames after the first carry a dream, which few steps sustain.
    """
    objective = tuple(LayerTerm(layer=layer, weight=weight) for layer, weight in network.objective)
    # The recursive method does not shape its gradient by default.
    shapes = dream.method != "recursive"
    steps = network.steps_carried if carries else network.steps
    decorrelate = network.decorrelate * shapes
    laplacian = network.laplacian * shapes
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
        "decorrelate": decorrelate if dream.decorrelate is None else dream.decorrelate,
        "laplacian": laplacian if dream.laplacian is None else dream.laplacian,
    }
