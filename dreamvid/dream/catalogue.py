"""The networks by name, without TensorFlow: what each needs and what is worth dreaming on.

To add a network is to add one entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from dreamvid.errors import NetworkError, near
from dreamvid.recipe import Recipe, Term, VideoRecipe, ZoomRecipe


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


@dataclass(frozen=True)
class Entry:
    """A network: its Keras model, its preprocessing, and how it dreams best.

    `build` names the function (`module:name`) that makes the model with random weights from
    `include_top=False, weights=None`. `weights` is where they come from unless the recipe says:
    the package, a download by Keras, or only a file. `least` is the smallest width or height (px)
    that the network takes. `steps` an octave make a dream from nothing; where the last frame's
    dream is carried on, `steps_carried` keep it alive: more of them burn it.
    """

    name: str
    build: str
    preprocess: Preprocess
    objective: tuple[tuple[str, float], ...]
    power: Literal[1, 2]
    steps: int
    steps_carried: int
    step_size: float
    smooth: float
    least: int
    weights: Literal["shipped", "imagenet", "file"]
    licence: str

    def builder(self) -> Callable[..., Any]:
        """The function that `build` names; imports TensorFlow."""
        module, _, name = self.build.partition(":")
        return getattr(import_module(module), name)  # type: ignore[no-any-return]


ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(
            name="pocket",
            build="dreamvid.dream.pocket:build_pocket",
            preprocess=ONE_TO_ONE,
            objective=(("faces", 1.0), ("creatures", 1.0)),
            power=2,
            steps=10,
            steps_carried=1,
            step_size=1.2,
            smooth=0.5,
            least=32,
            weights="shipped",
            licence="MIT, with dreamvid; distilled from SqueezeNet 1.0 (BSD)",
        ),
        Entry(
            name="inception_v3",
            build="keras.applications:InceptionV3",
            preprocess=ONE_TO_ONE,
            objective=(("mixed3", 1.0), ("mixed5", 1.0)),
            power=2,
            steps=8,
            steps_carried=1,
            step_size=1.5,
            smooth=0.0,
            least=75,
            weights="imagenet",
            licence="Apache-2.0 (Keras), weights trained on ImageNet",
        ),
        Entry(
            name="squeezenet",
            build="dreamvid.dream.squeezenet:build_squeezenet",
            preprocess=Preprocess((104.0, 117.0, 123.0), (1.0,) * 3, "bgr"),
            objective=(("fire6", 1.0), ("fire8", 1.0)),
            power=2,
            steps=8,
            steps_carried=1,
            step_size=2.0,
            smooth=0.0,
            least=32,
            weights="file",
            licence="BSD (Iandola et al.)",
        ),
    )
}


def entry(name: str) -> Entry:
    """The network of that name.

    Raises:
        NetworkError: there is none; the message names the near ones and all.
    """
    if name not in ENTRIES:
        known = ", ".join([*ENTRIES, "none"])
        raise NetworkError(f"network {name}: unknown{near(name, ENTRIES)}; there are: {known}")
    return ENTRIES[name]


def settled(recipe: Recipe) -> Recipe:
    """`recipe` with what it leaves to its network filled in from the network's entry."""
    if recipe.network.name == "none":
        return recipe
    own, dream = entry(recipe.network.name), recipe.dream
    objective = tuple(Term(layer=layer, weight=weight) for layer, weight in own.objective)
    carries = isinstance(recipe, ZoomRecipe | VideoRecipe) and recipe.blend.share > 0
    filled = {
        "objective": dream.objective or objective,
        "power": dream.power or own.power,
        "steps": dream.steps or (own.steps_carried if carries else own.steps),
        "burst": dream.burst or dream.steps or own.steps,
        "step_size": dream.step_size or own.step_size,
        "smooth": own.smooth if dream.smooth is None else dream.smooth,
    }
    return recipe.model_copy(update={"dream": dream.model_copy(update=filled)})
