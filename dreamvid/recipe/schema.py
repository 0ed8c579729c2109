"""The form of a recipe as JSON Schema, by which an editor completes and checks it as it is typed.

It is made from the models, so that names, bounds, defaults and descriptions stand once. Added here
is what the models read before they look: the short forms, the schedules' texts, `extends`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from dreamvid.recipe.base import sections_in
from dreamvid.recipe.expression import BETWEEN, known
from dreamvid.recipe.load import presets
from dreamvid.recipe.models import KINDS, USUAL_KIND
from dreamvid.recipe.paths import CLIP_ENDINGS
from dreamvid.recipe.sections import WORDS_FOR_WEIGHTS
from dreamvid.recipe.terms import TERMS
from dreamvid.recipe.timeline import NAMES

_VARIES = [{"type": "string"}, {"type": "object"}]
"""How `values.Varies` says that a number may be a schedule."""


class _Untitled(GenerateJsonSchema):
    """A title is only the key's name again, which an editor shows anyway."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def recipe_schema(networks: Iterable[str] = ()) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a recipe of any kind, as it stands in YAML.

    Args:
        networks: names that an editor may offer.

    Where no kind is given, it is a video's if a source is a clip, else a zoom's; or any kind's if
    the recipe extends another. A number written as a text (`"768"`), which the loader forgives,
    passes only where schedules may stand.
    """
    models = [(model, "validation") for model in KINDS.values()]
    _, made = models_json_schema(models, schema_generator=_Untitled)  # type: ignore[arg-type]
    defs = {name: _tidy(definition) for name, definition in made["$defs"].items()}
    for definition in defs.values():
        del definition["title"]
    _add_short_forms(defs, networks)
    refs = {}
    for kind, model in KINDS.items():
        keys = defs[model.__name__]["properties"]
        keys |= {"kind": True, "extends": _EXTENDS | {"examples": presets()}}
        keys["version"]["description"] = "Version of the form of recipes."
        refs[kind] = {"$ref": f"#/$defs/{model.__name__}"}
    silent = {"not": {"required": ["kind"]}}
    alone = silent | {"properties": {"extends": False}}
    clip = {"properties": {"source": _CLIP}, "required": ["source"]}
    by_source = {"video": {"allOf": [alone, clip]}, USUAL_KIND: {"allOf": [alone, {"not": clip}]}}
    rules = [
        {"if": {"anyOf": [_says(kind), by_source.get(kind, False)]}, "then": ref}
        for kind, ref in refs.items()
    ]
    rules.append({"if": silent | {"required": ["extends"]}, "then": {"anyOf": [*refs.values()]}})
    what = {
        "enum": [*KINDS],
        "default": USUAL_KIND,
        "description": "What is made; it decides the keys.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A recipe of dreamvid's",
        "type": "object",
        "properties": {"kind": what},
        "allOf": rules,
        "$defs": defs | _schedules(),
    }


_EXTENDS = {
    "type": "string",
    "minLength": 1,
    "description": "A recipe or preset whose keys hold wherever this one is silent.",
}


_CLIP_PATH = {
    "type": "string",
    "pattern": "|".join(
        "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in ending[1:]).join((r"\.", "$"))
        for ending in CLIP_ENDINGS
    ),
}
_CLIP = {"anyOf": [_CLIP_PATH, {"type": "array", "contains": _CLIP_PATH}]}
"""The value of `source` by which a recipe is a video's."""


def _says(kind: str) -> dict[str, Any]:
    return {"properties": {"kind": {"const": kind}}, "required": ["kind"]}


def _tidy(node: Any) -> Any:
    """Pydantic's schema in the form that editors read best; what it says stays the same."""
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, dict):
        return node
    node = {key: _tidy(value) for key, value in node.items()}
    items = node.get("prefixItems", [])
    if items and all(each == items[0] for each in items):  # known since the first drafts
        node["items"] = node.pop("prefixItems")[0]
    if "anyOf" in node:
        ways = [way for each in node["anyOf"] for way in _ways(each)]
        if all(way in ways for way in _VARIES):
            ways = [way for way in ways if way not in _VARIES] + [{"$ref": "#/$defs/Schedule"}]
        node["anyOf"] = ways
    return node


def _ways(node: dict[str, Any]) -> list[Any]:
    """What `node` allows, one by one; itself where it says more than that."""
    return list(node["anyOf"]) if set(node) == {"anyOf"} else [node]


def _add_short_forms(defs: dict[str, Any], networks: Iterable[str]) -> None:
    """What may stand for a section or a list; the models read it before they are validated."""
    text = {"type": "string", "minLength": 1}
    network = defs["Network"]["properties"]
    network["name"]["examples"] = [*networks, "none"]
    network["weights"]["examples"] = list(WORDS_FOR_WEIGHTS)
    weights = {"anyOf": defs[TERMS[0].__name__]["properties"]["weight"]["anyOf"]}
    terms = [{"$ref": f"#/$defs/{kind.__name__}"} for kind in TERMS]
    objective = defs["Dream"]["properties"]["objective"]
    listed = {"type": "array", "minItems": 1, "items": {"anyOf": [text, *terms]}}
    named = {"type": "object", "minProperties": 1, "additionalProperties": weights}
    objective["anyOf"] = [text, named, listed, {"type": "null"}]
    shift = defs["Color"]["properties"]["shift"]
    triple = {key: shift.pop(key) for key in ("type", "items", "minItems", "maxItems")}
    shift["anyOf"] = [*triple["items"]["anyOf"], triple]
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


def _alone(value: dict[str, Any]) -> list[dict[str, Any]]:
    """What may stand for a section: the values of its short key, mappings aside."""
    ways = value.get("anyOf", [value])
    plain = [{k: v for k, v in way.items() if k not in ("default", "description")} for way in ways]
    schedule = {"$ref": "#/$defs/Schedule"}
    return [{"$ref": "#/$defs/ScheduleText"} if way == schedule else way for way in plain]


def _schedules() -> dict[str, Any]:
    """A schedule's texts: their words are known, which finds the typical slip, not every one."""
    names = "|".join([*known(), *("".join(f"[{c}{c.upper()}]" for c in way) for way in BETWEEN)])
    word = rf"[0-9.](?:[eE][+-]?[0-9])?s?|(?:{names})(?![A-Za-z_0-9])"
    spaced = r"\s,()*/%+-"
    expression = {"type": "string", "pattern": f"^(?:{word}|[{spaced}])+$"}
    key = r"^\s*(?:[0-9]{1,9}|(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})s)\s*$"
    mapping = {
        "type": "object",
        "properties": {
            "interpolation": {
                "enum": list(BETWEEN),
                "default": BETWEEN[0],
                "description": "How to go from one key to the next.",
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
