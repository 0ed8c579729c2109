"""Render a film on two nodes that are as apart as one machine allows, and lose what can be lost.

Each node has a network of its own with its own address, and a file system of its own over the work
folder and over /tmp, so that nothing is shared. While the film is rendered, workers are killed, and
the link of a node is cut for some seconds. The film must be the one that one process makes.

    python scripts/try_cluster.py                two nodes without shared storage
    python scripts/try_cluster.py --shared       the same, with shared storage

Needs Linux, root, and the programs `ip` and `unshare`.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import media_factory as make  # noqa: E402

BRIDGE, HEAD, PORT = "dvtry", "10.77.0.1", 6399

LENGTHS = (30, 24, 20, 28, 22, 26, 20, 24, 30, 20, 22, 24)

RECIPE = "kind: video\nsource: clip.mp4\nnetwork: none\nmotion: {zoom: 1.01}\ncadence: 1\n"

RAY = [sys.executable, "-m", "ray.scripts.scripts"]

FARM = [sys.executable, "-m", "dreamvid", "farm", "film.yaml", "--threads", "1"]


def run(*words: str) -> None:
    """Run a command, which must succeed."""
    subprocess.run(words, check=True)


@contextmanager
def bridge() -> Iterator[None]:
    """A network with the address of the head."""
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    try:
        run("ip", "addr", "add", f"{HEAD}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        yield
    finally:
        run("ip", "link", "del", BRIDGE)


@contextmanager
def space(number: int) -> Iterator[str]:
    """A network namespace with an address of its own on the bridge; yields its name."""
    name, link = f"{BRIDGE}{number}", f"{BRIDGE}l{number}"
    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", link, "master", BRIDGE, "up")
        inside = ("ip", "-n", name)
        run(*inside, "addr", "add", f"10.77.0.{number + 1}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        run(*inside, "link", "set", "lo", "up")
        yield name
    finally:
        run("ip", "netns", "del", name)


@contextmanager
def started(words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with the context."""
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()


def node(number: int, name: str, work: Path, shared: bool) -> list[str]:
    """The words that start a node in a network namespace."""
    address = f"10.77.0.{number + 1}"
    start = [*RAY, "start", f"--address={HEAD}:{PORT}", f"--node-ip-address={address}"]
    start += ["--num-cpus=1", "--object-store-memory=150000000", "--block"]
    hidden = [] if shared else [str(work), "/tmp"]
    mounts = "".join(f"mount -t tmpfs none {shlex.quote(path)} && " for path in hidden)
    command = f"{mounts}cd / && exec {shlex.join(start)}"
    return ["ip", "netns", "exec", name, "unshare", "-m", "sh", "-c", command]


def workers(nodes: Sequence[subprocess.Popen[bytes]]) -> list[int]:
    """The processes of some nodes that render a shot."""
    parents, renders = {}, []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if b"ray::rendered" in (path / "cmdline").read_bytes():
                renders.append(int(path.name))
    own = {process.pid for process in nodes}

    def is_own(process: int) -> bool:
        while process > 1 and process not in own:
            process = parents.get(process, 0)
        return process in own

    return [process for process in renders if is_own(process)]


def lose(
    driver: subprocess.Popen[bytes],
    nodes: Sequence[subprocess.Popen[bytes]],
    kills: int,
    cut: float,
    seed: int,
) -> None:
    """Kill workers in random moments, and cut a link in between."""
    moments, killed, began = random.Random(seed), 0, time.monotonic()
    while driver.poll() is None and killed < kills:
        time.sleep(moments.uniform(0, 1.5))
        found = workers(nodes)
        if found:
            with suppress(ProcessLookupError):
                os.kill(moments.choice(found), signal.SIGKILL)
                killed += 1
        if cut and killed >= kills // 2:
            run("ip", "link", "set", f"{BRIDGE}l1", "down")
            time.sleep(cut)
            run("ip", "link", "set", f"{BRIDGE}l1", "up")
            print(f"a link was cut for {cut} s, after {time.monotonic() - began:.0f} s", flush=True)
            cut = 0
    print(f"{killed} workers were killed in {time.monotonic() - began:.0f} s", flush=True)
    driver.wait()
    print(f"the film was done after {time.monotonic() - began:.0f} s", flush=True)


def main() -> int:
    """Returns 0 if the film is the same."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--shared", action="store_true", help="share the storage")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--cut", type=float, default=10.0, help="seconds; 0: no link is cut")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    work = Path(tempfile.mkdtemp(prefix="try-cluster-"))
    os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    try:
        make.shots_clip(work / "clip.mp4", 320, 192, LENGTHS)
        (work / "film.yaml").write_text(RECIPE)
        alone = [sys.executable, "-m", "dreamvid", "render", "film.yaml", "-q", "-o", "alone.mp4"]
        subprocess.run(alone, check=True, cwd=work)
        with ExitStack() as stack:
            stack.enter_context(bridge())
            head = [*RAY, "start", "--head", f"--node-ip-address={HEAD}", f"--port={PORT}"]
            head += ["--num-cpus=0", "--include-dashboard=false", "--disable-usage-stats"]
            head += ["--object-store-memory=150000000", "--block"]
            stack.enter_context(started(head))
            time.sleep(15)
            nodes = [
                stack.enter_context(
                    started(node(number, stack.enter_context(space(number)), work, asked.shared))
                )
                for number in (1, 2)
            ]
            time.sleep(25)
            words = [*FARM, "--ray", f"{HEAD}:{PORT}", "-o", "film.mp4"]
            driver = stack.enter_context(subprocess.Popen(words, cwd=work))
            lose(driver, nodes, asked.kills, asked.cut, asked.seed)
        same = (work / "film.mp4").read_bytes() == (work / "alone.mp4").read_bytes()
        print("the same bytes" if same else "OTHER BYTES")
        return int(not same or driver.returncode)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
