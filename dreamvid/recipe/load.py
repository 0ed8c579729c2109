"""Loading recipes from YAML files, presets and data, with errors of one line.

YAML 1.1 has traps that would change a recipe silently: `on` and `no` are booleans, `1e-3` is a
string, and the last of repeated keys silently wins. The loader here takes only `true` and `false`
as booleans and rejects repeated keys; numbers written as strings are parsed by the models.
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
from dreamvid.recipe.paths import CLIP_ENDINGS, names_several, placed, require_within
from dreamvid.recipe.versions import old_keys

Model = TypeVar("Model", bound=BaseModel)

MAX_BYTES = 2**20
"""Largest size of a recipe file."""

MAX_NODES = 50_000
"""Most values in a recipe, counted again for each alias (`*name`) that repeats them."""

MAX_DEPTH = 32
"""Deepest nesting of values."""

MAX_EXTENDS = 8
"""Longest chain of recipes that extend one another."""


class _Loader(yaml.SafeLoader):
    """Reads the booleans of YAML 1.2; rejects repeated keys and data over the limits above."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._count = self._depth = 0
        self._weights: dict[str, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        alias = self.check_event(yaml.AliasEvent)
        if alias and event.anchor in self.anchors and event.anchor not in self._weights:
            raise RecipeError(f"*{event.anchor} refers to itself")
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
    """Parse a YAML mapping into a dict; errors call it `name`."""
    try:
        data = yaml.load(text, Loader=_Loader)
    except RecipeError as error:
        raise RecipeError.of(error.faults, name) from None
    # On `!!timestamp x`, `!!int ""` or `!!bool x` PyYAML lets any of these errors escape.
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, AttributeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" on line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "cannot be read"
        raise RecipeError(f"not YAML{where}: {problem}", path=name) from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise RecipeError("must be a mapping of keys to values, such as `frames: 50`", path=name)
    return data


def preset_folder() -> Path:
    """The folder of the presets: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "configs"
    return inside if inside.is_dir() else package.parent / "configs"


def presets() -> list[str]:
    """The names of the presets, sorted."""
    folder = preset_folder()
    return sorted(str(p.relative_to(folder).with_suffix("")) for p in folder.rglob("*.yaml"))


def about_preset(name: str) -> str:
    """What a preset is, by the comment at its top."""
    return first_sentence((preset_folder() / f"{name}.yaml").read_text(encoding="utf-8"))


def first_sentence(text: str) -> str:
    """The first sentence of the comment at the top of a recipe; "" where there is none."""
    comment = re.match(r"(?:#.*\n)*", text)
    lines = comment[0].splitlines() if comment else []
    plain = " ".join(line.lstrip("# ") for line in lines)
    return re.split(r"(?<=[.!?])\s|\s(?=dreamvid )", plain, maxsplit=1)[0].strip()


def read_recipe(
    recipe: str | Path | Mapping[str, Any], below: tuple[Path, ...] = (), *, output: bool = True
) -> dict[str, Any]:
    """A recipe as unvalidated data: relative paths resolved, and the recipe it `extends` merged in.

    Args:
        recipe: a file, a preset, or data as in a file in the current folder. A name without an
            extension is a preset, unless a file of that name exists.
        below: the files that extend this one.
        output: False: drop the `output` that it names.

    Raises:
        RecipeError: there is no such file or preset; it is not a YAML mapping; the chain of
            `extends` is circular or too long; or a file names an output outside its folder and the
            current one.
    """
    if isinstance(recipe, Mapping):
        data, folder, name = dict(recipe), Path(), None
    else:
        name, (path, folder) = str(recipe), _locate(recipe)
        text = _read_text(path, name)
        if path.resolve() in below or len(below) >= MAX_EXTENDS:
            raise RecipeError(
                f"is circular, or a chain of more than {MAX_EXTENDS} recipes",
                key="extends",
                path=name,
            )
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
    sibling = folder / parent
    base = sibling if sibling.is_file() or sibling.suffix else parent
    return merged(read_recipe(base, below, output=output), data, KINDS.values())


def _locate(recipe: str | Path) -> tuple[Path, Path]:
    """The file of a recipe or preset, and the folder that its relative paths are relative to."""
    path = Path(recipe)
    if path.suffix or path.is_file():
        return path, path.parent
    if str(recipe) not in presets():
        names = ", ".join(presets())
        raise RecipeError(f"no such recipe or preset; the presets are: {names}", path=recipe)
    return preset_folder() / f"{recipe}.yaml", Path()


def _read_text(path: Path, name: str) -> str:
    try:
        return read_bytes(path, MAX_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a text in UTF-8"
        raise RecipeError(f"cannot be read as a recipe: {reason}", path=name) from None


def make_recipe(data: Mapping[str, Any], kind: str | None = None, name: str = "") -> Recipe:
    """Validate data as a recipe.

    Args:
        kind: the required kind, and the default where the data has none; None: any, and by default
            the kind that fits the source (`kind_of`).
        name: how errors call the recipe.

    Raises:
        RecipeError: the data is invalid; one line with every fault.
    """
    renamed = list(old_keys(data))
    if renamed or data.get("version") in (1, "1"):
        changes = ", ".join(renamed) or "no key was renamed"
        raise RecipeError(f"is 1; {changes}; write version: 2", key="version", path=name or None)
    stated = data.get("kind", kind or kind_of(data.get("source")))
    if not isinstance(stated, str) or stated not in KINDS or (kind and stated != kind):
        valid = f"this command needs {kind}" if kind else f"must be one of {', '.join(KINDS)}"
        raise RecipeError(f"{stated}: {valid}", key="kind", path=name or None)
    return validated(KINDS[stated], data, name)


def changed_by(recipe: Recipe, data: Mapping[str, Any]) -> Recipe:
    """A recipe with what `data`, as from `read_recipe`, has of its own. Raises RecipeError."""
    whole = merged(recipe.model_dump(mode="json"), data, KINDS.values())
    return make_recipe(whole, recipe.kind)


def kind_of(source: Any) -> str:
    """The default kind of a recipe: video if a source is a clip, a folder or a pattern such as
    `shot.####.png`, else `USUAL_KIND`."""
    sources = source if isinstance(source, list | tuple) else [source]
    paths = [Path(each) for each in sources if isinstance(each, str | Path)]
    is_clip = any(p.suffix.lower() in CLIP_ENDINGS or names_several(p) for p in paths)
    return "video" if is_clip else USUAL_KIND


def validated(model: type[Model], data: Mapping[str, Any], name: str = "") -> Model:
    """Validate `data` as a `model`. Raises RecipeError: its faults in one line, after `name`."""
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        raise RecipeError.of(faults(error, model, KINDS), name or None) from None


def load_recipe(
    recipe: str | Path | Mapping[str, Any],
    kind: str | None = None,
    *,
    output: bool = True,
    source: str | None = None,
) -> Recipe:
    """Load and validate a recipe from a YAML file, a preset, or data as in such a file.

    Args:
        recipe: paths in a file are relative to its folder, those in data and in a preset to the
            current folder.
        kind: the required kind, and the default where the recipe has none.
        output: False: drop the `output` that it names.
        source: taken in place of the recipe's `source`.

    Raises:
        RecipeError: it cannot be read, or is invalid.
    """
    name = "" if isinstance(recipe, Mapping) else str(recipe)
    data = read_recipe(recipe, output=output)
    if source is not None:
        data["source"] = source
    return make_recipe(data, kind, name)
