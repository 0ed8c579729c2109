"""The table of options: which a command takes, and how many values each has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dreamvid.cli.run_options import Continuation, Drawing, RenderOptions, StillOptions
from dreamvid.recipe import KINDS, Recipe
from dreamvid.recipe.fields import Flag
from dreamvid.recipe.paths import NamedFile, OutputFile, mark_of

NAMES = {"start": "from", "base": "recipe", "values": "set", "table": "csv"}
"""Options that are called otherwise than their fields."""


OR_A_VALUE = "true|false|"
"""How the placeholder of an option begins that takes a value or is off by `--no-NAME`."""


def all_options() -> dict[str, int]:
    """How many values each option of the commands on recipes takes."""
    taken: dict[str, int] = {}
    for model in KINDS.values():
        for beside in (RenderOptions, StillOptions, Continuation, Drawing):
            taken |= options_of(model, beside, named=True)
    return taken


def options_of(model: type[BaseModel], beside: type[Any], *, named: bool) -> dict[str, int]:
    """How many values each option takes, for a parse with these arguments; see `typed`."""
    taken = {"-h": 0, "--help": 0}
    for name, field in leaves(model):
        kind, flag = field.annotation, flag_of(field.metadata, field.annotation)
        if flag.hidden or (flag.positional and not named):
            continue
        shown = f"--{(flag.name or name).replace('_', '-')}"
        taken[shown] = 0 if kind is bool else 1 if flag.positional else arity(flag, kind)[0]
        if (kind is bool and field.default) or (flag.metavar or "").startswith(OR_A_VALUE):
            taken[shown.replace("--", "--no-")] = 0
        if flag.short:
            taken[flag.short] = taken[shown]
    if issubclass(model, Recipe):
        for option in fields(beside):
            name = NAMES.get(option.name, option.name)
            taken[f"--{name.replace('_', '-')}"] = 0 if option.default is False else 1
            if option.name == "quiet":
                taken["-q"] = 0
    return taken


def absolute(argv: Sequence[str]) -> list[str]:
    """The same options with absolute paths, so that they mean the same in any folder."""
    marks = {
        f"--{(flag_of(field.metadata, field.annotation).name or name).replace('_', '-')}": mark
        for model in KINDS.values()
        for name, field in leaves(model)
        if (mark := mark_of(field)) is not None
    }
    words: list[str] = []
    of: NamedFile | None = None
    for word in argv:
        option, equals, value = word.partition("=")
        if word.startswith("--"):
            of = marks.get(option)
            if equals and of is not None and of.is_path(value):
                word = f"{option}={Path(value).absolute()}"
        elif word == "-o":
            of = OutputFile()
        elif of is not None and of.is_path(word):
            word = str(Path(word).absolute())
        words.append(word)
    return words


def switched_off(argv: Sequence[str], model: type[BaseModel]) -> list[str]:
    """The arguments with `--no-NAME` of an option that may also have a value as `--NAME=false`."""
    off = {
        f"--no-{name}": f"--{name}=false"
        for name, field in leaves(model)
        if (flag_of(field.metadata, field.annotation).metavar or "").startswith(OR_A_VALUE)
    }
    return [off.get(word, word) for word in argv]


def leaves(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Every field of a model and of its sections, by its name."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from leaves(kind)
        else:
            yield name, field


def flag_of(metadata: Sequence[Any], kind: Any) -> Flag:
    """The `Flag` in a field's metadata or nested in its type, as in `Size | None`."""
    inner = [m for part in get_args(kind) for m in getattr(part, "__metadata__", ())]
    return next((m for m in [*metadata, *inner] if isinstance(m, Flag)), Flag())


_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "FILE"}


def arity(flag: Flag, kind: Any) -> tuple[int, str]:
    """How many values an option takes, and the help's placeholder for them."""
    count, metavar = len((flag.metavar or "").split(" ")), flag.metavar
    for part in (kind, *get_args(kind)):
        part = get_args(part)[0] if get_origin(part) is Annotated else part
        if get_origin(part) is Literal:
            metavar = "|".join(map(str, get_args(part)))
        elif get_origin(part) is tuple and not metavar:
            count, metavar = len(get_args(part)), " ".join("XYZ"[: len(get_args(part))])
        elif part in _METAVARS and not metavar:
            metavar = _METAVARS[part]
    return count, metavar or "TEXT"
