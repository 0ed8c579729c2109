"""What dreamvid knows of a network before it is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from dreamvid.dreaming.networks.packaged import Packaged
from dreamvid.recipe import Dream


@dataclass(frozen=True)
class Preprocess:
    """What a network wants of a picture: `(channels in order − mean) / scale`, per channel.

    `mean` and `scale` are on the 0–255 scale, in the network's own order of channels.
    """

    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    order: Literal["rgb", "bgr"] = "rgb"


ONE_TO_ONE = Preprocess((127.5,) * 3, (127.5,) * 3)
"""−1..1, as `keras.applications` calls mode "tf"."""
CENTERED = Preprocess((103.939, 116.779, 123.68), (1.0,) * 3, "bgr")
"""BGR less ImageNet's means; mode "caffe"."""
STANDARD = Preprocess((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""ImageNet's means and deviations, (.485, .456, .406) and (.229, .224, .225) of 255; "torch"."""
AS_IT_IS = Preprocess((0.0,) * 3, (1.0,) * 3)
"""0..255: the network has its own preprocessing inside."""


@dataclass(frozen=True)
class Entry:
    """A network: its Keras model, its preprocessing, and how it dreams best.

    `build` names the function (`module:name`) that makes the model with random weights from
    `include_top=False, weights=None`. `weights` is where they come from unless the recipe says: an
    installed package (`packaged`, which the function `arrays` turns into the model's), a download
    by Keras (which keeps it as the file `cached`), or only a file. `least` is the smallest width or
    height (px) that the network takes. `steps` an octave make a dream from nothing; where the last
    frame's dream is carried on, `steps_carried` keep it alive: more of them burn it.
    `looks` says of layers what they dream, where one has looked.
    In frames whose shorter side is under `small` (px) one octave more makes room. `bfloat16` says
    whether it is known to be faster in that, where a machine multiplies it.
    """

    name: str
    build: str
    preprocess: Preprocess
    objective: tuple[tuple[str, float], ...]
    least: int
    weights: Literal["package", "imagenet", "file"]
    licence: str
    looks: Mapping[str, str] = field(default_factory=dict)
    packaged: Packaged | None = None
    arrays: str = ""
    cached: str = ""
    power: Literal[1, 2] = 2
    steps: int = 8
    steps_carried: int = 1
    step_size: float = 1.5
    smooth: float = 0.0
    decorrelate: float = 0.95
    laplacian: int = 2
    small: int = 0
    bfloat16: bool = True

    def octave_top(self, dream: Dream, size: tuple[int, int]) -> int:
        """The octaves above a frame's own (height, width): as the recipe says, else one where it is
        so small that what the network knows has little room in it."""
        if dream.octave_top is None:
            return int(dream.method == "detail" and min(size) < self.small)
        return dream.octave_top

    def builder(self) -> Callable[..., Any]:
        """The function that `build` names; imports TensorFlow."""
        return _named(self.build)

    def converter(self) -> Callable[..., Any]:
        """The function that `arrays` names; imports TensorFlow."""
        return _named(self.arrays)

    @property
    def fetched(self) -> Path | None:
        """The file in Keras's cache that a download of its weights lies in; None: there is none."""
        # Without a home, Path.home() would raise.
        home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))  # noqa: PTH111
        cached = home / "models" / self.cached
        return cached if self.cached and cached.is_file() else None


def _named(function: str) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]
