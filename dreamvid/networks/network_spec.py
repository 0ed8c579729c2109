"""What dreamvid knows of a network before it is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from dreamvid.errors import NetworkError
from dreamvid.frame import Size
from dreamvid.networks.packaged import Packaged
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
class Download:
    """A file of weights that is fetched when it is asked for, and kept in Keras's cache.

    Attributes:
        url: where it is; the last part is its name in the cache.
        md5: of the file, as Keras has it; empty where Keras has none.
    """

    url: str
    md5: str = ""

    @property
    def file(self) -> Path:
        """Where Keras keeps it, whether it is there or not."""
        # Without a home, Path.home() would raise.
        home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))  # noqa: PTH111
        return home / "models" / self.url.rpartition("/")[2]


@dataclass(frozen=True)
class NetworkSpec:
    """A network: its Keras model, its preprocessing, and how it dreams best.

    Attributes:
        name: as recipes name it; capitals, `_` and `-` do not count.
        build: makes the Keras model, called with `include_top=False, weights=None`; a function, or
            its place as `module:function`, imported when the network is loaded. The model takes
            pictures (N, H, W, 3) of any H and W.
        preprocess: what the model wants of a picture.
        objective: the layers that it dreams on by default, with their weights.
        min_size: the smallest width or height (px) that it takes.
        weights: where they come from unless the recipe says: an installed package (`packaged`, of
            which the function `arrays` makes the model's), a download (`download`), only a file
            that the recipe names, or `build` itself, which then makes a trained model.
        licence: of code and weights, a line.
        looks: what layers dream, a few words each, shallow to deep, where someone has looked.
        power: 1: the mean activation is raised, 2: the mean square.
        steps: an octave, that make a dream from nothing.
        steps_carried: an octave, that keep the last frame's dream alive; more of them burn it.
        step_size: levels of 255.
        smooth: sigma (px) of the blurs that smooth the gradient.
        decorrelate: how far the dream keeps to natural colors, 0..1.
        laplacian: bands of detail that are given equal strength.
        small: in frames whose shorter side is under this (px) one octave more makes room.
        bfloat16: whether it is known to be faster in that, where a machine multiplies it.
    """

    name: str
    build: str | Callable[..., Any]
    preprocess: Preprocess
    objective: tuple[tuple[str, float], ...]
    min_size: int = 32
    weights: Literal["package", "imagenet", "file", "build"] = "build"
    licence: str = ""
    looks: Mapping[str, str] = field(default_factory=dict)
    packaged: Packaged | None = None
    arrays: str = ""
    download: Download | None = None
    power: Literal[1, 2] = 2
    steps: int = 8
    steps_carried: int = 1
    step_size: float = 1.5
    gradient_blur: float = 0.0
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

    def check_size(self, size: Size) -> None:
        """Refuse a picture that is too small for the network. Raises NetworkError."""
        if min(size) < self.min_size:
            raise self.too_small(size)

    def too_small(self, size: Size) -> NetworkError:
        """The error of a picture that is too small."""
        return NetworkError(
            f"size {size}: network {self.name} needs at least {self.min_size}x{self.min_size}"
        )

    def builder(self) -> Callable[..., Any]:
        """The function that `build` is or names; imports TensorFlow, for dreamvid's own networks.

        Raises:
            NetworkError: the place that it names has none.
        """
        if callable(self.build):
            return self.build
        try:
            return _at(self.build)
        except (ImportError, AttributeError) as error:
            raise NetworkError(f"network {self.name}: build {self.build}: {error}") from None

    def converter(self) -> Callable[..., Any]:
        """The function that `arrays` names; imports TensorFlow."""
        return _at(self.arrays)

    @property
    def fetched(self) -> Path | None:
        """The file in Keras's cache that a download of its weights lies in; None: there is none."""
        return self.download.file if self.download and self.download.file.is_file() else None


def _at(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]
