"""The recipe's keys as command-line options: tyro reads the models, so that names, help texts and
defaults are defined once.

Every value is passed on as typed and validated by the recipe's models, so that the command line,
YAML and Python share the same checks and messages.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import tyro
from pydantic import BaseModel
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from dreamvid.cli.arguments import (
    join_layers,
    names_last,
    parser_complaint,
    split_names,
    value_of,
)
from dreamvid.cli.network_defaults import network_defaults, without_default
from dreamvid.cli.network_defaults import shown as shown_value
from dreamvid.cli.option_table import all_options, arity, flag_of, options_of, switched_off
from dreamvid.cli.run_options import RunOptions, shown_in_help
from dreamvid.errors import UsageError
from dreamvid.media.codecs.table import carries_recipe
from dreamvid.recipe import Recipe
from dreamvid.recipe.fields import Flag
from dreamvid.recipe.load import presets


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
        arguments = names_last(arguments, all_options())
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
    split_names(argv, options_of(type(base), beside, named=named))  # raises for an unknown option
    asks_help = bool({"-h", "--help"} & set(argv))
    usual = network_defaults(base, value_of(argv, "--network")) if asks_help else {}
    registry = ConstructorRegistry()
    registry.struct_rule(_Rule(shown_in_help(beside) if asks_help else beside, named, usual))
    messages = io.StringIO()
    # tyro colors its texts, errors too, where standard output is a terminal.
    colored = asks_help and not os.environ.get("NO_COLOR")
    out = sys.stdout if colored else io.StringIO()
    try:
        with registry, contextlib.redirect_stderr(messages), contextlib.redirect_stdout(out):
            data: Any = tyro.cli(  # `_Rule` makes it a dict
                cast(Any, type(base)),
                prog=f"dreamvid {command}",
                description=summary,
                args=switched_off(argv, type(base)),
                default=base,
                config=(tyro.conf.OmitArgPrefixes,),
            )
    except SystemExit as stop:
        if stop.code:
            raise UsageError(parser_complaint(messages.getvalue())) from None
        if isinstance(out, io.StringIO) and out is not sys.stdout:
            print(out.getvalue(), end="")
        raise
    return dict(data)


def is_recipe(argument: str) -> bool:
    """Whether an argument names a preset, a YAML file, or a film that can carry a recipe."""
    path = Path(argument)
    return argument in presets() or path.suffix.lower() in (".yaml", ".yml") or carries_recipe(path)


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
        flag = flag_of(field.metadata, kind)
        if flag.hidden:  # no option, but what the base recipe says of it is kept
            kept: Any = Annotated[Any, tyro.conf.Fixed, tyro.conf.Suppress]
            yield StructFieldSpec(name=name, type=kept, default=default)
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
    aliases = [flag.short] if flag.short else None
    config = tyro.conf.arg(name=flag.name, aliases=aliases, help_behavior_hint=hint)
    switch: Any = Annotated[bool, config]
    return switch if usual else Annotated[switch, tyro.conf.FlagCreatePairsOff]


def _value(flag: Flag, kind: Any, shown: str, *, positional: bool) -> Any:
    """A type for tyro that takes values as typed; `shown` is the default in the help."""
    count, metavar = arity(flag, kind)
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
