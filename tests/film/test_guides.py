"""Guides of films: frame by frame along the film, and treated as the source is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from dreamvid.cli import main
from dreamvid.errors import DreamvidError
from dreamvid.frame import Frame
from dreamvid.media.read import read_picture
from dreamvid.recipe.load import load_recipe, make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.embedded import read_embedded
from dreamvid.task import DreamTask
from tests import media_factory as make

SIZE = (40, 30)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 3)
    monkeypatch.setattr(extending, "SEGMENT", 3)
    make.picture(Path("still.png"), *SIZE)
    make.picture(Path("guide.png"), 24, 50, seed=4)
    make.moving_clip(Path("clip.mkv"), *SIZE, 9, cut=5)
    Path("guides").mkdir()
    for number in range(4):
        iio.imwrite(f"guides/{number}.png", np.full((12, 16, 3), 40 * number, np.uint8))


class Dreamer:
    """Moves a frame toward the mean of its guides, and remembers its tasks."""

    identity = "toward"

    def __init__(self) -> None:
        self.tasks: list[DreamTask] = []

    def __call__(self, task: DreamTask, /) -> Frame:
        self.tasks.append(task)
        assert task.settings is not None
        level = sum(float(guide.mean()) for guide in task.guides.values())
        task.notes["count"] = task.notes.get("count", np.zeros(1)) + 1
        return np.asarray(task.canvas * 0.8 + level * 0.2, np.float32)


def made(kind: str, objective: Any, **more: Any) -> list[DreamTask]:
    """The tasks of a film's frames."""
    dreamer = Dreamer()
    source = {"zoom": "still.png", "video": "clip.mkv"}[kind]
    recipe = {"source": source, "output": "a.mp4", "dream": {"objective": objective}, **more}
    planned = planning.plan(make_recipe(recipe, kind), dreamer=dreamer)
    list(planned.groups())
    return dreamer.tasks


def test_a_still_guide_is_the_same_picture_in_every_frame() -> None:
    tasks = made("zoom", "guide:guide.png", frames=3)
    (first, *others) = [task.guides["guide.png"] for task in tasks]
    assert len(others) == 2
    assert all(other is first for other in others)
    np.testing.assert_array_equal(first, read_picture(Path("guide.png")))
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


@pytest.mark.parametrize("cadence", [1, 2])
def test_a_guides_frames_go_along_with_the_film_and_the_last_holds(cadence: int) -> None:
    objective = ["guide:guides", {"guide": "guide.png", "match": "patches"}]
    tasks = made("video", objective, cadence=cadence, blend={"warmup": 1})
    levels = [task.guides["guides"].max() / 40 for task in tasks]
    # The first frame of a shot is dreamed twice, and every keyframe at its own time.
    whole = [0, 0, 1, 2, 3, 3, 3, 3, 3, 3, 3]
    keyed = [0, 0, 2, 3, 3, 3, 3, 3]
    assert levels == (whole if cadence == 1 else keyed)
    assert all(set(task.guides) == {"guides", "guide.png"} for task in tasks)


def test_a_guide_that_is_too_short_is_said() -> None:
    recipe = {"source": "clip.mkv", "dream": {"objective": "guide:guides"}, "output": "a.mp4"}
    planned = planning.plan(make_recipe(recipe, "video"), dreamer=Dreamer())
    assert "guides: 4 frames for 9: the last one holds" in list(planned.lines())


def test_a_guide_of_a_region_is_opened_too() -> None:
    regions = [{"mask": "still.png", "objective": "guide:guide.png"}]
    (task,) = made("zoom", "heads", regions=regions, frames=1)
    assert set(task.guides) == {"guide.png"}


def test_paths_of_a_recipe_are_those_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "own.yaml").write_text("source: a.png\ndream: {objective: 'guide:b c.png=2, heads'}")
    recipe = load_recipe("recipes/own.yaml")
    (guide, other) = recipe.dream.objective or ()
    assert guide.files == (Path("recipes/b c.png"),)
    assert (guide.weight, other.name) == (2, "heads")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("guide:none.png", "dream.objective.0.guide: the guide cannot be used: none.png: no such"),
        ("heads,guide:words.txt", "dream.objective.1.guide: the guide cannot be used: words.txt: "),
        ("guide:words.mp4", "dream.objective.0.guide: the guide cannot be used: words.mp4: "),
        ("guide:clip.mkv/x.png", "dream.objective.0.guide: the guide cannot be used: "),
    ],
)
def test_bad_guides_are_refused_in_one_line(
    words: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for ending in ("txt", "mp4"):
        Path(f"words.{ending}").write_text("no picture")
    assert main(["zoom", "still.png", "-n", "2", "-o", "a.mp4", "--layers", words]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not Path("a.mp4").exists()


def test_a_guided_film_resumes_and_is_changed_by_its_guide() -> None:
    recipe = {
        "source": "still.png",
        "frames": 7,
        "regions": [
            {"mask": "still.png", "objective": "guide:guide.png"},
            {"mask": {"file": "still.png", "invert": True}, "objective": "guide:guides"},
        ],
    }
    whole = make_recipe({**recipe, "output": "whole.mp4"}, "zoom")
    list(rendering.render(whole, dreamer=Dreamer()))
    named = make_recipe({**recipe, "output": "a.mp4"}, "zoom")
    steps = rendering.render(named, dreamer=Dreamer())
    for step in steps:
        if step.index == 4:
            steps.close()
    before = Path("guides/2.png").read_bytes()
    make.picture(Path("guides/2.png"), 16, 12)
    with pytest.raises(DreamvidError, match=r"what is in regions\.1\.objective\.0\.guide"):
        list(rendering.render(named, dreamer=Dreamer()))
    Path("guides/2.png").write_bytes(before)
    list(rendering.render(named, dreamer=Dreamer()))
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()


def test_a_film_names_its_guide_by_hash_and_goes_on_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = str(Path("guide.png").absolute().parent)
    guide = f"guide:{folder}/guide.png"
    words = ["zoom", "still.png", "--network", "none", "-q", "--zoom", "1.05", "--layers", guide]
    assert main([*words, "-n", "7", "-o", "whole.mp4"]) == 0
    assert main([*words, "-n", "5", "-o", "a.mp4"]) == 0
    assert main(["continue", "a.mp4", "-n", "2", "-q"]) == 0
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    assert folder.encode() not in Path("a.mp4").read_bytes()
    found = read_embedded(Path("a.mp4"))
    (term,) = found.recipe.dream.objective or ()
    assert term.files == (), "a film is not trusted"
    key = "dream.objective.0.guide"
    assert found.name_of(key) == "guide.png"
    assert found.hashes_of(key) == [hashlib.sha256(Path("guide.png").read_bytes()).hexdigest()]
    assert main([*words, "-n", "5", "-o", "b.mp4", "--no-keep"]) == 0
    longer = ["continue", "b.mp4", "-n", "2", "-q", "--source", "still.png"]
    assert main(longer) == 1
    assert f"{key}: name guide.png again" in capsys.readouterr().err
    before = Path("guide.png").read_bytes()
    make.picture(Path("guide.png"), 24, 50, seed=5)
    assert main([*longer, "--layers", guide]) == 1
    assert f"{key}: is not what b.mp4 was made from" in capsys.readouterr().err
    assert main([*longer, "--layers", guide, "-o", "branch.mp4"]) == 0
    Path("guide.png").write_bytes(before)
    assert main([*longer, "--layers", guide]) == 0
    assert main(["render", "a.mp4", "--source", "still.png", "-o", "c.mp4"]) == 1
    assert f"{key}: name the picture or clip" in capsys.readouterr().err
