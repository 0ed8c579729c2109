"""JSON Schema of recipes, for completion and checks in editors.

It is generated from the models, so names, bounds, defaults and descriptions are not repeated. This
module adds the forms that are expanded before validation: short forms, schedules, `extends`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from dreamvid.recipe.base import sections_in
from dreamvid.recipe.expression import known
from dreamvid.recipe.interpolation import BETWEEN
from dreamvid.recipe.load import presets
from dreamvid.recipe.models import KINDS, USUAL_KIND
from dreamvid.recipe.paths import CLIP_ENDINGS
from dreamvid.recipe.preprocessing import PREPROCESSING
from dreamvid.recipe.sections import WORDS_FOR_WEIGHTS
from dreamvid.recipe.terms import TERMS
from dreamvid.recipe.timeline import LENGTHS, NAMES

_VARIES = [{"type": "string"}, {"type": "object"}]
"""The alternatives by which `fields.Varies` marks a number that may be a schedule."""


class _Untitled(GenerateJsonSchema):
    """Omits titles, which only repeat the keys' names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def recipe_schema(networks: Iterable[str] = ()) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a recipe of any kind, as written in YAML.

    Args:
        networks: names that an editor may offer.

    A recipe without a kind is a video if a source is a clip, else a zoom; if it extends another it
    may be any kind. A number written as a string (`"768"`), which the models accept, passes only
    where a schedule is allowed.
    """
    models = [(model, "validation") for model in KINDS.values()]
    _, schema = models_json_schema(models, schema_generator=_Untitled)  # type: ignore[arg-type]
    defs = {name: _tidy(definition) for name, definition in schema["$defs"].items()}
    for definition in defs.values():
        del definition["title"]
    _add_short_forms(defs, networks)
    refs = {}
    for kind, model in KINDS.items():
        keys = defs[model.__name__]["properties"]
        keys |= {"kind": True, "extends": _EXTENDS | {"examples": presets()}}
        keys["version"]["description"] = "Version of the recipe format."
        refs[kind] = {"$ref": f"#/$defs/{model.__name__}"}
    without_kind = {"not": {"required": ["kind"]}}
    alone = without_kind | {"properties": {"extends": False}}
    clip = {"properties": {"source": _CLIP}, "required": ["source"]}
    by_source = {"video": {"allOf": [alone, clip]}, USUAL_KIND: {"allOf": [alone, {"not": clip}]}}
    rules = [
        {"if": {"anyOf": [_has_kind(kind), by_source.get(kind, False)]}, "then": ref}
        for kind, ref in refs.items()
    ]
    rules.append(
        {"if": without_kind | {"required": ["extends"]}, "then": {"anyOf": [*refs.values()]}}
    )
    kind_key = {
        "enum": [*KINDS],
        "default": USUAL_KIND,
        "description": "The kind of recipe, which decides the keys.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A recipe of dreamvid's",
        "type": "object",
        "properties": {"kind": kind_key},
        "allOf": rules,
        "$defs": defs | _schedules(),
    }


_EXTENDS = {
    "type": "string",
    "minLength": 1,
    "description": "A recipe or preset whose keys are the defaults of this one.",
}


_CLIP_PATH = {
    "type": "string",
    "pattern": "|".join(
        "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in extension[1:]).join((r"\.", "$"))
        for extension in CLIP_ENDINGS
    ),
}
_CLIP = {"anyOf": [_CLIP_PATH, {"type": "array", "contains": _CLIP_PATH}]}
"""A `source` that makes a recipe without a kind a video."""


def _has_kind(kind: str) -> dict[str, Any]:
    return {"properties": {"kind": {"const": kind}}, "required": ["kind"]}


def _tidy(node: Any) -> Any:
    """Pydantic's schema simplified for editors, with the same meaning."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    node = {key: _tidy(value) for key, value in node.items()}
    items = node.get("prefixItems", [])
    if items and all(each == items[0] for each in items):
        # Older editors know `items`, but not `prefixItems`.
        node["items"] = node.pop("prefixItems")[0]
    if "anyOf" in node:
        options = [option for each in node["anyOf"] for option in _alternatives(each)]
        if all(option in options for option in _VARIES):
            options = [option for option in options if option not in _VARIES] + [
                {"$ref": "#/$defs/Schedule"}
            ]
        node["anyOf"] = options
    return node


def _alternatives(node: dict[str, Any]) -> list[Any]:
    """The alternatives of a pure `anyOf`; any other node is its only alternative."""
    return list(node["anyOf"]) if set(node) == {"anyOf"} else [node]


def _add_short_forms(defs: dict[str, Any], networks: Iterable[str]) -> None:
    """Add the short forms of sections and lists, which the models expand before validation."""
    text = {"type": "string", "minLength": 1}
    network = defs["Network"]["properties"]
    network["name"]["examples"] = [*networks, "none"]
    network["weights"]["examples"] = list(WORDS_FOR_WEIGHTS)
    network["preprocess"]["anyOf"].insert(0, {"enum": [*PREPROCESSING]})
    for key in ("mean", "scale"):
        _allow_one_for_three(defs["Preprocessing"]["properties"][key])
    weights = {"anyOf": defs[TERMS[0].__name__]["properties"]["weight"]["anyOf"]}
    terms = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in TERMS]
    for kind in TERMS:
        told = {*defs[kind.__name__].get("required", ()), kind.telling}
        defs[kind.__name__]["required"] = sorted(told)
    listed = {"type": "array", "minItems": 1, "items": {"anyOf": [text, *terms]}}
    named = {"type": "object", "minProperties": 1, "additionalProperties": weights}
    for name in ("Dream", "Region"):
        defs[name]["properties"]["objective"]["anyOf"] = [text, named, listed, {"type": "null"}]
    mask = defs["Region"]["properties"]["mask"]
    mask["anyOf"] = [text, {"$ref": mask.pop("$ref")}]
    _allow_one_for_three(defs["Color"]["properties"]["shift"])
    for model in KINDS.values():
        keys = defs[model.__name__]["properties"]
        source = keys["source"]
        paths = {key: source.pop(key) for key in ("type", "maxItems")} | {"items": text}
        source["anyOf"] = [text, paths]
        keys["output"]["anyOf"] = [text, {"type": "null"}]
        for key, field in model.model_fields.items():
            for section in sections_in(field.annotation):
                if section.short:
                    alone = _alone(defs[section.__name__]["properties"][section.short])
                    ref = keys[key].pop("$ref")
                    keys[key]["description"] = defs[section.__name__]["description"]
                    keys[key]["anyOf"] = [*alone, {"$ref": ref}]


def _allow_one_for_three(value: dict[str, Any]) -> None:
    """Let one number, or schedule, stand for all of three."""
    triple = {key: value.pop(key) for key in ("type", "items", "minItems", "maxItems")}
    value["anyOf"] = [*_alternatives(triple["items"]), triple]


def _alone(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The short forms of a section: the values of its short key, except mappings."""
    options = value.get("anyOf", [value])
    plain = [
        {k: v for k, v in option.items() if k not in ("default", "description")}
        for option in options
    ]
    schedule = {"$ref": "#/$defs/Schedule"}
    return [{"$ref": "#/$defs/ScheduleText"} if option == schedule else option for option in plain]


def _schedules() -> dict[str, Any]:
    """Patterns of schedules: they check the names used, which finds typical mistakes, not all."""
    names = "|".join(
        [*known(), *("".join(f"[{c}{c.upper()}]" for c in option) for option in BETWEEN)]
    )
    word = rf"[0-9.](?:[eE][+-]?[0-9])?[sb]?|(?:{names})(?![A-Za-z_0-9])"
    spaced = r"\s,()*/%+^<>=!&|~\"'-"
    expression = {"type": "string", "pattern": f"^(?:{word}|[{spaced}])+$"}
    timed = r"(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})[sb]"
    ends = "|".join(LENGTHS)
    key = rf"^\s*(?:[0-9]{{1,9}}|{timed}|(?:[0-9.\s()*/%+-]|{ends})*(?:{ends}|[*/%+-])"
    key += rf"(?:[0-9.\s()*/%+-]|{ends})*)\s*$"
    mapping = {
        "type": "object",
        "properties": {
            "interpolation": {
                "enum": list(BETWEEN),
                "default": BETWEEN[0],
                "description": "Interpolation between keyframes.",
            }
        },
        "patternProperties": {key: {"anyOf": [{"type": "number"}, expression]}},
        "additionalProperties": False,
    }
    text = {"type": "string", "pattern": f"^(?:{word}|[{spaced}:;])+$"}
    about = "A number that changes over the film: "
    return {
        "ScheduleText": {
            **text,
            "description": about
            + "0:(1.02), 50:(1.04) ease; or an expression in "
            + f"{', '.join(NAMES)}.",
        },
        "Schedule": {
            "description": about + "keyframes or an expression.",
            "anyOf": [{"$ref": "#/$defs/ScheduleText"}, mapping],
        },
    }
