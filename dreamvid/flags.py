"""The recipe as flags: tyro reads the models, so that each name, help and default stands once.

Every value is handed on as the text that was typed and validated by the recipe itself, so that the
prompt, YAML and Python meet the same checks and the same words.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import tyro
from pydantic import BaseModel
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from dreamvid.errors import UsageError
from dreamvid.recipe import Recipe
from dreamvid.recipe.fields import Flag
from dreamvid.recipe.terms import BaseTerm, are_terms


@dataclass(frozen=True)
class Command:
    """What is said at the prompt beside the recipe."""

    base: Annotated[
        str | None,
        tyro.conf.arg(name="recipe", metavar="FILE|PRESET", help="Recipe that the flags override."),
    ] = None
    overwrite: Annotated[bool, tyro.conf.arg(help="Replace an output that exists.")] = False
    restart: Annotated[
        bool, tyro.conf.arg(help="Begin an unfinished film anew, not where it was interrupted.")
    ] = False
    keep: Annotated[
        bool, tyro.conf.arg(help="Keep all that a film was made of, not its last state alone.")
    ] = False
    no_keep: Annotated[bool, tyro.conf.arg(help="Keep nothing but the film.")] = False
    quiet: Annotated[bool, tyro.conf.arg(aliases=["-q"], help="Say nothing but errors.")] = False
    dry_run: Annotated[
        bool, tyro.conf.arg(help="Dream two frames, say what all would take, and stop.")
    ] = False
    preview: Annotated[
        bool, tyro.conf.arg(help="Make a small film and a sheet of full frames instead.")
    ] = False
    sheet: Annotated[str, tyro.conf.arg(metavar="N", help="Frames in a preview's sheet.")] = "6"


@dataclass(frozen=True)
class Continuation(Command):
    """What is said at the prompt of a film that is to go on."""

    start: Annotated[
        str | None,
        tyro.conf.arg(name="from", metavar="K", help="Branch off after K frames; else at the end."),
    ] = None


def parse(
    word: str,
    summary: str,
    base: Recipe,
    argv: Sequence[str],
    command: type[Command] = Command,
    *,
    named: bool = False,
) -> tuple[dict[str, Any], Any]:
    """The recipe that `argv` asks for over `base`, as nested data to be validated, and the rest.

    Args:
        command: what may be said beside the recipe.
        named: whether the source is said by `--source`, not by its place.

    Exits with 0 after `--help`; words that are no flags end in a `UsageError`.
    """
    made = typed(word, summary, base, _joined_layers(argv), command, named=named)
    said = made.pop("command")
    return {"kind": base.kind, "version": base.version, **made}, said


def typed(
    word: str,
    summary: str,
    base: BaseModel,
    argv: Sequence[str],
    command: type[Command] = Command,
    *,
    named: bool = False,
) -> dict[str, Any]:
    """What `argv` says over a model, as nested data to be validated; like :func:`parse`."""
    registry = ConstructorRegistry()
    registry.struct_rule(partial(_section, command=command, named=named))
    said = io.StringIO()
    try:
        with registry, contextlib.redirect_stderr(said):
            made: Any = tyro.cli(  # a dict, by the rule below
                cast(Any, type(base)),
                prog=f"dreamvid {word}",
                description=summary,
                args=argv,
                default=base,
                config=(tyro.conf.OmitArgPrefixes,),
            )
    except SystemExit as stop:
        if stop.code:
            raise UsageError(_one_line(said.getvalue())) from None
        raise
    return dict(made)


def base_of(argv: Sequence[str]) -> str | None:
    """What `--recipe` names, read before the flags that override it can be."""
    for at, word in enumerate(argv):
        if word == "--recipe" and at + 1 < len(argv):
            return argv[at + 1]
        if word.startswith("--recipe="):
            return word.partition("=")[2]
    return None


def names_output(argv: Sequence[str]) -> bool:
    """Whether `--output` is said, so that a recipe's own does not count."""
    return any(word.split("=")[0] in ("-o", "--output") for word in argv)


def leading(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names at the beginning of `argv`, after flags that take no value, and the rest."""
    alone = {f"--{f.name.replace('_', '-')}" for f in fields(Command) if f.default is False}
    begin = 0
    while begin < len(argv) and argv[begin] in {*alone, "-q"}:
        begin += 1
    end = begin
    while end < len(argv) and not argv[end].startswith("-"):
        end += 1
    return list(argv[begin:end]), [*argv[:begin], *argv[end:]]


def _section(
    info: StructTypeInfo, command: type[Command], named: bool
) -> StructConstructorSpec | None:
    """tyro's rule for a recipe's sections: a dict of what was typed, validated later."""
    if not (isinstance(info.type, type) and issubclass(info.type, BaseModel)):
        return None
    fields = []
    for name, own in info.type.model_fields.items():
        default, kind = getattr(info.default, name), own.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            fields.append(StructFieldSpec(name=name, type=kind, default=default))
            continue
        flag = _flag(own.metadata, kind)
        if not flag.hidden:
            fields.append(
                StructFieldSpec(
                    name=name,
                    type=_leaf(flag, kind, default, own.default, named),
                    default=default,
                    helptext=own.description,
                )
            )
    if issubclass(info.type, Recipe):
        off: Any = tyro.conf.FlagCreatePairsOff
        alone: Any = off[command]
        fields.append(StructFieldSpec(name="command", type=alone, default=command()))
    return StructConstructorSpec(instantiate=dict, fields=tuple(fields))


def _flag(metadata: Sequence[Any], kind: Any) -> Flag:
    """The `Flag` among a field's metadata, or within its type (as in `Size | None`)."""
    inner = [m for part in get_args(kind) for m in getattr(part, "__metadata__", ())]
    return next((m for m in [*metadata, *inner] if isinstance(m, Flag)), Flag())


def _leaf(flag: Flag, kind: Any, default: Any, usual: Any, named: bool) -> Any:
    """A type for tyro that takes a field's words as they are; `usual` is its own default."""
    if kind is bool:  # said by its name alone, and what is true unless said by `no-` and its name
        shown = f"(default: {default})"
        said: Any = Annotated[bool, tyro.conf.arg(name=flag.name, help_behavior_hint=shown)]
        return said if usual else Annotated[said, tyro.conf.FlagCreatePairsOff]
    count: int | Literal["*"] = 1
    metavar = flag.metavar
    if flag.positional:
        count = "*"
    elif metavar:
        count = len(metavar.split(" "))
    for part in (kind, *get_args(kind)):
        part = get_args(part)[0] if get_origin(part) is Annotated else part
        if get_origin(part) is Literal:
            metavar = "|".join(map(str, get_args(part)))
        elif get_origin(part) is tuple and not metavar:
            count, metavar = len(get_args(part)), " ".join("XYZ"[: len(get_args(part))])
        elif part in _METAVARS and not metavar:
            metavar = _METAVARS[part]
    text: PrimitiveConstructorSpec[Any] = PrimitiveConstructorSpec(
        nargs=count,
        metavar=metavar or "TEXT",
        instance_from_str=lambda words: words[0] if count == 1 else words,
        is_instance=lambda value: True,
        str_from_instance=lambda value: [_shown(value)],
    )
    shown = _shown(default).replace(" ", "x") if metavar == "WxH" else _shown(default)
    hint = f"(default: {shown})" if default not in (None, ()) else ""
    how = tyro.conf.arg(
        name=flag.name, aliases=[flag.short] if flag.short else None, help_behavior_hint=hint
    )
    leaf: Any = Annotated[Any, text, how]
    return Annotated[leaf, tyro.conf.Positional] if flag.positional and not named else leaf


_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "FILE"}


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_shown, value))
    if isinstance(value, BaseTerm):
        return value.label
    return f"{value:g}" if isinstance(value, float) else str(value)


def _joined_layers(argv: Sequence[str]) -> list[str]:
    """`--layers a b=.5` as `--layers a,b=.5`: layers may be told apart by spaces too."""
    words = list(argv)
    first = words.index("--layers") + 1 if "--layers" in words else len(words)
    if first < len(words) and not words[first].startswith("--"):
        last = first + 1
        while last < len(words) and are_terms(words[last]):
            if Path(words[last]).is_file():
                break
            last += 1
        words[first:last] = [",".join(words[first:last])]
    return words


def _one_line(box: str) -> str:
    """The first paragraph of what tyro prints in a box, and what it thinks was meant."""
    lines = [re.sub(r"[─━│┃╭╮╰╯]", " ", line).strip() for line in box.splitlines()]
    # Where the terminal has no box drawing, the box is drawn in dashes.
    told = [line for line in lines[1:] if line.strip("-") and "full helptext" not in line]
    line = " ".join(told).replace(" Perhaps you meant:", "; perhaps you meant")
    return line or "cannot be understood; see --help"
