"""The types of a recipe's values: how each is parsed, bounded and written.

A value may come from YAML, from the command line (always text) or from Python; every form is parsed
here, and written back in the form that is most readable in YAML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from dreamvid.limits import MAX_SIDE
from dreamvid.recipe.schedule import Schedule, parse_schedule


@dataclass(frozen=True)
class Flag:
    """How a recipe's field appears as a command-line option; `name` None: under the field's
    name."""

    name: str | None = None
    short: str | None = None
    metavar: str | None = None
    positional: bool = False
    hidden: bool = False


class InPixels:
    """Marks a number, or a pair of them, across and down, in pixels of the frame (`scaled`)."""


class Varies:
    """Marks a number that may be a `Schedule`.

    The annotation is the type of the number that a schedule yields at a frame (`at_frame`). This
    marker goes last in an `Annotated`: the parts before it bound the number.
    """

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        number = handler(source)

        def read(value: Any, plain: Any) -> Any:
            try:
                schedule = parse_schedule(value)
            except ValueError as error:
                raise ValueError(f"must be a number or a schedule ({error})") from None
            return plain(value) if schedule is None else schedule

        return core_schema.no_info_wrap_validator_function(
            read,
            number,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: str(value) if isinstance(value, Schedule) else value
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema["schema"]), {"type": "string"}, {"type": "object"}]}


def parse_rate(value: Any) -> Any:
    """A rate as an exact fraction: `25`, `"30000/1001"`, `29.97`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Fraction):
        raise ValueError("must be a rate such as 25 or 30000/1001")
    text = str(value).replace(" ", "")
    try:
        if re.search(r"[eE][+-]?\d{3}", text):
            raise ValueError  # Fraction would expand 1e999999999 to all its digits
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"must be a rate such as 25 or 30000/1001, not {value!r}") from None


def parse_size(value: Any) -> Any:
    """A size as (width, height): `"1280x720"` or `[1280, 720]`."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,6})\s*[xX×]\s*(\d{1,6})\s*", value)
        if not match:
            raise ValueError(f"must be WIDTHxHEIGHT such as 1280x720, not {value!r}")
        return int(match[1]), int(match[2])
    return value


_CLOCK = r"(\d{1,9}:){0,2}(\d{1,9}(\.\d{1,20})?|\.\d{1,20})([eE]-?\d{1,2})?"


def parse_moment(value: Any) -> Any:
    """A time in a clip as exact seconds: `12.5`, `"1:30"`, `"0:01:30.5"`."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,40}/0*[1-9]\d{0,39}", value.strip()):
        return Fraction(value.strip())  # the form in which 1/3 s is written back
    if isinstance(value, str) and re.fullmatch(_CLOCK, value.strip()):
        seconds = Fraction(0)
        for part in value.strip().split(":"):
            seconds = seconds * 60 + Fraction(part)
        return seconds
    if isinstance(value, int | float | Fraction) and not isinstance(value, bool):
        if -1e12 < value < 1e12:
            return Fraction(str(value))
        raise ValueError("must be a finite number of seconds")
    raise ValueError(f"must be seconds or minutes:seconds such as 1:30, not {value!r}")


def the_only(what: str) -> BeforeValidator:
    """Takes a positional argument, which comes as a list of one; `what` it names, for the error."""

    def parse(value: Any) -> Any:
        if isinstance(value, list | tuple):
            if len(value) > 1:
                raise ValueError(f"takes one {what}")
            return value[0] if value else None
        return value

    return BeforeValidator(parse)


def parse_triple(value: Any) -> Any:
    """Three numbers, red, green and blue; a single number is used for all three."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    return (value,) * 3 if isinstance(value, int | float | str | dict | Schedule) else value


def _plain(number: Fraction) -> int | float | str:
    if number.denominator == 1:
        return int(number)
    return float(number) if Fraction(str(float(number))) == number else str(number)


def _or_text(plain: dict[str, Any], pattern: str) -> WithJsonSchema:
    """JSON Schema for editors: the plain form of a value, or a string."""
    return WithJsonSchema({"anyOf": [plain, {"type": "string", "pattern": pattern}]})


Rate = Annotated[
    Fraction,
    BeforeValidator(parse_rate),
    Field(gt=0, le=1000),
    PlainSerializer(_plain),
    _or_text(
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
        r"^\s*\+?[0-9.]+([eE][+-]?[0-9]{1,2})?\s*(/\s*[0-9]+\s*)?$",
    ),
    Flag(metavar="RATE"),
]
"""Frames a second, exact."""

Moment = Annotated[
    Fraction,
    BeforeValidator(parse_moment),
    Field(ge=0, le=10**9),
    PlainSerializer(_plain),
    _or_text(
        {"type": "number", "minimum": 0, "maximum": 10**9},
        rf"^\s*({_CLOCK}|[0-9]{{1,40}}/0*[1-9][0-9]{{0,39}})\s*$",
    ),
    Flag(metavar="TIME"),
]
"""Seconds from the clip's beginning, exact."""

MAX_AREA = 2**26
"""Most pixels of a frame: 8192 by 8192."""

Edge = Annotated[int, Field(ge=1, le=MAX_SIDE)]


def _within_area(size: tuple[int, int]) -> tuple[int, int]:
    if size[0] * size[1] > MAX_AREA:
        raise ValueError(f"must be at most {MAX_AREA // 10**6} million pixels in all")
    return size


Size = Annotated[
    tuple[Edge, Edge],
    BeforeValidator(parse_size),
    AfterValidator(_within_area),
    PlainSerializer(lambda size: f"{size[0]}x{size[1]}"),
    _or_text(
        {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": MAX_SIDE},
            "minItems": 2,
            "maxItems": 2,
        },
        r"^\s*[0-9]{1,6}\s*[xX×]\s*[0-9]{1,6}\s*$",
    ),
    Flag(metavar="WxH"),
]
"""(width, height) in pixels."""

Level = Annotated[float, Field(ge=-255, le=255), Varies()]
"""Levels on the 0–255 scale, or a schedule of them."""

Triple = Annotated[
    tuple[Level, Level, Level],
    BeforeValidator(parse_triple),
    Flag("color-shift", metavar="R G B"),
]
"""Levels (0–255 scale) for red, green and blue."""
