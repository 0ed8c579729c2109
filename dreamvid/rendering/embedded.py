"""The recipe embedded in a film, and what of it is trusted when it is read back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamvid.errors import MediaError, RecipeError
from dreamvid.media.codecs import carries_recipe
from dreamvid.media.metadata import read_comment
from dreamvid.recipe import WORDS_FOR_WEIGHTS, Recipe
from dreamvid.recipe.load import load_recipe, make_recipe
from dreamvid.recipe.versions import upgraded
from dreamvid.rendering.manifest import Manifest

MARK = "dreamvid recipe "


def embed(manifest: Manifest) -> str:
    """The comment of a film: its recipe, and the names and hashes of the files it was made of."""
    files = [
        {"key": each["key"], "name": Path(each["path"]).name, "sha256": each["sha256"]}
        for each in manifest.files
    ]
    content = {"recipe": manifest.recipe, "files": files, "dream": manifest.dream}
    return MARK + json.dumps(content, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Embedded:
    """What a film says of itself.

    Attributes:
        recipe: without its source, output, and weights file, which are to be named anew.
        files: the key, name and SHA-256 of each file that it was made of.
        dream: the hash of what made its pictures.
    """

    recipe: Recipe
    files: list[dict[str, str]]
    dream: str

    def name_of(self, key: str) -> str | None:
        """The name of the file that a key named, without its folder."""
        return next((each["name"] for each in self.files if each["key"] == key), None)

    def hashes_of(self, key: str) -> list[str]:
        """The SHA-256 of each file that a key named."""
        return [each["sha256"] for each in self.files if each["key"] == key]


def read_embedded(film: Path, *, upgrade: bool = False) -> Embedded:
    """The recipe that a film carries. Paths in it are dropped: the film may be a stranger's.

    Args:
        upgrade: whether a recipe of an earlier version is read as one of this version.

    Raises:
        MediaError: there is no such file, or it is no film.
        RecipeError: it carries no recipe, or one that is not right.
    """
    comment = read_comment(film)
    if not comment.startswith(MARK):
        raise RecipeError(f"{film}: carries no recipe of dreamvid's")
    try:
        content: dict[str, Any] = json.loads(comment.removeprefix(MARK))
        data, listed = dict(content["recipe"]), list(content["files"])
        files = [
            {key: str(each[key]) for key in ("key", "sha256")} | {"name": Path(each["name"]).name}
            for each in listed
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecipeError(f"{film}: the recipe that it carries cannot be read ({error})") from None
    data = upgraded(data) if upgrade else data
    data.pop("source", None)
    data.pop("output", None)
    network = data.get("network")
    if isinstance(network, dict):
        if any(each["key"] == "network.weights" for each in files):
            data["network"] = {**network, "weights": None}
        elif network.get("weights") not in (None, *WORDS_FOR_WEIGHTS):
            # dreamvid lists every file by its hash; what it does not list it would have to open
            raise RecipeError(
                f"{film}: the recipe that it carries cannot be read (no hash of its weights)"
            )
    return Embedded(make_recipe(data, name=str(film)), files, str(content.get("dream")))


def find_embedded(film: Path) -> Embedded | None:
    """As :func:`read_embedded`; None where there is no film, or it carries no right recipe."""
    try:
        return read_embedded(film, upgrade=True)
    except (MediaError, RecipeError):
        return None


def any_recipe(name: str, kind: str | None = None, *, output: bool = True) -> Recipe:
    """The recipe in a YAML file, in a preset, or in a film of dreamvid's.

    Args:
        kind: as for `load_recipe`, as is `output`.

    Raises:
        RecipeError, MediaError: there is none, or not of that kind.
    """
    if not carries_recipe(Path(name)):
        return load_recipe(name, kind, output=output)
    recipe = read_embedded(Path(name)).recipe
    if kind and recipe.kind != kind:
        raise RecipeError(f"{name}: kind: {recipe.kind}: this command wants {kind}")
    return recipe
