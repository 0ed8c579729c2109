"""What dreamvid knows of a network before it is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal


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
    `include_top=False, weights=None`. `weights` is where they come from unless the recipe says:
    the package, a download by Keras (which keeps it as the file `cached`), or only a file. `least`
    is the smallest width or height (px) that the network takes. `steps` an octave make a dream from
    nothing; where the last frame's dream is carried on, `steps_carried` keep it alive: more of them
    burn it.
    """

    name: str
    build: str
    preprocess: Preprocess
    objective: tuple[tuple[str, float], ...]
    least: int
    weights: Literal["shipped", "imagenet", "file"]
    licence: str
    cached: str = ""
    power: Literal[1, 2] = 2
    steps: int = 8
    steps_carried: int = 1
    step_size: float = 1.5
    smooth: float = 0.0

    def builder(self) -> Callable[..., Any]:
        """The function that `build` names; imports TensorFlow."""
        module, _, name = self.build.partition(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]

    @property
    def shipped(self) -> Path | None:
        """The file in the package that its weights are in, if they are."""
        return Path(__file__).with_name(f"{self.name}.npz") if self.weights == "shipped" else None

    @property
    def fetched(self) -> Path | None:
        """The file in Keras's cache that a download of its weights lies in; None: there is none."""
        # Without a home, Path.home() would raise.
        home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))  # noqa: PTH111
        cached = home / "models" / self.cached
        return cached if self.cached and cached.is_file() else None
