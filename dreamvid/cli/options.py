"""The recipe as flags: tyro reads the models, so that each name, help and default stands once.

Every value is handed on as the text that was typed and validated by the recipe itself, so that the
prompt, YAML and Python meet the same checks and the same words.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
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

from dreamvid.cli.arguments import join_layers, names_last, parser_complaint, value_of
from dreamvid.cli.network_defaults import network_defaults, without_default
from dreamvid.cli.run_options import Continuation, Drawing, RunOptions, StillOptions
from dreamvid.errors import UsageError
from dreamvid.media.codecs import carries_recipe
from dreamvid.recipe import KINDS, Recipe
from dreamvid.recipe.fields import Flag
from dreamvid.recipe.load import presets
from dreamvid.recipe.terms import BaseTerm
from dreamvid.recipe.versions import FLAGS


def parse(
    command: str,
    summary: str,
    base: Recipe,
    argv: Sequence[str],
    beside: type[Any] = RunOptions,
    *,
    named: bool = False,
) -> tuple[dict[str, Any], Any]:
    """The recipe that `argv` asks for over `base`, as nested data to be validated, and the rest.

    Args:
        beside: the class of what may be given beside the recipe.
        named: whether the source is given by `--source`, not by its place.

    Exits with 0 after `--help`; unknown flags end in a `UsageError`.
    """
    words = join_layers(argv)
    if not named:
        words = names_last(words, words_taken())
    made = typed(command, summary, base, words, beside, named=named)
    options = made.pop("command")
    return {"kind": base.kind, "version": base.version, **made}, options


def typed(
    command: str,
    summary: str,
    base: BaseModel,
    argv: Sequence[str],
    beside: type[Any] = RunOptions,
    *,
    named: bool = False,
) -> dict[str, Any]:
    """What `argv` says over a model, as nested data to be validated; like :func:`parse`."""
    for word in argv:
        if word.partition("=")[0] in FLAGS:
            flag = word.partition("=")[0]
            raise UsageError(f"{flag}: is now {FLAGS[flag]}")
    usual = network_defaults(base, value_of(argv, "--network")) if _asks_help(argv) else {}
    registry = ConstructorRegistry()
    registry.struct_rule(_Rule(beside, named, usual))
    complaint = io.StringIO()
    try:
        with registry, contextlib.redirect_stderr(complaint):
            made: Any = tyro.cli(  # a dict, by the rule below
                cast(Any, type(base)),
                prog=f"dreamvid {command}",
                description=summary,
                args=argv,
                default=base,
                config=(tyro.conf.OmitArgPrefixes,),
            )
    except SystemExit as stop:
        if stop.code:
            raise UsageError(parser_complaint(complaint.getvalue())) from None
        raise
    return dict(made)


def words_taken() -> dict[str, int]:
    """How many words each flag of a recipe, or beside one, takes after it."""
    taken = {"-h": 0, "--help": 0, "-q": 0}
    for options in (RunOptions, StillOptions, Continuation, Drawing):
        for field in fields(options):
            name = "from" if field.name == "start" else field.name
            name = "recipe" if name == "base" else name
            taken[f"--{name.replace('_', '-')}"] = 0 if field.default is False else 1
    for model in KINDS.values():
        for name, flag, kind in _flags(model):
            shown = f"--{(flag.name or name).replace('_', '-')}"
            taken[shown] = 0 if kind is bool else _words(flag, kind)[0]
            if kind is bool:
                taken[shown.replace("--", "--no-")] = 0
            if flag.short:
                taken[flag.short] = taken[shown]
    return taken | {"--source": 1}


def is_recipe(word: str) -> bool:
    """Whether a word names a preset, or by its extension a recipe or a film that carries one."""
    path = Path(word)
    return word in presets() or path.suffix.lower() in (".yaml", ".yml") or carries_recipe(path)


def _asks_help(argv: Sequence[str]) -> bool:
    return bool({"-h", "--help"} & set(argv))


def _flags(model: type[BaseModel]) -> Iterator[tuple[str, Flag, Any]]:
    """Every field of a model and its sections that is a flag: its name, flag and type."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _flags(kind)
        else:
            yield name, _flag(field.metadata, kind), kind


def _flag(metadata: Sequence[Any], kind: Any) -> Flag:
    """The `Flag` among a field's metadata, or within its type (as in `Size | None`)."""
    inner = [m for part in get_args(kind) for m in getattr(part, "__metadata__", ())]
    return next((m for m in [*metadata, *inner] if isinstance(m, Flag)), Flag())


@dataclass(frozen=True)
class _Rule:
    """tyro's rule for a recipe's sections: a dict of what was typed, validated later.

    Attributes:
        beside: the class of what may be given beside the recipe.
        named: whether the source is given by `--source`.
        usual: what is shown as the default of a key that its network fills in.
    """

    beside: type[Any]
    named: bool
    usual: Mapping[str, str]

    def __call__(self, info: StructTypeInfo) -> StructConstructorSpec | None:
        if not (isinstance(info.type, type) and issubclass(info.type, BaseModel)):
            return None
        specs = [
            spec
            for name in info.type.model_fields
            for spec in self._field(info.type, name, getattr(info.default, name))
        ]
        if issubclass(info.type, Recipe):
            off: Any = tyro.conf.FlagCreatePairsOff
            alone: Any = off[self.beside]
            specs.append(StructFieldSpec(name="command", type=alone, default=self.beside()))
        return StructConstructorSpec(instantiate=dict, fields=tuple(specs))

    def _field(self, model: type[BaseModel], name: str, default: Any) -> Iterator[StructFieldSpec]:
        field = model.model_fields[name]
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield StructFieldSpec(name=name, type=kind, default=default)
            return
        flag = _flag(field.metadata, kind)
        if flag.hidden:
            return
        shown = "" if default in (None, ()) else _shown(default)
        helptext = field.description
        if name in self.usual:
            shown, helptext = shown or self.usual[name], without_default(helptext or "")
        if kind is bool:
            leaf = _switch(flag, default, field.default)
        else:
            leaf = _value(flag, kind, shown, positional=flag.positional and not self.named)
        yield StructFieldSpec(name=name, type=leaf, default=default, helptext=helptext)


def _switch(flag: Flag, default: Any, usual: Any) -> Any:
    """A flag that is given by its name alone; what is true by default is also given by `no-`."""
    hint = f"(default: {default})"
    switch: Any = Annotated[bool, tyro.conf.arg(name=flag.name, help_behavior_hint=hint)]
    return switch if usual else Annotated[switch, tyro.conf.FlagCreatePairsOff]


def _value(flag: Flag, kind: Any, shown: str, *, positional: bool) -> Any:
    """A type for tyro that takes a field's words as they are; `shown` is its default."""
    count, metavar = _words(flag, kind)
    nargs: int | Literal["*"] = "*" if flag.positional else count
    if metavar == "WxH":
        shown = shown.replace(" ", "x")
    text: PrimitiveConstructorSpec[Any] = PrimitiveConstructorSpec(
        nargs=nargs,
        metavar=metavar,
        instance_from_str=lambda words: words[0] if nargs == 1 else words,
        is_instance=lambda value: True,
        str_from_instance=lambda value: [_shown(value)],
    )
    how = tyro.conf.arg(
        name=flag.name,
        aliases=[flag.short] if flag.short else None,
        help_behavior_hint=f"(default: {shown})" if shown else "",
    )
    leaf: Any = Annotated[Any, text, how]
    return Annotated[leaf, tyro.conf.Positional] if positional else leaf


_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "FILE"}


def _words(flag: Flag, kind: Any) -> tuple[int, str]:
    """How many words a field takes at the prompt, and what stands for them in the help."""
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


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_shown, value))
    if isinstance(value, BaseTerm):
        return value.label
    return f"{value:g}" if isinstance(value, float) else str(value)
