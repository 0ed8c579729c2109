"""What the machine chooses: precision and tiles, and that a run keeps them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dreamvid.dreaming import tensorflow as precision
from dreamvid.dreaming.tensorflow import computed_in
from dreamvid.frame import Size
from dreamvid.machine import TILE_PIXEL, TILES, Machine, available, fitting, taken
from dreamvid.networks.registry import spec
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.plan import Plan, plan
from dreamvid.rendering.render import render
from dreamvid.resolve import resolve
from tests.conftest import SEED
from tests.loaded import dreamer_of


def test_bfloat16_is_chosen_where_the_processor_multiplies_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for flags, computed in (
        ({"avx2", "avx512_bf16"}, "bfloat16"),
        ({"amx_bf16", "amx_tile"}, "bfloat16"),
        ({"avx2", "avx512f"}, "float32"),
        (set(), "float32"),
    ):
        monkeypatch.setattr(precision, "processor_flags", lambda flags=flags: flags)
        assert computed_in("auto") == computed
        assert computed_in("float32") == "float32"
        assert computed_in("bfloat16") == "bfloat16"


def test_tiles_shrink_with_the_memory_and_no_further() -> None:
    assert fitting(None) == TILES[0]
    assert fitting(1e12) == TILES[0]
    assert fitting(0) == TILES[-1]
    for memory in range(int(1e8), int(4e9), int(1e8)):
        tile = fitting(memory)
        assert tile in TILES
        assert tile == TILES[-1] or TILE_PIXEL * (tile + 64) ** 2 <= memory / 2
        assert tile <= fitting(memory + 1e8)


def test_what_the_recipe_says_stays() -> None:
    said = make_recipe({"network": {"precision": "float32"}, "dream": {"tile": 100}}, "zoom")
    machine = Machine(2, 300, "bfloat16")
    job = resolve(said, Size(64, 48), machine)
    assert (job.network.precision, job.dream.tile) == ("float32", 100)
    job = resolve(make_recipe({}, "zoom"), Size(64, 48), machine)
    assert (job.network.precision, job.dream.tile) == ("bfloat16", 300)


def test_a_dreamer_tells_what_it_computes_with() -> None:
    said = make_recipe({"network": {"precision": "bfloat16"}, "dream": {"tile": 100}}, "zoom")
    machine = dreamer_of(said).machine
    assert (machine.precision, machine.tile) == ("bfloat16", 100)
    assert dreamer_of(make_recipe({}, "zoom")).machine.tile in TILES


def begun(planned: Plan) -> Machine:
    assert planned.manifest
    return planned.manifest.machine


def test_a_run_goes_on_with_what_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another machine, which would choose otherwise."""
    said = {"source": str(SEED), "size": "64x48", "frames": 3, "output": str(tmp_path / "a.mp4")}
    network = {"name": "squeezenet", "weights": "random"}
    recipe = make_recipe({**said, "network": network}, "zoom")
    monkeypatch.setattr(precision, "processor_flags", lambda: {"avx512_bf16"})
    steps = render(recipe)
    next(steps)
    steps.close()
    monkeypatch.setattr(precision, "processor_flags", set)
    monkeypatch.setattr("dreamvid.machine.available", lambda: 0.0)
    again = begun(plan(recipe))
    assert (again.precision, again.tile) == ("bfloat16", TILES[0])
    anew = begun(plan(recipe, overwrite=True, restart=True))
    assert (anew.precision, anew.tile) == ("float32", TILES[-1])


def test_a_network_that_is_not_known_to_gain_stays_in_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(precision, "processor_flags", lambda: {"avx512_bf16"})
    assert computed_in("auto", gains=False) == "float32"
    assert computed_in("bfloat16", gains=False) == "bfloat16"
    assert not spec("lite0").bfloat16


def test_there_is_memory_and_some_is_taken() -> None:
    assert taken() > 1e7
    assert (available() or 1e9) > 1e7


@pytest.mark.skipif(sys.platform != "linux", reason="limits of a process are Linux's")
def test_a_limit_of_the_process_bounds_what_is_available() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
            "from dreamvid.machine import available; print(available())",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert 0 < float(told.stdout) < 2**30
