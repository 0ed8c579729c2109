"""The recipe embedded in a film: written, and read back without trusting it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamvid import notices
from dreamvid.errors import MediaError, RecipeError
from dreamvid.media.codecs.table import carries_recipe
from dreamvid.media.metadata import read_comment
from dreamvid.recipe import Recipe, recipe_files
from dreamvid.recipe.load import load_recipe, make_recipe
from dreamvid.recipe.paths import with_files
from dreamvid.recipe.versions import upgraded
from dreamvid.rendering.manifest import NO_KEYS, Manifest

MARK = "dreamvid recipe "


def embed(manifest: Manifest) -> str:
    """A film's comment: its recipe, and the names and hashes of its input files."""
    files = [
        {"key": each["key"], "name": Path(each["path"]).name, "sha256": each["sha256"]}
        for each in manifest.files
    ]
    content = {"recipe": manifest.recipe, "files": files, "dream": manifest.dream}
    return MARK + json.dumps(content, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Embedded:
    """The data embedded in a film.

    Attributes:
        recipe: without source, output and other files, which the user must give again.
        files: the key, name and SHA-256 of each input file.
        dream: `Manifest.dream` of the render.
    """

    recipe: Recipe
    files: list[dict[str, str]]
    dream: str

    @property
    def keys(self) -> list[str]:
        """The keys of the recipe that name input files."""
        return [key for key in dict.fromkeys(f["key"] for f in self.files) if key not in NO_KEYS]

    def name_of(self, key: str) -> str | None:
        """The name, without folder, of the first input file of a key; None if there is none."""
        return next((each["name"] for each in self.files if each["key"] == key), None)

    def hashes_of(self, key: str) -> list[str]:
        """The SHA-256 of each input file of a key."""
        return [each["sha256"] for each in self.files if each["key"] == key]


def read_embedded(film: Path, *, upgrade: bool = False) -> Embedded:
    """Read the recipe embedded in a film. Paths in it are dropped, since the film is not trusted.

    Args:
        upgrade: whether to convert a recipe of an earlier version.

    Raises:
        MediaError: there is no such file, or it is not a film.
        RecipeError: it carries no recipe, or an invalid one.
    """
    comment = read_comment(film)
    if not comment.startswith(MARK):
        raise RecipeError("carries no recipe of dreamvid's", path=film)
    try:
        content: dict[str, Any] = json.loads(comment.removeprefix(MARK))
        data, listed = dict(content["recipe"]), list(content["files"])
        files = [
            {key: str(each[key]) for key in ("key", "sha256")} | {"name": Path(each["name"]).name}
            for each in listed
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecipeError(
            f"the recipe that it carries cannot be read ({error})", path=film
        ) from None
    data = upgraded(data) if upgrade else data
    data.pop("source", None)
    data.pop("output", None)
    dropped = {each["key"] for each in files}.difference(NO_KEYS)
    data = with_files(data, dict.fromkeys(dropped))
    recipe = make_recipe(data, name=str(film))
    for key, _ in recipe_files(recipe):
        # dreamvid lists every input file; opening one that is not listed would trust the film.
        raise RecipeError(
            f"the recipe that it carries cannot be read (no hash of {key})", path=film
        )
    return Embedded(recipe, files, str(content.get("dream")))


def find_embedded(film: Path) -> Embedded | None:
    """As :func:`read_embedded`, of any version; None if there is no film or no valid recipe in
    it."""
    try:
        return read_embedded(film, upgrade=True)
    except (MediaError, RecipeError):
        return None


def any_recipe(
    name: str, kind: str | None = None, *, output: bool = True, source: str | None = None
) -> Recipe:
    """Load a recipe from a YAML file, a preset, or a film made by dreamvid.

    Args:
        kind, output, source: as for `load_recipe`; a film has a kind, and keeps it.

    Raises:
        RecipeError, MediaError: there is no recipe, or not of that kind.
    """
    if not carries_recipe(Path(name)):
        return load_recipe(name, kind, output=output, source=source)
    embedded = read_embedded(Path(name))
    for key in embedded.keys:
        if key != "source":
            notices.warn(f"{name}: {key}: {embedded.name_of(key)} is to be named again")
    recipe = embedded.recipe
    if kind and recipe.kind != kind:
        raise RecipeError(f"{recipe.kind}: this command needs {kind}", key="kind", path=name)
    return recipe
