"""dreamvid: DeepDream films. A still becomes an endless dreaming zoom, a clip a dreamed clip.

from dreamvid import load_recipe, render
for step in render(load_recipe("night.yaml")):
    print(step.index, step.total)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dreamvid.errors import (
    DreamvidError,
    Fault,
    InputError,
    MediaError,
    NetworkError,
    OutputError,
    RecipeError,
    RunError,
)
from dreamvid.frame import Frame, Size
from dreamvid.recipe import FilmRecipe, ImageRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recipe.load import load_recipe
from dreamvid.task import AnyDreamer, DreamTask

if TYPE_CHECKING:
    from dreamvid.recurrence import frames as frames
    from dreamvid.rendering.render import Step as Step
    from dreamvid.rendering.render import make_dreamer as make_dreamer
    from dreamvid.rendering.render import render as render

__version__ = "0.1.0"

_LAZY = {
    "frames": "dreamvid.recurrence",
    "Step": "dreamvid.rendering.render",
    "make_dreamer": "dreamvid.rendering.render",
    "render": "dreamvid.rendering.render",
}
"""What brings OpenCV or TensorFlow along, and where it lives: not imported before it is asked for.
"""

__all__ = [
    "AnyDreamer",
    "DreamTask",
    "DreamvidError",
    "Fault",
    "FilmRecipe",
    "Frame",
    "ImageRecipe",
    "InputError",
    "MediaError",
    "NetworkError",
    "OutputError",
    "Recipe",
    "RecipeError",
    "RunError",
    "Size",
    "Step",
    "VideoRecipe",
    "ZoomRecipe",
    "frames",
    "load_recipe",
    "make_dreamer",
    "render",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module dreamvid has no attribute {name}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
