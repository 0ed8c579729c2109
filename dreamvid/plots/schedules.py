"""Plot of a recipe's schedules: each key's value over the frames."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dreamvid.errors import MediaError, RecipeError
from dreamvid.frame import Frame
from dreamvid.media.named_sound import frames_asked, named_sound
from dreamvid.media.output_checks import check_picture
from dreamvid.media.outputs import write_picture
from dreamvid.names import derived
from dreamvid.opening import open_source
from dreamvid.plots.figure import DREAM, new_figure, pixels, shifted_down
from dreamvid.plots.path import KEY as PATH
from dreamvid.plots.path import draw_path
from dreamvid.recipe import BeatCount, FilmRecipe, Recipe, Term, VideoRecipe
from dreamvid.recipe.at_frame import at_frame, heard_by, schedules
from dreamvid.recipe.heard import Heard
from dreamvid.recipe.timeline import Timeline
from dreamvid.soundtrack import with_sound
from dreamvid.source import Source

if TYPE_CHECKING:
    from dreamvid.plots.sound import SoundCurves  # which a film without sound does without

MOST = 10_000
"""Most frames drawn; of a longer film evenly spaced ones."""

WIDTH, EACH, REST, TALLEST = 12.0, 1.5, 1.5, 400.0
"""Inches: width of the picture, height of an axis, margins, greatest height of the picture."""

SECONDS = 0.5
"""Inches from the frame axis down to the axis in seconds."""

LONGEST = 130
"""Most characters of a key and its schedule above an axis."""

SHOWN = (Heard("bass"), Heard("mid"), Heard("treble"))
"""What is drawn of a sound besides its wave."""


def plot(name: str, recipe: Recipe, overwrite: bool, *, film: bool = False) -> Path:
    """Plot a recipe's schedules into its `output`, else into `NAME-schedules.png`; returns the
    path.

    Args:
        name: the recipe's name.
        film: whether `name` is a film made by the recipe, whose rate and length are used.

    Raises:
        RecipeError: the recipe has no schedule, or one that exceeds its bounds or has no value; or
            the film's length or rate is unknown.
        MediaError: as `check_picture`.
    """
    scheduled = list(schedules(recipe))
    if not scheduled:
        raise RecipeError(
            "nothing to plot: no value changes over time, as it does by zoom: 0:(1.02), 50:(1.04)",
            path=name,
        )
    path = recipe.output or derived(Path(), Path(name).stem, "-schedules", ".png")
    check_picture(path, recipe.source, overwrite)
    source, is_timed = _film(name, recipe, film)
    if not is_timed and any(each.uses_seconds or each.heard for _, each in scheduled):
        raise RecipeError("has seconds in a schedule, but no rate is known; give --fps", path=name)
    picture = draw(name, recipe, source.timeline, is_timed=is_timed, sound=_sound(recipe, source))
    write_picture(path, picture, overwrite)
    return path


def draw(
    name: str,
    recipe: Recipe,
    timeline: Timeline,
    *,
    is_timed: bool = True,
    sound: SoundCurves | None = None,
) -> Frame:
    """Draw an axis for each schedule, 1200 px wide, under those of the sound.

    Args:
        name: the recipe's name.
        timeline: of its film, whose number of frames is known.
        is_timed: whether the rate is known; if not, no schedule depends on it.
        sound: that of the film; None: it is not drawn.

    Raises:
        RecipeError: a schedule exceeds its key's bounds, or has no value.
    """
    frames, rate = timeline.frames or 1, timeline.rate
    times = np.unique(np.linspace(0, frames - 1, min(frames, MOST)).round().astype(int))
    scheduled = list(schedules(recipe))
    curves = _values(recipe, [key for key, _ in scheduled], times, timeline)
    above = 0 if sound is None else 2
    count = above + len(scheduled)
    figure = new_figure((WIDTH, min(REST + EACH * count, TALLEST)))
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    if sound is not None:
        sound.draw(axes[0], axes[1], times)
    for axis, (key, schedule) in zip(axes[above:], scheduled, strict=True):
        if key == PATH:
            told = draw_path(axis, recipe, times, timeline)
        else:
            _curve(axis, times, curves[key])
            told = schedule.text
        label = _short(_label(recipe, key), LONGEST // 2)
        text = _short(told, LONGEST - len(label))
        axis.set_title(label, loc="left", fontsize=10, parse_math=False)
        axis.set_title(text, loc="right", fontsize=8, color="0.4", parse_math=False)
    margin = max(0.5, 0.01 * frames)
    axes[-1].set_xlim(-margin, frames - 1 + margin)
    axes[-1].set_xlabel("frame")
    axes[-1].ticklabel_format(axis="x", style="plain")
    axes[-1].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    title = f"{name}: {frames} {'frame' if frames == 1 else 'frames'}"
    title += f" ({MOST} drawn)" if frames > MOST else ""
    if is_timed:
        title += f" at {rate} fps"
        ratio = float(rate)
        both = (lambda t: t / ratio), (lambda s: s * ratio)
        beneath = shifted_down(figure, axes[-1], SECONDS)
        seconds = axes[-1].secondary_xaxis(0.0, functions=both, transform=beneath)
        seconds.set_xlabel("second")
    figure.suptitle(title, parse_math=False)
    return pixels(figure)


def _sound(recipe: Recipe, source: Source) -> SoundCurves | None:
    """The curves of a film's sound, where it has one that was listened to."""
    if source.heard is None or source.frames is None or not isinstance(recipe, FilmRecipe):
        return None
    from dreamvid.hearing.features import Features
    from dreamvid.plots.sound import SoundCurves

    sound = named_sound(recipe.audio) or source.sound
    if sound is None:  # beats alone
        return None
    assert isinstance(source.heard, Features)
    return SoundCurves.of(sound, source.heard, SHOWN, source.frames)


def _film(name: str, recipe: Recipe, film: bool) -> tuple[Source, bool]:
    """A source with the film's times, of a known number of frames, and with its sound; and whether
    its rate is known too."""
    rate = getattr(recipe, "fps", None) or Fraction(1)
    asked = frames_asked(recipe, rate) if isinstance(recipe, FilmRecipe) else 1
    source = Source.of_picture(np.zeros((1, 1, 3), np.uint8), asked, rate)
    if not isinstance(recipe, FilmRecipe):
        return source, False
    is_known = recipe.fps is not None
    if isinstance(recipe, VideoRecipe):
        clip = recipe
        if film and not recipe.source:  # the film is as long as its source was
            clip = VideoRecipe(source=(Path(name),), frames=recipe.frames)
        hears_itself = bool(heard_by(recipe)) and recipe.audio.file is None
        fault = ""
        if clip.source and (source.frames is None or not is_known or hears_itself):
            try:
                opened = open_source(clip)
                source, is_known = replace(opened, frames=opened.frames or source.frames), True
            except (MediaError, RecipeError) as error:
                fault = f" ({error})"
        if source.frames is None and not isinstance(recipe.frames, BeatCount):
            raise RecipeError(f"the length of its clip is unknown{fault}; give --frames", path=name)
    if is_known:
        # Kept, so that the sound of a silent film is drawn too.
        encode = recipe.encode.model_copy(update={"audio": "keep"})
        kept = recipe.model_copy(update={"encode": encode})
        is_drawn = bool(heard_by(recipe)) or recipe.audio.file is not None
        source = with_sound(kept, source, more=SHOWN if is_drawn else ())
    return source, is_known


def _values(
    recipe: Recipe, keys: list[str], frames: Any, timeline: Timeline
) -> dict[str, list[float | int]]:
    curves: dict[str, list[float | int]] = {key: [] for key in keys}
    # What follows from a path is no key of its own.
    derived = {key: each for key, each in schedules(recipe) if key.startswith(PATH)}
    for frame in frames:
        time = timeline[int(frame)]
        now = at_frame(recipe, time)
        for key, curve in curves.items():
            curve.append(derived[key].at(time) if key in derived else _at(now, key))
    return curves


def _at(recipe: Recipe, key: str) -> Any:
    """The value of a key such as `motion.zoom` or `color.shift.0`."""
    value: Any = recipe
    for part in key.split("."):
        value = value[int(part)] if part.isdecimal() else getattr(value, part)
    return value


def _label(recipe: Recipe, key: str) -> str:
    """The label of a key: `color.shift.R` for `color.shift.0`, a layer for a term of the
    objective."""
    parts = key.split(".")
    for index, part in enumerate(parts):
        if part.isdecimal():
            values = _at(recipe, ".".join(parts[:index]))
            if isinstance(values[int(part)], Term):
                return ".".join([*parts[:index], values[int(part)].name])
            parts[index] = ("RGB" if len(values) == 3 else "xy")[int(part)]
    return ".".join(parts)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _curve(axis: Any, times: Any, values: list[float | int]) -> None:
    """Plot one key's values: integers as steps, few values with dots."""
    integral = all(isinstance(value, int) for value in values)
    style = "steps-mid" if integral else "default"
    marker = "." if len(values) <= 100 else ""
    axis.plot(times, values, color=DREAM, linewidth=1.2, marker=marker, drawstyle=style)
    axis.grid(color="0.92", linewidth=0.8)
    axis.margins(y=0.1)
    axis.ticklabel_format(axis="y", useOffset=False)  # label ticks 1.02, not 2 with an offset "+1"
    if integral:
        axis.yaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
