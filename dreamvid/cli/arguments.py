"""Preprocessing of command-line arguments before tyro parses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dreamvid.errors import UsageError, near
from dreamvid.recipe.objective import are_terms
from dreamvid.recipe.versions import FLAGS


def value_of(argv: Sequence[str], flag: str) -> str | None:
    """The value of an option, given as `--flag VALUE` or `--flag=VALUE`; None where it is
    absent."""
    for index, argument in enumerate(argv):
        if argument == flag and index + 1 < len(argv):
            return argv[index + 1]
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return None


def gives(argv: Sequence[str], *flags: str) -> bool:
    """Whether one of the options is given."""
    return any(argument.split("=")[0] in flags for argument in argv)


def taken_out(argv: Sequence[str], *flags: str) -> tuple[list[str], list[str]]:
    """The arguments without an option, and the values that it was given, by any of its names."""
    left: list[str] = []
    values: list[str] = []
    words = iter(argv)
    for word in words:
        name, equals, value = word.partition("=")
        if name not in flags:
            left.append(word)
        elif equals:
            values.append(value)
        else:
            following = next(words, None)
            if following is None:
                raise UsageError(f"{name}: needs a value")
            values.append(following)
    return left, values


def split_names(
    argv: Sequence[str],
    takes: Mapping[str, int],
    is_name: Callable[[str], bool] = lambda argument: True,
) -> tuple[list[str], list[str]]:
    """Split arguments into positional names and options with their values, in any order.

    Args:
        takes: how many values each option takes.
        is_name: whether a second argument after `--source` is a name; else it is a second picture.

    Raises:
        UsageError: an option is not listed in `takes`.
    """
    names: list[str] = []
    flags: list[str] = []
    index = 0
    while index < len(argv):
        argument = argv[index]
        if argument == "--":
            return names + list(argv[index + 1 :]), flags
        if len(argument) == 1 or not argument.startswith("-"):
            names.append(argument)
            index += 1
            continue
        count = _values_of(argument, takes)
        most = 0 if "=" in argument else count
        end = index + 1
        while end < min(len(argv), index + 1 + most) and not argv[end].startswith("--"):
            end += 1
        if argument == "--source" and end < len(argv):
            end += not argv[end].startswith("-") and not is_name(argv[end])
        flags += argv[index:end]
        index = end
    return names, flags


def _values_of(argument: str, takes: Mapping[str, int]) -> int:
    flag = argument.partition("=")[0].replace("_", "-")  # tyro takes both
    if flag in FLAGS:
        raise UsageError(f"{flag}: is now {FLAGS[flag]}")
    if flag not in takes:
        hint = "; name the file alone" if flag == "--source" else near(flag, takes, most=1)
        raise UsageError(f"{flag}: unknown option{hint}")
    return takes[flag]


def names_last(argv: Sequence[str], takes: Mapping[str, int]) -> list[str]:
    """The same arguments with the positional names after the options."""
    names, flags = split_names(argv, takes)
    return [*flags, "--", *names] if names else flags


def join_layers(
    argv: Sequence[str], is_name: Callable[[str], bool] = lambda argument: False
) -> list[str]:
    """Rewrite `--layers a b=.5` as `--layers a,b=.5`: layers may also be separated by spaces.

    Args:
        is_name: whether an argument is a positional name, such as a preset, and so not a layer.
            Names of existing files are not layers either.
    """
    arguments = list(argv)
    first = arguments.index("--layers") + 1 if "--layers" in arguments else len(arguments)
    if first < len(arguments) and not arguments[first].startswith("--"):
        end = first + 1
        while end < len(arguments) and _is_layers(arguments[end], is_name):
            end += 1
        arguments[first:end] = [",".join(arguments[first:end])]
    return arguments


def _is_layers(argument: str, is_name: Callable[[str], bool]) -> bool:
    return are_terms(argument) and not is_name(argument) and not Path(argument).is_file()


def parser_complaint(box: str) -> str:
    """The parser's error message and suggestion, out of the box that it draws around them."""
    lines = [re.sub(r"[─━│┃╭╮╰╯]", " ", line).strip() for line in box.splitlines()]
    # Terminals without box-drawing characters get dashes.
    text = [line for line in lines[1:] if line.strip("-") and "full helptext" not in line]
    line = " ".join(text).replace(" Perhaps you meant:", "; perhaps you meant")
    return line or "cannot be understood; see --help"
