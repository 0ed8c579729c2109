"""Recipes typed on the page: read, confined to the folder, checked, and told as the form shows
them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, Fault, RecipeError
from dreamvid.files import read_bytes
from dreamvid.media.picture_list import find_pictures
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.recipe import KINDS, FilmRecipe, Recipe, recipe_files
from dreamvid.recipe.at_frame import at_frame, heard_by, schedules
from dreamvid.recipe.base import Section, sections_in
from dreamvid.recipe.dump import yaml_of
from dreamvid.recipe.load import (
    MAX_BYTES,
    MAX_EXTENDS,
    kind_of,
    make_recipe,
    parse_yaml,
    presets,
    read_recipe,
)
from dreamvid.recipe.paths import names_several
from dreamvid.rendering.film_frames import FilmFrames
from dreamvid.rendering.output import output_of
from dreamvid.resolve import resolve
from dreamvid.studio.folder import Folder
from dreamvid.studio.plain import plain

NAMED = "recipe"
"""What errors call a recipe that has no file."""

CHECKED = 1500
"""Most frames whose schedules are checked while a recipe is typed."""

Data = dict[str, Any]


class Recipes:
    """The recipes of a folder.

    Attributes:
        folder: what all their files lie in.
        frames: the films' undreamed frames.
    """

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.frames = FilmFrames()
        self.lock = threading.Lock()  # of `frames`

    def read(self, data: Mapping[str, Any]) -> Recipe:
        """A recipe of data as typed.

        Raises:
            RecipeError: it does not hold, or names a file outside the folder.
        """
        self._confine_extends(data, self.folder.path, 0)
        stated = data.get("kind") or kind_of(data.get("source"))
        recipe = make_recipe(read_recipe(data), stated if isinstance(stated, str) else None)
        self.confine(recipe)
        return recipe

    def confine(self, recipe: Recipe) -> None:
        """Raise RecipeError where a recipe names a file outside the folder."""
        faults = []
        for key, path in recipe_files(recipe):
            try:
                self.require_readable(path)
            except DreamvidError as error:
                faults.append(Fault(key, str(error)))
        if recipe.output is not None:
            try:
                self.folder.writable(recipe.output)
            except DreamvidError as error:
                faults.append(Fault("output", str(error)))
        if faults:
            raise RecipeError.of(faults)

    def require_readable(self, path: Path) -> None:
        """Raise InputError where a file, or one of those that a folder or pattern names, lies
        outside the folder."""
        for each in _all_of(path):
            self.folder.readable(each)

    def check(self, data: Mapping[str, Any] | None, text: str | None) -> Data:
        """What the page shows of a recipe; see docs of `/api/check`.

        Args:
            data: as the form has it; None: `text` is read.
            text: YAML.
        """
        answer: Data = {"values": None, "base": None, "film": None, "faults": []}
        try:
            typed = plain(data if data is not None else parse_yaml(text or "", NAMED))
            answer["data"] = typed = expanded(typed)
            answer["yaml"] = yaml_of(typed)
            answer["changed"] = sorted(_changed(typed))
            recipe = self.read(typed)
            answer["values"] = _values(recipe)
            base: Data = {key: typed[key] for key in ("kind", "source", "extends") if key in typed}
            answer["base"] = _values(self.read(base))
            answer["film"] = self._film(recipe)
        except DreamvidError as error:
            answer["faults"] = faults_of(error)
        return {"data": {}, "yaml": text, "changed": [], **answer}

    def _film(self, recipe: Recipe) -> Data | None:
        """What film a recipe makes, as far as is known without listening to a sound."""
        film: Data = {"output": str(output_of(recipe))}
        if not recipe.source:
            return None
        if heard_by(recipe) or (isinstance(recipe, FilmRecipe) and isinstance(recipe.frames, str)):
            return {**film, "frames": None, "fps": None, "seconds": None, "size": None}
        with self.lock:
            source = self.frames.source(recipe)
        self._check_schedules(recipe, source)
        frames, rate = source.frames, source.rate
        seconds = None if frames is None else float(frames / rate)
        told = {"frames": frames, "fps": float(rate), "seconds": seconds}
        return {**film, **told, "size": list(source.size)}

    def _check_schedules(self, recipe: Recipe, source: Any) -> None:
        if any(True for _ in schedules(recipe)):
            job = resolve(with_network_defaults(recipe), source.size)
            for time in source.timeline.first(CHECKED):
                at_frame(job, time)

    def _confine_extends(self, data: Mapping[str, Any], folder: Path, depth: int) -> None:
        """Raise RecipeError where a recipe extends a file outside the folder."""
        parent = data.get("extends")
        if not isinstance(parent, str) or depth > MAX_EXTENDS:
            return  # reported when it is read
        sibling = folder / parent
        if not sibling.suffix and not os.path.isfile(sibling):  # noqa: PTH113 (a name that is too long is none)
            if parent not in presets():
                raise RecipeError(f"{parent}: there is no such recipe or preset", key="extends")
            return
        try:
            path = self.folder.readable(sibling)
            text = read_bytes(path, MAX_BYTES).decode()
        except (DreamvidError, OSError, UnicodeDecodeError) as error:
            raise RecipeError(str(error), key="extends") from None
        self._confine_extends(parse_yaml(text, parent), path.parent, depth + 1)


def faults_of(error: BaseException) -> list[Data]:
    """An error as the page shows it."""
    if isinstance(error, RecipeError):
        # A file's name stands before the first of its faults.
        return [
            {"key": each.key, "message": each.message, "hint": each.hint, "line": str(each)}
            for each in error.faults
        ]
    if isinstance(error, OSError):
        line = f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
    else:
        line = str(error) or type(error).__name__
    key = error.key or "" if isinstance(error, DreamvidError) else ""
    return [{"key": key, "message": line, "hint": None, "line": line}]


def expanded(data: Mapping[str, Any]) -> Data:
    """A recipe's data with short forms of sections written out, and without empty sections."""
    sections: dict[str, type[Section]] = {}
    for model in KINDS.values():
        for key, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
                sections.setdefault(key, sections_in(field.annotation)[0])
    result = {
        key: sections[key].expanded(value) if key in sections else value
        for key, value in data.items()
    }
    return {key: value for key, value in result.items() if not (key in sections and value == {})}


def _values(recipe: Recipe) -> Data:
    return with_network_defaults(recipe).model_dump(mode="json")


def _changed(data: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, Mapping) and not prefix:
            yield from _changed(value, f"{key}.")
        elif prefix or key not in ("kind", "version", "source", "extends", "output"):
            yield prefix + key


def _all_of(path: Path) -> Iterator[Path]:
    """A file, or all pictures that a folder or pattern names, links and all."""
    yield path if os.path.lexists(path) else path.parent / "_"
    if names_several(path):
        yield from (file for _, file in find_pictures(path).pictures)
