"""Films whose names are as long as the file system takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dreamvid import render
from dreamvid.cli import main
from dreamvid.frame import Frame
from dreamvid.media.outputs import write_picture
from dreamvid.media.probe import probe
from dreamvid.recipe import Recipe
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.run import folder_of

LONG = "夢" * 83 + "ab"


@pytest.fixture
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Frame) -> Path:
    monkeypatch.chdir(tmp_path)
    assert len(os.fsencode(f"{LONG}.png")) == 255
    write_picture(Path(f"{LONG}.png"), picture, False)
    return Path(f"{LONG}.png")


@pytest.mark.parametrize("name", [f"{LONG}.mp4", f"{LONG}wxyz"])
def test_it_is_interrupted_and_resumed_to_the_same_bytes(still: Path, name: str) -> None:
    def asked(output: str) -> Recipe:
        return make_recipe(
            {"source": str(still), "output": output, "network": "none", "frames": 9}, "zoom"
        )

    whole = Path("whole" + Path(name).suffix)
    list(render(asked(str(whole))))
    steps = render(asked(name))
    for _ in range(3):
        next(steps)
    steps.close()
    partial = {path.name for path in Path().iterdir() if ".partial" in path.name}
    assert len(partial) == 1
    assert folder_of(Path(name)).is_dir()
    rest = list(render(asked(name)))
    assert 3 <= rest[0].index < 9
    assert not any(".partial" in path.name for path in Path().iterdir())
    made = sorted(Path(name).iterdir()) if Path(name).is_dir() else [Path(name)]
    meant = sorted(whole.iterdir()) if whole.is_dir() else [whole]
    assert [path.read_bytes() for path in made] == [path.read_bytes() for path in meant]


def test_its_source_gives_it_a_shorter_name(still: Path) -> None:
    words = ["--network", "none", "-q"]
    assert main(["zoom", str(still), "--frames", "3", *words]) == 0
    [film] = Path().glob("*-dream.mp4")
    assert probe(film).frames == 3
    assert main(["zoom", str(still), "--frames", "3", *words]) == 0, "it is done already"
    assert main(["continue", str(film), "--frames", "2", "--from", "2", *words[2:]]) == 0
    assert main(["image", str(still), *words]) == 0
    assert len(list(Path().glob("*-dream.png"))) == 1


def test_its_preview_has_one_too(still: Path) -> None:
    words = ["--network", "none", "-q", "-o", f"{LONG}.mp4", "--frames", "3", "--preview"]
    assert main(["zoom", str(still), *words]) == 0
    [film], [sheet] = Path().glob("*.preview.mp4"), Path().glob("*.sheet.png")
    assert film.name.partition("~")[0] in LONG
    assert sheet.stat().st_size
