"""The camera's path as curves: what of the source lies in the middle of each frame."""

from __future__ import annotations

from typing import Any

from dreamvid.frame import Size
from dreamvid.motion.path import CameraPath
from dreamvid.plots.figure import DREAM
from dreamvid.recipe import FilmRecipe, Recipe
from dreamvid.recipe.timeline import Timeline

KEY = "motion.path"
"""The key of a recipe that is drawn so."""


def draw_path(axis: Any, recipe: Recipe, times: Any, timeline: Timeline) -> str:
    """Draw where the middle of the frame lies, x and y as fractions of the source, and the points
    of interest at their frames; returns a line about it.

    Args:
        times: frame indices.

    Raises:
        RecipeError: as `CameraPath`.
    """
    assert isinstance(recipe, FilmRecipe)
    path, size = CameraPath(recipe.motion, timeline), Size(*(recipe.size or (640, 360)))
    seen = [path.seen(int(time), size) for time in times]
    points = recipe.motion.path
    last = (timeline.frames or 1) - 1
    for which, (name, style) in enumerate((("x", "-"), ("y", "--"))):
        axis.plot(
            times, [each[which] for each in seen], style, color=DREAM, linewidth=1.2, label=name
        )
        within = [
            (t, p.center[which]) for t, p in zip(path.frames, points, strict=True) if t <= last
        ]
        axis.plot(
            *zip(*within, strict=True) if within else ((), ()), "o", color=DREAM, markersize=4
        )
    axis.grid(color="0.92", linewidth=0.8)
    axis.margins(y=0.1)
    axis.legend(loc="upper right", fontsize=8, ncols=2, frameon=False)
    return ", ".join(f"{p.at}: ({p.center[0]:g}, {p.center[1]:g})" for p in points)
