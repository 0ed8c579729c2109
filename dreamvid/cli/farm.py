"""The command `farm`: films on many machines."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dreamvid.cli.arguments import gives, join_layers, split_names, taken_out
from dreamvid.cli.batch import Batch, Item
from dreamvid.cli.cluster import OnRay
from dreamvid.cli.length import refuse_conflicts, with_length
from dreamvid.cli.messages import each, say, warnings_shown
from dreamvid.cli.option_table import absolute, all_options
from dreamvid.cli.options import is_recipe, parse
from dreamvid.cli.run_options import FarmOptions, RunOptions
from dreamvid.errors import UsageError
from dreamvid.farm.cluster import LOCAL
from dreamvid.recipe.load import make_recipe

if TYPE_CHECKING:
    from dreamvid.farm.units import Film
    from dreamvid.recipe import Recipe

FORMS = ("commands", "openjd")

UNITS = ("shot", "film")


def farm_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """Tell a farm what to render, render on a cluster, or tell how far a farm is."""
    argv, address = _cluster(join_layers(argv, is_recipe))
    argv, forms = taken_out(argv, "--as")
    argv, files = taken_out(argv, "--into")
    argv, threads = taken_out(argv, "--threads")
    argv, units = taken_out(argv, "--by")
    status = "--status" in argv
    names, flags = split_names([w for w in argv if w != "--status"], all_options(), is_recipe)
    if not names:
        parse(name, summary, make_recipe({}, "video"), flags, FarmOptions, named=True)
        raise UsageError(f"name a recipe: dreamvid {name} night.yaml")
    refuse_conflicts(flags)
    form, quiet = (forms or ["commands"])[-1], gives(flags, "-q", "--quiet")
    if form not in FORMS:
        raise UsageError(f"--as: must be {' or '.join(FORMS)}, not {form!r}")
    if units and units[-1] not in UNITS:
        raise UsageError(f"--by: must be {' or '.join(UNITS)}, not {units[-1]!r}")
    whole = bool(units) and units[-1] == "film"
    if address is not None and gives(flags, "--restart"):
        raise UsageError("--ray and --restart exclude each other")
    batch = Batch.of(names, flags)
    if status:
        return each(batch.items, lambda item: _tell(name, summary, item), _name, quiet=True)
    from dreamvid.rendering.output import output_of
    from dreamvid.rendering.plan import is_done
    from dreamvid.rendering.shot_runs import ShotRuns

    films: list[Film] = []
    on_ray = None if address is None else OnRay(address)

    def add(item: Item) -> None:
        recipe, options = _recipe(name, summary, item, quiet=quiet)
        if not options.overwrite and is_done(recipe):
            ShotRuns(output_of(recipe)).remove()
            if not quiet:
                say(f"{output_of(recipe)}: done already")
            return

        def film() -> Film:
            return _film(item, recipe, options, _count(threads), whole=whole)

        if on_ray is None:
            films.append(film())
        else:
            on_ray.add(recipe, options, film)

    failed = each(batch.items, add, _name, quiet=True)
    if on_ray is not None:
        return max(failed, on_ray.render())
    if not films:
        return failed
    into = Path(files[-1]).absolute() if files else None
    text = _text(films, form, into.parent if into else Path.cwd())
    _write(text, into, gives(flags, "--overwrite"))
    if not quiet:
        shots = sum(len(film.shots.shots) for film in films)
        say(f"{len(films)} film{'s' * (len(films) > 1)}, {shots} shot{'s' * (shots > 1)}")
    return failed


def _name(item: Item) -> str:
    return item.name


def _cluster(argv: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without `--ray`, and the address that it names; None: it is not there."""
    words, address = list(argv), None
    for index, word in enumerate(words):
        if word.startswith("--ray="):
            address = word.partition("=")[2] or LOCAL
            del words[index]
        elif word == "--ray":
            following = words[index + 1] if index + 1 < len(words) else "-"
            named = not following.startswith("-") and not is_recipe(following)
            address = following if named else LOCAL
            del words[index : index + 1 + named]
        else:
            continue
        break
    return words, address


def _count(threads: Sequence[str]) -> int | None:
    if not threads:
        return None
    if not threads[-1].isdecimal() or not 1 <= int(threads[-1]) <= 1024:
        raise UsageError(f"--threads: must be a whole number from 1 to 1024, not {threads[-1]!r}")
    return int(threads[-1])


def _recipe(name: str, summary: str, item: Item, *, quiet: bool) -> tuple[Recipe, RunOptions]:
    """An item's recipe, with its output, and the options beside it."""
    from dreamvid.rendering.output import output_of

    recipe, options = item.recipe(name, summary, quiet=quiet)
    with warnings_shown(quiet):
        recipe = with_length(recipe, options)
    return recipe.model_copy(update={"output": output_of(recipe).absolute()}), options


def _film(
    item: Item, recipe: Recipe, options: RunOptions, threads: int | None, *, whole: bool
) -> Film:
    """Plan an item's film, and list its shots."""
    from dreamvid.farm.units import Film
    from dreamvid.machine import Machine

    with warnings_shown(options.quiet):
        file = Path(item.file)
        item = replace(item, file=str(file.absolute()) if file.is_file() else item.file)
        machine = replace(Machine.here(), threads=threads) if threads else None
        words = absolute(item.words(recipe))
        again = options.overwrite
        return Film.of(recipe, words, machine=machine, overwrite=again, whole=whole)


def _text(films: Sequence[Film], form: str, beside: Path) -> str:
    """What the farm is told; `beside`: the folder in which it is written."""
    from dreamvid.farm.commands import command_lines
    from dreamvid.farm.openjd import template

    if form == "commands":
        return "".join(f"{line}\n" for line in command_lines(films))
    paths = [str(path.absolute()) for film in films for path in (film.output, *film.recipe.source)]
    folder = Path(os.path.commonpath(paths))
    folder = folder if folder.is_dir() else folder.parent
    return template(films, f"dreamvid {films[0].output.stem}", folder, beside)


def _write(text: str, into: Path | None, overwrite: bool) -> None:
    from dreamvid.media.durable import atomic_write
    from dreamvid.media.output_checks import check_page

    if into is None:
        sys.stdout.write(text)
        return
    check_page(into, [], overwrite)
    with atomic_write(into) as file:
        file.write(text.encode())


def _tell(name: str, summary: str, item: Item) -> None:
    """Print how far the film of an item is."""
    from dreamvid.farm.status import status_of

    recipe, options = item.recipe(name, summary, quiet=True)
    print(*status_of(with_length(recipe, options)).lines(), sep="\n")
