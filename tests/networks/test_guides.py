"""Guides: a dream of what another picture shows, on small random networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import imageio.v3 as iio
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.guides import patch_match, patches_of, places_of
from dreamvid.dreaming.networks.activations import Activations
from dreamvid.dreaming.objective import guide
from dreamvid.errors import InputError, NetworkError, RecipeError
from dreamvid.frame import Frame
from dreamvid.networks.network_spec import NetworkSpec, Preprocess
from dreamvid.recipe import Network
from dreamvid.task import DreamTask
from tests.networks.test_objectives import RANDOM, TINY, build, spec


@pytest.fixture
def picture() -> Frame:
    return np.random.default_rng(3).uniform(60, 200, (48, 64, 3)).astype(np.float32)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A guide of another size: stripes."""
    path = tmp_path / "my, guide.png"
    stripes = np.where(np.arange(56) % 8 < 4, 30, 220)
    iio.imwrite(path, np.broadcast_to(stripes[:, None], (40, 56, 3)).astype(np.uint8))
    return path


def dreamer(objective: Any, **options: Any) -> Dreamer:
    return Dreamer(spec(), layers=objective, **{**TINY, **options})


def edges(picture: NDArray[Any]) -> NDArray[np.float32]:
    seen = tf.constant(picture[np.newaxis], tf.float32)
    return np.asarray(Activations(spec(), RANDOM, ["edges"])(seen)["edges"].numpy()[0])


@pytest.mark.parametrize("power", [1, 2])
def test_mean_features_of_the_guide_weigh_the_channels(
    picture: Frame, other: Path, power: int
) -> None:
    v = edges(iio.imread(other)).mean((0, 1))
    wanted = ((edges(picture) ** power).mean((0, 1)) * v / v.sum() ** 2).sum()
    own = dreamer(guide(other, "edges"), power=power)
    assert own.objective_of(picture) == pytest.approx(wanted, rel=1e-4)


def test_each_place_gets_the_guides_place_of_the_largest_product(
    picture: Frame, other: Path
) -> None:
    places = edges(picture).reshape(-1, 8)
    patches = patches_of(edges(iio.imread(other)), places_of(2))
    own = dreamer(guide(other, "edges", match="patches"))
    wanted = (places @ patches.T).max(1).mean()
    assert own.objective_of(picture) == pytest.approx(wanted, rel=1e-4)


def test_a_shallow_layer_has_fewer_places_of_a_guide() -> None:
    assert [places_of(stride) for stride in (1, 2, 4, 8, 16, 32)] == [16, 64, 256, *[1024] * 3]


def test_a_match_moves_toward_its_place_and_no_other() -> None:
    rng = np.random.default_rng(5)
    features = rng.uniform(0, 1, (64, 48, 3)).astype(np.float32)
    patches = patches_of(features, 64)
    assert patches.shape == (64, 3)
    places = tf.constant(rng.uniform(0, 1, (1, 5, 7, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(places)
        value = patch_match(places, tf.constant(patches))
    products = places.numpy().reshape(-1, 3) @ patches.T
    assert float(value) == pytest.approx(products.max(1).mean(), rel=1e-5)
    wanted = patches[products.argmax(1)] / len(products)
    np.testing.assert_allclose(tape.gradient(value, places).numpy().reshape(-1, 3), wanted, 1e-5)
    few = patches_of(features[:2, :3], 64)
    assert {tuple(row) for row in few} == {tuple(row) for row in few[:6]}, "repeated"
    assert np.isfinite(patches_of(np.zeros((2, 2, 3), np.float32), 8)).all()


@pytest.mark.parametrize("match", ["channels", "patches"])
def test_a_guided_dream_comes_nearer_to_its_guide(picture: Frame, other: Path, match: Any) -> None:
    own = dreamer(guide(other, match=match), burst=6)
    guided, plain = own(DreamTask(picture)), dreamer("edges", burst=6)(DreamTask(picture))
    assert own.objective_of(guided) > max(own.objective_of(plain), own.objective_of(picture))
    far = dreamer(-1 * guide(other, match=match), burst=6)(DreamTask(picture))
    assert own.objective_of(far) < own.objective_of(picture)


def test_a_tasks_guide_takes_the_files_place_and_is_looked_at_once(
    picture: Frame, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = dreamer(guide(other))
    function = own._climbs[0].objective
    looked = []
    features = function._guides._features

    def look(seen: Frame) -> Any:
        looked.append(seen)
        return features(seen)

    monkeypatch.setattr(function._guides, "_features", look)
    still = iio.imread(other).astype(np.float32)
    from_file = own(DreamTask(picture))
    given = [own(DreamTask(picture, guides={str(other): still})) for _ in range(3)]
    assert len(looked) == 2
    for dream in given:
        np.testing.assert_array_equal(dream, from_file)
    changed = own(DreamTask(picture, guides={str(other): 255 - np.roll(picture, 9, 0)}))
    assert len(looked) == 3
    assert np.abs(changed - from_file).max() > 1
    np.testing.assert_array_equal(own(DreamTask(picture)), from_file)


def test_no_tile_changes_what_a_guide_gives(picture: Frame, tmp_path: Path) -> None:
    iio.imwrite(tmp_path / "large.png", np.tile(picture, (14, 10, 1)).astype(np.uint8))
    terms = guide(tmp_path / "large.png", match="patches") + guide(tmp_path / "large.png")
    one, other = (
        dreamer(terms, tile=tile)._climbs[0].objective.readings(picture, {}).guides
        for tile in (64, 1280)
    )
    np.testing.assert_array_equal(one, other)
    assert one.size == places_of(2) * 8 + 8


def test_a_guide_is_seen_at_512_px_and_a_small_one_enlarged(picture: Frame, tmp_path: Path) -> None:
    large = np.tile(picture, (14, 16, 1)).astype(np.uint8)
    small = cv2.resize(large.astype(np.float32), (512, 336), interpolation=cv2.INTER_AREA)
    iio.imwrite(tmp_path / "large.png", large)
    v = edges(small).mean((0, 1))
    numbers = dreamer(guide(tmp_path / "large.png"))._climbs[0].objective.readings(picture, {})
    np.testing.assert_allclose(numbers.guides, v / v.sum() ** 2, rtol=1e-4)
    iio.imwrite(tmp_path / "dot.png", np.full((2, 3, 3), 200, np.uint8))
    assert dreamer(guide(tmp_path / "dot.png")).objective_of(picture) > 0


def negative(**_: Any) -> Any:
    """One layer, whose channels' means have both signs."""
    keras = tf.keras
    pictures = keras.Input((None, None, 3))
    bias = keras.initializers.Constant([3.0, -3.0])
    return keras.Model(
        pictures, keras.layers.Conv2D(2, 3, name="edges", bias_initializer=bias)(pictures)
    )


@pytest.mark.parametrize("power", [1, 2])
def test_a_channel_below_0_is_no_reason_to_divide_by_0(
    picture: Frame, other: Path, power: int
) -> None:
    linear = NetworkSpec(
        "tiny", negative, Preprocess((127.5,) * 3, (127.5,) * 3), (("edges", 1.0),), weights="file"
    )
    own = Dreamer(linear, layers=guide(other), **{**TINY, "power": power})
    numbers = own._climbs[0].objective.readings(picture, {}).guides
    assert numbers[0] > 0
    assert numbers[1] < 0 if power == 1 else numbers[1] == 0
    assert np.abs(numbers).sum() < 2


@pytest.mark.parametrize(
    ("objective", "error", "told"),
    [
        ("guide:none.png", InputError, "none.png: no such file"),
        ("guide:noedges:none.png", NetworkError, "layer noedges: network tiny has none"),
        ([{"guide": None}], RecipeError, "guide: name the picture or clip"),
        ("guide:", RecipeError, "must be a picture or clip, such as cat.jpg"),
        ([{"guide": "a.png", "match": "edges"}], RecipeError, "match"),
    ],
)
def test_a_guide_that_is_not_there_is_said(
    objective: Any, error: type[Exception], told: str, picture: Frame
) -> None:
    with pytest.raises(error, match=told):
        dreamer(objective)(DreamTask(picture))


def test_a_dreamers_identity_follows_what_is_in_its_guide(picture: Frame, other: Path) -> None:
    named = NetworkSpec(
        **{**vars(spec()), "build": f"{build.__module__}:build", "weights": "build"}
    )
    assert Network(name="tiny")
    before = Dreamer(named, layers=guide(other)).identity
    assert before
    assert Dreamer(named, layers=guide(other)).identity == before
    iio.imwrite(other, picture.astype(np.uint8))
    assert Dreamer(named, layers=guide(other)).identity != before
    other.unlink()
    assert not Dreamer(named, layers=guide(other)).identity
