"""The key `motion.path`: points of interest that the camera goes to, each at its frame."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import Flag
from dreamvid.recipe.keyframe import one_unit, parse_key
from dreamvid.recipe.schedule import Schedule

MOST = 1000
"""Most points of a path."""


def _place(value: Any) -> Any:
    """A key's place as it is written: a frame, or a text as `2.5s`, `4b` or `max_f/2`."""
    word = parse_key(value, "0").word
    return int(word) if word.isdecimal() else word


class Waypoint(Section):
    """A point of interest, and when the camera has it in the middle of the frame."""

    at: Annotated[
        int | str,
        BeforeValidator(_place),
        WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}),
    ] = Field(description="Frame, or seconds as 2.5s, or beats as 4b.")
    center: tuple[
        Annotated[float, Field(ge=0, le=1)],
        Annotated[float, Field(ge=0, le=1)],
    ] = Field(description="The point, as fractions of the source's width and height.")
    zoom: Annotated[float, Field(ge=0.1, le=10)] | None = Field(
        None, description="Magnification a frame there, in place of motion.zoom."
    )
    angle: Annotated[float, Field(ge=-180, le=180)] | None = Field(
        None, description="Degrees a frame there, in place of motion.angle."
    )


def _ascending(points: tuple[Waypoint, ...]) -> tuple[Waypoint, ...]:
    keys = [parse_key(point.at, "0") for point in points]
    one_unit(keys)
    if not any(key.length for key in keys):
        for one, two in pairwise(keys):
            if one.place == two.place:
                raise ValueError(f"has the key {two.word} twice")
            if one.place > two.place:
                raise ValueError(f"its keys must rise: {two.word} stands after {one.word}")
    return points


Waypoints = Annotated[
    tuple[Waypoint, ...],
    Field(max_length=MOST),
    AfterValidator(_ascending),
    Flag(hidden=True),
]


@lru_cache(32)
def path_schedules(points: tuple[Waypoint, ...]) -> dict[str, Schedule]:
    """The schedules that a path makes: `path`, which counts its points from 0 at their places, and
    `path.zoom` and `path.angle`, which go by `ease` between the points that say one."""
    if not points:
        return {}
    counted = [parse_key(point.at, str(index)) for index, point in enumerate(points)]
    made = {"path": Schedule.of(counted, "linear")}
    for name in ("zoom", "angle"):
        values = [(point.at, getattr(point, name)) for point in points]
        keys = [parse_key(at, f"({value!r})") for at, value in values if value is not None]
        if keys:
            made[f"path.{name}"] = Schedule.of(keys, "ease")
    return made
