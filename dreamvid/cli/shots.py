"""The command `shots`, and rendering a film shot by shot."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from dreamvid.cli.messages import say, warnings_shown
from dreamvid.cli.options import is_recipe, typed
from dreamvid.cli.run_options import RunOptions
from dreamvid.errors import DreamvidError, LockedError, RecipeError
from dreamvid.frame import Frame
from dreamvid.recipe import NamedPath, Recipe, Section, VideoRecipe
from dreamvid.recipe.fields import Flag, the_only
from dreamvid.recipe.load import validated
from dreamvid.shot_list import EDL, ShotList, numbers_of

if TYPE_CHECKING:
    from dreamvid.rendering.plan import Plan
    from dreamvid.rendering.shot_runs import ShotRuns
    from dreamvid.source import Source


class Listing(Section):
    """The options of `dreamvid shots`."""

    source: Annotated[
        NamedPath | None, the_only("clip"), Flag(positional=True, metavar="CLIP|RECIPE")
    ] = Field(None, description="The clip, or a recipe that names one.")
    output: Annotated[NamedPath, Flag(short="-o", metavar="FILE.json")] = Field(
        Path("shots.json"), description="The list, which `cuts` of a recipe may name."
    )
    edl: bool = Field(False, description="Write an edit decision list beside it, FILE.edl.")
    overwrite: bool = Field(False, description="Replace files that exist.")
    quiet: Annotated[bool, Flag(short="-q")] = Field(False, description="Print nothing.")


def shots_command(name: str, summary: str, argv: Sequence[str]) -> int:
    """List the shots of a clip."""
    listing = validated(Listing, typed(name, summary, Listing(), argv))
    if listing.source is None:
        raise RecipeError("name the clip: dreamvid shots clip.mp4", key="source")
    from dreamvid.media.durable import atomic_write
    from dreamvid.media.output_checks import check_json, check_page
    from dreamvid.media.outputs import write_json
    from dreamvid.rendering.film_source import open_film
    from dreamvid.rendering.shot_runs import shots_of

    with warnings_shown(listing.quiet):
        recipe = _recipe(listing.source)
        clip, edl = recipe.source[0], listing.output.with_suffix(EDL)
        check_json(listing.output, recipe.source, listing.overwrite)
        if listing.edl:
            check_page(edl, recipe.source, listing.overwrite)
        source = _shown(open_film(recipe), listing)
        found = shots_of(source, bool(recipe.cuts))
        listed = ShotList(found.shots, found.rate, recipe.start or Fraction(0))
        write_json(listing.output, listed.text(clip.name), listing.overwrite)
        if listing.edl:
            with atomic_write(edl) as file:
                file.write(listed.edl(clip.name).encode())
    if not listing.quiet:
        print(*_rows(listed), sep="\n")
        say(f"{listing.output}: {_counted(len(listed.shots))} of {listed.frames} frames")
    return 0


def _recipe(path: Path) -> VideoRecipe:
    """The recipe whose clip's shots are listed."""
    if not is_recipe(str(path)) or path.suffix.lower() not in (".yaml", ".yml"):
        return VideoRecipe(source=path)
    from dreamvid.recipe.load import load_recipe

    recipe = load_recipe(path)
    if not isinstance(recipe, VideoRecipe):
        raise RecipeError("only a clip has shots; a zoom is one", path=path, key="kind")
    if not recipe.source:
        raise RecipeError("name the clip", path=path, key="source")
    return recipe


def _shown(source: Source, listing: Listing) -> Source:
    """A source whose frames are counted on standard error as they are read."""
    from dreamvid.cli.progress import counted

    def read() -> Generator[Frame]:
        with closing(source.open()) as frames:
            yield from counted(frames, source.frames, listing.output, quiet=listing.quiet)

    return replace(source, open=read, seek=None)


def _counted(shots: int) -> str:
    return f"{shots} shot{'s' * (shots > 1)}"


def _rows(listed: ShotList) -> Iterator[str]:
    """The list as a table, for people."""
    for number, shot in enumerate(listed.shots, 1):
        at = "" if listed.rate is None else f", at {float(shot.start / listed.rate):.2f} s"
        yield f"{number:4d}  frames {shot.start} to {shot.stop - 1} ({shot.count}){at}"


def render_shots(recipe: Recipe, options: RunOptions) -> None:
    """Render some shots of a film, and join them all if that is asked.

    Raises:
        DreamvidError: a shot cannot be rendered; one line.
        KeyboardInterrupt: the user stopped the render.
    """
    from dreamvid.rendering.output import output_of
    from dreamvid.rendering.shot_runs import ShotRuns

    runs = ShotRuns(output_of(recipe))
    if options.asked_shots is None:
        _join(runs, recipe, options)
        return
    listed = _render(runs, recipe, options.asked_shots, options)
    if options.join and len(listed.shots) > 1 and not runs.missing(listed):
        _join_in_turn(runs, recipe, options)


def _render(runs: ShotRuns, recipe: Recipe, asked: str, options: RunOptions) -> ShotList:
    """Render some shots; a film of one shot is finished. Returns the list of the shots."""
    from dreamvid.rendering.estimate import warn_of_shortfalls
    from dreamvid.rendering.film_source import heard_in
    from dreamvid.rendering.plan import plan

    manifest = runs.manifest
    machine = manifest.machine if manifest else None
    known = heard_in(runs.folder)
    planned = plan(recipe, overwrite=options.overwrite, machine=machine, known=known)
    warn_of_shortfalls(planned)
    listed = runs.begin(planned)
    numbers = numbers_of(asked, len(listed.shots))
    if len(listed.shots) == 1:
        if not options.quiet:
            say(f"{runs.output}: one shot, of {listed.frames} frames, which is the film")
        _finish(runs, planned, options)
        return listed
    for number in numbers:
        shot = listed.shots[number - 1]
        if runs.state(shot) == "done" and not options.restart:
            if not options.quiet:
                say(f"{runs.output}: shot {number}: done already")
            continue
        _record(runs.plan_of(planned, listed, shot), options)
        if not options.quiet:
            say(f"{runs.output}: shot {number} of {len(listed.shots)} is done")
    return listed


def _join_in_turn(runs: ShotRuns, recipe: Recipe, options: RunOptions) -> None:
    """Make the film of its shots, unless another process does: two may have finished the last two
    shots at once."""
    from dreamvid.rendering.plan import is_done

    while not is_done(recipe):
        try:
            _join(runs, recipe, options)
        except LockedError:
            time.sleep(1)
        except DreamvidError:
            if not is_done(recipe):
                raise


def _join(runs: ShotRuns, recipe: Recipe, options: RunOptions) -> None:
    """Make the film of its shots."""
    from dreamvid.rendering.join import plan_join

    _finish(runs, plan_join(recipe, overwrite=options.overwrite), replace(options, restart=False))


def _finish(runs: ShotRuns, planned: Plan, options: RunOptions) -> None:
    """Make the film, after which the runs of its shots are not needed."""
    _record(planned, options)
    if not options.keep:
        runs.remove()
    if not options.quiet:
        print(*map(planned.passes.path, planned.passes.names), sep="\n")


def _record(planned: Plan, options: RunOptions) -> None:
    """Render a plan, with its progress on standard error."""
    from dreamvid.cli.control import controlled
    from dreamvid.cli.progress import LINES, follow
    from dreamvid.rendering.render import record

    restart = options.restart
    overwrite = options.overwrite or planned.shot is not None
    steps = record(planned, overwrite=overwrite, restart=restart, keep=options.keeping)
    with controlled() if options.control else nullcontext():
        lines = LINES[options.progress]
        follow(planned, steps, quiet=options.quiet, restart=restart, lines=lines)
