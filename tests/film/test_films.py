"""A film and its source: which part of the source the film says that it is of."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from dreamvid.cli import main
from dreamvid.frame import Frame
from dreamvid.recipe.load import make_recipe
from dreamvid.report.compare import open_films
from tests.report_films import lossless, note_of, pan, texture, told, whole


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def clip(frames: int = 12) -> list[Frame]:
    source = whole(pan(texture(1), (2, 1), frames))
    lossless(Path("s.mkv"), source)
    return source


def test_a_film_begins_where_it_says_unless_a_flag_says_otherwise() -> None:
    clip()
    words = ["--network", "none", "--start", "0.2", "--end", "0.4", "--crf", "0"]
    assert main(["video", "s.mkv", *words, "-q", "-o", "d.mp4"]) == 0
    shutil.move("d.mp4", "d.mkv")
    numbers = told("--judge", "none")
    assert len(numbers["frames"]) == 5
    coding = max(one["residual"] for one in numbers["frames"])
    assert numbers["notes"] == ["according to the film it begins at 0.2 s of its source"]
    for start, more in (("0", 12), ("0.44", 1)):
        numbers = told("--judge", "none", "--start", start)
        assert min(one["residual"] for one in numbers["frames"]) > 2 * coding
        assert len(numbers["frames"]) == min(5, more)
        assert not any("according to the film" in line for line in numbers["notes"])


def test_a_film_has_the_rate_that_it_says_unless_a_flag_says_otherwise() -> None:
    source = clip()
    said = note_of({"kind": "video", "network": "none", "fps": 25})
    lossless(Path("d.mkv"), source[:6], Fraction(20), comment=said)
    numbers = told("--judge", "none")
    assert [one["residual"] for one in numbers["frames"]] == [0] * 6
    assert numbers["rate"] == "25"
    assert "according to the film it was rendered at 25 fps" in numbers["notes"]
    numbers = told("--judge", "none", "--fps", "20")
    assert max(one["residual"] for one in numbers["frames"]) > 5
    assert numbers["notes"][0] == "the source, 25 fps, is read at 20 fps"


def test_a_film_of_as_many_frames_as_it_says_is_no_part_of_its_source() -> None:
    source = clip()
    said = note_of({"kind": "video", "network": "none", "frames": 4, "fps": 25})
    lossless(Path("d.mkv"), source[:4], comment=said)
    assert told("--judge", "none")["notes"] == []
    lossless(Path("d.mkv"), source[:6], comment=said)
    notes = told("--judge", "none")["notes"]
    assert notes == ["the first 4 of the film's 6 frames are compared"]
    assert len(told("--judge", "none", "--frames", "5")["frames"]) == 5


def test_a_film_that_begins_behind_its_sources_end_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = clip()
    said = note_of({"kind": "video", "network": "none", "start": 9})
    lossless(Path("d.mkv"), source[:4], comment=said)
    assert main(["report", "d.mkv", "--source", "s.mkv"]) == 1
    error = capsys.readouterr().err
    assert "s.mkv: no frame from 9 s" in error
    assert "the start is embedded in the film; --start TIME overrides it" in error
    assert told("--start", "0")["frames"][0]["residual"] == 0


def test_a_zoom_says_nothing_of_where_it_begins() -> None:
    clip()
    said = make_recipe({"source": "s.png"}, "zoom")
    films = open_films(Path("s.mkv"), Path("s.mkv"), said=said)
    assert films.notes == (
        "according to the film it was rendered at 30 fps",
        "the source, 25 fps, is read at 30 fps",
    )
