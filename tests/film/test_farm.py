"""What a farm is told, and how far it is: its commands, in any order, make the same film."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from dreamvid.cli import main
from dreamvid.rendering.shot_runs import ShotRuns
from tests import media_factory as make

LENGTHS = (7, 5, 8)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make.shots_clip(Path("clip.mp4"), 64, 48, LENGTHS)
    Path("night.yaml").write_text("source: clip.mp4\nnetwork: none\n", encoding="utf-8")


def lines(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What `dreamvid farm` prints."""
    assert main(["farm", *words]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_commands_in_any_order_and_folder_make_the_film(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["render", "night.yaml", "-o", "alone.mp4", "-q"]) == 0
    told = lines(capsys, "night.yaml", "-o", "farmed.mp4", "--threads", "1")
    assert [line.split("--shot ")[1].split()[0] for line in told] == ["3", "1", "2"]
    manifest = ShotRuns(Path("farmed.mp4")).manifest
    assert manifest is not None
    assert manifest.machine.threads == 1
    assert lines(capsys, "night.yaml", "-o", "farmed.mp4", "--status") == [
        "farmed.mp4: rendering: 0 of 3 shots, 0 of 20 frames"
    ]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for line in (told[1], told[0]):
        assert main(shlex.split(line)[1:]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == ["frame 1 of 7 (14%)", "frame 2 of 7 (28%)"]
    assert out[-1] == "frame 8 of 8 (100%)"
    monkeypatch.chdir(tmp_path)
    assert lines(capsys, "night.yaml", "-o", "farmed.mp4", "--status") == [
        "farmed.mp4: rendering: 2 of 3 shots, 15 of 20 frames"
    ]
    assert main(shlex.split(told[2])[1:]) == 0
    assert Path("farmed.mp4").read_bytes() == Path("alone.mp4").read_bytes()
    assert capsys.readouterr().out.splitlines()[-1].endswith("farmed.mp4")
    assert lines(capsys, "night.yaml", "-o", "farmed.mp4", "--status") == ["farmed.mp4: done"]
    assert main(shlex.split(told[0])[1:]) == 0  # a worker that comes late
    capsys.readouterr()
    assert lines(capsys, "night.yaml", "-o", "farmed.mp4") == []


def test_variants_zooms_and_whole_films_are_a_command_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    make.picture(Path("seed.png"), 64, 48)
    Path("zoom.yaml").write_text(
        "source: seed.png\nframes: 3\nnetwork: none\noutput: z.mp4\n", encoding="utf-8"
    )
    told = lines(capsys, "zoom.yaml", "night.yaml", "--by", "film", "--variants", "seed=1,2")
    assert len(told) == 4
    for line in told:
        assert main(shlex.split(line)[1:]) == 0
    made = sorted(path.name for path in Path().glob("*seed=*.mp4"))
    assert made == [*(f"clip-dream-seed={n}.mp4" for n in (1, 2)), "z-seed=1.mp4", "z-seed=2.mp4"]
    assert not list(Path().glob(".*.shots"))
    assert main(["render", "zoom.yaml", "--seed", "2", "-o", "same.mp4", "-q"]) == 0
    assert Path("same.mp4").read_bytes() == Path("z-seed=2.mp4").read_bytes()


def test_the_shot_that_failed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    lines(capsys, "night.yaml", "-o", "a.mp4", "-q")
    runs = ShotRuns(Path("a.mp4"))
    shot = runs.shots.shots[2]
    runs.output_of(shot).parent.mkdir()
    progress = runs.output_of(shot).parent / ".a.mp4.dreamvid" / "progress.json"
    progress.parent.mkdir()
    progress.write_text('{"status": "failed", "error": "the disk is full"}', encoding="utf-8")
    assert lines(capsys, "night.yaml", "-o", "a.mp4", "--status") == [
        "a.mp4: rendering: 0 of 3 shots, 0 of 20 frames",
        "  shot 3: failed, 0 of 8: the disk is full",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a recipe: dreamvid farm night.yaml"),
        (["night.yaml", "--as", "smoke"], "--as: must be commands or openjd, not 'smoke'"),
        (["night.yaml", "--by", "mile"], "--by: must be shot or film, not 'mile'"),
        (["night.yaml", "--threads", "0"], "--threads: must be a whole number from 1 to 1024"),
    ],
)
def test_what_no_farm_can_be_told(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["farm", *words]) == 2
    assert said in capsys.readouterr().err
