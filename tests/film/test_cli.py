"""The prompt: what it answers, what it refuses, and what it leaves behind."""

from __future__ import annotations

import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tqdm import tqdm

from dreamvid.cli import main
from dreamvid.cli.progress import look
from dreamvid.media.outputs import write_picture
from dreamvid.media.probe import probe
from dreamvid.media.read import read_picture
from dreamvid.networks.builtin import BUILTIN
from tests import media_factory
from tests.conftest import SEED

NONE = ["--network", "none", "-q"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def still() -> Path:
    path = Path("still.png")
    write_picture(path, np.full((48, 64, 3), 90, np.float32), False)
    return path


def test_help_needs_neither_tensorflow_nor_opencv() -> None:
    code = """
import sys
from dreamvid.cli import main
for words in (["--help"], ["zoom", "--help"], ["video", "--help"], ["image", "--help"], ["layers"]):
    try:
        assert main(words) == 0
    except SystemExit as stop:
        assert not stop.code
heavy = {"tensorflow", "keras", "cv2", "imageio"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "dreamvid zoom" in done.stdout
    assert "--octave-scale" in done.stdout


def test_layers_lists_the_networks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["layers"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in BUILTIN)
    assert "installed with dreamvid" in listed
    assert all(own.licence in listed for own in BUILTIN.values()), "whose weights they are"


def test_layers_of_a_network_with_sizes_strides_and_the_defaults_marked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["layers", "--network", "VGG16", "--size", "320x200"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["*", "block4_conv3", "Conv2D", "40x25", "512", "8"] in rows
    assert ["block1_conv1", "Conv2D", "320x200", "64", "1"] in rows


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--network", "vgg61"], 1, "network vgg61: unknown; did you mean vgg"),
        (["--network", "none"], 1, "network none: dreams nothing"),
        (["--network", "vgg16", "--size", "9x9"], 1, "needs at least 32x32"),
        (["--netwrok", "vgg16"], 2, "--netwrok"),
    ],
)
def test_layers_that_cannot_be_listed_say_why(
    words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["layers", *words]) == status
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_a_zoom_makes_the_film_that_was_asked_for(still: Path) -> None:
    assert main(["zoom", str(still), "--frames", "50", "-o", "a.mp4", *NONE]) == 0
    clip = probe(Path("a.mp4"))
    assert (clip.frames, int(clip.rate), clip.size) == (50, 30, (64, 48))


def test_without_a_name_the_result_is_named_after_the_source(still: Path) -> None:
    assert main(["image", str(still), *NONE]) == 0
    assert main(["zoom", str(still), "--frames", "2", *NONE]) == 0
    assert {"still-dream.png", "still-dream.mp4"} <= {p.name for p in Path().iterdir()}


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.mkv", "a.mov"])
def test_the_ending_says_what_is_written(still: Path, name: str) -> None:
    assert main(["zoom", str(still), "--frames", "3", "-o", name, *NONE]) == 0
    assert Path(name).stat().st_size > 0


def test_a_folder_of_pictures(still: Path) -> None:
    assert main(["zoom", str(still), "--frames", "3", "-o", "frames/", *NONE]) == 0
    assert [p.name for p in sorted(Path("frames").iterdir())] == [f"{i:06d}.png" for i in range(3)]


def test_any_name_will_do(still: Path) -> None:
    name = "a {b} %d {n_fmt}é.mp4"
    assert main(["zoom", str(still), "--frames", "2", "-o", name, *NONE]) == 0
    assert Path(name).is_file()
    shown = look(Path(name))
    line = tqdm.format_meter(1, 2, 3.0, prefix=shown["desc"], bar_format=shown["bar_format"])
    assert line.startswith(f"{name}: 1 of 2 frames")


def test_two_pictures_are_mixed(still: Path) -> None:
    write_picture(Path("b.png"), np.full((30, 40, 3), 190, np.float32), False)
    assert main(["image", str(still), "b.png", "--mix", ".25", "-o", "m.png", *NONE]) == 0
    np.testing.assert_array_equal(read_picture(Path("m.png")), np.full((48, 64, 3), 115.0))


def test_a_dry_run_says_what_would_be_and_does_nothing(
    still: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["zoom", str(still), "--dry-run", "--octaves", "6", "-o", "a.mp4"]) == 0
    told = capsys.readouterr().out
    assert "octaves: 6" in told
    assert "steps: 1\n" in told, "what is left to the network is said"
    assert "under the minimum size" in told
    assert {p.name for p in Path().iterdir()} == {"still.png"}


def test_what_a_dry_run_prints_is_a_recipe(still: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", str(still), "--zoom", "1.1", "-o", "a.mp4", "--dry-run", "--layers", "animals"]
    assert main(words) == 0
    told = capsys.readouterr().out
    Path("again.yaml").write_text(told)
    assert main(["zoom", "--recipe", "again.yaml", "--dry-run"]) == 0
    again = capsys.readouterr().out
    assert again.splitlines()[:-1] == told.splitlines()[:-1]
    assert all(" s a frame" in each.splitlines()[-1] for each in (told, again))


def test_the_real_thing_once(still: Path) -> None:
    """The default network, from the shipped seed."""
    words = ["zoom", str(SEED), "--size", "96x54", "--frames", "2", "-o", "a.mp4", "-q"]
    assert main(words) == 0
    first = Path("a.mp4").read_bytes()
    assert main([*words, "--overwrite"]) == 0
    assert Path("a.mp4").read_bytes() == first, "twice the same bytes"


# What is refused: one line, the status, nothing left


def _bad_files() -> None:
    Path("folder").mkdir()
    Path("empty.jpg").touch()
    Path("text.jpg").write_text("no picture")
    Path("text.mp4").write_text("no clip")
    Path("list.yaml").write_text("- a\n- b\n")
    Path("twice.yaml").write_text("frames: 3\nseed: 1\nframes: 4\n")
    Path("typo.yaml").write_text("dream:\n  octavs: 3\n")
    write_picture(Path("whole.jpg"), np.full((48, 64, 3), 90, np.float32), False)
    Path("cut.jpg").write_bytes(Path("whole.jpg").read_bytes()[:-200])


REFUSED = [
    (["zoom"], "source: name the picture"),
    (["zoom", "missing.jpg"], "missing.jpg: no such file"),
    (["zoom", "folder"], "folder: a folder"),
    (["zoom", "empty.jpg"], "empty.jpg: the file is empty"),
    (["zoom", "text.jpg"], "text.jpg: not a picture"),
    (["image", "cut.jpg"], "cut.jpg: "),
    (["video", "text.mp4"], "text.mp4: not a clip"),
    (["zoom", "still.png", "-o", "no/where/a.mp4"], "no such folder"),
    (["zoom", "still.png", "-o", "a.xyz"], "cannot write a film as .xyz"),
    (["zoom", "still.png", "-o", "folder/../still.png"], "cannot write a film as .png"),
    (["image", "still.png", "-o", "still.png", "--overwrite"], "is the input itself"),
    (["zoom", "still.png", "--frames", "0"], "frames: must be at least 1"),
    (["zoom", "still.png", "--frames", "-3"], "frames: must be at least 1"),
    (["zoom", "still.png", "--frames", "x"], "frames: must be a whole number"),
    (["zoom", "still.png", "--zoom", "nan"], "motion.zoom: must be a finite number"),
    (["zoom", "still.png", "--octaves", "0"], "dream.octaves: must be at least 1"),
    (["zoom", "still.png", "--steps", "-1"], "dream.steps: must be at least 1"),
    (["zoom", "still.png", "--blend", "1.5"], "blend.share: must be at most 1"),
    (["zoom", "still.png", "--fps", "0"], "fps: must be more than 0"),
    (["zoom", "still.png", "--size", "20"], "size: must be WIDTHxHEIGHT"),
    (["zoom", "still.png", "--layers", "eye"], "layer eye"),
    (["zoom", "still.png", "--network", "lite00"], "did you mean lite0?"),
    (["zoom", "still.png", "--size", "20x20"], "at least 32x32"),
    (["zoom", "still.png", "--trim", "60", "60"], "motion.trim: 60 and 60 px leave nothing"),
    (["zoom", "text.mp4"], "dreamvid video takes clips"),
    (["video", "still.png"], "dreamvid zoom and image take pictures"),
    (["zoom", "still.png", "-o", ""], "output: must name a file"),
    (["zoom", "still.png", "--recipe", "missing"], "no such recipe or preset"),
    (["zoom", "still.png", "--recipe", "list.yaml"], "must be a mapping"),
    (["zoom", "still.png", "--recipe", "twice.yaml"], "frames: given twice"),
    (["zoom", "still.png", "--recipe", "typo.yaml"], "octavs: unknown; did you mean octaves?"),
    (["zoom", "still.png", "--recipe", "tunnel"], "this command needs zoom"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=lambda part: " ".join(part)[:60])
def test_refused_in_one_line(
    words: list[str], message: str, still: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _bad_files()
    before = sorted(Path().rglob("*"))
    assert main(words) == 1
    told = capsys.readouterr().err
    assert told.startswith("dreamvid: error: ")
    assert told.count("\n") == 1
    assert message in told
    assert sorted(Path().rglob("*")) == before, "nothing is left behind"


@pytest.mark.parametrize(
    "words", [["zom"], ["zoom", "still.png", "--octavs", "3"], ["zoom", "still.png", "--octaves"]]
)
def test_usage_is_one_line_and_two(
    words: list[str], still: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.startswith("dreamvid: error: ")
    assert told.count("\n") == 1


def test_an_output_that_exists_is_kept(still: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.mp4").write_text("precious")
    assert main(["zoom", str(still), "-o", "a.mp4", *NONE]) == 1
    assert "output exists: a.mp4 (use --overwrite)" in capsys.readouterr().err
    assert Path("a.mp4").read_text() == "precious"


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_leaves_the_frames_done(still: Path, how: signal.Signals) -> None:
    words = ["zoom", str(still), "--network", "none", "--frames", "100000", "-o", "a.mp4"]
    running = subprocess.Popen(
        [sys.executable, "-m", "dreamvid", *words], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not list(Path().glob(".a.mp4.*/film/0000*")) and time.monotonic() < deadline:
        assert running.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(how)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "a.partial.mp4" in told.splitlines()[-1]
    left = {"still.png", "a.partial.mp4", ".a.mp4.dreamvid"}
    assert {p.name for p in Path().iterdir()} == left
    assert (probe(Path("a.partial.mp4")).frames or 0) > 1


def test_a_clip_cut_off_leaves_what_was_good(capsys: pytest.CaptureFixture[str]) -> None:
    whole = media_factory.h264(Path("whole.mkv"), frames=50)
    media_factory.cut_off(whole, Path("cut.mkv"), 0.6)
    assert main(["video", "cut.mkv", "-o", "a.mp4", *NONE]) == 1
    told = capsys.readouterr().err
    assert "breaks off after frame" in told
    assert "a.partial.mp4" in told
    assert "run the same command again" not in told
    assert not Path("a.mp4").exists()
    advice = re.search(r"--frames (\d+)", told)
    assert advice
    assert main(["video", "cut.mkv", "-o", "a.mp4", "--frames", advice[1], *NONE]) == 0
    assert probe(Path("a.mp4")).frames == int(advice[1])


def test_the_documented_keys_are_the_recipes() -> None:
    script = Path(__file__).parents[2] / "scripts" / "list_recipe_keys.py"
    listed = runpy.run_path(str(script))
    assert listed["PAGE"].read_text(encoding="utf-8") == listed["page"](), "run the script"
