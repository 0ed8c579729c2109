"""`NetworkSpec`: a description of a network, available without loading it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from dreamvid.errors import NetworkError
from dreamvid.frame import Size
from dreamvid.networks.packaged import Packaged
from dreamvid.recipe import ClassTerm, Dream
from dreamvid.recipe.base_term import BaseTerm
from dreamvid.recipe.preprocessing import PREPROCESSING, Preprocessing


@dataclass(frozen=True)
class Preprocess:
    """A network's preprocessing: `(channels in order − mean) / scale`, per channel.

    `mean` and `scale` are on the 0–255 scale, in the network's order of channels.
    """

    mean: tuple[float, float, float]
    scale: tuple[float, float, float]
    order: Literal["rgb", "bgr"] = "rgb"

    @classmethod
    def of(cls, section: Preprocessing) -> Preprocess:
        """What a recipe says."""
        return cls(section.mean, section.scale, section.order)


ONE_TO_ONE = Preprocess.of(PREPROCESSING["tf"])
"""−1..1; mode "tf" of `keras.applications`."""
CENTERED = Preprocess.of(PREPROCESSING["caffe"])
"""BGR less ImageNet's means; mode "caffe"."""
STANDARD = Preprocess.of(PREPROCESSING["torch"])
"""ImageNet's means and deviations; mode "torch"."""
AS_IT_IS = Preprocess.of(PREPROCESSING["raw"])
"""0..255: the network contains its preprocessing."""


@dataclass(frozen=True)
class Download:
    """A file of weights that is downloaded at first use into Keras's cache.

    Attributes:
        url: its address; the last part is the file's name in the cache.
        md5: the file's MD5 hash as Keras publishes it; empty where Keras publishes none.
    """

    url: str
    md5: str = ""

    @property
    def file(self) -> Path:
        """The file's path in Keras's cache, whether it exists or not."""
        # Not Path.home(), which raises where there is no home folder.
        home = Path(os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras"))  # noqa: PTH111
        return home / "models" / self.url.rpartition("/")[2]


@dataclass(frozen=True)
class NetworkSpec:
    """A network: its Keras model, its preprocessing, and how it dreams best.

    Attributes:
        name: its name in recipes; case, `_` and `-` are ignored.
        build: builds the Keras model, called with `include_top=False, weights=None`, or with
            `include_top=True` where the objective has a class; a function, or its location as
            `module:function`, imported when the network is loaded. The model takes pictures (N, H,
            W, 3) of any H and W.
        preprocess: the model's preprocessing.
        objective: the layers that it dreams on by default, with their weights.
        min_size: the smallest width or height (px) that it accepts.
        weights: their source unless the recipe names another: an installed package (`packaged`), a
            download (`download`), only a file that the recipe names, `build`, which then returns a
            trained model, or `model`: the file that `name` names, with a whole model.
        licence: of code and weights, in one line.
        looks: what dreams on its layers look like, a few words each, shallow to deep; layers may be
            missing.
        packaged: the file of weights in an installed package, for `weights="package"`.
        arrays: location, as `module:function`, of the function that converts that file's tensors to
            arrays named LAYER/VARIABLE.
        download: the file of weights for `weights="imagenet"`.
        full_download: the same with the classifier's.
        include_top: whether the classifier is loaded too (`suited_to`).
        classes: the names of its classes in their order, each with its synonyms after commas;
            empty: ImageNet's, if it tells a thousand apart.
        power: 1: the mean activation is raised, 2: the mean square.
        steps: steps an octave that make a dream from nothing.
        steps_carried: steps an octave that sustain a carried dream; more make it too strong.
        step_size: levels of 255.
        gradient_blur: sigma (px) of the blurs of the gradient; 0: none.
        decorrelate: how far the dream keeps to natural colors, 0..1.
        laplacian: number of bands of detail that are given equal strength.
        small: frames whose shorter side is under this (px) are dreamed with one octave more, above
            their size.
        bfloat16: whether it is known to be faster in bfloat16 on hardware that multiplies it.
    """

    name: str
    build: str | Callable[..., Any]
    preprocess: Preprocess
    objective: tuple[tuple[str, float], ...]
    min_size: int = 32
    weights: Literal["package", "imagenet", "file", "build", "model"] = "build"
    licence: str = ""
    looks: Mapping[str, str] = field(default_factory=dict)
    packaged: Packaged | None = None
    arrays: str = ""
    download: Download | None = None
    full_download: Download | None = None
    include_top: bool = False
    classes: tuple[str, ...] = ()
    power: Literal[1, 2] = 2
    steps: int = 8
    steps_carried: int = 1
    step_size: float = 1.5
    gradient_blur: float = 0.0
    decorrelate: float = 0.95
    laplacian: int = 2
    small: int = 0
    bfloat16: bool = True

    def suited_to(self, terms: Iterable[BaseTerm]) -> NetworkSpec:
        """The network as an objective needs it: with its classifier where a term is a class."""
        if not any(isinstance(term, ClassTerm) for term in terms):
            return self
        return replace(self, include_top=True, download=self.full_download or self.download)

    def octave_top(self, dream: Dream, size: tuple[int, int]) -> int:
        """The number of octaves larger than a frame of (height, width): the recipe's, else 1 for
        frames under `small` px, which have little room for the network's features."""
        if dream.octave_top is None:
            return int(dream.method == "detail" and min(size) < self.small)
        return dream.octave_top

    def check_size(self, size: Size) -> None:
        """Raise NetworkError for a picture that is too small for the network."""
        if min(size) < self.min_size:
            raise self.too_small(size)

    def too_small(self, size: Size) -> NetworkError:
        """The error for a picture that is too small."""
        return NetworkError(
            f"size {size}: network {self.name} needs at least {self.min_size}x{self.min_size}"
        )

    def builder(self) -> Callable[..., Any]:
        """The function that `build` is or names. For built-in networks this imports TensorFlow.

        Raises:
            NetworkError: the location cannot be imported.
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
        """The downloaded file of its weights in Keras's cache; None: it is not downloaded."""
        return self.download.file if self.download and self.download.file.is_file() else None


def _at(location: str) -> Callable[..., Any]:
    """The function at `module:function`, imported."""
    module, _, name = location.partition(":")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]
