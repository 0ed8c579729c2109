"""The files that a recipe names: which of its keys name one, and where they lie."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamvid.errors import RecipeError
from dreamvid.recipe.base import Section, sections_in

CLIP_ENDINGS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv")
"""By which a clip is told from a picture where nothing else says it. A GIF may be either."""


@dataclass(frozen=True)
class NamedFile:
    """Marks a key whose text, or each of whose texts, names a file.

    Attributes:
        words: texts that name none.
    """

    words: tuple[str, ...] = ()


class InputFile(NamedFile):
    """Marks a key that names a file, or several, that a render is made of."""


class OutputFile(NamedFile):
    """Marks a key that names a file that a render makes."""


def recipe_files(recipe: Section, prefix: str = "") -> Iterator[tuple[str, Path]]:
    """The files that a recipe is made of, each with its key: `source`, `network.weights`.

    A key that names several is given with each of them.
    """
    for name, field in type(recipe).model_fields.items():
        key, value = prefix + name, getattr(recipe, name)
        mark = _mark(field)
        for at, part in enumerate(value if isinstance(value, tuple) else (value,)):
            if isinstance(part, Section):
                inner = f"{key}.{at}." if isinstance(value, tuple) else f"{key}."
                yield from recipe_files(part, inner)
            elif isinstance(mark, InputFile) and part is not None and part not in mark.words:
                yield key, Path(part)


def placed(
    data: Mapping[str, Any], folder: Path, models: Iterable[type[BaseModel]]
) -> dict[str, Any]:
    """Data of a recipe, not validated, with the relative paths in it taken from `folder`.

    Args:
        models: those that the data may be of; in them the keys that name files are found.
    """
    models = list(models)
    return {key: _placed(key, value, folder, models) for key, value in data.items()}


def require_within(output: Any, folder: Path, name: str) -> None:
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


def _placed(key: str, value: Any, folder: Path, models: list[type[BaseModel]]) -> Any:
    fields = [model.model_fields[key] for model in models if key in model.model_fields]
    mark = next(filter(None, map(_mark, fields)), None)
    if mark:
        return _place(value, folder, mark.words)
    inner = [section for field in fields for section in sections_in(field.annotation)]
    if isinstance(value, list):
        return [placed(each, folder, inner) if isinstance(each, dict) else each for each in value]
    return placed(value, folder, inner) if isinstance(value, dict) else value


def _mark(field: FieldInfo) -> NamedFile | None:
    inner = [m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ())]
    return next((m for m in [*field.metadata, *inner] if isinstance(m, NamedFile)), None)


def _place(value: Any, folder: Path, words: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_place(each, folder, words) for each in value]
    return str(folder / value) if isinstance(value, str) and value not in words else value
