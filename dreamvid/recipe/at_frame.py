"""A recipe's schedules: where they are in it, and the recipe's values at one frame."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from dreamvid.errors import RecipeError
from dreamvid.recipe.messages import faults
from dreamvid.recipe.schedule import Schedule
from dreamvid.recipe.timeline import FrameTime, Timeline

Model = TypeVar("Model", bound=BaseModel)

CHECKED = 100_000
"""Frames whose values are looked at before a render begins; a second for some schedules."""


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
