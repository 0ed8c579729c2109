"""A film that was interrupted, however and whenever, is in the end the same bytes."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dreamvid.machine import Machine
from dreamvid.media import ffmpeg
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.networks.packaged import Packaged
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.run import folder_of
from tests import media_factory as make
from tests.forks import Fork, ForkServer

SEED = int(os.environ.get("DREAMVID_TEST_SEED", random.SystemRandom().randrange(10**6)))

posix = pytest.mark.skipif(os.name != "posix", reason="signals")

ZOOM = ["zoom", "still.png", "--frames", "10", "--angle", "3", "--zoom", "1+t/300", "-o", "a.mp4"]
VIDEO = ["video", "clip.mp4", "--zoom", "1.01", "--cadence", "1", "-o", "a.mp4"]
SPARSE = ["video", "clip.mp4", "--cadence", "3", "-o", "a.mp4"]
MUSIC = [
    "zoom",
    "still.png",
    "--audio",
    "clip.mp4",
    "--fps",
    "20",
    "--angle",
    "9*loud",
    "-o",
    "a.mp4",
]
PICTURES = ["zoom", "still.png", "--frames", "6", "-o", "pictures"]
ANIMATION = ["zoom", "still.png", "--frames", "6", "-o", "a.gif"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    make.picture(folder / "still.png", 80, 60)
    make.moving_clip(folder / "clip.mp4", 64, 48, 13, cut=7)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One process that has dreamvid imported, of which every run is a fork."""
    global SERVER
    if os.name != "posix":
        yield
        return
    with ForkServer("tests.survivor", tmp_path_factory.mktemp("logs")) as SERVER:
        yield


SERVER: ForkServer


def survivor(folder: Path, words: list[str], fault_at: int = 0, **env: str) -> Fork:
    return SERVER.start(folder, [str(fault_at), *words], **env)


def finished(folder: Path, words: list[str], **env: str) -> tuple[int, str]:
    running = survivor(folder, words, 0, **env)
    _, told = running.communicate(timeout=120)
    assert running.returncode is not None
    return running.returncode, told


def bytes_of(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        return {each.name: each.read_bytes() for each in path.iterdir()}
    return {"": path.read_bytes()}


def fresh(home: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in ("still.png", "clip.mp4"):
        shutil.copy(home / name, folder)
    return folder


_UNDISTURBED: dict[tuple[str, ...], tuple[dict[str, bytes], int]] = {}


def undisturbed(home: Path, words: list[str]) -> tuple[dict[str, bytes], int]:
    """The output of a run that nothing disturbs, and how often it changes the disk."""
    key = tuple(words)
    if key not in _UNDISTURBED:
        folder = fresh(home, home / str(len(_UNDISTURBED)))
        status, told = finished(folder, words)
        assert status == 0, told
        changes = re.search(r"changes (\d+)", told)
        assert changes
        _UNDISTURBED[key] = bytes_of(folder / words[-1]), int(changes[1])
    return _UNDISTURBED[key]


def assert_survives(folder: Path, words: list[str], wanted: dict[str, bytes]) -> None:
    status, told = finished(folder, words)
    assert status == 0 or "output exists" in told, told  # killed when all was done
    assert bytes_of(folder / words[-1]) == wanted
    output = folder / words[-1]
    left = {path.name for path in folder.iterdir()} - {"still.png", "clip.mp4"}
    assert left == {output.name, folder_of(output).name}
    assert not [path for path in folder_of(output).rglob("*") if "undone" in path.name]


@posix
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(ZOOM, id="zoom"),
        pytest.param(VIDEO, id="video"),
        pytest.param(MUSIC, id="music"),
        pytest.param(SPARSE, id="cadence", marks=pytest.mark.slow),
    ],
)
def test_killed_at_random_moments(home: Path, tmp_path: Path, words: list[str]) -> None:
    """SIGKILL at changes of the disk drawn at random: before, between and after any two writes; and
    at one in the middle, so that something is always left to do."""
    print("seed", SEED)
    wanted, changes = undisturbed(home, words)
    rng = random.Random(SEED)
    folder = fresh(home, tmp_path / "a")
    for at in sorted([*rng.sample(range(1, changes), 2), changes // 2]):
        killed = survivor(folder, words, fault_at=at)
        killed.communicate(timeout=120)
        assert killed.returncode in (-signal.SIGKILL, 0) or (folder / words[-1]).exists()
    assert_survives(folder, words, wanted)


CODECS = {"h265": "a.mp4", "prores": "a.mov", "exr": "pictures"}
MORE_CODECS = {"av1": "a.mkv", "ffv1": "a.mkv", "hap": "a.mov", "png16": "p", "tiff16": "p"}


def coded(codec: str, output: str) -> list[str]:
    return ["zoom", "still.png", "--frames", "6", "--codec", codec, "-o", output]


@posix
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(PICTURES, id="pictures"),
        pytest.param(ANIMATION, id="animation"),
        *[pytest.param(coded(*pair), id=pair[0]) for pair in CODECS.items()],
        *[
            pytest.param(coded(*pair), id=pair[0], marks=pytest.mark.slow)
            for pair in MORE_CODECS.items()
        ],
    ],
)
def test_other_outputs_survive_too(home: Path, tmp_path: Path, words: list[str]) -> None:
    print("seed", SEED)
    wanted, changes = undisturbed(home, words)
    folder = fresh(home, tmp_path / "a")
    for at in (random.Random(SEED).randrange(1, changes), changes - 12):
        survivor(folder, words, fault_at=at).communicate(timeout=120)
    assert_survives(folder, words, wanted)


@posix
@pytest.mark.parametrize("words", [ZOOM, VIDEO], ids=["zoom", "video"])
def test_a_full_disk_is_one_line_and_costs_nothing(
    home: Path, tmp_path: Path, words: list[str]
) -> None:
    print("seed", SEED)
    wanted, changes = undisturbed(home, words)
    folder = fresh(home, tmp_path / "a")
    rng = random.Random(SEED)
    for at in (1, rng.randrange(10, changes // 3), rng.randrange(10, changes // 3)):
        full = survivor(folder, words, fault_at=-at)
        _, told = full.communicate(timeout=120)
        if full.returncode == 0:
            continue  # there was little left to do
        assert full.returncode == 3, told
        errors = [line for line in told.splitlines() if line.startswith("dreamvid: error: ")]
        assert len(errors) == 1
        assert "Traceback" not in told
        assert "No space left on device" in errors[0] or "output exists" in errors[0]
    assert_survives(folder, words, wanted)


@posix
def test_a_killed_encoder_costs_nothing(home: Path, tmp_path: Path) -> None:
    wanted, _ = undisturbed(home, ZOOM)
    folder = fresh(home, tmp_path / "a")
    killed = tmp_path / "ffmpeg"
    killed.write_text("#!/bin/sh\nhead -c 20000 >/dev/null; kill -9 $$\n")
    killed.chmod(0o755)
    status, told = finished(folder, ZOOM, IMAGEIO_FFMPEG_EXE=str(killed))
    assert status == 3
    assert "ffmpeg was killed by signal 9" in told
    assert_survives(folder, ZOOM, wanted)


@posix
@pytest.mark.slow
@pytest.mark.parametrize("words", [ZOOM, VIDEO, SPARSE, PICTURES], ids=lambda w: w[0] + w[-1])
def test_killed_at_every_change_of_the_disk(home: Path, tmp_path: Path, words: list[str]) -> None:
    wanted, changes = undisturbed(home, words)
    for at in range(1, changes, 5 if words is VIDEO else 3):
        folder = fresh(home, tmp_path / str(at))
        survivor(folder, words, fault_at=at).communicate(timeout=120)
        assert_survives(folder, words, wanted)
        shutil.rmtree(folder)


@posix
@pytest.mark.parametrize(
    "how",
    [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL],
)
def test_stopped_by_a_signal_it_goes_on(home: Path, tmp_path: Path, how: signal.Signals) -> None:
    words = ["zoom", "still.png", "--frames", "90", "-o", "a.mp4"]
    wanted, _ = undisturbed(home, words)
    folder = fresh(home, tmp_path / "a")
    rng = random.Random(SEED)
    stops = 0
    while stops < 3:
        running = survivor(folder, words)
        progress = folder_of(folder / "a.mp4") / "progress.json"
        begun = json.loads(progress.read_text())["frames_done"] if progress.exists() else 0
        deadline = time.monotonic() + 60
        while running.poll() is None and time.monotonic() < deadline:
            if progress.exists() and json.loads(progress.read_text())["frames_done"] > begun:
                time.sleep(rng.random() / 3)
                running.send_signal(how)
                break
            time.sleep(0.02)
        _, told = running.communicate(timeout=60)
        if running.returncode == 0:
            break
        stops += 1
        if how == signal.SIGKILL:
            assert running.returncode == -how
            continue
        assert running.returncode == 130
        assert "a.partial.mp4; run the same command again to resume" in told
        assert (folder / "a.partial.mp4").exists()
    assert stops
    assert_survives(folder, words, wanted)


@posix
def test_what_is_left_replaces_nothing_of_ours(home: Path, tmp_path: Path) -> None:
    """A killed encoder leaves a part of the film; of two parts each has its own name."""
    folder = fresh(home, tmp_path / "a")
    (folder / "a.partial.mp4").write_text("mine")
    killed = tmp_path / "ffmpeg"
    real = ffmpeg.executable()
    killed.write_text(
        f'#!/bin/sh\ncase "$*" in */00000[1-9].mp4*) exit 3;; esac\nexec \'{real}\' "$@"\n'
    )
    killed.chmod(0o755)
    for _ in range(2):
        status, told = finished(folder, ZOOM, IMAGEIO_FFMPEG_EXE=str(killed))
        assert status == 3
        assert "in a.partial-2.mp4; run the same command again to resume" in told
    assert finished(folder, ZOOM)[0] == 0
    assert (folder / "a.partial.mp4").read_text() == "mine"
    assert {path.name for path in folder.iterdir()} == {
        *("still.png", "clip.mp4", "a.partial.mp4", "a.mp4", ".a.mp4.dreamvid")
    }


@posix
def test_a_run_that_came_with_a_strangers_files_leads_nowhere(home: Path, tmp_path: Path) -> None:
    folder, mine = fresh(home, tmp_path / "a"), tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.partial.txt").write_text("mine")
    survivor(folder, ZOOM, fault_at=150).communicate(timeout=60)
    run = folder_of(folder / "a.mp4")
    (run / "partial").write_text("../mine/letter.partial.txt")
    assert finished(folder, ZOOM)[0] == 0
    shutil.rmtree(run)
    run.mkdir()
    (run / "film").symlink_to(mine)
    status, told = finished(folder, [*ZOOM, "--overwrite"])
    assert status == 1
    assert "is a symbolic link, or holds one; remove it" in told
    assert (mine / "letter.partial.txt").read_text() == "mine"


@posix
def test_a_second_render_of_the_same_run_is_refused(home: Path, tmp_path: Path) -> None:
    folder = fresh(home, tmp_path / "a")
    words = ["zoom", "still.png", "--frames", "2000", "-o", "a.mp4"]
    running = survivor(folder, words)
    try:
        while not (folder_of(folder / "a.mp4") / "state.npz").exists():
            assert running.poll() is None
            time.sleep(0.02)
        status, told = finished(folder, words)
        assert status == 3
        assert "a.mp4: another dreamvid is rendering it" in told
    finally:
        running.kill()
        running.communicate()


@posix
def test_another_recipe_or_input_is_refused_by_its_keys(home: Path, tmp_path: Path) -> None:
    folder = fresh(home, tmp_path / "a")
    survivor(folder, ZOOM, fault_at=150).communicate(timeout=60)
    status, told = finished(folder, [*ZOOM, "--angle", "4", "--crf", "20"])
    assert status == 1
    assert "motion.angle (3.0, now 4.0)" in told
    assert "encode.crf (18, now 20)" in told
    assert "--restart begins anew" in told
    make.picture(folder / "still.png", 80, 60, seed=5)
    status, told = finished(folder, ZOOM)
    assert status == 1
    assert "what is in source" in told
    status, _ = finished(folder, [*ZOOM, "--restart"])
    assert status == 0
    assert bytes_of(folder / "a.mp4") != undisturbed(home, ZOOM)[0]


def test_weights_of_the_package_are_an_input(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version's `lite0` would go on with another dream."""
    lite0, other = (
        with_network_defaults(
            make_recipe({"source": [str(home / "still.png")], "network": name}, "zoom")
        )
        for name in ("lite0", "squeezenet")
    )
    before = [Manifest.of(recipe, 8, Machine(1)) for recipe in (lite0, other)]
    newer = tmp_path / "newer.pth"
    newer.write_bytes(b"newer")
    monkeypatch.setattr(Packaged, "path", newer)
    assert before[0].differences(Manifest.of(lite0, 8, Machine(1))) == ["what is in network"]
    monkeypatch.undo()
    assert not before[1].differences(Manifest.of(other, 8, Machine(1)))


@posix
@pytest.mark.parametrize("keep", ["--keep", "--no-keep", ""])
def test_what_stays_of_a_run(home: Path, tmp_path: Path, keep: str) -> None:
    folder = fresh(home, tmp_path / "a")
    assert finished(folder, [*ZOOM, *([keep] if keep else [])])[0] == 0
    run = folder_of(folder / "a.mp4")
    assert run.exists() == (keep != "--no-keep")
    kept = sorted(path.name for path in run.glob("film/0*"))
    if keep == "--keep":
        assert kept == ["000000-000004.mp4", "000004-000008.mp4", "000008.npy", "000009.npy"]
    elif not keep:
        assert kept == ["000008.png", "000009.png"], "the frames of the piece that was not full"


@posix
@pytest.mark.parametrize("source", ["still", "clip"])
def test_a_film_made_longer_is_the_one_made_whole(home: Path, tmp_path: Path, source: str) -> None:
    word = ["zoom", "still.png"] if source == "still" else ["video", "clip.mp4"]
    wanted, _ = undisturbed(home, [*word, "--frames", "11", "-o", "a.mp4"])
    folder = fresh(home, tmp_path / "a")
    assert finished(folder, [*word, "--frames", "6", "-o", "a.mp4"])[0] == 0
    status, told = finished(folder, ["continue", "a.mp4", "--frames", "5"])
    assert status == 0, told
    assert bytes_of(folder / "a.mp4") == wanted


@posix
def test_a_branch_keeps_the_film_and_its_frames(home: Path, tmp_path: Path) -> None:
    folder = fresh(home, tmp_path / "a")
    assert finished(folder, ZOOM)[0] == 0
    before = bytes_of(folder / "a.mp4")
    words = ["continue", "a.mp4", "--from", "7", "--zoom", "0.98", "--frames", "4", "-q"]
    status, told = finished(folder, words)
    assert status == 0, told
    assert bytes_of(folder / "a.mp4") == before
    film, branch = (make.decoded(folder / name) for name in ("a.mp4", "a-7.mp4"))
    assert len(branch) == 11
    assert (film[:4] == branch[:4]).all(), "a whole piece is not coded again"
    assert abs(film[4:7].astype(int) - branch[4:7]).mean() < 3
    assert abs(film[7:].astype(int) - branch[7:10]).mean() > 3, "another way from there"


def test_other_named_weights_are_a_difference() -> None:
    recipe = make_recipe({"network": {"name": "vgg16", "weights": "imagenet"}}, "zoom")
    other = make_recipe({"network": {"name": "vgg16", "weights": "random"}}, "zoom")
    manifest = Manifest.of(recipe, 8, Machine(1))
    assert manifest.differences(Manifest.of(other, 8, Machine(1))) == [
        'network.weights ("imagenet", now "random")'
    ]
