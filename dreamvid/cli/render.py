"""The commands that render: zoom, video, image, render, continue."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from dreamvid.cli.arguments import gives, join_layers, split_names, value_of
from dreamvid.cli.batch import OUTPUT, Batch, Item
from dreamvid.cli.length import refuse_conflicts, with_length
from dreamvid.cli.messages import each, warnings_shown
from dreamvid.cli.option_table import all_options
from dreamvid.cli.options import is_recipe, parse
from dreamvid.cli.run_options import (
    Continuation,
    RenderOptions,
    RunOptions,
    StillOptions,
    ZoomOptions,
)
from dreamvid.cli.sources import clip_output, refuse_pictures
from dreamvid.errors import UsageError
from dreamvid.recipe.load import changed_by, make_recipe, read_recipe

QUIET = "-q", "--quiet"

OPTIONS = {"zoom": ZoomOptions, "video": RunOptions, "image": StillOptions}
"""The options beside a recipe's keys, by the kind of recipe."""


def dream_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """The commands zoom, video and image: a recipe from options, over a base recipe."""
    from dreamvid.rendering.embedded import any_recipe

    file = value_of(argv, "--recipe")
    with warnings_shown(gives(argv, *QUIET)):
        base = (
            any_recipe(file, name, output=not gives(argv, *OUTPUT))
            if file
            else make_recipe({}, name)
        )
    data, options = parse(name, summary, base, argv, OPTIONS[name])
    refuse_conflicts(argv)
    from dreamvid.cli.execute import execute  # after the help, which needs none of it
    from dreamvid.media.outputs import made_folder

    clips = data["source"]
    if name != "video" or not isinstance(clips, list) or len(clips) < 2:
        execute(make_recipe(data, name), options, argv)
        return 0
    refuse_pictures(clips)
    folder = _folder_of(data["output"] if gives(argv, *OUTPUT) else None)
    codec = data["encode"]["codec"]
    outputs = {clip: clip_output(folder, clip, codec) for clip in clips}
    _refuse_same_names(outputs)

    def dream(clip: str) -> None:
        single = {**data, "source": [clip], "output": outputs[clip]}
        execute(make_recipe(single, name), options, argv)

    with made_folder(folder):
        return each(clips, dream, str, quiet=options.quiet)


def join_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """The command join: the films of shots that were rendered apart."""
    return render_command(name, summary, [*argv, "--join"])


def render_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """The command render: recipes one after another, with the same options; each may fail alone."""
    names, flags = split_names(join_layers(argv, is_recipe), all_options(), is_recipe)
    if not names or gives(flags, "--recipe"):
        base = make_recipe({}, "video")
        parse(name, summary, base, flags, RenderOptions, named=True)  # exits if --help is given
        raise UsageError(f"name a recipe: dreamvid {name} night.yaml")
    refuse_conflicts(flags)
    quiet = gives(flags, *QUIET)
    batch = Batch.of(names, flags)
    from dreamvid.cli.execute import execute
    from dreamvid.media.outputs import made_folder
    from dreamvid.rendering.output import output_of

    def dream(item: Item) -> Path:
        recipe, options = item.recipe(name, summary, quiet=quiet)
        output = output_of(recipe)
        with made_folder(output.parent) if item.output else nullcontext():
            execute(recipe, options, flags)
        return output

    return each(batch.items, batch.timed(dream), lambda item: item.name, quiet=quiet)


def continue_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """The command continue: extend or branch a finished film."""
    from dreamvid.media.probe import probe
    from dreamvid.rendering.extend import default_extension, extend

    names, flags = split_names(join_layers(argv, is_recipe), all_options(), is_recipe)
    if len(names) != 1:
        parse(name, summary, make_recipe({}, "zoom"), flags, Continuation, named=True)
        raise UsageError("name one film: dreamvid continue dream.mp4 --frames 50")
    film, changes = Path(names[0]), value_of(flags, "--recipe")
    base = default_extension(film)
    if changes is not None:
        base = changed_by(base, read_recipe(changes, output=False))
    data, options = parse(name, summary, base, flags, Continuation, named=True)
    refuse_conflicts(flags)
    from dreamvid.cli.execute import execute

    if options.preview or options.dry_run:
        raise UsageError("continue has no --preview and no --dry-run")
    if options.range is not None:
        raise UsageError("continue has no --range; --from K names the frame to continue from")
    rate = None if options.seconds is None else probe(film).rate
    more = with_length(make_recipe(data, base.kind), options, rate)
    with warnings_shown(options.quiet):
        recipe = extend(film, more, options.start, options.overwrite)
    execute(recipe, options, flags)
    return 0


def _folder_of(output: Any) -> Path:
    """The output folder for several clips. Raises UsageError if it is a file."""
    if output is None:
        return Path()
    if not str(output).endswith(("/", os.sep)) and not Path(output).is_dir():
        raise UsageError(
            "one --output cannot be that of several clips; give a folder, with a / at its end"
        )
    return Path(output)


def _refuse_same_names(outputs: Mapping[str, Path]) -> None:
    """Raise UsageError if two clips would be dreamed into one film."""
    first: dict[Path, str] = {}
    for clip, output in outputs.items():
        if output in first:
            raise UsageError(
                f"{first[output]} and {clip} would both become {output}; dream them apart"
            )
        first[output] = clip
