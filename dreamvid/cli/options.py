"""The recipe's keys as command-line options: tyro reads the models, so that names, help texts and
defaults are defined once.

Every value is passed on as typed and validated by the recipe's models, so that the command line,
YAML and Python share the same checks and messages.
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
from dreamvid.cli.network_defaults import shown as shown_value
from dreamvid.cli.run_options import Continuation, Drawing, RunOptions, StillOptions
from dreamvid.errors import UsageError
from dreamvid.media.codecs import carries_recipe
from dreamvid.recipe import KINDS, Recipe
from dreamvid.recipe.fields import Flag
from dreamvid.recipe.load import presets
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
    """Parse `argv` over `base`: the recipe as nested unvalidated data, and the other options.

    Args:
        beside: the class of the options that are not part of the recipe.
        named: whether the source is given by `--source`, not as a positional argument.

    Exits with 0 after `--help`; raises UsageError for unknown options.
    """
    arguments = join_layers(argv)
    if not named:
        arguments = names_last(arguments, words_taken())
    data = typed(command, summary, base, arguments, beside, named=named)
    options = data.pop("command")
    return {"kind": base.kind, "version": base.version, **data}, options


def typed(
    command: str,
    summary: str,
    base: BaseModel,
    argv: Sequence[str],
    beside: type[Any] = RunOptions,
    *,
    named: bool = False,
) -> dict[str, Any]:
    """Parse `argv` over any model into nested unvalidated data; see :func:`parse`."""
    for argument in argv:
        flag = argument.partition("=")[0]
        if flag in FLAGS:
            raise UsageError(f"{flag}: is now {FLAGS[flag]}")
    usual = network_defaults(base, value_of(argv, "--network")) if _asks_help(argv) else {}
    registry = ConstructorRegistry()
    registry.struct_rule(_Rule(beside, named, usual))
    messages = io.StringIO()
    try:
        with registry, contextlib.redirect_stderr(messages):
            data: Any = tyro.cli(  # `_Rule` makes it a dict
                cast(Any, type(base)),
                prog=f"dreamvid {command}",
                description=summary,
                args=argv,
                default=base,
                config=(tyro.conf.OmitArgPrefixes,),
            )
    except SystemExit as stop:
        if stop.code:
            raise UsageError(parser_complaint(messages.getvalue())) from None
        raise
    return dict(data)


def words_taken() -> dict[str, int]:
    """How many values each option takes, by the option."""
    taken = {"-h": 0, "--help": 0, "-q": 0}
    for options in (RunOptions, StillOptions, Continuation, Drawing):
        for field in fields(options):
            name = "from" if field.name == "start" else field.name
            name = "recipe" if name == "base" else name
            taken[f"--{name.replace('_', '-')}"] = 0 if field.default is False else 1
    for model in KINDS.values():
        for name, flag, kind in _flags(model):
            shown = f"--{(flag.name or name).replace('_', '-')}"
            taken[shown] = 0 if kind is bool else _arity(flag, kind)[0]
            if kind is bool:
                taken[shown.replace("--", "--no-")] = 0
            if flag.short:
                taken[flag.short] = taken[shown]
    return taken | {"--source": 1}


def is_recipe(argument: str) -> bool:
    """Whether an argument names a preset, a YAML file, or a film that can carry a recipe."""
    path = Path(argument)
    return argument in presets() or path.suffix.lower() in (".yaml", ".yml") or carries_recipe(path)


def _asks_help(argv: Sequence[str]) -> bool:
    return bool({"-h", "--help"} & set(argv))


def _flags(model: type[BaseModel]) -> Iterator[tuple[str, Flag, Any]]:
    """Every option of a model and its sections: field name, flag and type."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _flags(kind)
        else:
            yield name, _flag(field.metadata, kind), kind


def _flag(metadata: Sequence[Any], kind: Any) -> Flag:
    """The `Flag` in a field's metadata or nested in its type, as in `Size | None`."""
    inner = [m for part in get_args(kind) for m in getattr(part, "__metadata__", ())]
    return next((m for m in [*metadata, *inner] if isinstance(m, Flag)), Flag())


@dataclass(frozen=True)
class _Rule:
    """tyro's rule for models: a dict of the typed strings, validated later.

    Attributes:
        beside: the class of the options that are not part of the recipe.
        named: whether the source is given by `--source`.
        usual: the defaults shown for keys that the network fills in.
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
        shown = "" if default in (None, ()) else shown_value(default, " ")
        helptext = field.description
        if name in self.usual:
            shown, helptext = shown or self.usual[name], without_default(helptext or "")
        if kind is bool:
            leaf = _switch(flag, default, field.default)
        else:
            leaf = _value(flag, kind, shown, positional=flag.positional and not self.named)
        yield StructFieldSpec(name=name, type=leaf, default=default, helptext=helptext)


def _switch(flag: Flag, default: Any, usual: Any) -> Any:
    """A boolean option without a value; one that is true by default also has a `--no-` form."""
    hint = f"(default: {default})"
    switch: Any = Annotated[bool, tyro.conf.arg(name=flag.name, help_behavior_hint=hint)]
    return switch if usual else Annotated[switch, tyro.conf.FlagCreatePairsOff]


def _value(flag: Flag, kind: Any, shown: str, *, positional: bool) -> Any:
    """A type for tyro that takes values as typed; `shown` is the default in the help."""
    count, metavar = _arity(flag, kind)
    nargs: int | Literal["*"] = "*" if flag.positional else count
    if metavar == "WxH":
        shown = shown.replace(" ", "x")
    text: PrimitiveConstructorSpec[Any] = PrimitiveConstructorSpec(
        nargs=nargs,
        metavar=metavar,
        instance_from_str=lambda values: values[0] if nargs == 1 else values,
        is_instance=lambda value: True,
        str_from_instance=lambda value: [shown_value(value, " ")],
    )
    config = tyro.conf.arg(
        name=flag.name,
        aliases=[flag.short] if flag.short else None,
        help_behavior_hint=f"(default: {shown})" if shown else "",
    )
    leaf: Any = Annotated[Any, text, config]
    return Annotated[leaf, tyro.conf.Positional] if positional else leaf


_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "FILE"}


def _arity(flag: Flag, kind: Any) -> tuple[int, str]:
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
