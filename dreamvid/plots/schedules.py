"""A recipe's schedules as one picture: each key's number over the frames of its film."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid.errors import MediaError, RecipeError
from dreamvid.frame import Frame
from dreamvid.media.outputs import check_picture, write_picture
from dreamvid.plots.figure import DREAM, new_figure, pixels, shifted_down
from dreamvid.recipe import Recipe, Term, VideoRecipe
from dreamvid.recipe.at_frame import at_frame, schedules
from dreamvid.recipe.schedule import Schedule
from dreamvid.recipe.timeline import FrameTime
from dreamvid.source import open_source

MOST = 10_000
"""Frames that are drawn; of a longer film so many, evenly spaced."""

WIDTH, EACH, REST, TALLEST = 12.0, 1.5, 1.5, 400.0
"""Inches: the picture's width, an axis's height, what lies around them, the most in all."""

SECONDS = 0.5
"""Inches from the frames' numbers down to the seconds'."""

LONGEST = 130
"""Letters of a key and its schedule that fit above an axis."""


def plot(name: str, recipe: Recipe, overwrite: bool, *, film: bool = False) -> Path:
    """Draw a recipe's schedules into its `output`, else `NAME-schedules.png` here; the path.

    Args:
        name: what the recipe is called.
        film: whether `name` is a film made by the recipe, which tells its rate and length.

    Raises:
        RecipeError: the recipe has no schedule, or one that leaves its bounds or has no value; or
            the film's length or rate is not known.
        MediaError: as `check_picture`.
    """
    found = list(schedules(recipe))
    if not found:
        raise RecipeError(
            f"{name}: nothing to plot: no value changes over time, as it does by "
            "zoom: 0:(1.02), 50:(1.04)"
        )
    path = recipe.output or Path(f"{Path(name).stem}-schedules.png")
    check_picture(path, recipe.source, overwrite)
    frames, rate = _extent(name, recipe, film)
    if rate is None and any(_uses_seconds(schedule) for _, schedule in found):
        raise RecipeError(f"{name}: has seconds in a schedule, but no rate is known; give --fps")
    write_picture(path, draw(name, recipe, frames, rate), overwrite)
    return path


def draw(name: str, recipe: Recipe, frames: int, rate: Fraction | None) -> Frame:
    """The picture: an axis for each schedule, 1200 px wide.

    Args:
        name: what the recipe is called.
        frames: of its film, 1 or more.
        rate: its frames a second; None where it is not known, and matters to no schedule.

    Raises:
        RecipeError: a schedule leaves its key's bounds, or has no value.
    """
    times = np.unique(np.linspace(0, frames - 1, min(frames, MOST)).round().astype(int))
    found = list(schedules(recipe))
    curves = _values(
        recipe, [key for key, _ in found], times, FrameTime(0, rate or Fraction(1), frames)
    )
    size = WIDTH, min(REST + EACH * len(found), TALLEST)
    figure = new_figure(size)
    axes = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (key, schedule) in zip(axes, found, strict=True):
        _curve(axis, times, curves[key])
        called = _short(_called(recipe, key), LONGEST // 2)
        said = _short(schedule.text, LONGEST - len(called))
        axis.set_title(called, loc="left", fontsize=10, parse_math=False)
        axis.set_title(said, loc="right", fontsize=8, color="0.4", parse_math=False)
    beside = max(0.5, 0.01 * frames)
    axes[-1].set_xlim(-beside, frames - 1 + beside)
    axes[-1].set_xlabel("frame")
    axes[-1].ticklabel_format(axis="x", style="plain")
    axes[-1].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    told = f"{name}: {frames} {'frame' if frames == 1 else 'frames'}"
    told += f" ({MOST} drawn)" if frames > MOST else ""
    if rate is not None:
        told += f" at {rate} fps"
        ratio = float(rate)
        both = (lambda t: t / ratio), (lambda s: s * ratio)
        beneath = shifted_down(figure, axes[-1], SECONDS)
        seconds = axes[-1].secondary_xaxis(0.0, functions=both, transform=beneath)
        seconds.set_xlabel("second")
    figure.suptitle(told, parse_math=False)
    return pixels(figure)


def _extent(name: str, recipe: Recipe, film: bool) -> tuple[int, Fraction | None]:
    """How many frames the film has, and their rate if it is known."""
    if not isinstance(recipe, VideoRecipe):
        return getattr(recipe, "frames", 1), getattr(recipe, "fps", None)
    frames, rate = recipe.frames, recipe.fps
    if frames is not None and rate is not None:
        return frames, rate
    clip = recipe
    if film and not recipe.source:  # it is as long as what it was made of: its own frames, all
        clip = VideoRecipe(source=(Path(name),), frames=frames)
    fault = ""
    if clip.source:
        try:
            source = open_source(clip)
            frames, rate = source.frames or frames, source.rate
        except (MediaError, RecipeError) as error:
            fault = f" ({error})"
    if frames is None:
        raise RecipeError(f"{name}: how long its clip is cannot be told{fault}; give --frames")
    return frames, rate


def _uses_seconds(schedule: Schedule) -> bool:
    """Whether `s` or a key as `2.5s` occurs: no other word of a schedule has an s by itself."""
    return bool(re.search(r"(?<![A-Za-z_])s(?![A-Za-z_])", schedule.text))


def _values(
    recipe: Recipe, keys: list[str], times: Any, clock: FrameTime
) -> dict[str, list[float | int]]:
    curves: dict[str, list[float | int]] = {key: [] for key in keys}
    for t in times:
        now = at_frame(recipe, FrameTime(int(t), clock.rate, clock.frames))
        for key, curve in curves.items():
            curve.append(_at(now, key))
    return curves


def _at(recipe: Recipe, key: str) -> Any:
    """What stands at `motion.zoom` or `color.shift.0`."""
    value: Any = recipe
    for part in key.split("."):
        value = value[int(part)] if part.isdecimal() else getattr(value, part)
    return value


def _called(recipe: Recipe, key: str) -> str:
    """A key as people say it: `color.shift.0` is its R, a term of the objective its layer."""
    parts = key.split(".")
    for at, part in enumerate(parts):
        if part.isdecimal():
            held = _at(recipe, ".".join(parts[:at]))
            if isinstance(held[int(part)], Term):
                return ".".join([*parts[:at], held[int(part)].layer])
            parts[at] = ("RGB" if len(held) == 3 else "xy")[int(part)]
    return ".".join(parts)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _curve(axis: Any, times: Any, values: list[float | int]) -> None:
    """One key's numbers; whole ones go in steps, and few have dots."""
    whole = all(isinstance(value, int) for value in values)
    style = "steps-mid" if whole else "default"
    marker = "." if len(values) <= 100 else ""
    axis.plot(times, values, color=DREAM, linewidth=1.2, marker=marker, drawstyle=style)
    axis.grid(color="0.92", linewidth=0.8)
    axis.margins(y=0.1)
    axis.ticklabel_format(axis="y", useOffset=False)  # 1.02, not 2 and far above it "+1"
    if whole:
        axis.yaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
