"""Channels, classes and what keeps their dreams clean, on small random networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dreamvid import NetworkSpec, Preprocess, VideoRecipe, frames
from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.inputs import Inputs
from dreamvid.dreaming.networks.activations import Activations
from dreamvid.dreaming.networks.head import head_of
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.objective import channel, class_logit, diversity, layer
from dreamvid.dreaming.objectives import ObjectiveFunction
from dreamvid.dreaming.penalties import pull
from dreamvid.dreaming.tensorflow import keras
from dreamvid.dreaming.transforms import Transforms, transformed
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame, Size
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.classes import class_number, imagenet_classes
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.recipe import ChannelTerm, ClassTerm, DiversityTerm, Network
from dreamvid.recipe.load import make_recipe
from dreamvid.task import DreamTask
from tests.scenes import Scene

RANDOM = Network(name="tiny", weights="random", precision="float32")
SIZE = Size(64, 48)
TINY: dict[str, Any] = {
    "precision": "float32",
    "octaves": 2,
    "octave_top": 0,
    "burst": 2,
    "weights": "random",
}


def build(*, include_top: bool = False, weights: None = None) -> Any:
    """Eight channels, of which the last is silent on any picture, and four classes."""
    pictures = keras.Input((None, None, 3))
    bias = keras.initializers.Constant([0.1] * 7 + [-9])
    x = keras.layers.Conv2D(8, 3, 2, "same", name="conv", bias_initializer=bias)(pictures)
    x = keras.layers.ReLU(name="edges")(x)
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        x = keras.layers.Dropout(0.5)(x)
        x = keras.layers.Dense(4, activation="softmax", name="scores")(x)
    return keras.Model(pictures, x)


def spec(**fields: Any) -> NetworkSpec:
    own: dict[str, Any] = {
        "name": "tiny",
        "build": build,
        "objective": (("edges", 1.0),),
        "weights": "file",
    }
    preprocess = Preprocess((127.5,) * 3, (127.5,) * 3)
    return NetworkSpec(
        **{**own, "preprocess": preprocess, "classes": ("a", "b, be", "c", "b d")} | fields
    )


def dreamer(objective: Any, **options: Any) -> Dreamer:
    return Dreamer(spec(), layers=objective, **{**TINY, **options})


@pytest.fixture
def picture() -> Frame:
    return np.random.default_rng(3).uniform(60, 200, (48, 64, 3)).astype(np.float32)


def edges(picture: Frame) -> Any:
    return Activations(spec(), RANDOM, ["edges"])(tf.constant(picture[np.newaxis]))[
        "edges"
    ].numpy()[0]


# Channels


@pytest.mark.parametrize("power", [1, 2])
def test_a_channels_objective_is_the_mean_of_its_activations(picture: Frame, power: int) -> None:
    found = edges(picture) ** power
    for chosen in ((2,), (5, 0)):
        own = dreamer(channel("edges", *chosen), power=power).objective_of(picture)
        assert own == pytest.approx(found[..., list(chosen)].mean(), rel=1e-4)


def test_all_channels_are_the_layer(picture: Frame) -> None:
    whole = dreamer("edges").objective_of(picture)
    assert dreamer(channel("edges", *range(8))).objective_of(picture) == pytest.approx(whole, 1e-4)


@pytest.mark.parametrize(
    "objective", ["edges:2", "edges:5,0", "edges:strong2", "edges:7", "class:b"]
)
def test_an_objectives_dream_raises_it_more_than_another_ones(
    objective: str, picture: Frame
) -> None:
    own = dreamer(objective, burst=4)
    dreamed = own(DreamTask(picture))
    other = dreamer("edges:3", burst=4)(DreamTask(picture))
    before = own.objective_of(picture, picture)
    if objective == "edges:7":  # silent: it stays 0, but is on its way
        assert np.abs(dreamed - picture).mean() > 0.5
        return
    assert own.objective_of(dreamed, picture) > max(before, own.objective_of(other, picture))


def test_a_negative_weight_subdues_a_channel(picture: Frame) -> None:
    subdued = dreamer("edges:2=-1")(DreamTask(picture))
    assert dreamer("edges:2").objective_of(subdued) < dreamer("edges:2").objective_of(picture)


def test_the_strong_channels_are_those_that_answer_most(picture: Frame) -> None:
    order = np.argsort(-(edges(picture) ** 2).mean((0, 1)))
    strong, weak = (dreamer(f"edges:{which}3") for which in ("strong", "weak"))
    notes: dict[str, Any] = {}
    strong(DreamTask(picture, notes=notes))
    assert notes["channels.edges.strong3"].tolist() == order[:3].tolist()
    notes = {}
    weak(DreamTask(picture, notes=notes))
    assert notes["channels.edges.weak3"].tolist() == order[[6, 5, 4]].tolist(), "7 never answers"


def test_strong_channels_are_kept_for_the_shot_whatever_the_tile(picture: Frame) -> None:
    notes: dict[str, Any] = {}
    own = dreamer("edges:strong1")
    own(DreamTask(picture, notes=notes))
    chosen = notes["channels.edges.strong1"]
    other = np.ascontiguousarray(255 - picture)
    assert own._climbs[0].objective.readings(other, {}).channels != tuple(chosen), (
        "the test needs another picture"
    )
    kept = own(DreamTask(other, 1, notes=dict(notes)))
    number = int(chosen[0])
    scales = {key: note for key, note in notes.items() if key.startswith("scale.")}
    np.testing.assert_array_equal(
        kept, dreamer(f"edges:{number}")(DreamTask(other, 1, notes=scales))
    )
    large = np.tile(picture, (12, 10, 1))
    small_tile = dreamer("edges:strong4", tile=64)._climbs[0].objective.readings(large, {}).channels
    assert small_tile == dreamer("edges:strong4")._climbs[0].objective.readings(large, {}).channels


def test_each_shot_has_its_own_strong_channels() -> None:
    first = Scene(contrast=40).frames(6)
    second = [255 - frame / 3 for frame in Scene(seed=8, periods=(12, 60)).frames(6)]
    seen: list[dict[str, Any]] = []
    own = dreamer("edges:strong1")

    def noted(task: DreamTask) -> Frame:
        dreamed = own(task)
        seen.append(dict(task.notes))
        return dreamed

    list(frames(VideoRecipe(), first + second, noted))
    chosen = [int(notes["channels.edges.strong1"][0]) for notes in seen]
    assert len(set(chosen)) == 2
    assert chosen == sorted(chosen, key=chosen.index), "each kept throughout its shot"


# Classes


def test_a_classs_objective_is_its_logit(picture: Frame) -> None:
    own = spec().suited_to([ClassTerm(class_="b")])
    whole = load(own, RANDOM)
    scores = whole((picture[np.newaxis] - 127.5) / 127.5)[0].numpy()
    logits = [dreamer(f"class:{number}").objective_of(picture) for number in range(4)]
    softmax = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(softmax, scores, rtol=1e-4)
    assert dreamer("class:BE").objective_of(picture) == logits[1]


@pytest.mark.parametrize("name", ["lite0", "squeezenet"])
def test_a_networks_head_gives_its_scores(name: str) -> None:
    known = BUILTIN[name].suited_to([ClassTerm(class_=0)])
    model = load(known, Network(name=name, weights="random"))
    head = head_of(model, name)
    picture = np.random.default_rng(0).normal(0, 1, (1, 64, 64, 3)).astype(np.float32)
    features, scores = keras.Model(model.inputs, [head.features, model.outputs[0]])(picture)
    logits = features.numpy() @ head.kernel + head.bias
    known_scores = np.maximum(logits, 0) if name == "squeezenet" else logits
    np.testing.assert_allclose(known_scores.mean((1, 2)), scores, atol=1e-5)


def test_a_classifier_for_one_size_takes_any_size() -> None:
    def fixed(*, include_top: bool = False, weights: None = None) -> Any:
        pictures = keras.Input((32, 32, 3))
        x = keras.layers.Conv2D(8, 3, 2, "same", name="conv")(pictures)
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        return keras.Model(pictures, keras.layers.Dense(4, name="scores")(x))

    own = Dreamer(spec(build=fixed), layers="class:3", **TINY)
    assert own(DreamTask(np.full((48, 40, 3), 99, np.float32))).shape == (48, 40, 3)


def test_imagenets_names() -> None:
    assert len(imagenet_classes()) == 1000
    for name, number in {"peacock": 84, "Golden_Retriever": 207, "bald-eagle": 22, "tabby cat": 281,
                         "sports car": 817, "daisy": 985, "sport car": 817}.items():  # fmt: skip
        assert class_number(name, 1000, (), "lite0") == number


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ("edges:8", "dream.objective: edges:8: layer edges has 8 channels, from 0"),
        ("edges:strong9", "dream.objective: edges:strong9: layer edges has 8 channels, from 0"),
        ("class:4", "dream.objective: class:4: network tiny has 4 classes, from 0"),
        ("class:bee", "network tiny knows no class of that name; did you mean be?"),
        ("edgs:3", "layer edgs: network tiny has none of that name; did you mean edges?"),
    ],
)
def test_what_a_network_lacks_is_said(objective: str, said: str) -> None:
    with pytest.raises(NetworkError) as raised:
        dreamer(objective)
    assert str(raised.value).endswith(said)


def test_a_name_of_two_classes_and_a_network_without_names() -> None:
    with pytest.raises(NetworkError, match=r"may be class:134 \(crane\) and class:517"):
        class_number("crane", 1000, (), "lite0")
    with pytest.raises(NetworkError, match="have no names; give a number from 0 to 3"):
        class_number("crane", 4, (), "own")


@pytest.mark.parametrize("name", ["vgg16", "trunk"])
def test_a_network_without_a_classifier_says_so(name: str) -> None:
    def trunk(*, include_top: bool = False, weights: None = None) -> Any:
        return build()

    own = spec(build=trunk) if name == "trunk" else BUILTIN[name]
    with pytest.raises(NetworkError, match="has no classifier that takes pictures of any size"):
        Dreamer(own, layers="class:1", **TINY)


# Diversity


def test_diversity_is_higher_the_further_channels_lie_apart(picture: Frame) -> None:
    found = edges(picture)[..., :2].reshape(-1, 2)
    cosine = found[:, 0] @ found[:, 1] / np.linalg.norm(found[:, 0]) / np.linalg.norm(found[:, 1])
    own = dreamer(diversity("edges", 0, 1), burst=4)
    assert own.objective_of(picture) == pytest.approx(1 - cosine, abs=1e-4)
    assert own.objective_of(own(DreamTask(picture))) > own.objective_of(picture)


def test_several_kinds_of_term_are_summed(picture: Frame) -> None:
    terms = [
        ChannelTerm(layer="edges", channels="strong2"),
        ClassTerm(class_="a"),
        DiversityTerm(diversity="edges", channels="weak3"),
        ChannelTerm(layer="edges", channels=(1,)),
    ]
    weights = [0.5, -1.0, 2.0, 3.0]
    function = ObjectiveFunction(spec(), RANDOM, terms, 2)
    readings = function.readings(picture, {})
    assert len(readings.channels) == 5
    found = float(function(tf.constant(picture), Inputs.of(weights, readings)))
    alone = [ObjectiveFunction(spec(), RANDOM, [term], 2) for term in terms]
    parts = [
        float(each(tf.constant(picture), Inputs.of([1.0], each.readings(picture, {}))))
        for each in alone
    ]
    assert found == pytest.approx(float(np.dot(weights, parts)), rel=1e-4)


def test_objectives_as_values() -> None:
    sum_of_all = layer("a") - 0.5 * channel("b", 3, 17) + class_logit("golden retriever") * 2
    written = str(sum_of_all + diversity("b", "strong5"))
    assert written == "a,b:3,17=-0.5,class:golden retriever=2,diversity:b:strong5"
    assert Dreamer(spec(), layers=channel("edges", 2), **TINY)._climbs[0].terms[0].name == "edges:2"


# Transforms and penalties


def test_a_picture_turns_about_its_middle_and_back() -> None:
    y, x = np.mgrid[0:41, 0:61]
    smooth = np.stack([y + 0.0, x, y + x], -1).astype(np.float32)
    change = np.array([0.2, 1.1, 0, 0], np.float32)
    turned = transformed(tf.constant(smooth), tf.constant(change)).numpy()
    np.testing.assert_allclose(turned[20, 30], smooth[20, 30], atol=1e-3)
    back = np.array([-0.2, 1 / 1.1, 0, 0], np.float32)
    again = transformed(tf.constant(turned), tf.constant(back)).numpy()
    np.testing.assert_allclose(again[12:29, 15:46], smooth[12:29, 15:46], atol=0.05)
    assert np.abs(turned - smooth)[12:29, 15:46].max() > 2


def test_noise_is_as_strong_as_asked_and_the_same_again() -> None:
    gray = tf.fill((64, 64, 3), 100.0)
    (change,) = Transforms(noise=8).changes(np.random.default_rng(0), 1)
    noisy = transformed(gray, tf.constant(change)).numpy()
    assert noisy.std() == pytest.approx(8, rel=0.05)
    np.testing.assert_array_equal(noisy, transformed(gray, tf.constant(change)).numpy())


def test_total_variation_takes_noise_and_leaves_an_edge() -> None:
    step = tf.constant(1.0)
    amounts = tf.constant([0.5, 0.0])
    edge = np.zeros((16, 16, 3), np.float32)
    edge[:, 8:] = 100
    noisy = edge + np.random.default_rng(0).normal(0, 3, edge.shape).astype(np.float32)
    calm = tf.constant(noisy)
    for _ in range(60):
        calm = calm - pull(calm, calm * 0, amounts, step)
    kept = pull(tf.constant(noisy), tf.constant(noisy - 7), amounts, step)
    assert np.abs(kept[1:-1, 1:-1]).max() < 1e-4, "a source's own noise is not the dream's"
    rough, left = (np.abs(np.diff(one, axis=0)).mean() for one in (noisy, calm))
    assert left < 0.2 * rough
    assert calm[:, 11:].numpy().mean() - calm[:, :5].numpy().mean() > 90


def test_penalties_hold_a_dream_back(picture: Frame) -> None:
    def moved(**options: Any) -> float:
        dreamed = dreamer("edges", burst=8, octaves=1, **options)(DreamTask(picture))
        return float(np.abs(dreamed - picture).mean())

    assert moved(source_difference=2) < 0.8 * moved()
    rough = dreamer("edges", burst=8, octaves=1)(DreamTask(picture))
    calm = dreamer("edges", burst=8, octaves=1, total_variation=0.5)(DreamTask(picture))
    rough, calm = (np.abs(np.diff(dream - picture, axis=0)).mean() for dream in (rough, calm))
    assert calm < 0.9 * rough


def test_later_frames_take_a_share_of_the_step_and_of_its_noise(picture: Frame) -> None:
    def moved(index: int, **settings: Any) -> Frame:
        own = dreamer("edges", steps=1, burst=1, octaves=1, stagger=1, jitter=0, **settings)
        return own(DreamTask(picture, index=index)) - np.clip(picture, 0, 255)

    np.testing.assert_array_equal(moved(0, sustain=0.5), moved(0))
    np.testing.assert_allclose(moved(1, sustain=0.5), moved(1) / 2, atol=0.02)
    noisy = moved(1, sustain=0.25, step_size=4, jitter_noise=20)
    np.testing.assert_allclose(noisy, moved(1, step_size=1, jitter_noise=5), atol=1e-4)


def test_the_same_task_gives_the_same_dream_with_everything(picture: Frame) -> None:
    def dreamed() -> Frame:
        return dreamer("class:b,edges:strong2", jitter_noise=5)(DreamTask(picture))

    np.testing.assert_array_equal(dreamed(), dreamed())


def test_classes_have_defaults_of_their_own() -> None:
    plain, classes = (dreamer(layers)._settings(SIZE) for layers in ("edges", "class:b"))
    assert (plain.jitter_angle, plain.jitter_noise, plain.total_variation) == (0, 0, 0)
    assert min(classes.jitter_angle, classes.jitter_noise, classes.total_variation) > 0
    assert classes.burst > 0
    assert (plain.sustain, classes.sustain) == (1, 1), "nothing is carried"
    for kind, blend, sustain in (("zoom", {}, 0.35), ("video", {}, 1), ("zoom", {"share": 0}, 1)):
        film = make_recipe({"dream": {"objective": "class:9"}, "blend": blend}, kind)
        assert with_network_defaults(film).dream.sustain == pytest.approx(sustain)
    own = dreamer("class:b", jitter_angle=0, decorrelate=0)._settings(SIZE)
    assert (own.jitter_angle, own.decorrelate) == (0, 0)
