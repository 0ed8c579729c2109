"""What each word at the prompt does; each takes the word, its summary, and the words after it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamvid.errors import DreamvidError, RecipeError, RunError, UsageError

if TYPE_CHECKING:
    from dreamvid.flags import Command
    from dreamvid.recipe import Recipe


def film_word(word: str, summary: str, argv: Sequence[str]) -> int:
    """zoom, video, image: a recipe made of flags, over a base."""
    from dreamvid.flags import base_of, names_output, parse
    from dreamvid.loading import make_recipe
    from dreamvid.note import any_recipe

    name = base_of(argv)
    own = not names_output(argv)
    base = any_recipe(name, word, output=own) if name else make_recipe({}, word)
    data, command = parse(word, summary, base, argv)
    return _carry_out(make_recipe(data, word), command)


def render_word(word: str, summary: str, argv: Sequence[str]) -> int:
    """Recipes, one after another, the same flags over each; one that fails costs no other."""
    from dreamvid.flags import leading, names_output, parse
    from dreamvid.loading import make_recipe
    from dreamvid.note import any_recipe

    named, flags = leading(argv)
    if not named:
        parse(word, summary, make_recipe({}, "zoom"), flags, named=True)  # says the help, perhaps
        raise UsageError("name a recipe: dreamvid render night.yaml")
    failed = 0
    for name in named:
        try:
            base = any_recipe(name, output=not names_output(flags))
            data, command = parse(word, summary, base, flags, named=True)
            recipe = make_recipe(data, base.kind)
            if len(named) > 1 and recipe.output is not None and recipe.output != base.output:
                raise UsageError("one --output cannot be that of several recipes")
            failed += _carry_out(recipe, command, again=True)
        except UsageError:
            raise
        except DreamvidError as error:
            if len(named) == 1:
                raise
            print(f"dreamvid: error: {error}", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


def continue_word(word: str, summary: str, argv: Sequence[str]) -> int:
    """A finished film, made longer or branched."""
    from dreamvid.continuing import asked, prepare
    from dreamvid.flags import Continuation, leading, parse
    from dreamvid.loading import make_recipe

    named, flags = leading(argv)
    if len(named) != 1:
        parse(word, summary, make_recipe({}, "zoom"), flags, Continuation, named=True)
        raise UsageError("name one film: dreamvid continue dream.mp4 --frames 50")
    film = Path(named[0])
    base = asked(film)
    data, command = parse(word, summary, base, flags, Continuation, named=True)
    if command.preview or command.dry_run:
        raise UsageError("continue has no --preview and no --dry-run")
    recipe = prepare(film, make_recipe(data, base.kind), command.start, command.overwrite)
    return _carry_out(recipe, command)


def recipe_word(word: str, summary: str, argv: Sequence[str]) -> int:
    """show, plot, schema."""
    from dreamvid.showing import recipe_lines

    for line in recipe_lines(summary, argv):
        print(line)
    return 0


def layers_word(word: str, summary: str, argv: Sequence[str]) -> int:
    """The networks, or one's layers."""
    from dreamvid.dreaming.networks.registry import network_lines
    from dreamvid.flags import typed
    from dreamvid.loading import validated
    from dreamvid.recipe import Listing, Network

    asked = validated(Listing, typed(word, summary, Listing(), argv))
    if asked.network is None:
        lines = network_lines()
    else:
        from dreamvid.dreaming.networks.layers import layer_lines

        lines = layer_lines(Network(name=asked.network, weights=asked.weights), asked.size)
    for line in lines:
        print(line)
    return 0


def report_word(word: str, summary: str, argv: Sequence[str]) -> int:
    """How steady a film is."""
    from tqdm import tqdm

    from dreamvid.flags import typed
    from dreamvid.loading import validated
    from dreamvid.report import Request, report, written

    request = validated(Request, typed(word, summary, Request(), argv))
    from dreamvid.watching import look  # brings OpenCV, which the help does without

    measured = report(
        request, lambda steps, total: tqdm(steps, total=total, **look(Path(request.named[0])))
    )
    for line in written(request, *measured):
        print(line)
    return 0


def _carry_out(recipe: Recipe, command: Command, *, again: bool = False) -> int:
    """Do with a recipe what was asked for; `again`: a film that is done already is no fault."""
    from dreamvid.rendering import carry_out, is_done, output_of, plan

    if command.keep and command.no_keep:
        raise UsageError("--keep and --no-keep exclude each other")
    if command.preview:
        from dreamvid.preview import preview

        for path in preview(recipe, _count(command.sheet), command.overwrite, command.quiet):
            print(path)
        return 0
    if command.dry_run:
        from dreamvid.preflight import tried
        from dreamvid.showing import yaml_lines

        planned = plan(recipe, overwrite=True)  # an output that is there is no reason for silence
        told = [f"# {line}" for line in [*planned.lines(), tried(planned)]]
        print("\n".join([*yaml_lines(planned.recipe), *told]))
        return 0
    if again and not (command.overwrite or command.restart) and is_done(recipe):
        if not command.quiet:
            print(f"{output_of(recipe)}: done already", file=sys.stderr)
        return 0
    from dreamvid.watching import watched

    planned = plan(recipe, overwrite=command.overwrite, restart=command.restart)
    keep: Any = "all" if command.keep else "nothing" if command.no_keep else "state"
    steps = carry_out(planned, overwrite=command.overwrite, restart=command.restart, keep=keep)
    fault = watched(planned, steps, quiet=command.quiet)
    if fault:
        raise RunError(fault)
    if not command.quiet:
        print(planned.output)
    return 0


def _count(said: str) -> int:
    if not said.isdecimal() or not 1 <= int(said) <= 100:
        raise RecipeError(f"sheet: must be a whole number from 1 to 100, not {said!r}")
    return int(said)
