"""Execute one recipe: render it, preview it, or estimate what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from dreamvid.cli.arguments import gives
from dreamvid.cli.control import controlled
from dreamvid.cli.length import with_length
from dreamvid.cli.messages import LOG, say, warnings_shown
from dreamvid.cli.progress import LINES, follow, follow_preview
from dreamvid.cli.run_options import Continuation, RunOptions, StillOptions
from dreamvid.cli.sources import check_sources
from dreamvid.errors import RecipeError
from dreamvid.media.output_checks import check_picture
from dreamvid.media.outputs import write_picture
from dreamvid.networks.defaults import dream_values
from dreamvid.networks.registry import spec_of
from dreamvid.plots.objective import draw_objective
from dreamvid.recipe import Recipe
from dreamvid.recipe.dump import yaml_lines
from dreamvid.rendering.estimate import tried, warn_of_shortfalls
from dreamvid.rendering.output import output_of
from dreamvid.rendering.plan import Plan, is_done, plan
from dreamvid.rendering.preview import plan_preview
from dreamvid.rendering.render import record
from dreamvid.rendering.seam import seam


def execute(recipe: Recipe, options: RunOptions, argv: Sequence[str]) -> None:
    """Render, preview or dry-run a recipe, as the options ask.

    Args:
        argv: the command's arguments, of which some have side effects that are warned of.

    Raises:
        DreamvidError: the recipe cannot be rendered; one line.
        KeyboardInterrupt: the user stopped the render.
    """
    with warnings_shown(options.quiet):
        check_sources(recipe)
        if not isinstance(options, Continuation):
            recipe = with_length(recipe, options)
        if options.preview:
            _preview(recipe, options)
        elif options.dry_run:
            _dry_run(recipe)
        elif not (options.overwrite or options.restart) and is_done(recipe):
            if not options.quiet:
                say(f"{output_of(recipe)}: done already")
        elif options.asked_shots is not None or options.join:
            from dreamvid.cli.shots import render_shots

            render_shots(recipe, options)
        else:
            planned = plan(recipe, overwrite=options.overwrite, restart=options.restart)
            plot = _checked_plot(planned, options)
            warn_of_shortfalls(planned)
            for note in () if options.quiet else planned.notes:
                say(note)
            if gives(argv, "--steps"):
                _warn_of_burst(recipe)
            overwrite, restart = options.overwrite, options.restart
            steps = record(planned, overwrite=overwrite, restart=restart, keep=options.keeping)
            with controlled() if options.control else nullcontext():
                lines = LINES[options.progress]
                follow(planned, steps, quiet=options.quiet, restart=restart, lines=lines)
            if planned.timeline.loop and not options.quiet:
                say(f"{planned.output}: {seam(planned.output).line}")
            if not options.quiet:
                print(*map(planned.passes.path, planned.passes.names), sep="\n")
            if plot is not None:
                _plot_objective(planned, plot, options)


def _preview(recipe: Recipe, options: RunOptions) -> None:
    preview = plan_preview(recipe, options.pictures, overwrite=options.overwrite)
    for line in follow_preview(preview, quiet=options.quiet):
        print(line)


def _dry_run(recipe: Recipe) -> None:
    planned = plan(recipe, overwrite=True)  # a dry run replaces nothing
    warn_of_shortfalls(planned)
    notes = [f"# {line}" for line in [*planned.lines(), tried(planned).line]]
    print("\n".join([*yaml_lines(planned.recipe), *notes]))


def _warn_of_burst(recipe: Recipe) -> None:
    """Warn if `--steps` without `--burst` weakens the first frame's dream."""
    spec, steps = spec_of(recipe.network), recipe.dream.steps
    unsaid = recipe.dream.model_copy(update={"steps": None})
    usual = dream_values(unsaid, spec, carried=None)["burst"] if spec.objective else 0
    if recipe.dream.burst is None and isinstance(steps, int) and steps < usual:
        LOG.warning(
            "--steps %d also sets the steps of a first frame, %d by default: it dreams weaker; "
            "--burst %d keeps the default",
            steps,
            usual,
            usual,
        )


def _checked_plot(planned: Plan, options: RunOptions) -> Path | None:
    """The checked path of the plot of the objective, if any. Raises OutputError, RecipeError."""
    if not isinstance(options, StillOptions) or options.plot is None:
        return None
    if not hasattr(planned.dreamer, "steps"):
        raise RecipeError(
            f"network {planned.job.network.name} has no objective; name another", key="plot"
        )
    path = Path(options.plot)
    if path.resolve() == planned.output.resolve():
        raise RecipeError(f"{path} is the dreamed picture's name; give another", key="plot")
    check_picture(path, planned.recipe.source, options.overwrite)
    return path


def _plot_objective(planned: Plan, path: Path, options: RunOptions) -> None:
    """Dream the picture again, measuring the objective at every step, and plot it."""
    dreamer: Any = planned.dreamer  # one with steps, by `_checked_plot`
    picture = next(iter(planned.source.open()))
    figure = draw_objective(planned.output.name, dreamer.steps(picture, measure=True))
    write_picture(path, figure, options.overwrite)
    if not options.quiet:
        print(path)
