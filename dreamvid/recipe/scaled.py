"""A recipe for pictures of another size: what it gives in pixels of the frame, scaled."""

from __future__ import annotations

import math
from typing import Any

from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import InPixels
from dreamvid.recipe.form import Form
from dreamvid.recipe.schedule import mapped


def scaled(section: Section, ratios: tuple[float, float]) -> dict[str, Any]:
    """A section's data, with the numbers that are in pixels of the frame scaled.

    Args:
        ratios: by which the frame is scaled, across and down; what is neither is scaled by their
            geometric mean.
    """
    data = section.model_dump(mode="json")
    for key, field in type(section).model_fields.items():
        value = getattr(section, key)
        if isinstance(value, Section):
            data[key] = scaled(value, ratios)
        elif isinstance(value, tuple) and any(isinstance(part, Section) for part in value):
            data[key] = [scaled(part, ratios) for part in value]
        elif value is not None and any(isinstance(mark, InPixels) for mark in field.metadata):
            data[key] = _scaled(value, ratios)
    return data


def _scaled(value: Any, ratios: tuple[float, float]) -> Any:
    """A number or a schedule, or a pair of them, across and down."""
    if isinstance(value, tuple):
        return [_times(part, ratio) for part, ratio in zip(value, ratios, strict=True)]
    return _times(value, math.sqrt(math.prod(ratios)))


def _times(value: Any, ratio: float) -> Any:
    return mapped(value, Form(f"x * {ratio!r}"))
