"""The files that a recipe names: which keys name one, and how relative paths are resolved."""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamvid.errors import RecipeError
from dreamvid.recipe.base import Section, sections_in

CLIP_ENDINGS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv")
"""File extensions by which a source without a stated kind counts as a clip. A GIF may be either."""


PICTURE_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".webp", ".bmp", ".avif", ".jp2"),
    *(".pgm", ".ppm", ".qoi"),
)
"""File extensions of numbered pictures that are dreamed as a clip."""

_PATTERN = re.compile(
    rf"(%0?\d*d|#).*({'|'.join(map(re.escape, PICTURE_ENDINGS))})( \d+-\d+)?$", re.IGNORECASE
)
"""`shot.%04d.png`, `shot.####.png`, `shot.%04d.png 1001-1100`."""


_WILD = re.compile("[*?]")

_ADDRESS = re.compile(r"(?:^|/)[A-Za-z][A-Za-z0-9+.-]+:/")


def names_several(path: Path) -> bool:
    """Whether a path names several pictures: a folder, or a pattern that is no file's name."""
    try:
        exists = path.exists()
    except (OSError, ValueError):
        return False  # reported when the file is opened
    if exists:
        return path.is_dir()
    return has_wildcards(path) or bool(_PATTERN.search(path.name))


def has_wildcards(path: Path) -> bool:
    """Whether a name is a pattern of pictures' names as a shell has them: `*.png`, `shot_??.exr`,
    `shot.*`, `*`."""
    ending = path.suffix.lower()
    of_pictures = not ending or ending in PICTURE_ENDINGS or bool(_WILD.search(ending))
    is_address = _ADDRESS.search(path.as_posix())
    return of_pictures and bool(_WILD.search(path.name)) and not is_address


def named_after(source: Path) -> str:
    """What a film of a source is named after: the name without its ending, or, of a pattern with
    `*` or `?`, what stands before these, else the folder's name."""
    if not (has_wildcards(source) and names_several(source)) or source.is_dir():
        return source.stem
    before = re.split(r"[*?]", source.name)[0].rstrip(" ._-")
    return before or source.absolute().parent.name or "pictures"


@dataclass(frozen=True)
class NamedFile:
    """Marks a key whose value is a path or a list of paths.

    Attributes:
        keywords: values that are not paths.
        endings: of the values that are paths; empty: of any.
    """

    keywords: tuple[Any, ...] = ()
    endings: tuple[str, ...] = ()

    def is_path(self, value: Any) -> bool:
        """Whether a value of the key is a path."""
        if value is None or value in self.keywords:
            return False
        return not self.endings or Path(value).suffix.lower() in self.endings


class InputFile(NamedFile):
    """Marks a key that names input files of a render."""


class OutputFile(NamedFile):
    """Marks a key that names an output file of a render."""


@dataclass(frozen=True)
class Expanded:
    """Marks a key of a list of sections that has short forms, in which files may be named.

    Attributes:
        expand: the function from any form to the list; what it does not know it returns.
    """

    expand: Callable[[Any], Any]


def may_name_files(section: Section) -> bool:
    """Whether a section has a key that names input files."""
    fields = type(section).model_fields.values()
    return any(isinstance(mark_of(field), InputFile) for field in fields)


def recipe_files(recipe: Section, prefix: str = "") -> Iterator[tuple[str, Path]]:
    """The input files of a recipe, each with its key: `source`, `network.weights`.

    A key that names several files is yielded with each of them.
    """
    for name, field in type(recipe).model_fields.items():
        key, value = prefix + name, getattr(recipe, name)
        mark = mark_of(field)
        for index, part in enumerate(value if isinstance(value, tuple) else (value,)):
            if isinstance(part, Section):
                inner = f"{key}.{index}." if isinstance(value, tuple) else f"{key}."
                yield from recipe_files(part, inner)
            elif isinstance(mark, InputFile) and mark.is_path(part):
                yield key, Path(part)


def with_files(data: Mapping[str, Any], files: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a recipe's data, with other values of some keys such as `regions.0.mask.file`. Keys
    that it lacks are left out."""
    changed = copy.deepcopy(dict(data))
    for key, value in files.items():
        *sections, last = key.split(".")
        at: Any = changed
        for name in sections:
            if isinstance(at, list) and name.isdecimal() and int(name) < len(at):
                at = at[int(name)]
            else:
                at = at.get(name) if isinstance(at, dict) else None
        if isinstance(at, dict) and last in at:
            at[last] = value
    return changed


def placed(
    data: Mapping[str, Any], folder: Path, models: Iterable[type[BaseModel]]
) -> dict[str, Any]:
    """Unvalidated data of a recipe with its relative paths resolved against `folder`.

    Args:
        models: models that the data may be for; they tell which keys name files.
    """
    models = list(models)
    return {key: _resolve_value(key, value, folder, models) for key, value in data.items()}


def require_within(output: Any, folder: Path, name: str) -> None:
    """Refuse an output outside the recipe's folder and the current one, since a recipe may come
    from an untrusted source. Raises RecipeError."""
    if not isinstance(output, str):
        return
    try:
        target = Path(os.path.realpath(output))
        allowed = [Path(os.path.realpath(each)) for each in (folder, Path())]
    except (OSError, ValueError):
        return  # an invalid name, which is reported when it is opened
    if not any(target.is_relative_to(each) for each in allowed):
        message = f"{output}: lies outside the recipe's folder; to write there, use -o"
        raise RecipeError(message, key="output", path=name)


def _resolve_value(key: str, value: Any, folder: Path, models: list[type[BaseModel]]) -> Any:
    fields = [model.model_fields[key] for model in models if key in model.model_fields]
    mark = next(filter(None, map(mark_of, fields)), None)
    if mark:
        return _resolve_path(value, folder, mark)
    inner = [section for field in fields for section in sections_in(field.annotation)]
    if isinstance(value, str) and inner and inner[0].short:
        return placed(inner[0].expanded(value), folder, inner)
    for short in (m for field in fields for m in field.metadata if isinstance(m, Expanded)):
        value = short.expand(value)
    if isinstance(value, list):
        return [placed(each, folder, inner) if isinstance(each, dict) else each for each in value]
    return placed(value, folder, inner) if isinstance(value, dict) else value


def mark_of(field: FieldInfo) -> NamedFile | None:
    """The mark of a key that names files; None: it names none."""
    inner = [m for part in get_args(field.annotation) for m in getattr(part, "__metadata__", ())]
    return next((m for m in [*field.metadata, *inner] if isinstance(m, NamedFile)), None)


def _resolve_path(value: Any, folder: Path, mark: NamedFile) -> Any:
    if isinstance(value, list):
        return [_resolve_path(each, folder, mark) for each in value]
    return str(folder / value) if isinstance(value, str) and mark.is_path(value) else value
