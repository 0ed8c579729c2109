"""`dreamvid recipe list|show|plot|schema`: recipes looked at, nothing rendered, nothing dreamed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamvid.cli.arguments import join_layers, split_names
from dreamvid.cli.dump import yaml_lines
from dreamvid.cli.options import is_recipe, parse, words_taken
from dreamvid.cli.run_options import Drawing, Showing
from dreamvid.errors import UsageError, near
from dreamvid.media.codecs import carries_recipe
from dreamvid.recipe.load import load_recipe, make_recipe, preset_folder, presets, read_recipe

if TYPE_CHECKING:
    from dreamvid.recipe import Recipe
    from dreamvid.rendering.embedded import Embedded

SUMMARIES = {
    "list": "The presets, a line each: dreamvid recipe list",
    "show": "All of a recipe as YAML: dreamvid recipe show night.yaml",
    "plot": "Its schedules as a picture: dreamvid recipe plot night.yaml -o plot.png",
    "schema": "The form of every recipe, for editors: dreamvid recipe schema > recipe.json",
}

USAGE = """usage: dreamvid recipe list
       dreamvid recipe show|plot NAME [flags over it]
       dreamvid recipe schema

{summary}

{commands}

NAME is a recipe in YAML, a preset's name, or a film of dreamvid's (.mp4, .mov, .mkv).
`dreamvid recipe show --help` lists the flags."""


def recipe_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """Print what is asked for.

    Exits with 0 after the help of one of them.

    Raises:
        UsageError: there is no such word, or no recipe is named.
        DreamvidError: in one line, what cannot be done.
    """
    for line in _lines(summary, argv):
        print(line)
    return 0


def _lines(summary: str, argv: Sequence[str]) -> Iterable[str]:
    what, rest = (argv[0], argv[1:]) if argv else ("help", [])
    without_flags = what in ("list", "schema") and set(rest) & {"-h", "--help"}
    if what in ("-h", "--help", "help") or without_flags:
        commands = "\n".join(f"  {each:8}{line}" for each, line in SUMMARIES.items())
        return USAGE.format(summary=summary, commands=commands).split("\n")
    if what not in _COMMANDS:
        hint = near(what, SUMMARIES) or f"; there are {', '.join(SUMMARIES)}"
        raise UsageError(f"recipe {what}: unknown{hint}")
    return _COMMANDS[what](rest)


def _listed(argv: Sequence[str]) -> Iterator[str]:
    if argv:
        raise UsageError(f"recipe list: takes no words, not {argv[0]}")
    names = presets()
    wide = max(map(len, names))
    for name in names:
        kind = read_recipe(name).get("kind", "zoom")
        text = (preset_folder() / f"{name}.yaml").read_text(encoding="utf-8")
        yield f"{name:{wide}}  {kind:5}  {first_sentence(text)}"


def first_sentence(text: str) -> str:
    """The first sentence of the comment that a recipe begins with; "" where there is none."""
    comment = re.match(r"(?:#.*\n)*", text)
    lines = comment[0].splitlines() if comment else []
    plain = " ".join(line.lstrip("# ") for line in lines)
    return re.split(r"(?<=[.!?])\s|\s(?=dreamvid )", plain, maxsplit=1)[0].strip()


def _shown(argv: Sequence[str]) -> Iterator[str]:
    from dreamvid.networks.defaults import settled

    name, noted, recipe, _ = _asked("show", argv, Showing)
    lines = yaml_lines(settled(recipe))
    if noted is not None:
        yield from origin_lines(name, noted)
    yield from lines


def _plotted(argv: Sequence[str]) -> Iterator[str]:
    from dreamvid.plots.schedules import plot

    name, noted, recipe, drawing = _asked("plot", argv, Drawing)
    yield str(plot(name, recipe, drawing.overwrite, film=noted is not None))


def _schema(argv: Sequence[str]) -> Iterator[str]:
    from dreamvid.networks.registry import specs
    from dreamvid.recipe.schema import recipe_schema

    if argv:
        raise UsageError(f"recipe schema: takes no words, not {argv[0]}")
    yield from json.dumps(recipe_schema(specs()), indent=1, ensure_ascii=False).split("\n")


_COMMANDS: dict[str, Callable[[Sequence[str]], Iterator[str]]] = {
    "list": _listed,
    "show": _shown,
    "plot": _plotted,
    "schema": _schema,
}


def _asked(
    what: str, argv: Sequence[str], beside: type[Any]
) -> tuple[str, Embedded | None, Recipe, Any]:
    """The name, what it carries if it is a film, the recipe under its flags, the other options.

    A plot's `--output` is the picture's: the recipe's own output is dropped for it.
    """
    from dreamvid.rendering.embedded import read_embedded

    title = f"recipe {what}", SUMMARIES[what]
    named, flags = split_names(join_layers(argv, is_recipe), words_taken(), is_recipe)
    if len(named) != 1:
        parse(
            *title, make_recipe({}, "zoom"), flags, beside, named=True
        )  # prints the help, perhaps
        raise UsageError(f"name one recipe: dreamvid recipe {what} night.yaml")
    (name,) = named
    noted = read_embedded(Path(name)) if carries_recipe(Path(name)) else None
    base = noted.recipe if noted else load_recipe(name, output=what != "plot")
    if what == "plot":
        base = base.model_copy(update={"output": None})
    data, options = parse(*title, base, flags, beside, named=True)
    return name, noted, make_recipe(data, base.kind), options


def origin_lines(name: str, noted: Embedded) -> Iterator[str]:
    """What a film was made of, as comments. Whoever made it chose the names: no line may break."""
    yield _comment(f"{name} says that it was made of")
    for each in noted.files:
        yield _comment(f"  {each['key']}: {each['name']}, SHA-256 {each['sha256']}")
    anew = [key for key in ("source", "network.weights") if noted.name_of(key)] or ["source"]
    yield _comment(f"to be named anew: {', '.join(anew)}")


def _comment(text: str) -> str:
    return "# " + "".join(letter if letter.isprintable() else "?" for letter in text)
