"""Measure a cluster of this machine alone: workers of one thread against one process of all.

    python scripts/bench_cluster.py [--frames 6] [--shots 4] [--rounds 2]

Prints the frames a minute of both, from the first frame on, so that no start of a process counts;
what a shot costs beyond the same shot in a loop of one process; and the memory of the driver and of
Ray's own processes. Ratios are of one run, since machines differ in speed from hour to hour.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import media_factory as make  # noqa: E402

PLAIN = """
import sys, time
from pathlib import Path
from dreamvid.farm.units import Film
from dreamvid.machine import Machine
from dreamvid.recipe.load import load_recipe
from dreamvid.rendering.render import record
recipe = load_recipe(Path("film.yaml")).model_copy(update={"output": Path(sys.argv[1])})
film = Film.of(recipe, [], machine=Machine(int(sys.argv[2])))
first, count, shots = None, 0, []
for unit in film.units:
    began = time.monotonic()
    for step in record(film.runs.plan_of(film.planned, film.shots, unit.shot), overwrite=True):
        first = first or time.monotonic()
        count += 1
    shots.append(time.monotonic() - began)
print((count - 1) / (time.monotonic() - first), sum(shots[1:]) / (len(shots) - 1))
"""

RAY = """
import os, sys, time
from pathlib import Path
from dreamvid.farm.asked import Asked
from dreamvid.farm.cluster import connected
from dreamvid.farm.driver import Driver
from dreamvid.farm.units import Film
from dreamvid.machine import Machine, cores, memory
from dreamvid.recipe.load import load_recipe
recipe = load_recipe(Path("film.yaml")).model_copy(update={"output": Path(sys.argv[1])})
asked = Asked()
film = asked.measured(Film.of(recipe, [], machine=Machine(int(sys.argv[2]))))
with connected("local", 1):
    driver = Driver([film], asked)
    times, ends, done = [], [], set()
    for event in driver.render():
        times.append((time.monotonic(), event.done))
        now = {n for n, u in enumerate(film.units) if film.runs.folder.exists()
               and film.runs.state(u.shot) == "done"}
        ends += [time.monotonic()] * len(now - done)
        done |= now
    first = next(each for each in times if each[1])
    last = next(each for each in times if each[1] == driver.frames)
    rate = (last[1] - first[1]) / max(1e-9, last[0] - first[0])
    a_shot = (ends[-1] - ends[0]) / max(1, len(ends) - 1) if ends else 0
    processes = {}
    for path in Path("/proc").glob("[0-9]*"):
        if int(path.name) == os.getpid():
            continue
        try:
            words = (path / "cmdline").read_bytes().decode(errors="replace")
            pages = int((path / "statm").read_text().split()[1])
        except (OSError, IndexError, ValueError):
            continue
        for name in ("gcs_server", "raylet/raylet", "log_monitor", "dashboard/agent"):
            if name in words.split("\\0")[0] or name in words:
                processes.setdefault(name, pages * 4096)
    print(rate, a_shot, memory(), driver.memory, sum(processes.values()))
"""


def measured(code: str, folder: Path, *words: str) -> list[float]:
    """The numbers that a program prints, in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return [float(word) for word in ran.stdout.split()[-5:]]


def compare_rates(folder: Path, rounds: int, threads: int) -> None:
    """Render a film by one process of all threads and by workers of one thread, in turns."""
    rates = []
    for turn in range(rounds):
        plain = measured(PLAIN, folder, f"plain-{turn}.mp4", str(threads))
        ray = measured(RAY, folder, f"ray-{turn}.mp4", "1")
        rates.append(ray[0] / plain[0])
        print(
            f"one process of {threads} threads {60 * plain[0]:.1f} frames a minute, workers of "
            f"one thread {60 * ray[0]:.1f}: {rates[-1]:.2f} times; the driver takes "
            f"{ray[2] / 1e6:.0f} MB, a worker {ray[3] / 1e6:.0f} MB, Ray {ray[4] / 1e6:.0f} MB",
            flush=True,
        )
    print(f"workers of one thread: {statistics.median(rates):.2f} times as fast", flush=True)


def compare_costs(folder: Path, rounds: int, threads: int) -> None:
    """Render a film without a network by one process and by one worker, in turns."""
    costs = []
    for turn in range(rounds):
        plain = measured(PLAIN, folder, f"plain-none-{turn}.mp4", str(threads))
        ray = measured(RAY, folder, f"ray-none-{turn}.mp4", str(threads))
        costs.append(ray[1] - plain[1])
        print(f"a shot takes {plain[1]:.3f} s, by Ray {ray[1]:.3f} s", flush=True)
    print(f"by Ray a shot takes {statistics.median(costs):.3f} s more", flush=True)


def main() -> None:
    """Measure and print."""
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser()
    parser.add_argument("--frames", type=int, default=6, help="of a shot")
    parser.add_argument("--shots", type=int, default=4, help="1: only what a shot costs")
    parser.add_argument("--rounds", type=int, default=2)
    asked = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder, base = Path(name), "kind: video\nsource: clip.mp4\nmotion: {zoom: 1.01}\n"
        make.shots_clip(folder / "clip.mp4", 480, 270, (asked.frames,) * asked.shots)
        if asked.shots > 1:
            (folder / "film.yaml").write_text(f"{base}network: lite0\ncadence: 1\n")
            compare_rates(folder, asked.rounds, threads)
        make.shots_clip(folder / "clip.mp4", 480, 270, (6,) * 16)
        (folder / "film.yaml").write_text(f"{base}network: none\ncadence: 1\n")
        compare_costs(folder, asked.rounds, threads)


if __name__ == "__main__":
    main()
