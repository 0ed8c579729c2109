"""From YAML or flags to a recipe, with errors of one line.

YAML 1.1 has traps that would change a recipe silently: `on` and `no` are booleans, `1e-3` is a
text, a repeated key wins without a word. The loader here reads `true`/`false` alone as booleans
and refuses repeated keys; numbers written as text are read by the recipe itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dreamvid.errors import RecipeError
from dreamvid.files import read_bytes
from dreamvid.recipe.base import merged
from dreamvid.recipe.messages import faults
from dreamvid.recipe.models import KINDS, USUAL_KIND, Recipe
from dreamvid.recipe.paths import CLIP_ENDINGS, placed, require_within
from dreamvid.recipe.versions import old_keys

Model = TypeVar("Model", bound=BaseModel)

MAX_BYTES = 2**20
"""Of a recipe's file."""

MAX_NODES = 50_000
"""Values in a recipe, each counted as often as aliases (`*name`) repeat it."""

MAX_DEPTH = 32
"""Values within one another."""

MOST_EXTENDED = 8
"""Recipes in a chain, each of which extends the next."""


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
    package = Path(__file__).parent.parent
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def presets() -> list[str]:
    """The names of the recipes that ship with dreamvid."""
    folder = preset_folder()
    return sorted(str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.yaml"))


def read_recipe(
    recipe: str | Path | Mapping[str, Any], below: tuple[Path, ...] = (), *, output: bool = True
) -> dict[str, Any]:
    """A recipe as data, not validated: its relative paths placed, what it `extends` merged in.

    Args:
        recipe: a file, a preset, or data as in a file whose folder is the current one. A name
            without an ending is a preset, unless such a file exists.
        below: the files that extend this one.
        output: whether the output that it names counts; else it is dropped.

    Raises:
        RecipeError: there is no such file or preset, or it is not a mapping in YAML; or a recipe
            extends itself, or a file names an output outside its folder and the current one.
    """
    if isinstance(recipe, Mapping):
        data, folder, name = dict(recipe), Path(), None
    else:
        name, (path, folder) = str(recipe), _found(recipe)
        text = _text(path, name)
        if path.resolve() in below or len(below) >= MOST_EXTENDED:
            raise RecipeError("leads back to itself, or too far", key="extends", path=name)
        below = (*below, path.resolve())
        data = parse_yaml(text, name)
    if not output:
        data.pop("output", None)
    data = placed(data, folder, KINDS.values())
    if name is not None:
        require_within(data.get("output"), folder, name)
    parent = data.pop("extends", None)
    if parent is None:
        return data
    if not isinstance(parent, str):
        raise RecipeError("must be the name of a recipe", key="extends", path=name)
    beside = folder / parent
    by_name = beside if beside.is_file() or beside.suffix else parent
    return merged(read_recipe(by_name, below, output=output), data, KINDS.values())


def _found(recipe: str | Path) -> tuple[Path, Path]:
    """The file of a recipe or preset, and the folder from which its relative paths are taken."""
    path = Path(recipe)
    if path.suffix or path.is_file():
        return path, path.parent
    if str(recipe) not in presets():
        known = ", ".join(presets())
        raise RecipeError(f"no such recipe or preset; the presets are: {known}", path=recipe)
    return preset_folder() / f"{recipe}.yaml", Path()


def _text(path: Path, name: str) -> str:
    try:
        return read_bytes(path, MAX_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a text in UTF-8"
        raise RecipeError(f"cannot be read as a recipe: {reason}", path=name) from None


def make_recipe(data: Mapping[str, Any], kind: str | None = None, name: str = "") -> Recipe:
    """A validated recipe.

    Args:
        kind: the kind that it must be, or that it is if the data does not say; None: as the data
            says, else by its source (`kind_of`).
        name: what an error calls the recipe.

    Raises:
        RecipeError: with every fault, in one line.
    """
    renamed = list(old_keys(data))
    if renamed or data.get("version") in (1, "1"):
        changes = ", ".join(renamed) or "no key of it is called otherwise"
        raise RecipeError(f"is 1; {changes}; write version: 2", key="version", path=name or None)
    given = data.get("kind", kind or kind_of(data.get("source")))
    if not isinstance(given, str) or given not in KINDS or (kind and given != kind):
        right = f"this command wants {kind}" if kind else f"must be one of {', '.join(KINDS)}"
        raise RecipeError(f"{given}: {right}", key="kind", path=name or None)
    return validated(KINDS[given], data, name)


def kind_of(source: Any) -> str:
    """The kind of a recipe that does not say it: a video of a clip, else the usual one."""
    named = source if isinstance(source, list | tuple) else [source]
    paths = [Path(each) for each in named if isinstance(each, str | Path)]
    return "video" if any(p.suffix.lower() in CLIP_ENDINGS for p in paths) else USUAL_KIND


def validated(model: type[Model], data: Mapping[str, Any], name: str = "") -> Model:
    """`data` as a `model`, its faults as one line of a `RecipeError` that begins with `name`."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        raise RecipeError.of(faults(error, model, KINDS), name or None) from None


def load_recipe(
    recipe: str | Path | Mapping[str, Any], kind: str | None = None, *, output: bool = True
) -> Recipe:
    """The recipe in a YAML file or a preset, or in data as such a file holds it.

    Args:
        recipe: relative paths in a file are taken from its own folder, those in data and in a
            preset from the current one.
        kind: the kind that it must be, or that it is if it does not say.
        output: whether the output that it names counts; else it is dropped.

    Raises:
        RecipeError: it cannot be read, or something in it is wrong.
    """
    name = "" if isinstance(recipe, Mapping) else str(recipe)
    return make_recipe(read_recipe(recipe, output=output), kind, name)


def yaml_lines(recipe: Recipe) -> list[str]:
    """Every key of a recipe as YAML, which reads back as an equal recipe."""
    data: dict[str, Any] = recipe.model_dump(mode="json")
    ordered = {"version": data["version"], "kind": data["kind"]} | data
    text: str = yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text.rstrip("\n").split("\n")


class _Dumper(yaml.SafeDumper):
    """Mappings line by line, lists in one line each; letters that do not show are escaped."""


def _quoted(to: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Left to itself, PyYAML loses some line breaks that are not a newline.
    return to.represent_scalar("tag:yaml.org,2002:str", text, None if text.isprintable() else '"')


_Dumper.add_representer(str, _quoted)
_Dumper.add_representer(
    list, lambda to, value: to.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)
