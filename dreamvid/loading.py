"""From YAML or flags to a recipe, with errors of one line.

YAML 1.1 has traps that would change a recipe silently: `on` and `no` are booleans, `1e-3` is a
text, a repeated key wins without a word. The loader here reads `true`/`false` alone as booleans
and refuses repeated keys; numbers written as text are read by the recipe itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dreamvid.errors import RecipeError
from dreamvid.media.files import read_bytes
from dreamvid.messages import faults
from dreamvid.recipe import KINDS, Recipe

Model = TypeVar("Model", bound=BaseModel)

MAX_BYTES = 2**20
"""Of a recipe's file."""

MAX_NODES = 50_000
"""Values in a recipe, each counted as often as aliases (`*name`) repeat it."""

MAX_DEPTH = 32
"""Values within one another."""

MOST_EXTENDED = 8
"""Recipes in a chain, each of which extends the next."""

SECTIONS = {
    "network": "name",
    "dream": "",
    "motion": "",
    "blend": "share",
    "color": "",
    "film": "",
}
"""A recipe's sections, and the key of each that its value alone may stand for."""

WORDS_FOR_WEIGHTS = ("imagenet", "random")


class _Loader(yaml.SafeLoader):
    """YAML 1.2's booleans, no repeated key, and no more than `MAX_NODES` and `MAX_DEPTH`."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._count = self._depth = 0
        self._weights: dict[str, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        alias = self.check_event(yaml.AliasEvent)
        if alias and event.anchor in self.anchors and event.anchor not in self._weights:
            raise RecipeError(f"*{event.anchor} stands within itself")
        before = self._count
        self._count += self._weights.get(event.anchor, 1) if alias else 1
        self._depth += 1
        if self._count > MAX_NODES or self._depth > MAX_DEPTH:
            raise RecipeError(
                f"holds more than {MAX_NODES} values, or values more than {MAX_DEPTH} deep"
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        if not alias and event.anchor:
            self._weights[event.anchor] = self._count - before
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                line = key.start_mark.line + 1
                raise RecipeError(f"given twice (again on line {line})", key=name)
            seen.add(name)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    """A YAML mapping as a dict; `name` is what an error calls it."""
    try:
        data = yaml.load(text, Loader=_Loader)
    except RecipeError as error:
        raise RecipeError.of(error.faults, name) from None
    # PyYAML meets `!!timestamp x`, `!!int ""` or `!!bool x` with whatever its line of code raises.
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" on line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise RecipeError(f"not YAML{where}: {problem}", path=name) from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise RecipeError("must be a mapping of keys to values, as `frames: 50`", path=name)
    return data


def preset_folder() -> Path:
    """Where the recipes that ship with dreamvid lie: in the wheel, or in a checkout."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def presets() -> list[str]:
    """The names of the recipes that ship with dreamvid."""
    folder = preset_folder()
    return sorted(str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.yaml"))


def read_recipe(
    recipe: str | Path, below: tuple[Path, ...] = (), *, output: bool = True
) -> dict[str, Any]:
    """The mapping in a recipe's file or in a preset, its relative paths made to stand anywhere.

    A name without an ending is a preset, unless such a file exists. What it `extends` is read too;
    `below` are those that extend this one.

    Args:
        output: whether the output that it names counts; else it is dropped.

    Raises:
        RecipeError: there is no such file or preset, or it is not a mapping in YAML; or a recipe
            extends itself, or wants to write where no one has said that it may.
    """
    path, folder = Path(recipe), Path(recipe).parent
    if not path.suffix and not path.is_file():
        if str(recipe) not in presets():
            known = ", ".join(presets())
            message = f"no such recipe or preset; the presets are: {known}"
            raise RecipeError(message, path=recipe)
        path, folder = preset_folder() / f"{recipe}.yaml", Path()
    try:
        text = read_bytes(path, MAX_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a text in UTF-8"
        raise RecipeError(f"cannot be read as a recipe: {reason}", path=recipe) from None
    if path.resolve() in below or len(below) >= MOST_EXTENDED:
        raise RecipeError("leads back to itself, or too far", key="extends", path=recipe)
    data = parse_yaml(text, str(recipe))
    if not output:
        data.pop("output", None)
    data = _placed(data, folder)
    _require_within(data.get("output"), folder, str(recipe))
    parent = data.pop("extends", None)
    if parent is None:
        return data
    if not isinstance(parent, str):
        raise RecipeError("must be the name of a recipe", key="extends", path=recipe)
    beside = folder / parent
    inherited = read_recipe(
        beside if beside.is_file() or beside.suffix else parent,
        (*below, path.resolve()),
        output=output,
    )
    return _over(inherited, data)


def _over(base: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """`data` over `base`: key by key, and within the sections key by key too."""
    merged = {**base, **data}
    for key, short in SECTIONS.items():
        old, new = base.get(key), data.get(key)
        if old is not None and new is not None:
            old, new = (each if isinstance(each, dict) else {short: each} for each in (old, new))
            if key == "network" and "name" in new:  # what was said of another does not hold
                old = {}
            merged[key] = {**old, **new}
    return merged


def _placed(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`data` with the paths it names taken from `folder`."""

    def place(value: Any) -> Any:
        if isinstance(value, list):
            return [place(each) for each in value]
        return str(folder / value) if isinstance(value, str) else value

    data = {key: place(v) if key in ("source", "output") else v for key, v in data.items()}
    network = data.get("network")
    if isinstance(network, dict) and network.get("weights") not in (None, *WORDS_FOR_WEIGHTS):
        data["network"] = {**network, "weights": place(network["weights"])}
    return data


def _require_within(output: Any, folder: Path, name: str) -> None:
    """Refuse an output outside the recipe's folder and this one: a recipe may be a stranger's."""
    if not isinstance(output, str):
        return
    try:
        place = Path(os.path.realpath(output))
        near_by = [Path(os.path.realpath(each)) for each in (folder, Path())]
    except (OSError, ValueError):
        return  # no name that can be written to
    if not any(place.is_relative_to(each) for each in near_by):
        message = f"{output}: lies outside the recipe's folder; to write there, say -o"
        raise RecipeError(message, key="output", path=name)


def make_recipe(data: Mapping[str, Any], kind: str | None = None, name: str = "") -> Recipe:
    """A validated recipe of `kind` (else of the kind that `data` says; else a zoom).

    Raises:
        RecipeError: with every fault, in one line.
    """
    said = data.get("kind", kind or "zoom")
    if not isinstance(said, str) or said not in KINDS or (kind and said != kind):
        right = f"this command wants {kind}" if kind else f"must be one of {', '.join(KINDS)}"
        raise RecipeError(f"{said}: {right}", key="kind", path=name or None)
    return validated(KINDS[said], data, name)


def validated(model: type[Model], data: Mapping[str, Any], name: str = "") -> Model:
    """`data` as a `model`, its faults as one line of a `RecipeError` that begins with `name`."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        raise RecipeError.of(faults(error, model, KINDS), name or None) from None


def load_recipe(path: str | Path, kind: str | None = None, *, output: bool = True) -> Recipe:
    """The recipe in a YAML file or a preset; relative paths are taken from its own folder.

    Args:
        kind: the kind that it must be, or that it is if it does not say.
        output: whether the output that it names counts; else it is dropped.
    """
    return make_recipe(read_recipe(path, output=output), kind, str(path))
