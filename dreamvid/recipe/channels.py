"""Channels of a layer, as a recipe names them: by number, or the ones that answer most."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

MAX_CHANNELS = 1000
"""Most channels of a term."""

MAX_INDEX = 1_000_000
"""Largest number of a channel or class."""

_RANKED = re.compile(r"(strong|weak)([1-9]\d{0,3})")


def ranked(text: str) -> tuple[bool, int] | None:
    """Of `strongN` or `weakN`: whether the strong ones are meant, and N; else None."""
    match = _RANKED.fullmatch(text)
    return (match[1] == "strong", int(match[2])) if match else None


def _parse_channels(value: Any) -> Any:
    """Channels as a tuple of numbers, or `strong5` as it is: `17`, `"3,17,40"`, `[3, 17]`."""
    if isinstance(value, str):
        if ranked(value):
            return value
        value = [word.strip() for word in value.split(",")]
    parts = list(value) if isinstance(value, list | tuple) else [value]
    numbers = [int(p) if isinstance(p, str) and re.fullmatch(r"\d{1,7}", p) else p for p in parts]
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise ValueError(
                f"must be channels: a number, several such as 3,17,40, or strong5 or weak5, "
                f"not {number}; a weight follows an equals sign, as in heads:17=0.5"
            )
    if len(set(numbers)) < len(numbers):
        raise ValueError("names a channel twice")
    return tuple(numbers)


Channels = Annotated[
    Annotated[tuple[Annotated[int, Field(le=MAX_INDEX)], ...], Field(max_length=MAX_CHANNELS)]
    | str,
    BeforeValidator(_parse_channels),
    PlainSerializer(lambda value: value if isinstance(value, str) else list(value)),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MAX_INDEX},
                {"type": "string", "pattern": r"^((strong|weak)[1-9]\d{0,3}|\d+(\s*,\s*\d+)*)$"},
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MAX_CHANNELS,
                    "items": {"type": "integer", "minimum": 0, "maximum": MAX_INDEX},
                },
            ]
        }
    ),
]
"""Channels of a layer: their numbers, from 0, or `strongN` or `weakN`, the N that answer most or
least on the shot's first picture."""
