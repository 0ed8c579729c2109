"""Pydantic's validation errors as faults that a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from dreamvid.errors import Fault, FaultError, suggestion
from dreamvid.recipe.fields import Flag

Kinds = Mapping[str, type[BaseModel]]

BOUNDS = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "finite_number": "must be a finite number",
    "literal_error": "must be {expected}",
    "missing": "is missing",
    "too_long": "takes at most {max_length} values",
    "too_short": "needs at least {min_length} values",
    "string_too_short": "must not be empty",
}
"""Messages by pydantic's error type; in braces, values of its context."""

TYPES = {
    "int_": "must be a whole number",
    "float_": "must be a number",
    "tuple_": "must be a list",
    "string_": "must be a text",
    "path_": "must be a path",
    "model_": "must be a section of keys and values",
}
"""Messages for values of the wrong type, by the prefix of pydantic's error type."""


def faults(
    error: ValidationError, model: type[BaseModel], kinds: Kinds | None = None
) -> list[Fault]:
    """The faults in the data of a `model`, without duplicates.

    Args:
        kinds: models that an unknown key may belong to instead, by name.
    """
    errors = error.errors()
    # A list with invalid items is also reported as too short; only the items' faults are useful.
    within = {e["loc"][:depth] for e in errors for depth in range(len(e["loc"]))}
    relevant = [e for e in errors if e["type"] != "too_short" or e["loc"] not in within]
    return list(dict.fromkeys(_fault(dict(e), model, kinds or {}) for e in relevant))


def _fault(error: dict[str, Any], model: type[BaseModel], kinds: Kinds) -> Fault:
    parts = [str(part) for part in error["loc"]]
    kind, context, value = str(error["type"]), dict(error.get("ctx", {})), error["input"]
    key = ".".join(parts)
    if kind == "extra_forbidden":
        return _unknown(parts, model, kinds)
    if isinstance(context.get("error"), FaultError):  # a section's validator named the nested key
        fault = context["error"].fault
        return Fault(".".join(filter(None, (key, fault.key))), fault.message, fault.hint)
    if kind == "value_error":
        return Fault(key, str(context.get("error", error["msg"])))
    if kind in BOUNDS:
        return Fault(key, BOUNDS[kind].format(**{n: _plain(v) for n, v in context.items()}))
    expected = next((text for start, text in TYPES.items() if kind.startswith(start)), None)
    if expected and isinstance(value, str | int | float):
        expected += f", not {value!r}"
    return Fault(key, expected or str(error["msg"]))


def _plain(bound: Any) -> Any:
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _unknown(parts: list[str], model: type[BaseModel], kinds: Kinds) -> Fault:
    """The fault of an unknown key: misspelled, in the wrong section, or of another kind of
    recipe."""
    key, name = ".".join(parts), parts[-1]
    others = [kind for kind, other in kinds.items() if name in _keys_at(other, parts[:-1])]
    if others:
        return Fault(key, f"unknown (it is for {' and '.join(others)})")
    hint = suggestion(name, _keys_at(model, parts[:-1]), most=1)
    place = _places(model).get(name)
    return Fault(key, "unknown", hint or (f"did you mean {place}?" if place else None))


def _places(model: type[BaseModel], prefix: str = "") -> dict[str, str]:
    """The full key of each field of a model, by the field's name and by its option's name."""
    places: dict[str, str] = {}
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            places = {**_places(inner, f"{prefix}{name}."), **places}
        else:
            flags = [m.name for m in field.metadata if isinstance(m, Flag) and m.name]
            places |= dict.fromkeys([name, *flags], prefix + name)
    return places


def _keys_at(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)
