"""What the studio tells of a recipe whose source it opens, and the curves of its schedules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dreamvid.studio.folder import Folder
from dreamvid.studio.recipes import Recipes
from tests import media_factory as make


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipes:
    monkeypatch.chdir(tmp_path)
    make.picture(tmp_path / "a.png", 64, 48)
    return Recipes(Folder(tmp_path))


def told(recipes: Recipes, **data: Any) -> dict[str, Any]:
    answer = recipes.check(data, None)
    json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
    return answer


def test_the_film_that_a_recipe_makes_is_told(recipes: Recipes) -> None:
    answer = told(recipes, kind="zoom", source="a.png", frames=50, fps=25)
    film = {"output": "a-dream.mp4", "frames": 50, "fps": 25.0, "seconds": 2.0, "size": [64, 48]}
    assert (answer["faults"], answer["film"]) == ([], film)
    make.h264(recipes.folder.path / "b.mp4", frames=7)
    film = told(recipes, source="b.mp4", output="c.mkv")["film"]
    assert (film["output"], film["frames"]) == ("c.mkv", 7)


def test_a_source_that_is_replaced_is_read_again(recipes: Recipes) -> None:
    assert told(recipes, kind="zoom", source="a.png")["film"]["size"] == [64, 48]
    make.picture(recipes.folder.path / "a.png", 32, 24)
    assert told(recipes, kind="zoom", source="a.png")["film"]["size"] == [32, 24]


@pytest.mark.parametrize(
    ("key", "text", "line"),
    [
        ("motion.zoom", "1+t", "motion.zoom: .*frame 10"),
        ("motion.angle", "1/(t-7)", "motion.angle: divides by zero at frame 7"),
        ("blend.share", "0:(0), 20:(2)", "blend.share: .*frame 11"),
    ],
)
def test_a_schedule_that_leaves_its_bounds_is_told_with_its_frame(
    recipes: Recipes, key: str, text: str, line: str
) -> None:
    section, name = key.split(".")
    answer = told(recipes, kind="zoom", source="a.png", frames=30, **{section: {name: text}})
    (fault,) = answer["faults"]
    assert fault["key"] == key
    assert re.search(line, fault["line"]), fault["line"]
    assert answer["values"][section][name] == text, "the form stays as it is"
    short = told(recipes, kind="zoom", source="a.png", frames=5, **{section: {name: text}})
    assert short["faults"] == []


@pytest.mark.parametrize(
    "source", ["none.png", "a\0.png", "x" * 5000, "\n", "-i", "https://a.b/c.png", "%d", ".", ""]
)
def test_a_source_that_is_none_is_told(recipes: Recipes, source: str) -> None:
    for kind in ("zoom", "video"):
        (fault,) = told(recipes, kind=kind, source=source)["faults"]
        assert fault["line"]


@pytest.mark.parametrize("name", ["a\0", "x" * 5000, "\n", "-i", "https://a.b/c", "%d", "..."])
def test_an_odd_name_of_another_file_is_no_accident(recipes: Recipes, name: str) -> None:
    for data in (
        {"output": f"{name}.mp4"},
        {"network": {"name": "lite0", "weights": f"{name}.h5"}},
        {"dream": {"objective": [{"guide": f"{name}.png"}]}},
        {"mask": f"{name}.png"},
        {"audio": {"file": f"{name}.wav"}},
        {"extends": f"{name}.yaml"},
        {"extends": name},
    ):
        told(recipes, kind="zoom", source="a.png", **data)
