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
from dreamvid.frame import Frame
from dreamvid.recipe import ImageRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recipe.load import load_recipe

if TYPE_CHECKING:
    from dreamvid.recurrence import dream_frames
    from dreamvid.rendering import Step, make_dreamer, render

__version__ = "0.1.0"

__all__ = [
    "DreamvidError",
    "Fault",
    "Frame",
    "ImageRecipe",
    "InputError",
    "MediaError",
    "NetworkError",
    "OutputError",
    "Recipe",
    "RecipeError",
    "RunError",
    "Step",
    "VideoRecipe",
    "ZoomRecipe",
    "dream_frames",
    "load_recipe",
    "make_dreamer",
    "render",
]


def __getattr__(name: str) -> Any:
    # What renders brings OpenCV and TensorFlow along: not before it is asked for.
    if name in __all__:
        home = "recurrence" if name == "dream_frames" else "rendering"
        return getattr(import_module(f"dreamvid.{home}"), name)
    raise AttributeError(f"module dreamvid has no attribute {name}")
