"""`dreamvid recipe show|plot|schema`: a recipe looked at, nothing rendered and nothing dreamed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from dreamvid.errors import UsageError, near

if TYPE_CHECKING:
    from dreamvid.note import Noted
    from dreamvid.recipe import Recipe

WORDS = {
    "show": "All of a recipe as YAML: dreamvid recipe show night.yaml",
    "plot": "Its schedules as a picture: dreamvid recipe plot night.yaml -o plot.png",
    "schema": "The form of every recipe, for editors: dreamvid recipe schema > recipe.json",
}

USAGE = """usage: dreamvid recipe show|plot NAME [flags over it]
       dreamvid recipe schema

{summary}

{words}

NAME is a recipe in YAML, a preset's name, or a film of dreamvid's (.mp4, .mov, .mkv).
`dreamvid recipe show --help` lists the flags."""


def recipe_lines(summary: str, argv: Sequence[str]) -> Iterable[str]:
    """What is to be printed for the words after `dreamvid recipe`.

    Exits with 0 after the help of a word.

    Raises:
        UsageError: there is no such word, or no recipe is named.
        DreamvidError: in one line, what cannot be done.
    """
    word, rest = (argv[0], argv[1:]) if argv else ("help", [])
    asks = word in ("-h", "--help", "help")
    if asks or (word == "schema" and set(rest) & {"-h", "--help"}):
        words = "\n".join(f"  {word:8}{told}" for word, told in WORDS.items())
        return USAGE.format(summary=summary, words=words).split("\n")
    if word == "schema":
        return _schema_lines(rest)
    if word not in WORDS:
        hint = near(word, WORDS) or f"; there are {', '.join(WORDS)}"
        raise UsageError(f"recipe {word}: unknown{hint}")
    return _shown(rest) if word == "show" else _plotted(rest)


def yaml_lines(recipe: Recipe) -> list[str]:
    """Every key of a recipe as YAML, which reads back as an equal recipe."""
    said: dict[str, Any] = recipe.model_dump(mode="json")
    ordered = {"version": said["version"], "kind": said["kind"]} | said
    text: str = yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text.rstrip("\n").split("\n")


class _Dumper(yaml.SafeDumper):
    """Mappings line by line, lists in one line each; letters that do not show are escaped."""


def _quoted(to: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # Left to itself, PyYAML loses some line breaks that are not a newline.
    return to.represent_scalar("tag:yaml.org,2002:str", text, None if text.isprintable() else '"')


_Dumper.add_representer(str, _quoted)
_Dumper.add_representer(
    list, lambda to, value: to.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


@dataclass(frozen=True)
class Showing:
    """What is said beside the recipe to show it: nothing."""


@dataclass(frozen=True)
class Plotting:
    """What is said beside the recipe to plot it."""

    overwrite: bool = False
    """Replace a picture that exists."""


def _shown(argv: Sequence[str]) -> Iterator[str]:
    from dreamvid.dreaming.networks.defaults import settled

    name, noted, recipe, _ = _asked("show", argv, Showing)
    lines = yaml_lines(settled(recipe))
    if noted is not None:
        yield from _origin(name, noted)
    yield from lines


def _plotted(argv: Sequence[str]) -> Iterator[str]:
    from dreamvid.curves import plot

    name, noted, recipe, said = _asked("plot", argv, Plotting)
    yield str(plot(name, recipe, said.overwrite, film=noted is not None))


def _schema_lines(argv: Sequence[str]) -> list[str]:
    from dreamvid.schema import recipe_schema

    if argv:
        raise UsageError(f"recipe schema: takes no words, not {argv[0]}")
    return json.dumps(recipe_schema(), indent=1, ensure_ascii=False).split("\n")


def _asked(
    word: str, argv: Sequence[str], command: type[Any]
) -> tuple[str, Noted | None, Recipe, Any]:
    """The name that is said, what it carries if it is a film, the recipe under its flags, the rest.

    A plot's `--output` is the picture's: the recipe's own output is dropped for it.
    """
    from dreamvid.flags import leading, parse
    from dreamvid.loading import load_recipe, make_recipe
    from dreamvid.note import CARRIERS, read_note

    told = f"recipe {word}", WORDS[word]
    beside = cast(Any, command)  # what else a render may be told is not for those who look
    named, flags = leading(argv)
    if len(named) != 1:
        parse(*told, make_recipe({}, "zoom"), flags, beside, named=True)  # says the help, perhaps
        raise UsageError(f"name one recipe: dreamvid recipe {word} night.yaml")
    (name,) = named
    noted = read_note(Path(name)) if Path(name).suffix.lower() in CARRIERS else None
    base = noted.recipe if noted else load_recipe(name, output=word != "plot")
    if word == "plot":
        base = base.model_copy(update={"output": None})
    data, said = parse(*told, base, flags, beside, named=True)
    return name, noted, make_recipe(data, base.kind), said


def _origin(name: str, noted: Noted) -> Iterator[str]:
    """What a film was made of, as comments. Whoever made it chose the names: no line may break."""
    yield _comment(f"{name} says that it was made of")
    for each in noted.files:
        yield _comment(f"  {each['key']}: {each['name']}, SHA-256 {each['sha256']}")
    anew = [key for key in ("source", "network.weights") if noted.name_of(key)] or ["source"]
    yield _comment(f"to be named anew: {', '.join(anew)}")


def _comment(text: str) -> str:
    return "# " + "".join(letter if letter.isprintable() else "?" for letter in text)
