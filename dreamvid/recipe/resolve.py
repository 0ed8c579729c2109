"""From what is asked to what is done: a recipe's defaults filled in, and its values at a frame."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from dreamvid.dreaming.networks.defaults import network_values
from dreamvid.dreaming.networks.network_spec import NetworkSpec
from dreamvid.dreaming.networks.registry import spec_of
from dreamvid.errors import RecipeError
from dreamvid.frame import Size
from dreamvid.machine import Machine
from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import Varies
from dreamvid.recipe.messages import faults
from dreamvid.recipe.models import FilmRecipe, Recipe, VideoRecipe
from dreamvid.recipe.schedule import Schedule
from dreamvid.recipe.sections import (
    Above,
    Amount,
    Bands,
    Blend,
    Color,
    Dream,
    Encode,
    Motion,
    Network,
    Sigma,
    Steps,
    StepSize,
    Turns,
    ZoomBlend,
)
from dreamvid.recipe.terms import Term
from dreamvid.recipe.timeline import DEFAULT_RATE, FrameTime, Timeline

Model = TypeVar("Model", bound=BaseModel)

CHECKED = 100_000
"""Frames whose values are looked at before a render begins; a second for some schedules."""


class DreamSettings(Dream):
    """The section `dream` with every value there; some may be schedules until `at_frame`."""

    objective: tuple[Term, ...]
    power: Literal[1, 2]
    octave_top: Annotated[Above, Varies()]
    steps: Annotated[Steps, Varies()]
    burst: Annotated[Steps, Varies()]
    step_size: Annotated[StepSize, Varies()]
    gradient_blur: Annotated[Sigma, Varies()]
    decorrelate: Annotated[Amount, Varies()]
    laplacian: Annotated[Bands, Varies()]
    stagger: Annotated[Turns, Varies()]
    tile: int


class Job(Section):
    """What a render does: no None and no kind; made by `resolve`.

    Attributes:
        network: by its name, its weights, and its precision as it was fixed.
        spec: what is known of that network.
        still: whether the source stands still, so that it has no cuts and no motion of its own.
        film: whether the result is a film, not one picture.
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
    film = recipe if isinstance(recipe, FilmRecipe) else FilmRecipe(kind="image", blend=ZoomBlend())
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
        cuts=clip is not None and clip.cuts,
        cadence=clip.cadence if clip else 1,
    )


def film_timeline(recipe: Recipe, frames: int | None) -> Timeline:
    """The time of a film of so many frames, at the recipe's rate if it says one."""
    rate = recipe.fps if isinstance(recipe, FilmRecipe) else None
    return Timeline(rate or DEFAULT_RATE, frames)


def _values(section: Section) -> dict[str, object]:
    return {name: getattr(section, name) for name in type(section).model_fields}


def schedules(recipe: BaseModel, prefix: str = "") -> Iterator[tuple[str, Schedule]]:
    """Each schedule in a recipe with its key, as `motion.zoom` or `dream.objective.0.weight`."""
    for name in type(recipe).model_fields:
        yield from _within(getattr(recipe, name), prefix + name)


def at_frame(recipe: Model, clock: FrameTime) -> Model:
    """The recipe at one frame: every schedule has become its number there.

    Raises:
        RecipeError: a value is not finite, or leaves the key's bounds; key and frame are named.
    """
    return _now(recipe, clock, "") if _varies(recipe) else recipe


def check(recipe: BaseModel, timeline: Timeline) -> None:
    """See that every schedule is within its bounds at the first frames of a film, up to CHECKED.

    Raises:
        RecipeError: as `at_frame`.
    """
    if any(True for _ in schedules(recipe)):
        for time in timeline.first(CHECKED):
            at_frame(recipe, time)


def _within(value: Any, key: str) -> Iterator[tuple[str, Schedule]]:
    if isinstance(value, Schedule):
        yield key, value
    elif isinstance(value, BaseModel):
        yield from schedules(value, f"{key}.")
    elif isinstance(value, tuple):
        for at, part in enumerate(value):
            yield from _within(part, f"{key}.{at}")


def _varies(value: Any) -> bool:
    return any(True for _ in _within(value, ""))


def _now(section: Model, clock: FrameTime, prefix: str) -> Model:
    changed = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if _varies(value):
            changed[name] = _number(type(section), name, value, clock, prefix + name)
    return section.model_copy(update=changed)


def _number(model: type[BaseModel], name: str, value: Any, clock: FrameTime, key: str) -> Any:
    if isinstance(value, BaseModel):
        return _now(value, clock, f"{key}.")
    if isinstance(value, tuple) and any(isinstance(part, BaseModel) for part in value):
        return tuple(
            _now(part, clock, f"{key}.{at}.") if isinstance(part, BaseModel) else part
            for at, part in enumerate(value)
        )
    plain = _valued(value, clock, key)
    annotation = model.model_fields[name].annotation
    if int in (annotation, *(get_args(part)[0] for part in get_args(annotation) if get_args(part))):
        plain = round(plain)
    try:
        return _adapter(model, name).validate_python(plain)
    except ValidationError as error:
        shown = ", ".join(f"{n:g}" for n in (plain if isinstance(plain, tuple) else (plain,)))
        (fault, *_) = faults(error, model)
        message = f"{fault.message}, but is {shown} at frame {clock.t}"
        raise RecipeError(message, key=".".join(filter(None, (key, fault.key)))) from None


def _valued(value: Any, clock: FrameTime, key: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_valued(part, clock, key) for part in value)
    try:
        return value.at(clock) if isinstance(value, Schedule) else value
    except RecipeError as error:
        raise RecipeError(str(error), key=key) from None


@cache
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    bounded: Any = Annotated[(field.annotation, *field.metadata, None)]
    return TypeAdapter(bounded)
