"""Every recipe that ships renders, shortened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dreamvid import render
from dreamvid.media.probe import probe
from dreamvid.media.read import read_picture
from dreamvid.recipe.at_frame import heard_by, schedules
from dreamvid.recipe.load import make_recipe, presets, read_recipe
from tests import media_factory as make
from tests import sound_factory as sounds


def shortened(name: str, folder: Path) -> dict[str, Any]:
    """A recipe with three frames of little work, on media of our own."""
    data = read_recipe(name)
    kind = data.get("kind", "zoom")
    still = str(make.picture(folder / "a.png", 112, 96))
    pictures = [still, still] if "mix" in data else [still]
    source = [str(make.h264(folder / "a.mp4", frames=4, size=(112, 96)))]
    network = data.get("network", "lite0")
    called = network if isinstance(network, str) else network["name"]
    small = {
        "source": source if kind == "video" else pictures,
        "output": str(folder / ("out.png" if kind == "image" else "out.mp4")),
        "size": "112x96",
        "network": {"name": called, "weights": None if called == "lite0" else "random"},
        "dream": {**data.get("dream", {}), "octaves": 1, "octave_top": 0, "steps": 1, "burst": 1},
    }
    if heard_by(make_recipe(data)):
        sound = sounds.write(folder / "a.wav", sounds.tones(1) + sounds.clicks(1, [0.1]))
        small["audio"] = {"file": str(sound), "bpm": 120}
    return {**data, **small, **({} if kind == "image" else {"frames": 3})}


LONG = "seeds/creative-ai-densenet"  # the largest of the networks


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name == LONG else []) for name in presets()],
)
def test_a_recipe_that_ships_renders(name: str, tmp_path: Path) -> None:
    recipe = make_recipe(shortened(name, tmp_path))
    steps = list(render(recipe, keep="nothing"))
    assert recipe.output
    if recipe.kind == "image":
        assert read_picture(recipe.output).shape == (96, 112, 3)
    else:
        assert probe(recipe.output).frames == len(steps) == 3


def test_the_starting_points_are_there() -> None:
    assert {"long-zoom", "long-clip", "still-4k", "swing", "spiral", "tunnel"} <= set(presets())
    assert {"pulse", "breathe", "bands", "drop"} <= set(presets())
    assert len(dict(schedules(make_recipe(read_recipe("long-zoom"))))) == 6
