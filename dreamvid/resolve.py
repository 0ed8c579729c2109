"""From a recipe, which may leave values open, to a job, in which every value is filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict

from dreamvid.frame import Size
from dreamvid.machine import Machine
from dreamvid.networks.defaults import network_values
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import spec_of
from dreamvid.recipe.base import Section
from dreamvid.recipe.dream import (
    Above,
    Amount,
    Angle,
    Bands,
    Dream,
    Noise,
    Penalty,
    Sigma,
    Steps,
    StepSize,
    Turns,
)
from dreamvid.recipe.encode import Encode
from dreamvid.recipe.fields import Varies
from dreamvid.recipe.mask import Region
from dreamvid.recipe.models import FilmRecipe, Recipe, VideoRecipe
from dreamvid.recipe.sections import Blend, Color, Motion, Network, ZoomBlend
from dreamvid.recipe.terms import Term
from dreamvid.recipe.timeline import DEFAULT_RATE, Timeline


class DreamSettings(Dream):
    """The section `dream` with every value there; some may be schedules until `at_frame`."""

    objective: tuple[Term, ...]
    power: Literal[1, 2]
    octave_top: Annotated[Above, Varies()]
    steps: Annotated[Steps, Varies()]
    burst: Annotated[Steps, Varies()]
    step_size: Annotated[StepSize, Varies()]
    sustain: Annotated[Amount, Varies()]
    gradient_blur: Annotated[Sigma, Varies()]
    decorrelate: Annotated[Amount, Varies()]
    laplacian: Annotated[Bands, Varies()]
    stagger: Annotated[Turns, Varies()]
    jitter_angle: Annotated[Angle, Varies()]
    jitter_scale: Annotated[Amount, Varies()]
    jitter_noise: Annotated[Noise, Varies()]
    total_variation: Annotated[Penalty, Varies()]
    tile: int


class Job(Section):
    """What a render does: no None and no kind; made by `resolve`.

    Attributes:
        network: by its name, its weights, and its precision as it was fixed.
        spec: what is known of that network.
        still: whether the source stands still, so that it has no cuts and no motion of its own.
        film: whether the result is a film, not one picture.
        regions: what is dreamed where, in order; empty: the objective everywhere.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    network: Network
    spec: NetworkSpec
    dream: DreamSettings
    motion: Motion
    blend: Blend
    color: Color
    encode: Encode
    source: tuple[Path, ...]
    seed: int
    still: bool
    film: bool
    cuts: bool
    cadence: int
    regions: tuple[Region, ...] = ()


def resolve(recipe: Recipe, size: Size | None = None, machine: Machine | None = None) -> Job:
    """The job that a recipe asks for.

    Args:
        size: of the frames; None: the recipe's own, or one that is large enough for any network.
        machine: what it is computed with; None: this one.

    Raises:
        NetworkError: there is no such network.
    """
    machine = machine or Machine.here()
    spec, dream, network = spec_of(recipe.network), recipe.dream, recipe.network
    size = size or (Size(*recipe.size) if recipe.size else Size(640, 360))
    filled = network_values(recipe, spec) | {
        "octave_top": spec.octave_top(dream, size.shape),
        "tile": dream.tile or machine.tile,
    }
    if network.precision == "auto":
        network = network.model_copy(update={"precision": machine.precision})
    film = recipe if isinstance(recipe, FilmRecipe) else _as_film(recipe)
    clip = recipe if isinstance(recipe, VideoRecipe) else None
    return Job(
        network=network,
        spec=spec,
        dream=DreamSettings(**{**_values(dream), **filled}),
        motion=film.motion,
        blend=film.blend,
        color=recipe.color,
        encode=film.encode,
        source=recipe.source,
        seed=recipe.seed,
        still=clip is None,
        film=film is recipe,
        cuts=clip is not None and bool(clip.cuts),
        cadence=clip.cadence if clip else 1,
        regions=recipe.masked,
    )


def _as_film(still: Recipe) -> FilmRecipe:
    """A still as a film of one frame."""
    return FilmRecipe(kind="image", blend=ZoomBlend(), encode=Encode(**_values(still.encode)))


def film_timeline(recipe: Recipe, frames: int | None) -> Timeline:
    """The time of a film of so many frames, at the recipe's rate if it says one."""
    rate = recipe.fps if isinstance(recipe, FilmRecipe) else None
    return Timeline(rate or DEFAULT_RATE, frames)


def _values(section: Section) -> dict[str, object]:
    return {name: getattr(section, name) for name in type(section).model_fields}
