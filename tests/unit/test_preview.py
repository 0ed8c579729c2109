"""Previews: where they lie, and what their sheets show."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.frame import Frame, Size
from dreamvid.recipe.form import Form
from dreamvid.recipe.schedule import Schedule, mapped, parse_schedule
from dreamvid.recipe.timeline import FrameTime
from dreamvid.rendering import preview as previews
from dreamvid.rendering.preview import GAP, GROUND, Grid, preview_paths, spread


@pytest.mark.parametrize(
    ("output", "film", "sheet"),
    [
        ("night.mp4", "night.preview.mp4", "night.sheet.png"),
        ("a/night.v2.gif", "a/night.v2.preview.mp4", "a/night.v2.sheet.png"),
        ("frames", "frames.preview.mp4", "frames.sheet.png"),
    ],
)
def test_its_files_lie_beside_the_output(output: str, film: str, sheet: str) -> None:
    assert preview_paths(Path(output)) == (Path(film), Path(sheet))


def test_a_folder_is_called_by_its_whole_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.frames").mkdir()
    assert preview_paths(tmp_path / "my.frames")[0] == tmp_path / "my.frames.preview.mp4"
    monkeypatch.chdir(tmp_path / "my.frames")
    assert preview_paths(Path())[1] == tmp_path / "my.frames.sheet.png"


@pytest.mark.parametrize(
    ("count", "frames", "wanted"),
    [
        (1, 9, [4]),
        (2, 9, [0, 8]),
        (4, 40, [0, 13, 26, 39]),
        (6, 3, [0, 1, 2]),
        (6, 1, [0]),
        (1, 1, [0]),
        (3, None, [0]),
    ],
)
def test_a_sheets_frames_are_spread_over_the_film(
    count: int, frames: int | None, wanted: list[int]
) -> None:
    assert spread(count, frames) == wanted


@pytest.mark.parametrize(
    "said",
    [
        "3 - t",
        "0:(1), 10:(2 + min(t, 4)), 20:(-3)",
        "0:(1), 10:(5) ease",
        "0s:(1), 1s:(max(1, t)), 2s:(7), 3s:(2) cubic",
        {0: 4, 10: -2, "interpolation": "step"},
    ],
)
def test_every_key_of_a_schedule_is_put_into_the_expression(said: Any) -> None:
    schedule = parse_schedule(said)
    assert isinstance(schedule, Schedule)
    third = parse_schedule(mapped(schedule, Form("x * 0.25")))
    assert third
    for t in range(100):
        clock = FrameTime(t, Fraction(10), 100)
        assert third.at(clock) == pytest.approx(schedule.at(clock) / 4)


@pytest.mark.parametrize(("value", "wanted"), [(-3.0, -6), (1e-7, 2e-7), (4, 8)])
def test_a_number_in_an_expression_stays_a_number(value: float, wanted: float) -> None:
    assert mapped(value, Form("2 * x")) == pytest.approx(wanted)


def grid(frames: list[Frame], size: tuple[int, int]) -> Frame:
    made_of = Grid(len(frames), Size(*size))
    for index, frame in enumerate(frames):
        made_of.put(index, frame)
    return made_of.picture


def test_a_sheet_is_a_grid_of_its_frames() -> None:
    frames = [np.full((20, 30, 3), level, np.float32) for level in (10, 20, 30, 40, 50)]
    sheet = grid(frames, (30, 20))
    assert sheet.shape == (2 * 20 + GAP, 3 * 30 + 2 * GAP, 3)
    assert (sheet[:20, 30 + GAP : 60 + GAP] == 20).all()
    assert (sheet[20 + GAP :, :30] == 40).all()
    assert (sheet[20 : 20 + GAP] == GROUND).all()
    assert (sheet[20 + GAP :, -30:] == GROUND).all()
    assert grid(frames[:1], (30, 20)).shape == (20, 30, 3)


def test_a_sheet_that_would_be_huge_is_shrunk(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(previews, "MOST", 40_000)
    frames = [np.full((200, 300, 3), level, np.float32) for level in (10, 20, 30, 40)]
    height, width, _ = grid(frames, (300, 200)).shape
    assert 35_000 < height * width <= 40_000
    assert width / height == pytest.approx(1.5, abs=0.02)
    (line,) = caplog.messages
    assert "shrunk from 300x200 to" in line
