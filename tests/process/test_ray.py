"""A film that a cluster makes is the film that one machine makes, whatever is lost on the way."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dreamvid.cli import main
from dreamvid.farm import driver as driving
from dreamvid.farm.asked import Asked
from dreamvid.farm.cluster import alive, connected
from dreamvid.farm.driver import Driver
from dreamvid.farm.units import Film
from dreamvid.recipe.load import load_recipe
from dreamvid.rendering.run import done_frames
from dreamvid.rendering.shot_runs import ShotRuns
from tests import media_factory as make

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'dreamvid[ray]'")

SEED = int(os.environ.get("DREAMVID_TEST_SEED", random.SystemRandom().randrange(10**6)))

LENGTHS = (12, 10, 9, 12, 8, 11, 10, 9, 12, 10, 8, 10)

RECIPE = "kind: video\nsource: clip.mp4\nnetwork: none\nmotion: {zoom: 1.01}\n"

FARM = ["farm", "film.yaml", "--threads", "1", "-q", "--ray"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clip of twelve shots, and its films as one process makes them."""
    folder = tmp_path_factory.mktemp("home")
    make.shots_clip(folder / "clip.mp4", 96, 64, LENGTHS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for cadence in (1, 2):
            Path("film.yaml").write_text(f"{RECIPE}cadence: {cadence}\n")
            assert main(["render", "film.yaml", "-q", "-o", f"alone{cadence}.mp4"]) == 0
    return folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two nodes of one core each."""
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    started.add_node(num_cpus=1)
    yield started
    started.shutdown()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(home / "clip.mp4", "clip.mp4")
    Path("film.yaml").write_text(f"{RECIPE}cadence: 1\n")


def same(home: Path, cadence: int = 1) -> bool:
    """Whether the film is the one that one process made, and nothing else is left."""
    assert not list(Path().glob(".*.shots"))
    assert not list(Path().glob("*partial*"))
    return Path("film.mp4").read_bytes() == (home / f"alone{cadence}.mp4").read_bytes()


def rendering(runs: ShotRuns) -> dict[Path, int]:
    """The shots that are being rendered, with their processes."""
    found = {}
    for path in runs.folder.glob("*/.*.dreamvid/progress.json"):
        with suppress(OSError, ValueError):
            told = json.loads(path.read_text())
            if told["status"] == "rendering":
                found[path.parent] = int(told["process"])
    return found


def done(runs: ShotRuns) -> int:
    return len(list(runs.folder.glob("*/.*.dreamvid/finished")))


@pytest.mark.parametrize("cadence", [1, 2])
def test_two_nodes_make_the_same_bytes(home: Path, cluster: Any, cadence: int) -> None:
    Path("film.yaml").write_text(f"{RECIPE}cadence: {cadence}\n")
    assert main([*FARM, cluster.address, "-o", "film.mp4"]) == 0
    assert same(home, cadence)


def test_variants_of_one_shot_and_a_film_that_is_there(
    home: Path, cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    make.picture(Path("still.png"), 96, 64)
    Path("zoom.yaml").write_text("kind: zoom\nsource: still.png\nframes: 5\nnetwork: none\n")
    words = ["zoom.yaml", "--variants", "motion.zoom=1.01,1.02"]
    assert main(["render", *words, "-q", "-o", "alone-{variant}.mp4"]) == 0
    words = ["farm", *words, "--threads", "1", "-o", "film-{variant}.mp4", "--ray", cluster.address]
    assert main(words) == 0
    for value in ("1.01", "1.02"):
        film = Path(f"film-zoom={value}.mp4").read_bytes()
        assert film == Path(f"alone-zoom={value}.mp4").read_bytes()
    assert main(words) == 0
    assert capsys.readouterr().err.count("done already") == 2


def stop(process: int) -> None:
    """Stop a process, and wait until all its threads have."""
    os.kill(process, signal.SIGSTOP)
    for task in Path(f"/proc/{process}/task").iterdir():
        while (task / "stat").read_text().rpartition(")")[2].split()[0] not in "TtZX":
            time.sleep(0.01)


def kill_one(runs: ShotRuns) -> str | None:
    """Kill a worker while it renders a shot.

    Returns:
        What is wrong with how its shot was gone on with: only what came after its last checkpoint
        is dreamed again; "": nothing. None: no worker was killed.
    """
    for folder, process in rendering(runs).items():
        log = folder / "log.txt"
        with suppress(OSError):
            stop(process)
            before, ended = log.read_text(), (folder / "finished").exists()
            stored = 0 if ended else done_frames(folder.parent / runs.output.name)
            os.kill(process, signal.SIGKILL)
            if ended or not stored:  # then its run begins anew, with an empty log
                return ""
            first = int(folder.parent.name.partition("-")[0])
            expected = f"resumes after {stored - first} of"
            until = time.monotonic() + 60
            while not (more := log.read_text()[len(before) :]) and time.monotonic() < until:
                time.sleep(0.02)
            return "" if expected in more else f"{folder}: {expected!r} is not in {more!r}"
    return None


def test_killed_workers_and_a_lost_node_change_no_byte(home: Path, cluster: Any) -> None:
    node, runs = cluster.add_node(num_cpus=1), ShotRuns(Path("film.mp4"))
    moments, killed = random.Random(SEED), 0
    words = [sys.executable, "-m", "dreamvid", *FARM, cluster.address, "-o", "film.mp4"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as driver:
        while killed < 3 and driver.poll() is None:
            time.sleep(moments.uniform(0, 0.05))
            wrong = kill_one(runs)
            assert not wrong, f"seed {SEED}"
            killed += wrong is not None
        cluster.remove_node(node, allow_graceful=False)
        cluster.add_node(num_cpus=1)
        assert driver.stdout is not None
        assert driver.stdout.read() == b""
    assert killed
    assert driver.returncode == 0
    assert same(home)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_driver_that_was_stopped_goes_on(
    home: Path, cluster: Any, number: signal.Signals
) -> None:
    runs = ShotRuns(Path("film.mp4"))
    words = [sys.executable, "-m", "dreamvid", *FARM, cluster.address, "-o", "film.mp4"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as driver:
        while not done(runs) and driver.poll() is None:
            time.sleep(0.01)
        driver.send_signal(number)
        assert driver.stderr is not None
        told = driver.stderr.read()
    if number == signal.SIGINT:
        assert driver.returncode == 130
        assert "what is done stays; run the same command again to go on" in told
    assert not Path("film.mp4").exists()
    film = Film.of(load_recipe(Path("film.yaml")).model_copy(update={"output": runs.output}), [])
    assert film.planned.manifest is not None
    assert film.planned.manifest.machine.threads == 1
    with connected(cluster.address, 1):
        rest = Driver([film], Asked())
        before = rest.done
        assert before
        assert [event.finished for event in rest.render() if event.finished] == [film]
        assert rest.dreamed <= rest.frames - before
    assert same(home)


def test_without_shared_storage_runs_are_sent(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a node that sees neither the clip nor the folder of the film."""
    alone = ["unshare", "-m"] if os.name == "posix" and os.getuid() == 0 else ["unshare", "-Urm"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], check=False).returncode:
        pytest.skip("unshare, which gives a process a file system of its own, is not allowed here")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    start = f"{sys.executable} -m ray.scripts.scripts start --address={cluster.address}"
    hide = f"mount -t tmpfs none '{tmp_path}' && cd / && exec {start} --num-cpus=2 --block"
    with subprocess.Popen([*alone, "sh", "-c", hide], stdout=subprocess.DEVNULL) as node:
        try:
            wait_for_cores(cluster.address)
            assert main([*FARM, cluster.address, "-o", "film.mp4"]) == 0
            assert same(home)
            monkeypatch.setattr(driving, "nodes_of", lambda paths: alive())  # as if it joined later
            make.picture(Path("still.png"), 96, 64)
            zoom = "kind: zoom\nsource: still.png\nframes: 5\nnetwork: none\n"
            Path("film.yaml").write_text(zoom)
            assert main(["render", "film.yaml", "-q", "-o", "alone.mp4"]) == 0
            assert main([*FARM, cluster.address, "-o", "zoom.mp4"]) == 0
            assert Path("zoom.mp4").read_bytes() == Path("alone.mp4").read_bytes()
        finally:
            node.terminate()
            cluster.shutdown()


def wait_for_cores(address: str) -> None:
    with connected(address, 1):
        until = time.monotonic() + 60
        while not ray.cluster_resources().get("CPU") and time.monotonic() < until:
            time.sleep(0.1)


@pytest.mark.parametrize("joins_later", [False, True])
def test_a_node_of_another_version_is_refused(
    home: Path,
    cluster: Any,
    tmp_path: Path,
    joins_later: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if joins_later:  # after the nodes were looked at
        monkeypatch.setattr(driving, "nodes_of", lambda paths: alive())
    info = tmp_path / "other" / "dreamvid-9.9.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: dreamvid\nVersion: 9.9.9\n")
    node = cluster.add_node(num_cpus=1, env_vars={"PYTHONPATH": str(info.parent)})
    words = [word for word in FARM if word != "-q"]
    try:
        assert main([*words, cluster.address, "-o", "film.mp4"]) == 0
    finally:
        cluster.remove_node(node)
    told = capsys.readouterr().err
    assert told.count("runs dreamvid 9.9.9, not 0.1.0; it is not used") == 1
    assert same(home)


def test_an_address_that_is_no_cluster_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        for told in ("does not answer: Connection refused", "does not answer: timed out"):
            began = time.monotonic()
            assert main([*FARM, address, "-o", "film.mp4"]) == 3
            assert capsys.readouterr().err == f"dreamvid: error: --ray {address}: {told}\n"
            assert time.monotonic() - began < 15
            listening.listen()
    assert main([*FARM, "nowhere", "-o", "film.mp4"]) == 2
    assert "--ray: must be host:port, auto, or local, not 'nowhere'" in capsys.readouterr().err
    assert not ShotRuns(Path("film.mp4")).folder.exists()
