"""The five seeds' recipes, and their dreams against those of `reference_seeds.py`, in float32.

A dream is chaotic: what rounding changes, the frames to come enlarge. So each frame is dreamed from
the frame before as the reference has it. And a film is given `burst: 1`, which makes its first
frame one of a single step, where nothing has been enlarged yet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.networks.load import load
from dreamvid.frame import Frame, Fresh
from dreamvid.media.outputs import write_picture
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.opening import open_source
from dreamvid.recipe import ImageRecipe, Network, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recipe.load import load_recipe, make_recipe, preset_folder, read_recipe
from dreamvid.recurrence import frames as dream_frames
from dreamvid.task import DreamTask
from tests import reference_seeds as reference
from tests.fakes import dreaming
from tests.loaded import LASTING, dreamer_of
from tests.reference_seeds import Draws, Layers, Picture

AGREE = 80.0
"""dB (peak 255) that a frame agrees to, at least; found are 105 and more. A single step of .01 that
goes elsewhere altogether has 43."""

LEVEL = 127.5
"""Levels in a unit where pixels run from -1 to 1."""


# The recipes


@dataclass(frozen=True)
class Facts:
    """What a seed is, in its own words; steps in levels."""

    kind: type[Recipe]
    network: str
    layers: tuple[str, ...]
    steps: int
    step_size: float
    power: int = 1
    method: str = "resize"
    octaves: tuple[float, ...] = (1.0,)
    tile: int | None = None
    jitter: int = 0
    trim: tuple[float, float] | None = None
    shift: float = 0
    frames: int | None = None
    fps: int | None = None
    size: tuple[int, int] | None = None


TWO_PICTURES: dict[str, Any] = {
    "kind": ZoomRecipe,
    "steps": 500,
    "step_size": 0.02 * LEVEL,
    "trim": (3, 2),
    "shift": 2,
    "frames": 60,
    "fps": 8,
    "size": (910, 605),
}
FACTS = {
    "tutorial": Facts(
        ImageRecipe,
        "inception_v3",
        ("mixed3", "mixed5"),
        100,
        0.01 * LEVEL,
        octaves=tuple(1.3**n for n in range(-2, 3)),
        tile=512,
        jitter=512,
    ),
    "creative-ai": Facts(
        network="inception_v3", layers=("mixed3", "mixed5", "mixed8", "mixed9"), **TWO_PICTURES
    ),
    "creative-ai-densenet": Facts(
        network="densenet121",
        layers=("pool3_conv", "pool4_conv", "conv5_block16_concat"),
        **TWO_PICTURES,
    ),
    "mini-me": Facts(
        VideoRecipe, "inception_v3", ("mixed2", "mixed4"), 100, 0.01 * LEVEL, size=(300, 300)
    ),
    "recursive-zoom": Facts(
        ZoomRecipe,
        "inception_v3",
        ("mixed4",),
        20,
        1,
        power=2,
        method="recursive",
        octaves=(0.7, 1.0),
        tile=400,
        trim=(2, 1),
        shift=2,
        frames=50,
    ),
}


@pytest.mark.parametrize("name", FACTS)
def test_a_seeds_recipe_says_what_the_seed_does(name: str) -> None:
    facts, recipe = FACTS[name], with_network_defaults(load_recipe(f"seeds/{name}"))
    dream = recipe.dream
    assert type(recipe) is facts.kind
    assert recipe.network.name == facts.network
    assert dream.objective
    assert {term.name: term.weight for term in dream.objective} == dict.fromkeys(facts.layers, 1)
    assert (dream.power, dream.method, dream.normalize) == (facts.power, facts.method, "std")
    assert dream.steps == dream.burst == facts.steps
    assert dream.step_size == pytest.approx(facts.step_size)
    top = BUILTIN[facts.network].octave_top(dream, (100, 100))
    powers = range(top - dream.octaves + 1, top + 1)
    assert [dream.octave_scale**power for power in powers] == pytest.approx(facts.octaves)
    assert (dream.decorrelate, dream.laplacian, dream.stagger) == (0, 0, 1)
    if facts.method == "resize":
        assert (dream.jitter, dream.gradient_blur) == (facts.jitter, 0)
    if facts.tile:
        assert dream.tile == facts.tile
    if facts.method == "resize" and facts.tile:
        assert dream.tile_margin == 0
    assert recipe.color.shift == (facts.shift,) * 3
    assert recipe.color.anchor == 0
    assert recipe.size == facts.size
    if isinstance(recipe, ZoomRecipe):
        assert (recipe.motion.trim, recipe.motion.border) == (facts.trim, "reflect")
        assert (recipe.blend.carry, recipe.blend.share) == ("picture", 1)
        assert (recipe.frames, recipe.mix) == (facts.frames, 0.5)
    if isinstance(recipe, VideoRecipe):
        assert recipe.motion == VideoRecipe().motion
        assert (recipe.blend.share, recipe.frames, recipe.fps) == (0, None, None)
    if isinstance(recipe, ZoomRecipe) and facts.fps:
        assert recipe.fps == Fraction(facts.fps)


def test_every_seed_is_here_and_says_how_it_is_called() -> None:
    texts = {path.stem: path.read_text() for path in (preset_folder() / "seeds").glob("*.yaml")}
    assert texts.keys() == FACTS.keys()
    for name, text in texts.items():
        call = re.search(r"^#   dreamvid (\w+) .*--recipe seeds/([\w-]+)$", text, re.MULTILINE)
        assert call
        assert call.groups() == (load_recipe(f"seeds/{name}").kind, name)


# What the dreams share


@dataclass(frozen=True)
class Net:
    """A network with random weights, as a file and as it is."""

    name: str
    file: Path
    model: keras.Model

    def layers(self, *names: str) -> Layers:
        cut = keras.Model(self.model.inputs, [self.model.get_layer(n).output for n in names])

        def run(batch: tf.Tensor) -> list[tf.Tensor]:
            found = cut(batch, training=False)
            return list(found) if isinstance(found, list | tuple) else [found]

        return run


def traced(layers: Layers) -> Layers:
    """The same, quicker where it is called often."""
    shape = tf.TensorSpec((1, None, None, 3), tf.float32)
    quick: Layers = tf.function(layers, input_signature=[shape])
    return quick


def smooth(name: str, folder: Path) -> Net:
    """A network of random weights, with ELU for ReLU, averages for maxima, and normalised as
    training does: to what it sees of a picture.

    Where a ReLU or a maximum turns over, rounding becomes a jump in the gradient, from which two
    dreams part within a few steps. And as Keras leaves random weights, activations fade from layer
    to layer: they hardly depend on the picture, and gradients come down to the 1e-8 that the seeds
    add to a deviation and dreamvid does not. So, gradients deviate by 5e-6 and more.
    """
    given = load(BUILTIN[name], Network(name=name, weights="random", precision="float32"))

    def smoothed(layer: keras.Layer) -> keras.Layer:
        kind, config = type(layer), layer.get_config()
        if kind is keras.layers.MaxPooling2D:
            kind = keras.layers.AveragePooling2D
        elif kind is keras.layers.Activation:
            config["activation"] = "elu"
        elif kind is keras.layers.BatchNormalization:
            config["momentum"] = 0.0
        return kind.from_config(config)

    model = keras.models.clone_model(given, clone_function=smoothed)
    model.set_weights(given.get_weights())
    model(blobs(160, 160)[np.newaxis] / LEVEL - 1, training=True)
    path = folder / f"{name}.keras"
    model.save(path)
    LASTING.add(str(path))
    return Net(name, path, model)


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return smooth("inception_v3", tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def densenet(tmp_path_factory: pytest.TempPathFactory) -> Net:
    return smooth("densenet121", tmp_path_factory.mktemp("weights"))


def blobs(high: int, wide: int, kind: int = 0) -> Picture:
    """Blobs of color and some grain, fading to the left, and to the right as light as can be."""
    draw = np.random.default_rng(kind)
    y, x = np.mgrid[0:high, 0:wide] / 14
    waves = [np.sin(x + k + kind) * np.cos(1.3 * y + 2 * k - kind) for k in range(3)]
    light = np.linspace(0.2, 1, wide)[:, np.newaxis]
    picture = 125 + light * (220 * np.stack(waves, -1) + draw.normal(0, 12, (high, wide, 3)))
    return np.clip(picture, 0, 255).astype(np.float32).astype(np.float64)


def seed(name: str, net: Net, **overrides: Any) -> Recipe:
    """A seed's recipe but for the weights and what `overrides` say, those of its dream included."""
    data = read_recipe(f"seeds/{name}")
    assert data["network"]["name"] == net.name
    dream = {**data["dream"], **overrides.pop("dream", {})}
    network = {**data["network"], "weights": str(net.file)}
    return make_recipe({**data, "network": network, "dream": dream, **overrides}, data["kind"])


def draws(dreamer: Dreamer, t: int = 0) -> Draws:
    return lambda size, octave: [(y, x) for y, x in dreamer.draws(size, t, octave).tolist()]


def psnr(one: Any, other: Any) -> float:
    error = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    return float(10 * np.log10(255**2 / max(float(np.mean(error**2)), 1e-12)))


def still(dreamer: Dreamer, picture: Picture) -> Frame:
    return dreamer(DreamTask(picture.astype(np.float32), 0))


def film_agrees(
    recipe: Recipe, dreamer: Dreamer, sources: Iterable[Frame], expected: list[Picture]
) -> list[Frame]:
    """Dream each frame from where the reference left off; the first is one step's work."""
    dreamed: list[Frame] = []
    films = [frame.astype(np.float32) for frame in expected]

    @dreaming
    def dream(canvas: Frame, t: int, bare: Fresh) -> Frame:
        dreamed.append(dreamer(DreamTask(canvas, t, bare)))
        return films[len(dreamed) - 1]

    frames = list(dream_frames(recipe, sources, dream))
    np.testing.assert_array_equal(frames, films, "what is dreamed is what is shown")
    for own, frame in zip(dreamed, expected, strict=True):
        assert psnr(own, frame) >= AGREE
    return dreamed


# The tutorial


def test_the_tutorial_over_all_its_octaves(inception: Net) -> None:
    """From 77x77 px in one tile to 220x220 in 2x2, the last of which reach round the edge."""
    picture = blobs(130, 130)
    dreamer = dreamer_of(seed("tutorial", inception, dream={"steps": 2, "tile": 150}))
    layers = traced(inception.layers("mixed3", "mixed5"))
    rolls = np.concatenate([dreamer.draws((130, 130), t, 0) for t in range(200)])
    assert np.abs(rolls).max() <= 512
    assert rolls.std(0) == pytest.approx([512 / np.sqrt(3)] * 2, rel=0.1)
    expected = reference.tutorial(picture, layers, draws(dreamer), tile=150)
    assert psnr(still(dreamer, picture), expected) >= AGREE


@pytest.mark.slow
def test_the_tutorial_in_one_step_of_many_tiles(inception: Net) -> None:
    """Of 78x79 px, 3 in a row and 2 rows, where there are 233x157."""
    picture = blobs(157, 233)
    alone = {"steps": 1, "tile": 80, "octaves": 1, "octave_top": 0}
    dreamer = dreamer_of(seed("tutorial", inception, dream=alone))
    layers = traced(inception.layers("mixed3", "mixed5"))
    expected = reference.tutorial(picture, layers, draws(dreamer), tile=80, octaves=[0])
    assert psnr(still(dreamer, picture), expected) >= AGREE


# Creative AI, with Inception and with DenseNet

CreativeAI = Callable[[Picture, Layers, int], Picture]


@pytest.mark.parametrize(
    ("name", "network", "frame"),
    [
        ("creative-ai", "inception", reference.creative_ai),
        pytest.param(
            "creative-ai-densenet",
            "densenet",
            reference.creative_ai_densenet,
            marks=pytest.mark.slow,
        ),
    ],
)
def test_creative_ai_as_a_film_of_two_pictures(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, network: str, frame: CreativeAI
) -> None:
    net: Net = request.getfixturevalue(network)
    pair = [np.round(blobs(121, 163, kind)) for kind in (1, 2)]
    paths = [tmp_path / f"{kind}.png" for kind in (1, 2)]
    for path, picture in zip(paths, pair, strict=True):
        write_picture(path, picture.astype(np.float32), overwrite=False)
    changed = {"source": [str(p) for p in paths], "size": "163x121", "frames": 3}
    recipe = seed(name, net, **changed, dream={"steps": 2, "burst": 1})
    layers = net.layers(*FACTS[name].layers)

    def dream(canvas: Picture, t: int) -> Picture:
        return frame(canvas, layers, 2 if t else 1)

    expected = list(reference.film(reference.mixed(*pair), 3, (3, 2), dream))
    film_agrees(recipe, dreamer_of(recipe), open_source(recipe).open(), expected)


# Mini-me


def test_mini_me_dreams_each_frame_of_a_clip_by_itself_and_in_rgb(inception: Net) -> None:
    """A frame that carries nothing takes the burst, which is the steps unless told otherwise."""
    clip = [blobs(121, 133, kind) for kind in range(2)]
    layers = inception.layers("mixed2", "mixed4")
    sources = [frame.astype(np.float32) for frame in clip]
    for steps in (1, 3):
        recipe = seed("mini-me", inception, dream={"steps": steps})
        dreamer = dreamer_of(recipe)
        expected = [reference.mini_me(frame, layers, steps) for frame in clip]
        dreamed = film_agrees(recipe, dreamer, sources, expected)
        bgr = reference.mini_me(clip[0][..., ::-1], layers, steps)[..., ::-1]
        assert psnr(dreamed[0], bgr) < 50
    *_, last = dream_frames(recipe, sources, dreamer)
    np.testing.assert_array_equal(last, dreamer(DreamTask(sources[-1], 2)), "nothing is carried")


# The recursive zoom


@pytest.mark.slow
def test_the_recursive_zoom_as_a_film(inception: Net) -> None:
    """Of three sizes, of 209x157 in 4x3 tiles, 146x110 in 3x2 and 102x77 in 2x2; parts of them are
    under Inception's 75 px."""
    changed = {"octaves": 3, "steps": 2, "burst": 1, "tile": 80}
    recipe = seed("recursive-zoom", inception, frames=3, dream=changed)
    dreamer, layers = dreamer_of(recipe), traced(inception.layers("mixed4"))
    picture = blobs(157, 209)

    def dream(canvas: Picture, t: int) -> Picture:
        own, steps = draws(dreamer, t), 2 if t else 1
        return reference.recursive_zoom(canvas, layers, own, steps, repeats=2, tile=80)

    expected = list(reference.film(picture, 3, (2, 1), dream))
    film_agrees(recipe, dreamer, [picture.astype(np.float32)] * 3, expected)


def test_the_recursive_zoom_in_one_step(inception: Net) -> None:
    picture, layers = blobs(121, 163), inception.layers("mixed4")
    dreamer = dreamer_of(
        seed("recursive-zoom", inception, dream={"octaves": 1, "steps": 1, "tile": 80})
    )
    starts = np.concatenate([dreamer.draws((121, 163), t, 0) for t in range(200)]) / [61, 82]
    np.testing.assert_allclose(starts.min(0), -0.75, atol=0.02)
    np.testing.assert_allclose(starts.max(0), -0.25, atol=0.02)
    expected = reference.recursive_zoom(
        picture, layers, draws(dreamer), steps=1, repeats=0, tile=80
    )
    assert psnr(still(dreamer, picture), expected) >= AGREE
