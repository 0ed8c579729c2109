"""Films along a path, shaken by hand: resumed, longer, masked, small, and without black borders."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
import yaml

from dreamvid import frames as dream_frames
from dreamvid.cli import main
from dreamvid.frame import Field, Frame
from dreamvid.media.probe import probe
from dreamvid.recipe import Recipe
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.preview import preview, smaller
from dreamvid.task import DreamTask
from tests import media_factory as make
from tests.fakes import FakeDreamer, asleep

SIZE = (64, 48)
PATH: list[dict[str, Any]] = [
    {"at": 0, "center": [0.3, 0.4], "zoom": 1.1},
    {"at": 5, "center": [0.6, 0.6]},
    {"at": 9, "center": [0.4, 0.5], "zoom": 0.97, "angle": 2},
]
MOTION = {"path": PATH, "handheld": 3}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 3)
    monkeypatch.setattr(extending, "SEGMENT", 3)
    make.picture(Path("still.png"), *SIZE)


def of(output: str, kind: str = "zoom", **more: Any) -> Recipe:
    said = {"source": "still.png", "output": output, "frames": 10, "motion": MOTION, **more}
    return make_recipe(said, kind)


def bytes_of(folder: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(folder).glob("*.png"))]


@pytest.mark.parametrize("carry", ["picture", "residual"])
@pytest.mark.parametrize("stop", [1, 4, 8])
def test_broken_off_anywhere_it_goes_on_to_the_same_bytes(carry: str, stop: int) -> None:
    more: dict[str, Any] = {"blend": {"carry": carry}}
    list(rendering.render(of("whole/", **more), dreamer=FakeDreamer()))
    with closing(rendering.render(of("again/", **more), dreamer=FakeDreamer())) as steps:
        list(islice(steps, stop))
    dreamer = FakeDreamer()
    list(rendering.render(of("again/", **more), dreamer=dreamer))
    assert len(dreamer.indices) < 10
    assert bytes_of("again") == bytes_of("whole")
    assert len(bytes_of("whole")) == 10


def test_a_film_that_goes_on_is_as_one_made_at_once() -> None:
    Path("own.yaml").write_text(yaml.safe_dump({"motion": MOTION}))
    words = ["--recipe", "own.yaml", "--network", "none", "-q"]
    for name, count in (("long.mp4", 14), ("short.mp4", 4)):
        assert main(["zoom", "still.png", *words, "--frames", str(count), "-o", name]) == 0
    assert main(["continue", "short.mp4", "--frames", "10", "-q"]) == 0
    assert probe(Path("short.mp4")).frames == 14
    one, other = (iio.imread(f"{name}.mp4") for name in ("short", "long"))
    assert np.abs(one.astype(float) - other).max() <= 24  # other groups of pictures
    assert np.abs(one.astype(float) - other).mean() < 1


def test_a_path_to_the_films_end_cannot_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    path = [{"at": "max_f", "center": [0.6, 0.6]}]
    list(rendering.render(of("a.mp4", motion={"path": path}, network="none")))
    assert main(["continue", "a.mp4", "--frames", "3", "-q"]) == 1
    assert "motion.path: uses n, the film's length" in capsys.readouterr().err


def dot(where: tuple[float, float]) -> Frame:
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    away = (x + 0.5 - where[0] * SIZE[0]) ** 2 + (y + 0.5 - where[1] * SIZE[1]) ** 2
    return np.repeat(255 * np.exp(-away / 18)[..., None], 3, -1).astype(np.float32)


def middle(field: Field | None) -> list[float]:
    """Of the light of a field, x and y; little of it is what is mirrored at the edges."""
    assert field is not None
    light = field.astype(float) ** 4
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    return [float((light * axis).sum() / light.sum()) for axis in (x, y)]


@pytest.mark.parametrize("kind", ["zoom", "video"])
@pytest.mark.parametrize("carry", ["picture", "residual"])
def test_the_point_of_interest_is_seen_in_the_middle(kind: str, carry: str) -> None:
    """Its own dot, by what the frames show: the middle of its light."""
    for key in PATH[1:]:
        motion = {"path": PATH, "moves": "camera"}
        said = {"network": "none", "motion": motion, "blend": {"carry": carry}}
        made = list(dream_frames(make_recipe(said, kind), [dot(key["center"])] * 10, asleep))
        assert middle(made[key["at"]][..., 0]) == pytest.approx([31.5, 23.5], abs=0.15)


def test_a_mask_follows_the_path() -> None:
    """It lies on the dot, and so it does when the camera has the dot in the middle."""
    iio.imwrite("mask.png", dot((0.6, 0.6))[..., 0].astype(np.uint8))
    masks: list[Field | None] = []

    def remembering(task: DreamTask) -> Frame:
        masks.append(task.mask)
        return task.canvas

    list(rendering.render(of("a.mp4", mask="mask.png", motion={"path": PATH}), dreamer=remembering))
    assert middle(masks[5]) == pytest.approx([31.5, 23.5], abs=0.2)
    assert middle(masks[0]) == pytest.approx([0.6 * 64 - 0.5, 0.6 * 48 - 0.5], abs=0.2)


@pytest.mark.parametrize("kind", ["zoom", "video"])
@pytest.mark.parametrize("carry", ["picture", "residual"])
@pytest.mark.parametrize("moves", ["camera", "dream"])
def test_neither_path_nor_shake_shows_a_black_border(kind: str, carry: str, moves: str) -> None:
    path = [{"at": 4, "center": [0, 1]}, {"at": 9, "center": [1, 1], "zoom": 0.95}]
    motion = {
        "zoom": 1,
        "moves": moves,
        "handheld": 10,
        **({"path": path} if moves == "camera" else {}),
    }
    said = {"network": "none", "motion": motion, "blend": {"carry": carry}}
    pictures = [np.full((48, 64, 3), 200, np.float32)] * 30
    for frame in dream_frames(make_recipe(said, kind), pictures, asleep):
        assert np.abs(frame - 200).max() < 0.5


def test_a_preview_goes_the_same_way() -> None:
    size = (640, 480)
    whole = planning.plan(of("a.mp4", size=size, network="none"))
    little = smaller(whole)
    assert little.source.size == (320, 240)
    assert little.recipe.motion == whole.recipe.motion  # type: ignore[attr-defined]
    assert "points of interest in frames 0, 5, 9" in whole.lines()
    path = [{"at": 2, "center": [0.4, 0.5]}, {"at": "max_f", "center": [0.6, 0.6]}]
    made: Iterator[Any] = preview(of("b.mp4", size=size, network="none", motion={"path": path}), 2)
    assert [each.name for each in made if isinstance(each, Path)] == [
        "b.preview.mp4",
        "b.sheet.png",
    ]


def test_what_has_no_flag_is_kept_of_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    regions = [{"mask": "still.png", "objective": "heads"}]
    Path("own.yaml").write_text(yaml.safe_dump({"motion": {"path": PATH}, "regions": regions}))
    assert main(["recipe", "show", "own.yaml", "--zoom", "1.5", "--handheld", "1"]) == 0
    shown = make_recipe(yaml.safe_load(capsys.readouterr().out))
    assert [point.at for point in shown.motion.path] == [0, 5, 9]  # type: ignore[attr-defined]
    assert len(shown.regions) == 1


def test_a_plot_draws_the_path_and_what_it_makes() -> None:
    Path("own.yaml").write_text(yaml.safe_dump({"motion": {"path": PATH}}))
    assert main(["recipe", "plot", "own.yaml", "-o", "plot.png"]) == 0
    assert iio.imread("plot.png").shape[:2] == (600, 1200)  # path, its zoom, its angle
