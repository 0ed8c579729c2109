"""Networks by name: dreamvid's own, those that scripts register, and those of packages."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.networks.layers import layer_lines
from dreamvid.dreaming.tensorflow import keras
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame
from dreamvid.networks import registry
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.network_spec import ONE_TO_ONE, NetworkSpec
from dreamvid.networks.registry import network_lines, register_network, spec, specs
from dreamvid.recipe import Network
from dreamvid.recipe.load import make_recipe
from dreamvid.resolve import resolve
from dreamvid.task import DreamTask


@pytest.fixture(autouse=True)
def _as_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(registry, "_packages_loaded", False)


def two_layers(*, include_top: bool, weights: None) -> Any:
    pictures = keras.Input((None, None, 3))
    fine = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="fine")(pictures)
    return keras.Model(
        pictures, keras.layers.Conv2D(4, 3, 2, padding="same", name="coarse")(fine), name="own"
    )


OWN = NetworkSpec("own-net", two_layers, ONE_TO_ONE, (("fine", 1.0),), min_size=8)


def test_a_registered_network_dreams_by_its_name(picture: Frame) -> None:
    register_network(OWN)
    assert spec("OWN_NET") is OWN
    assert [*specs()] == [*BUILTIN, "own-net"]
    assert any(line.startswith("own-net") for line in network_lines())
    recipe = make_recipe({"network": "own-net", "dream": {"octaves": 1}}, "image")
    assert [term.name for term in resolve(recipe).dream.objective] == ["fine"]
    dreamer = Dreamer("own-net", octaves=1)
    dreamed = dreamer(DreamTask(picture))
    assert dreamer.objective_of(dreamed) > dreamer.objective_of(picture)


def test_a_spec_dreams_without_being_registered(picture: Frame) -> None:
    dreamer = Dreamer(OWN, octaves=1, layers="coarse")
    assert not np.array_equal(dreamer(DreamTask(picture)), picture)
    assert dreamer.identity == "", "nothing tells what the function builds"
    with pytest.raises(NetworkError, match="own-net: unknown"):
        spec("own-net")


@pytest.mark.parametrize("name", ["lite0", "VGG-16", "none", "pocket", "own_net"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    register_network(OWN)
    with pytest.raises(NetworkError, match=f"network {name}: the name is taken"):
        register_network(NetworkSpec(name, two_layers, ONE_TO_ONE, (("fine", 1.0),)))


def test_a_builder_that_is_not_there_is_one_line() -> None:
    gone = NetworkSpec("gone", "no_such_module:build", ONE_TO_ONE, (("fine", 1.0),))
    with pytest.raises(NetworkError, match="network gone: build no_such_module:build: No module"):
        Dreamer(gone)


Installed = Callable[[str, str], None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Installs a distribution of one module with entry points of the group."""

    def install(source: str, points: str) -> None:
        info = tmp_path / "strange_nets-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strange-nets\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[dreamvid.networks]\n{points}\n")
        (tmp_path / "strange_nets.py").write_text(source)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(__import__("sys").modules, "strange_nets", raising=False)

    return install


PACKAGE = """
from dreamvid.networks.network_spec import AS_IT_IS, NetworkSpec

first = NetworkSpec("first-net", "strange_nets:build", AS_IT_IS, (("a", 1.0),))
second = lambda: NetworkSpec("second-net", "strange_nets:build", AS_IT_IS, (("a", 1.0),))
taken = NetworkSpec("lite0", "strange_nets:build", AS_IT_IS, (("a", 1.0),))
number = lambda: 7
def broken():
    raise ZeroDivisionError("of its own making")
"""


def test_an_installed_package_adds_networks_and_a_broken_one_costs_a_warning(
    installed: Installed, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("first", "second", "taken", "number", "broken", "missing")
    installed(PACKAGE, "\n".join(f"{name} = strange_nets:{name}" for name in names))
    with caplog.at_level(logging.WARNING, "dreamvid"):
        assert spec("lite0") is BUILTIN["lite0"]
        assert not caplog.records, "nothing is loaded for what is known"
        assert spec("second-net").name == "second-net"
        assert spec("first-net").name == "first-net"
        assert "first-net" in specs()
    said = sorted(record.getMessage() for record in caplog.records)
    assert len(said) == 4, "each once"
    assert "network broken of strange-nets: left out: of its own making" in said
    assert "network number of strange-nets: left out: gives a int, not a NetworkSpec" in said
    assert "network taken of strange-nets: left out: network lite0: the name is taken" in said
    with pytest.raises(NetworkError, match="did you mean first-net"):
        spec("first-nets")


def test_named_layers_are_listed_and_all_of_them_if_asked() -> None:
    named, every = ([*layer_lines(Network(), (640, 360), all=flag)] for flag in (False, True))
    assert len(named) == 17
    assert "--all" in named[-1]
    assert every[:16] == named[:16]
    assert len(every) > 80
