"""Arguments as they were typed, looked at before the options' parser sees them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dreamvid.recipe.terms import are_terms


def value_of(argv: Sequence[str], flag: str) -> str | None:
    """The value of a flag, as `--flag VALUE` or `--flag=VALUE`; None where it is not given."""
    for at, word in enumerate(argv):
        if word == flag and at + 1 < len(argv):
            return argv[at + 1]
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return None


def gives(argv: Sequence[str], *flags: str) -> bool:
    """Whether one of the flags is given."""
    return any(word.split("=")[0] in flags for word in argv)


def split_names(
    argv: Sequence[str],
    takes: Mapping[str, int],
    is_name: Callable[[str], bool] = lambda word: True,
) -> tuple[list[str], list[str]]:
    """The names among flags, in any order, and the flags with their values.

    Args:
        takes: how many words each flag takes after it. One that is not listed takes none: it is the
            parser that refuses it.
        is_name: whether a second word after `--source`, which takes two pictures too, is a name.
    """
    names: list[str] = []
    flags: list[str] = []
    at = 0
    while at < len(argv):
        word = argv[at]
        if word == "--":
            return names + list(argv[at + 1 :]), flags
        if len(word) == 1 or not word.startswith("-"):
            names.append(word)
            at += 1
            continue
        most = 0 if "=" in word else takes.get(word, 0)
        end = at + 1
        while end < min(len(argv), at + 1 + most) and not argv[end].startswith("--"):
            end += 1
        if word == "--source" and end < len(argv):
            end += not argv[end].startswith("-") and not is_name(argv[end])
        flags += argv[at:end]
        at = end
    return names, flags


def names_last(argv: Sequence[str], takes: Mapping[str, int]) -> list[str]:
    """The same arguments, the names among them behind the flags."""
    names, flags = split_names(argv, takes)
    return [*flags, "--", *names] if names else flags


def join_layers(
    argv: Sequence[str], is_name: Callable[[str], bool] = lambda word: False
) -> list[str]:
    """`--layers a b=.5` as `--layers a,b=.5`: layers may be separated by spaces too.

    Args:
        is_name: whether a word is a name by itself, a preset's say, and so no layer. Names of files
            that exist are none either.
    """
    words = list(argv)
    first = words.index("--layers") + 1 if "--layers" in words else len(words)
    if first < len(words) and not words[first].startswith("--"):
        last = first + 1
        while last < len(words) and _is_layers(words[last], is_name):
            last += 1
        words[first:last] = [",".join(words[first:last])]
    return words


def _is_layers(word: str, is_name: Callable[[str], bool]) -> bool:
    return are_terms(word) and not is_name(word) and not Path(word).is_file()


def parser_complaint(box: str) -> str:
    """The first paragraph of what the parser prints in a box, and what it thinks was meant."""
    lines = [re.sub(r"[─━│┃╭╮╰╯]", " ", line).strip() for line in box.splitlines()]
    # Where the terminal has no box drawing, the box is drawn in dashes.
    kept = [line for line in lines[1:] if line.strip("-") and "full helptext" not in line]
    line = " ".join(kept).replace(" Perhaps you meant:", "; perhaps you meant")
    return line or "cannot be understood; see --help"
