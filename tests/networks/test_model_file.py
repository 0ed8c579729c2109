"""Networks of one's own: a file with a Keras model, and what it takes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.networks.layers import layers
from dreamvid.dreaming.tensorflow import keras
from dreamvid.errors import NetworkError, RecipeError
from dreamvid.frame import Frame
from dreamvid.machine import Machine
from dreamvid.networks.registry import spec_of
from dreamvid.recipe import Network
from dreamvid.recipe.load import load_recipe, make_recipe
from dreamvid.recipe.preprocessing import PREPROCESSING
from dreamvid.rendering.embedded import read_embedded
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.render import render
from dreamvid.task import DreamTask
from tests.conftest import SEED


@keras.saving.register_keras_serializable(package="dreamvid-tests")
class Doubled(keras.layers.Layer):  # type: ignore[misc]
    """A layer of one's own."""

    def call(self, x: Any) -> Any:
        return 2 * x


def model(side: int | None = 64, *, flat: bool = False, between: Any = None) -> keras.Model:
    """A small network with the same random weights whenever it is made. Its first layer sees edges
    alone: of one that sees a picture's mean little is left, for dreams keep colors."""
    keras.utils.set_random_seed(4)
    pictures = keras.Input((side, side, 3))
    x = between(pictures) if between else pictures
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="edges")(x)
    x = keras.layers.Conv2D(6, 3, 2, padding="same", activation="relu", name="parts")(x)
    x = keras.layers.Flatten()(x) if flat else keras.layers.GlobalAveragePooling2D()(x)
    whole = keras.Model(pictures, keras.layers.Dense(5, name="scores")(x))
    kernel, bias = whole.get_layer("edges").get_weights()
    whole.get_layer("edges").set_weights([kernel - kernel.mean((0, 1)), bias])
    return whole


def network(path: Path, preprocess: Any = "unit") -> Network:
    return Network(name=str(path), preprocess=preprocess)


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("flat", [False, True], ids=["mean", "flat"])
def test_a_model_of_one_size_dreams_at_any(
    tmp_path: Path, picture: Frame, ending: str, flat: bool
) -> None:
    path = tmp_path / f"own{ending}"
    model(flat=flat).save(path)
    assert [row.name for row in layers(network(path), (96, 80))] == ["edges", "parts"]
    dreamer = Dreamer(network(path), layers="parts", octaves=1, burst=2)
    dreamed = dreamer(DreamTask(picture))
    assert dreamer.objective_of(dreamed) > dreamer.objective_of(picture)
    assert dreamer.identity
    if flat:
        with pytest.raises(NetworkError, match="has no classifier"):
            Dreamer(network(path), layers="class:3")
    else:
        Dreamer(network(path), layers="class:3", octaves=1, burst=1)(DreamTask(picture))


def test_what_is_stated_is_what_the_network_takes(tmp_path: Path, picture: Frame) -> None:
    path = tmp_path / "own.keras"
    own = model()
    own.save(path)
    stated = {"mean": [10, 20, 30], "scale": 2, "order": "bgr"}
    part = keras.Model(own.inputs, own.get_layer("parts").output)
    picture = np.tile(picture, (2, 2, 1))[:64, :64]
    measured = Dreamer(network(path, stated), layers="parts", power=1).objective_of(picture)
    taken = (picture[..., ::-1] - np.array([10, 20, 30], np.float32)) / 2
    assert measured == pytest.approx(float(np.mean(part(taken[np.newaxis]))), rel=1e-4)
    hashes = {
        Dreamer(network(path, how), layers="parts").identity for how in (stated, "unit", "tf")
    }
    assert len(hashes) == 3


def test_a_network_of_dreamvids_takes_another_preprocessing_if_told() -> None:
    told = spec_of(Network(preprocess="caffe"))
    assert (told.name, told.preprocess.order) == ("lite0", "bgr")
    assert spec_of(Network()).preprocess.order == "rgb"


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_model_with_code_is_refused_unless_its_class_is_registered(
    tmp_path: Path, ending: str
) -> None:
    lambdas, own = tmp_path / f"lambda{ending}", tmp_path / f"own{ending}"
    model(between=keras.layers.Lambda(lambda x: 2 * x)).save(lambdas)
    with pytest.raises(NetworkError, match=f"network {lambdas}: carries code"):
        layers(network(lambdas), (64, 64))
    if ending == ".h5":
        return  # such files name no package of a class
    model(between=Doubled()).save(own)
    assert [row.name for row in layers(network(own), (64, 64))][1:] == ["edges", "parts"]
    registered = keras.saving.get_custom_objects()
    known = registered.pop("dreamvid-tests>Doubled")
    try:
        with pytest.raises(NetworkError, match="carries code or a file's name"):
            layers(network(own), (64, 64))
    finally:
        registered["dreamvid-tests>Doubled"] = known


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "own.keras"
    model().save(path)
    with pytest.raises(NetworkError, match="say what the model takes: --preprocess raw"):
        Dreamer(str(path), layers="parts")
    with pytest.raises(NetworkError, match=r"has no layers by default; name some: --layers"):
        Dreamer(network(path))
    with pytest.raises(NetworkError, match=r"gone\.h5: no such file"):
        Dreamer(network(tmp_path / "gone.h5"), layers="parts")
    with pytest.raises(RecipeError, match=r"preprocess: must be raw, unit, tf"):
        Network(name=str(path), preprocess="unti")
    section = network(path).model_copy(update={"weights": "random"})
    with pytest.raises(NetworkError, match="has its weights inside"):
        Dreamer(section, layers="parts")
    with pytest.raises(RecipeError, match="scale"):
        Network(name=str(path), preprocess={"scale": 0})
    weights, gray = tmp_path / "weights.h5", tmp_path / "gray.keras"
    model().save_weights(tmp_path / "a.weights.h5")
    (tmp_path / "a.weights.h5").rename(weights)
    with pytest.raises(NetworkError, match="holds weights alone, and no model"):
        Dreamer(network(weights), layers="parts")
    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)]).save(gray)
    with pytest.raises(NetworkError, match="takes no pictures"):
        Dreamer(network(gray), layers="parts")


@pytest.mark.parametrize("short", [True, False])
def test_a_recipes_model_is_found_from_its_folder_and_named_by_hash_in_the_film(
    tmp_path: Path, short: bool
) -> None:
    model(None).save(tmp_path / "own.keras")
    stated = "{name: own.keras, preprocess: tf}"
    (tmp_path / "a.yaml").write_text(
        f"kind: zoom\nsource: {SEED}\nsize: 48x48\nframes: 1\nnetwork: {stated}\n"
        "dream: {objective: parts, octaves: 1, burst: 1}\nblend: {warmup: 0}\n"
        f"output: {tmp_path}/a.mp4\n"
    )
    if short:
        (tmp_path / "b.yaml").write_text("kind: image\nnetwork: own.keras\n")
        assert load_recipe(tmp_path / "b.yaml").network.name == str(tmp_path / "own.keras")
        return
    recipe = load_recipe(tmp_path / "a.yaml")
    assert recipe.network.name == str(tmp_path / "own.keras")
    for _ in render(recipe):
        pass
    embedded = read_embedded(tmp_path / "a.mp4")
    digest = hashlib.sha256((tmp_path / "own.keras").read_bytes()).hexdigest()
    assert embedded.hashes_of("network.name") == [digest]
    assert embedded.name_of("network.name") == "own.keras"
    assert embedded.recipe.network.name == "lite0", "no path of a film's is opened"
    assert embedded.recipe.network.preprocess == PREPROCESSING["tf"]
    manifest = Manifest.of(recipe, 48, Machine.here())
    assert manifest.recipe["network"]["name"] == "own.keras"


def test_a_name_is_no_file() -> None:
    recipe = make_recipe({"network": "vgg16"}, "image")
    assert recipe.network.name == "vgg16"
