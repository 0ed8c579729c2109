"""dreamvid: DeepDream films. A still becomes an endless dreaming zoom, a clip a dreamed clip.

    import dreamvid

    dream = dreamvid.dream(picture, layers={"cells": 1})          # one array

    for step in dreamvid.render(dreamvid.load_recipe("night.yaml")):
        print(step.index, step.total)                             # a film

docs/python.md has an example of each.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dreamvid.errors import (
    DownloadError,
    DreamvidError,
    Fault,
    InputError,
    MediaError,
    NetworkError,
    OutputError,
    RecipeError,
    RunError,
    StateError,
)
from dreamvid.frame import Frame, Size, as_frame
from dreamvid.recipe import FilmRecipe, ImageRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recipe.load import load_recipe
from dreamvid.task import AnyDreamer, DreamTask

if TYPE_CHECKING:
    from dreamvid.dreaming.dream_step import DreamStep as DreamStep
    from dreamvid.dreaming.dreamer import Dreamer as Dreamer
    from dreamvid.dreaming.objective import Objective as Objective
    from dreamvid.dreaming.objective import channel as channel
    from dreamvid.dreaming.objective import class_logit as class_logit
    from dreamvid.dreaming.objective import diversity as diversity
    from dreamvid.dreaming.objective import guide as guide
    from dreamvid.dreaming.objective import layer as layer
    from dreamvid.dreaming.still import dream as dream
    from dreamvid.media.sink import Sink as Sink
    from dreamvid.networks.network_spec import NetworkSpec as NetworkSpec
    from dreamvid.networks.network_spec import Preprocess as Preprocess
    from dreamvid.networks.registry import register_network as register_network
    from dreamvid.recurrence import frames as frames
    from dreamvid.rendering.estimate import Estimate as Estimate
    from dreamvid.rendering.events import Before as Before
    from dreamvid.rendering.events import OctaveDone as OctaveDone
    from dreamvid.rendering.events import Warning as Warning
    from dreamvid.rendering.render import Step as Step
    from dreamvid.rendering.render import render as render
    from dreamvid.rendering.session import Session as Session
    from dreamvid.shots import Shot as Shot
    from dreamvid.shots import find_shots as find_shots
    from dreamvid.source import Source as Source

__version__ = "0.1.0"

_LAZY = {
    "Before": "rendering.events",
    "DreamStep": "dreaming.dream_step",
    "Dreamer": "dreaming.dreamer",
    "Estimate": "rendering.estimate",
    "NetworkSpec": "networks.network_spec",
    "Objective": "dreaming.objective",
    "OctaveDone": "rendering.events",
    "Preprocess": "networks.network_spec",
    "Session": "rendering.session",
    "Shot": "shots",
    "Sink": "media.sink",
    "Source": "source",
    "Step": "rendering.render",
    "Warning": "rendering.events",
    "channel": "dreaming.objective",
    "class_logit": "dreaming.objective",
    "diversity": "dreaming.objective",
    "dream": "dreaming.still",
    "find_shots": "shots",
    "frames": "recurrence",
    "guide": "dreaming.objective",
    "layer": "dreaming.objective",
    "register_network": "networks.registry",
    "render": "rendering.render",
}
"""Names that bring OpenCV or TensorFlow along, and their modules: imported when they are asked for.
"""

__all__ = [
    "AnyDreamer",
    "Before",
    "DownloadError",
    "DreamStep",
    "DreamTask",
    "Dreamer",
    "DreamvidError",
    "Estimate",
    "Fault",
    "FilmRecipe",
    "Frame",
    "ImageRecipe",
    "InputError",
    "MediaError",
    "NetworkError",
    "NetworkSpec",
    "Objective",
    "OctaveDone",
    "OutputError",
    "Preprocess",
    "Recipe",
    "RecipeError",
    "RunError",
    "Session",
    "Shot",
    "Sink",
    "Size",
    "Source",
    "StateError",
    "Step",
    "VideoRecipe",
    "Warning",
    "ZoomRecipe",
    "as_frame",
    "channel",
    "class_logit",
    "diversity",
    "dream",
    "find_shots",
    "frames",
    "guide",
    "layer",
    "load_recipe",
    "register_network",
    "render",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(f"dreamvid.{_LAZY[name]}"), name)
    raise AttributeError(f"module dreamvid has no attribute {name}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
