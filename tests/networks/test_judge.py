"""The judge of a report: which network it is, what is said of it, and what a film may say of it."""

from __future__ import annotations

import functools
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.cli import main
from dreamvid.errors import RecipeError
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.network_spec import Download
from dreamvid.networks.registry import spec
from dreamvid.recipe import Network
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.embedded import MARK, read_embedded
from tests.loaded import load_once
from tests.report_films import grain, lossless, note_of, pan, texture, told, whole

OWN = Network().name
"""The default network."""

MOBILE = {"name": "mobilenet_v2", "weights": "random"}
CLIMBED = {"block_3_expand_relu": 1, "block_6_expand_relu": 0.5}

SOURCE = whole(pan(texture(1), (1, 0), 2))
DREAMED = whole([frame + grain(1, frame, 20) for frame in SOURCE])


def film(recipe: dict[str, Any] | None, files: Any = (), comment: str = "") -> None:
    """A film of two frames that says that it was made by `recipe`, and its source."""
    said = comment if recipe is None else note_of({"kind": "video", **recipe}, files)
    lossless(Path("d.mkv"), DREAMED, comment=said)
    lossless(Path("s.mkv"), SOURCE)


@functools.cache
def _archived() -> bytes:
    from dreamvid.dreaming.networks.load import build

    layers, data = build(spec(OWN)).layers, io.BytesIO()
    np.savez(data, **{f"{la.name}/{v.name}": v.numpy() for la in layers for v in la.weights})
    return data.getvalue()


def archive(path: Path) -> Path:
    """Weights that fit the default network."""
    path.write_bytes(_archived())
    return path


def assert_judged_by(numbers: dict[str, Any], recipe: dict[str, Any]) -> None:
    """The J of both films are those of the recipe's network in float32."""
    from tests.loaded import dreamer_of

    network = {**recipe.get("network", {}), "precision": "float32"}
    judge = dreamer_of(make_recipe({**recipe, "network": network}, "video"))
    for one, own, dreamed in zip(numbers["frames"], SOURCE, DREAMED, strict=True):
        assert one["objective_source"] == pytest.approx(judge.objective_of(own), rel=1e-4)
        assert one["objective_dreamed"] == pytest.approx(judge.objective_of(dreamed), rel=1e-4)


pytestmark = pytest.mark.usefixtures("eager")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, and a Keras that has fetched nothing and may not."""
    from dreamvid.dreaming.networks import load as models

    def build(own: Any, policy: str = "float32", weights: str | None = None) -> Any:
        assert weights is None, "nothing is fetched unasked"
        return plain(own, policy)

    plain = models.build
    monkeypatch.setattr(models, "build", build)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


# Which network it is


def test_a_network_that_is_named_judges_by_its_own_layers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    film({"network": {"name": OWN}})
    numbers = told("--judge", "MobileNet-V2", "--weights", "random")
    layers = ", ".join(layer for layer, _ in spec("mobilenet_v2").objective)
    assert numbers["judge"] == f"mobilenet_v2: {layers}"
    assert numbers["judge_dreamed"] is False
    assert_judged_by(numbers, {"network": MOBILE})
    table = capsys.readouterr().out
    assert f"{numbers['judge']}; it did not dream the film\n" in table
    assert f"{numbers['overall']['strength']['mean']:.4g}" in table


def test_the_network_that_dreamed_judges_unless_one_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib.axes import Axes

    shown: list[str] = []
    monkeypatch.setattr(Axes, "set_title", lambda axes, text, **how: shown.append(text))
    recipe = {"network": MOBILE, "dream": {"objective": CLIMBED, "power": 1}}
    film(recipe)
    numbers = told("--plot", "d.png")
    assert numbers["judge"] == "mobilenet_v2: block_3_expand_relu, block_6_expand_relu=0.5"
    assert numbers["judge_dreamed"] is True
    assert_judged_by(numbers, recipe)
    label = f"{numbers['judge']}; it dreamed the film, and judges its own dream too kindly"
    assert label in capsys.readouterr().out
    assert label in shown


def test_the_network_that_dreamed_is_known_where_it_is_named() -> None:
    film({"network": MOBILE, "dream": {"objective": CLIMBED}})
    numbers = told("--judge", "mobilenet_v2", "--weights", "random")
    assert numbers["judge_dreamed"] is True
    assert "block_3" not in numbers["judge"], "what is named judges by layers of its own"


def test_layers_or_weights_alone_are_those_of_the_network_that_dreamed() -> None:
    film({"network": MOBILE, "dream": {"objective": CLIMBED}})
    numbers = told("--layers", "block_1_expand_relu=2")
    assert (numbers["judge"], numbers["judge_dreamed"]) == (
        "mobilenet_v2: block_1_expand_relu=2",
        True,
    )
    film({"network": {"name": "mobilenet_v2"}, "dream": {"objective": CLIMBED}})
    numbers = told("--weights", "random")
    assert numbers["judge"].startswith("mobilenet_v2: block_3_expand_relu")
    assert numbers["judge_dreamed"] is False, "random weights did not dream it"
    assert_judged_by(numbers, {"network": MOBILE, "dream": {"objective": CLIMBED}})


@pytest.mark.parametrize("same", [True, False])
def test_a_file_of_weights_is_known_by_its_hash(same: bool) -> None:
    file = archive(Path("w.npz"))
    digest = hashlib.sha256(file.read_bytes() if same else b"").hexdigest()
    film(
        {"network": {"name": OWN, "weights": "w.npz"}},
        [{"key": "network.weights", "name": "w.npz", "sha256": digest}],
    )
    assert told("--weights", "w.npz")["judge_dreamed"] is same


def test_a_film_that_says_nothing_is_judged_by_the_default_network(
    capsys: pytest.CaptureFixture[str],
) -> None:
    film(None)
    numbers = told()
    assert numbers["judge"].startswith(f"{OWN}: ")
    assert numbers["judge_dreamed"] is None
    assert_judged_by(numbers, {})
    assert f"{numbers['judge']}; the film does not say what dreamed it" in capsys.readouterr().out
    (layer, _), *_ = spec(OWN).objective
    assert told("--layers", f"{layer}=.5")["judge"] == f"{OWN}: {layer}=0.5"
    named = told("--judge", "mobilenet_v2", "--weights", "random")
    assert named["judge_dreamed"] is None


def test_a_weight_that_changes_over_the_film_judges_as_one() -> None:
    film(
        {
            "network": MOBILE,
            "dream": {"objective": {"block_3_expand_relu": "t", "block_6_expand_relu": 0.5}},
        }
    )
    numbers = told()
    assert numbers["judge"] == "mobilenet_v2: block_3_expand_relu, block_6_expand_relu=0.5"
    assert "weights that change over the film judge as 1: block_3_expand_relu" in numbers["notes"]


# When strength is left out


@pytest.mark.parametrize(
    ("network", "files", "why", "do"),
    [
        ("none", [], "network none made the film", "--judge NAME"),
        (
            {"name": "vgg16"},
            [],
            "vgg16, which dreamed the film, would have to be downloaded",
            "--judge vgg16 --weights FILE",
        ),
        (
            {"name": "vgg16", "weights": "/etc/w\n.h5"},
            [{"key": "network.weights", "name": "/etc/w\n.h5", "sha256": "0"}],
            "vgg16 dreamed the film with weights in a file, w?.h5;",
            "--judge vgg16 --weights FILE",
        ),
        ({"name": "squeezenet"}, [], "weights in a file;", "--judge squeezenet --weights FILE"),
    ],
)
def test_nothing_is_fetched_or_opened_unasked(
    network: Any, files: Any, why: str, do: str, capsys: pytest.CaptureFixture[str]
) -> None:
    film({"network": network}, files)
    numbers = told("--plot", "d.png")
    (said,) = numbers["notes"]
    assert said.startswith("strength is not measured: ")
    assert why in said
    assert do in said
    assert (numbers["judge"], numbers["judge_dreamed"]) == ("", None)
    assert numbers["overall"]["strength"] is None
    table = capsys.readouterr().out.splitlines()
    assert said in table
    assert not any(line.startswith("strength  ") for line in table)


def test_no_judge_is_asked_for() -> None:
    film({"network": MOBILE})
    numbers = told("--judge", "none")
    assert (numbers["judge"], numbers["judge_dreamed"], numbers["notes"]) == ("", None, [])
    assert numbers["overall"]["strength"] is None


def test_what_keras_has_fetched_judges_and_what_is_broken_there_is_not_fetched_anew(
    tmp_path: Path,
) -> None:
    from dreamvid.dreaming.networks import load as models

    cached = (
        tmp_path / "keras" / "models" / (BUILTIN["mobilenet_v2"].download or Download("")).file.name
    )
    cached.parent.mkdir(parents=True)
    models.build(BUILTIN["mobilenet_v2"]).save_weights(tmp_path / "its.weights.h5")
    (tmp_path / "its.weights.h5").rename(cached)
    film({"network": {"name": "mobilenet_v2"}, "dream": {"objective": CLIMBED}})
    numbers = told()
    assert numbers["judge_dreamed"] is True
    assert_judged_by(numbers, {"network": MOBILE, "dream": {"objective": CLIMBED}})
    cached.write_bytes(b"broken")
    (said,) = told()["notes"]
    assert "are broken in Keras's cache" in said
    assert "--judge mobilenet_v2 --weights FILE" in said


def test_a_judge_that_is_named_may_be_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    from dreamvid.dreaming.networks import load as models

    fetched: list[str] = []

    def fetch(model: Any, own: Any) -> None:
        fetched.append(own.name)

    monkeypatch.setattr(models, "_load_imagenet", fetch)
    film({"network": {"name": "mobilenet_v2"}})
    assert told("--judge", "mobilenet_v2")["judge_dreamed"] is True
    assert fetched == ["mobilenet_v2"]


# What a stranger's film may say


@pytest.mark.parametrize(
    "comment",
    [
        MARK + "{",
        MARK + "[1]",
        note_of({"kind": "video", "network": "no-such-network"}),
        note_of({"kind": "video", "network": {"name": "../trap"}}),
        note_of({"kind": "video", "network": {"name": OWN, "weights": "trap.npz"}}),
        note_of({"kind": "video", "network": {"name": OWN, "weights": "/etc/passwd"}}),
        note_of({"kind": "video", "network": {"name": "vgg16", "weights": "shipped"}}),
        note_of({"kind": "video", "network": "pocket"}),
        note_of({"kind": "video", "network": {"name": OWN, "weights": "imagenet"}}),
        note_of({"kind": "video", "network": {"name": OWN, "weights": 3}}),
        note_of({"kind": "video", "dream": {"objective": {"no-such-layer": 1}}}),
        note_of({"kind": "video", "network": MOBILE, "dream": {"objective": {"\x1b[2J": 1}}}),
        note_of({"kind": "video", "network": {"name": "inception_v3", "weights": "random"}}),
        note_of({"kind": "video", "start": "never"}),
    ],
)
def test_what_is_broken_in_a_films_recipe_counts_as_not_said(
    comment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Network] = []

    def load(own: Any, network: Network) -> Any:
        loaded.append(network)
        return load_once(own, network)

    monkeypatch.setattr("dreamvid.dreaming.networks.activations.load", load)
    archive(Path("trap.npz"))
    film(None, comment=comment)
    numbers = told()
    assert numbers["judge"].startswith(f"{OWN}: ")
    assert numbers["judge_dreamed"] is None
    assert numbers["notes"] == []
    assert {network.weights for network in loaded} <= {None, "random"}


def test_weights_that_a_film_does_not_list_are_not_believed() -> None:
    film({"network": {"name": OWN, "weights": "trap.npz"}})
    with pytest.raises(RecipeError, match=r"no hash of network\.weights"):
        read_embedded(Path("d.mkv"))


def test_what_is_asked_for_is_refused_where_it_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    film({"network": MOBILE})
    words = ["report", "d.mkv", "--source", "s.mkv"]
    assert main([*words, "--layers", "clouds"]) == 1
    assert "layer clouds: network mobilenet_v2 has none" in capsys.readouterr().err
    assert main([*words, "--weights", "none.h5"]) == 1
    assert "weights none.h5: no such file" in capsys.readouterr().err
    assert main([*words, "--network", OWN]) == 2


def test_no_letter_of_a_films_layers_is_shown_that_does_not_print(
    capsys: pytest.CaptureFixture[str],
) -> None:
    film({"network": MOBILE, "dream": {"objective": {"\x1b[2J": 1}}})
    assert told("--weights", "random")["judge_dreamed"] is None
    assert "\x1b" not in "".join(capsys.readouterr())
