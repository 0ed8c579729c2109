"""Finding the schedules in a recipe, and evaluating the recipe at one frame."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from dreamvid.errors import RecipeError
from dreamvid.recipe.base import Section
from dreamvid.recipe.heard import Heard
from dreamvid.recipe.messages import faults
from dreamvid.recipe.schedule import Schedule
from dreamvid.recipe.timeline import FrameTime, Timeline

Model = TypeVar("Model", bound=BaseModel)

CHECKED = 100_000
"""Most frames whose schedules are checked before a render begins: about 1 s for some schedules."""


def schedules(recipe: BaseModel, prefix: str = "") -> Iterator[tuple[str, Schedule]]:
    """Each schedule in a recipe, with its key such as `motion.zoom` or
    `dream.objective.0.weight`, and those that follow from others of its keys."""
    for name in type(recipe).model_fields:
        yield from _within(getattr(recipe, name), prefix + name)
    if isinstance(recipe, Section):
        yield from ((prefix + name, schedule) for name, schedule in recipe.derived.items())


def heard_by(recipe: BaseModel) -> list[Heard]:
    """What the schedules of a recipe hear, each once; empty: it needs no sound to listen to."""
    return list(dict.fromkeys(heard for _, found in schedules(recipe) for heard in found.heard))


def at_frame(recipe: Model, clock: FrameTime) -> Model:
    """The recipe with every schedule replaced by its number at one frame.

    Raises:
        RecipeError: a value is not finite or exceeds the key's bounds; the message names key and
            frame.
    """
    return _section_at(recipe, clock, "") if _varies(recipe) else recipe


def check(recipe: BaseModel, timeline: Timeline) -> None:
    """Check that every schedule stays within its bounds on the first `CHECKED` frames of a film.

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
        for index, part in enumerate(value):
            yield from _within(part, f"{key}.{index}")


def _varies(value: Any) -> bool:
    return any(True for _ in _within(value, ""))


def _section_at(section: Model, clock: FrameTime, prefix: str) -> Model:
    changed = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if _varies(value):
            changed[name] = _value_at(type(section), name, value, clock, prefix + name)
    return section.model_copy(update=changed)


def _value_at(model: type[BaseModel], name: str, value: Any, clock: FrameTime, key: str) -> Any:
    if isinstance(value, BaseModel):
        return _section_at(value, clock, f"{key}.")
    if isinstance(value, tuple) and any(isinstance(part, BaseModel) for part in value):
        return tuple(
            _section_at(part, clock, f"{key}.{index}.") if isinstance(part, BaseModel) else part
            for index, part in enumerate(value)
        )
    plain = _evaluated(value, clock, key)
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


def _evaluated(value: Any, clock: FrameTime, key: str) -> Any:
    if isinstance(value, tuple):
        return tuple(_evaluated(part, clock, key) for part in value)
    try:
        return value.at(clock) if isinstance(value, Schedule) else value
    except RecipeError as error:
        raise RecipeError(str(error), key=key) from None


@cache
def _adapter(model: type[BaseModel], name: str) -> TypeAdapter[Any]:
    field = model.model_fields[name]
    bounded: Any = Annotated[(field.annotation, *field.metadata, None)]
    return TypeAdapter(bounded)
