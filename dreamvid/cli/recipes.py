"""`dreamvid recipe list|show|plot|schema`: commands on recipes that render nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamvid.cli.arguments import join_layers, split_names
from dreamvid.cli.messages import warnings_shown
from dreamvid.cli.option_table import all_options
from dreamvid.cli.options import is_recipe, parse
from dreamvid.cli.run_options import Drawing, Showing
from dreamvid.errors import UsageError, near
from dreamvid.media.codecs.table import carries_recipe
from dreamvid.recipe.dump import yaml_lines
from dreamvid.recipe.load import about_preset, load_recipe, make_recipe, presets, read_recipe

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
       dreamvid recipe show|plot NAME [options]
       dreamvid recipe schema

{summary}

{commands}

NAME is a recipe in YAML, a preset's name, or a film made by dreamvid (.mp4, .mov, .mkv).
`dreamvid recipe show --help` lists the options."""


def recipe_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """Run `dreamvid recipe …` and print its output.

    Exits with 0 after `--help`.

    Raises:
        UsageError: an unknown command, or no recipe is named.
        DreamvidError: the recipe is invalid; one line.
    """
    with warnings_shown():
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
        raise UsageError(f"recipe list: takes no arguments, not {argv[0]}")
    names = presets()
    width = max(map(len, names))
    for name in names:
        kind = read_recipe(name).get("kind", "any")
        yield f"{name:{width}}  {kind:5}  {about_preset(name)}"


def _shown(argv: Sequence[str]) -> Iterator[str]:
    from dreamvid.networks.defaults import with_network_defaults

    name, embedded, recipe, _ = _parse_named("show", argv, Showing)
    lines = yaml_lines(with_network_defaults(recipe))
    if embedded is not None:
        yield from origin_lines(name, embedded)
    yield from lines


def _plotted(argv: Sequence[str]) -> Iterator[str]:
    from dreamvid.plots.schedules import plot

    name, embedded, recipe, drawing = _parse_named("plot", argv, Drawing)
    yield str(plot(name, recipe, drawing.overwrite, film=embedded is not None))


def _schema(argv: Sequence[str]) -> Iterator[str]:
    from dreamvid.networks.registry import specs
    from dreamvid.recipe.schema import recipe_schema

    if argv:
        raise UsageError(f"recipe schema: takes no arguments, not {argv[0]}")
    yield from json.dumps(recipe_schema(specs()), indent=1, ensure_ascii=False).split("\n")


_COMMANDS: dict[str, Callable[[Sequence[str]], Iterator[str]]] = {
    "list": _listed,
    "show": _shown,
    "plot": _plotted,
    "schema": _schema,
}


def _parse_named(
    what: str, argv: Sequence[str], beside: type[Any]
) -> tuple[str, Embedded | None, Recipe, Any]:
    """Parse the arguments of `recipe show` or `plot`.

    For `plot`, `--output` is the path of the plot, so the recipe's own output is dropped.

    Returns:
        The name, the embedded data if it is a film, the recipe with the options applied, and the
        other options.
    """
    from dreamvid.rendering.embedded import read_embedded

    title = f"recipe {what}", SUMMARIES[what]
    names, flags = split_names(join_layers(argv, is_recipe), all_options(), is_recipe)
    if len(names) != 1:
        parse(
            *title, make_recipe({}, "zoom"), flags, beside, named=True
        )  # exits if --help is given
        raise UsageError(f"name one recipe: dreamvid recipe {what} night.yaml")
    (name,) = names
    embedded = read_embedded(Path(name)) if carries_recipe(Path(name)) else None
    base = embedded.recipe if embedded else load_recipe(name, output=what != "plot")
    if what == "plot":
        base = base.model_copy(update={"output": None})
    data, options = parse(*title, base, flags, beside, named=True)
    return name, embedded, make_recipe(data, base.kind), options


def origin_lines(name: str, embedded: Embedded) -> Iterator[str]:
    """The origin of a film as YAML comments. File names are untrusted: no line break may get
    through."""
    yield _comment(f"{name} was made from")
    for each in embedded.files:
        yield _comment(f"  {each['key']}: {each['name']}, SHA-256 {each['sha256']}")
    yield _comment(f"to be given again: {', '.join(embedded.keys or ['source'])}")


def _comment(text: str) -> str:
    return "# " + "".join(letter if letter.isprintable() else "?" for letter in text)
