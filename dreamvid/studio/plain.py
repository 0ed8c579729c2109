"""What can be told to the page and back: the values of JSON, of a bounded number and depth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dreamvid.errors import RecipeError
from dreamvid.recipe.load import MAX_DEPTH, MAX_NODES
from dreamvid.studio.folder import is_text

LARGEST = 2**1000
"""Whole numbers stay below it, as a number with a decimal point does anyway."""


def plain(data: Mapping[Any, Any]) -> dict[str, Any]:
    """Data as JSON has it; keys that are numbers become texts, as of keyframes.

    Raises:
        RecipeError: it has other values, such as YAML's dates; a text that is no Unicode; too many
            values, or too deep.
    """
    count = 0

    def made(value: Any, depth: int, key: str) -> Any:
        nonlocal count
        count += 1
        if count > MAX_NODES or depth > MAX_DEPTH:
            raise RecipeError(
                f"holds more than {MAX_NODES} values, or values more than {MAX_DEPTH} deep"
            )
        if isinstance(value, Mapping):
            return {name: made(each, depth + 1, name) for name, each in _named(value, key)}
        if isinstance(value, list | tuple):
            return [made(each, depth + 1, key) for each in value]
        if not _is_value(value):
            raise RecipeError("is no text, finite number, list or mapping", key=key)
        return value

    return {name: made(each, 1, name) for name, each in _named(data, "")}


def _named(data: Mapping[Any, Any], key: str) -> list[tuple[str, Any]]:
    if not all(_is_value(name) and type(name) in (str, int, float) for name in data):
        raise RecipeError("has a key that is no name", key=key)
    return [(str(name), value) for name, value in data.items()]


def _is_value(value: Any) -> bool:
    if isinstance(value, str):
        return is_text(value)
    if isinstance(value, int):
        return abs(value) < LARGEST
    return value is None or (isinstance(value, float) and math.isfinite(value))
