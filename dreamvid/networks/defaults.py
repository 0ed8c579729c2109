"""Defaults of the section `dream` that depend on the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from dreamvid.errors import NetworkError
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import NOTHING, spec_of
from dreamvid.recipe import ClassTerm, Dream, FilmRecipe, LayerTerm, Recipe
from dreamvid.recipe.base_term import BaseTerm

STAGGER = 2
"""Interval, in frames, of the largest octave's steps over a carried dream (measured:
docs/how.md)."""


class Shaping(NamedTuple):
    """Defaults by which objectives differ, whatever the network.

    Attributes:
        times: factor of the network's `steps`.
        others: as the keys of the section `dream`; None: the network's.
    """

    times: int = 1
    step_size: float | None = None
    sustain: float = 1.0
    decorrelate: float | None = None
    laplacian: int | None = None
    jitter_angle: float = 0.0
    jitter_scale: float = 0.0
    jitter_noise: float = 0.0
    total_variation: float = 0.0


CLASSES = Shaping(
    times=4,
    step_size=2.0,
    sustain=0.35,
    decorrelate=0.6,
    laplacian=4,
    jitter_angle=15.0,
    jitter_scale=0.25,
    jitter_noise=15.0,
    total_variation=0.1,
)
"""Of objectives with a class. The gradient of a class's score alone gives fine texture that other
networks do not take for the class, or for anything (measured: docs/objectives.md)."""


def with_network_defaults(recipe: Recipe) -> Recipe:
    """`recipe` with the network's defaults filled in."""
    if recipe.network.name == NOTHING.name:
        return recipe
    filled = network_values(recipe, spec_of(recipe.network))
    return recipe.model_copy(update={"dream": recipe.dream.model_copy(update=filled)})


def network_values(recipe: Recipe, network: NetworkSpec) -> dict[str, Any]:
    """The values of the section `dream` that have defaults of the network, filled in."""
    carried = recipe.blend.carry if isinstance(recipe, FilmRecipe) and recipe.blend.share else None
    regions = [term for region in recipe.regions for term in region.objective or ()]
    return dream_values(recipe.dream, network, carried, regions)


def dream_values(
    dream: Dream,
    network: NetworkSpec,
    carried: Literal["picture", "residual"] | None,
    regions: Sequence[BaseTerm] = (),
) -> dict[str, Any]:
    """The values of a section `dream` that have defaults of the network, filled in.

    Args:
        carried: what passes to the next frame, where few steps sustain it; None: nothing does.
        regions: the terms of all regions.

    Raises:
        NetworkError: there is no objective, and the network has none by default.
    """
    if not (dream.objective or network.objective or regions or network.name == NOTHING.name):
        raise NetworkError(
            f"network {network.name}: has no layers by default; name some: --layers NAME "
            f"(dreamvid layers --network {network.name} lists them)",
            key="dream.objective",
        )
    objective = tuple(LayerTerm(layer=layer, weight=weight) for layer, weight in network.objective)
    classes = any(isinstance(term, ClassTerm) for term in (*(dream.objective or ()), *regions))
    shaping = CLASSES if classes else Shaping()
    burst = network.steps * shaping.times
    # The recursive method does not shape its gradient by default.
    shapes = dream.method != "recursive"
    decorrelate = _given(shaping.decorrelate, network.decorrelate) * shapes
    laplacian = _given(shaping.laplacian, network.laplacian) * shapes
    return {
        "objective": dream.objective or objective,
        "power": dream.power or network.power,
        "steps": dream.steps or (network.steps_carried if carried else burst),
        "burst": dream.burst or dream.steps or burst,
        "step_size": dream.step_size or shaping.step_size or network.step_size,
        # What is added to a carried picture stays, and so would the grain of single, noisy steps; a
        # residual fades, and needs whole ones.
        "sustain": _given(dream.sustain, shaping.sustain if carried == "picture" else 1.0),
        "stagger": dream.stagger or (STAGGER if dream.method == "detail" else 1),
        "gradient_blur": _given(dream.gradient_blur, network.gradient_blur),
        "decorrelate": _given(dream.decorrelate, decorrelate),
        "laplacian": _given(dream.laplacian, laplacian),
        "jitter_angle": _given(dream.jitter_angle, shaping.jitter_angle),
        "jitter_scale": _given(dream.jitter_scale, shaping.jitter_scale),
        "jitter_noise": _given(dream.jitter_noise, shaping.jitter_noise),
        "total_variation": _given(dream.total_variation, shaping.total_variation),
    }


def _given(value: Any, default: Any) -> Any:
    """A value, or the default where it is None."""
    return default if value is None else value
