"""zoom, video, image, render, continue: from arguments to recipes that are rendered."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dreamvid.cli.arguments import gives, join_layers, split_names, value_of
from dreamvid.cli.length import refuse_conflicts, with_length
from dreamvid.cli.messages import each, warnings_shown
from dreamvid.cli.options import is_recipe, parse, words_taken
from dreamvid.cli.run_options import Continuation, RunOptions, StillOptions
from dreamvid.cli.sources import check_sources, clip_output
from dreamvid.errors import UsageError
from dreamvid.recipe import Recipe
from dreamvid.recipe.load import make_recipe

OUTPUT = "-o", "--output"


def dream_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """zoom, video, image: a recipe made of flags, over a base."""
    from dreamvid.rendering.embedded import any_recipe

    file = value_of(argv, "--recipe")
    base = (
        any_recipe(file, name, output=not gives(argv, *OUTPUT)) if file else make_recipe({}, name)
    )
    data, options = parse(name, summary, base, argv, _options_of(name))
    refuse_conflicts(argv)
    clips = data["source"]
    if name != "video" or not isinstance(clips, list) or len(clips) < 2:
        return _render(make_recipe(data, name), options, argv)
    folder = _folder_of(data["output"] if gives(argv, *OUTPUT) else None)

    def dream(clip: str) -> None:
        one = {**data, "source": [clip], "output": clip_output(folder, clip)}
        _render(make_recipe(one, name), options, argv)

    return each(clips, dream, quiet=options.quiet)


def render_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """Recipes, one after another, the same flags over each; one that fails costs no other."""
    from dreamvid.rendering.embedded import any_recipe

    named, flags = split_names(join_layers(argv, is_recipe), words_taken(), is_recipe)
    if not named:
        parse(name, summary, make_recipe({}, "zoom"), flags, named=True)  # prints the help, perhaps
        raise UsageError("name a recipe: dreamvid render night.yaml")
    if len(named) > 1 and gives(flags, *OUTPUT):
        raise UsageError("one --output cannot be that of several recipes")
    refuse_conflicts(flags)
    quiet = gives(flags, "-q", "--quiet")

    def dream(file: str) -> None:
        base = any_recipe(file, output=not gives(flags, *OUTPUT))
        data, options = parse(name, summary, base, flags, _options_of(base.kind), named=True)
        _render(make_recipe(data, base.kind), options, flags)

    return each(named, dream, quiet=quiet)


def continue_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """A finished film, made longer or branched."""
    from dreamvid.media.probe import probe
    from dreamvid.rendering.extend import default_extension, extend

    named, flags = split_names(join_layers(argv, is_recipe), words_taken(), is_recipe)
    if len(named) != 1:
        parse(name, summary, make_recipe({}, "zoom"), flags, Continuation, named=True)
        raise UsageError("name one film: dreamvid continue dream.mp4 --frames 50")
    film = Path(named[0])
    base = default_extension(film)
    data, options = parse(name, summary, base, flags, Continuation, named=True)
    refuse_conflicts(flags)
    if options.preview or options.dry_run:
        raise UsageError("continue has no --preview and no --dry-run")
    if options.range is not None:
        raise UsageError("continue has no --range; --from K names the frame to go on from")
    rate = None if options.seconds is None else probe(film).rate
    more = with_length(make_recipe(data, base.kind), options, rate)
    with warnings_shown(options.quiet):
        recipe = extend(film, more, options.start, options.overwrite)
    return _render(recipe, options, flags)


def _options_of(kind: str) -> type[RunOptions]:
    return StillOptions if kind == "image" else RunOptions


def _folder_of(output: Any) -> str:
    """The folder that the films of several clips go into. Raises UsageError where it is a file."""
    if output is None:
        return ""
    if not str(output).endswith(("/", os.sep)) and not Path(output).is_dir():
        raise UsageError(
            "one --output cannot be that of several clips; give a folder, with a / at its end"
        )
    Path(output).mkdir(exist_ok=True)
    return str(output)


def _render(recipe: Recipe, options: RunOptions, flags: Sequence[str]) -> int:
    """Do with a recipe what the options ask for."""
    from dreamvid.cli.execute import execute

    with warnings_shown(options.quiet):
        check_sources(recipe)
        if not isinstance(options, Continuation):
            recipe = with_length(recipe, options)
        execute(recipe, options, steps_given=gives(flags, "--steps"))
    return 0
