"""Measure the studio: how soon a preview comes, what an open page costs, and what memory stays.

    python scripts/bench_studio.py [latency] [layers] [cost] [page] [memory]

Everything goes through the server, as the page does. What is compared is measured in one run.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

TIMES = 20
SIZE = "480x270"
TURNS = 8
WINDOW = 100
"""Frames of a turn with or without a page."""
PORT = 8699

ASCENT = """
import statistics, time
import dreamvid
from dreamvid.media.read import read_picture
from dreamvid.opening import fit
from dreamvid.studio.folder import SEED
picture = fit(read_picture(SEED), dreamvid.Size(480, 270))
dreamer = dreamvid.Dreamer()
taken = []
for _ in range(8):
    began = time.monotonic()
    dreamer(dreamvid.DreamTask(picture))
    taken.append(time.monotonic() - began)
print(statistics.median(taken[1:]))
"""


class Client:
    """What the page does, without a browser."""

    def __init__(self, address: str, folder: Path) -> None:
        found = re.fullmatch(r"http://([^/]+)(/\?token=.*)", address)
        assert found, address
        self.host, self.cookie, self.folder = found[1], "", folder
        answer = self.ask("GET", found[2])
        self.cookie = (answer.getheader("set-cookie") or "").partition(";")[0]

    def ask(self, method: str, path: str, body: Any = None) -> http.client.HTTPResponse:
        """The answer to a request."""
        connection = http.client.HTTPConnection(self.host, timeout=600)
        headers = {"Cookie": self.cookie, "Origin": f"http://{self.host}"}
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {k: v for k, v in headers.items() if v})
        return connection.getresponse()

    def post(self, path: str, body: Any) -> Any:
        """The JSON that a request is answered with."""
        return json.loads(self.ask("POST", path, body).read())

    def preview(self, data: Any) -> Generator[tuple[float, dict[str, Any]]]:
        """The events of a preview, with the seconds since it was asked for."""
        began = time.monotonic()
        with self.ask("POST", "/api/preview", {"data": data, "frame": 0, "side": 480}) as answer:
            for line in answer:
                yield time.monotonic() - began, json.loads(line)

    def film(self, name: str) -> dict[str, Any]:
        """The state of a film."""
        with self.ask("GET", "/api/events") as answer:
            for line in answer:
                if line.startswith(b"data: ") and b'"films"' in line:
                    films = json.loads(line[6:])["films"]
                    return next(film for film in films if film["id"] == name)
        raise AssertionError("the server tells of its films")

    def rendered(self, data: Any, watch: Any = None) -> float:
        """Seconds a frame that a film takes after its first frames."""
        name = self.post("/api/films", {"data": data})["id"]
        seen: list[tuple[float, int]] = []
        while (film := self.film(name))["state"] != "done":
            assert film["state"] in ("waiting", "rendering"), film
            if film["frames_done"] >= 10:
                seen.append((time.monotonic(), film["frames_done"]))
                if watch is not None and len(seen) == 2:
                    threading.Thread(target=watch, args=(name,), daemon=True).start()
            time.sleep(0.5)
        (begin, first), (end, last) = seen[0], seen[-1]
        return (end - begin) / (last - first)


@contextmanager
def studio() -> Iterator[tuple[Client, int]]:
    """A studio in an empty folder, and its process's number."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["studio", folder, "--no-browser", "--port", str(PORT)]
        command = [sys.executable, "-m", "dreamvid", *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            try:
                yield Client(process.stdout.readline().strip(), Path(folder)), process.pid
            finally:
                process.terminate()


def recipe(size: str = SIZE, **data: Any) -> dict[str, Any]:
    """A zoom into the shipped picture."""
    from dreamvid.studio.folder import SEED

    return {"kind": "zoom", "source": str(SEED), "size": size, **data}


def told(what: str, seconds: list[float], than: float | None = None) -> None:
    """Print a median, and its ratio to another."""
    median = statistics.median(seconds)
    spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
    ratio = "" if than is None else f", {median / than:.2f} of {than:.2f}"
    print(f"{what}: median {median:.2f} s ({spread}, {len(seconds)} times){ratio}", flush=True)


def latency(client: Client) -> None:
    """How soon a change of a number is seen, and how soon it is cancelled."""
    for _ in client.preview(recipe()):
        pass
    first, whole, after = [], [], []
    for number in range(TIMES):
        changed = recipe(dream={"step_size": 1.5 + number / 50})
        octaves = [at for at, event in client.preview(changed) if event["event"] == "octave"]
        first.append(octaves[0])
        whole.append(octaves[-1])
    for number in range(TIMES):
        running = client.preview(recipe(dream={"step_size": 1.2 + number / 50}))
        for _, event in running:
            if event["event"] == "octave" and event["octave"] == 1:
                break
        running.close()  # as the page does when something is changed
        told_at, _ = next(client.preview(recipe(dream={"step_size": 3.0})))
        after.append(told_at)
    ascent = float(subprocess.check_output([sys.executable, "-c", ASCENT], text=True))
    told("a change to its first octave", first)
    told("a change to all octaves, to the same ascent in a process of its own", whole, ascent)
    told("a change in the midst of a preview to the begin of the next", after)


def layers(client: Client) -> None:
    """How soon other layers are seen."""
    names = ["scales", "folds", "strokes", "ribs", "cells", "bars", "nets", "machines"]
    names += ["heads", "animals", "creatures", "beasts", "domes", "tents", "spires"]
    first, whole = [], []
    for number in range(TIMES):
        changed = recipe(dream={"objective": names[number % len(names)]})
        octaves = [at for at, event in client.preview(changed) if event["event"] == "octave"]
        first.append(octaves[0])
        whole.append(octaves[-1])
    told("new layers to their first octave", first)
    told("new layers to all octaves", whole)


def cost(client: Client) -> None:
    """What a preview costs a render."""

    def preview(name: str) -> None:
        began = time.monotonic()
        for _ in client.preview(recipe()):
            pass
        taken.append(time.monotonic() - began)

    for _ in client.preview(recipe()):
        pass
    taken: list[float] = []
    frames = 90
    alone, disturbed = [], []
    for _ in range(2):
        alone.append(client.rendered(recipe(frames=frames)))
        disturbed.append(client.rendered(recipe(frames=frames), preview))
    own = statistics.median([at for at, e in client.preview(recipe()) if e["event"] == "done"])
    base = statistics.median(alone)
    told("a frame of a render alone", alone)
    told("with a preview in between", disturbed, base)
    extra = (statistics.median(disturbed) - base) * (frames - 10)
    print(
        f"the preview cost the render {extra:.1f} s; it took {statistics.median(taken):.1f} s, "
        f"and takes {own:.1f} s alone"
    )


def page(client: Client, server: int) -> None:
    """What a page in a browser costs a render: it is opened and closed in turns during one film."""
    from playwright.sync_api import sync_playwright

    name, value = client.cookie.split("=", 1)
    host = f"http://{client.host}"
    film = client.post("/api/films", {"data": recipe(frames=5 * TURNS * WINDOW)})["id"]
    progress = client.folder / f".{film}.dreamvid" / "progress.json"

    def frame() -> tuple[int, float]:
        """The frames that are done, and since when."""
        with suppress(OSError, ValueError, KeyError):
            since = progress.stat().st_mtime
            return json.loads(progress.read_text(encoding="utf-8"))["frames_done"], since
        return 0, 0.0

    def frames_from(first: int) -> tuple[int, float]:
        """The same, as soon as so many are done."""
        while (done := frame())[0] < first:
            tab.wait_for_timeout(20)
        return done

    def pace() -> tuple[float, float]:
        """Seconds a frame, after the first ten, and the share of all processors that the server
        and the browser take meanwhile."""
        first, begin = frames_from(frame()[0] + 10)
        spent = processor_time(server) + browser_time()
        last, end = frames_from(first + WINDOW)
        spent = processor_time(server) + browser_time() - spent
        return (end - begin) / (last - first), spent / (end - begin) / (os.cpu_count() or 1)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": name, "value": value, "url": host}])
        tab = context.new_page()
        frames_from(20)
        closed, opened = [], []
        for _ in range(TURNS):
            tab.goto("about:blank")
            closed.append(pace())
            tab.goto(host)
            tab.wait_for_selector(f"[data-film='{film}'][data-state=rendering]")
            # The preview of a page that is opened has a price of its own.
            tab.wait_for_selector("#stage[data-state=done]", timeout=60_000)
            opened.append(pace())
        client.post(f"/api/films/{film}/stop", {})
        browser.close()
    without, beside = [[pace for pace, _ in turns] for turns in (closed, opened)]
    told("a frame of a render without a page", without)
    told("with an open page", beside, statistics.median(without))
    ratios = [one / other for one, other in zip(beside, without, strict=True)]
    print(f"by turns: median {statistics.median(ratios):.3f}, {[f'{r:.3f}' for r in ratios]}")
    for what, turns in (("without a page", closed), ("with an open page", opened)):
        share = statistics.median(share for _, share in turns)
        print(f"{what}, server and browser take {share:.1%} of the processors")


def memory(client: Client, process: int) -> None:
    """What memory stays after 1,000 previews and a render of 2,000 frames at 160x90."""

    def small(number: int) -> dict[str, Any]:
        dream = {"step_size": 1 + number % 50 / 20, "octaves": 1 + number % 2, "burst": 2}
        return recipe("160x90", dream=dream, seed=number)

    for number in range(20):
        for _ in client.preview(small(number)):
            pass
    begin = resident(process)
    for number in range(1000):
        for _ in client.preview(small(number)):
            pass
    previewed = resident(process)
    client.rendered(recipe("160x90", frames=2000))
    time.sleep(3)
    end = resident(process)
    print(f"memory: {begin:.0f} MB, after the previews {previewed:.0f}, after the render {end:.0f}")
    left = [each for each in Path(tempfile.gettempdir()).iterdir() if "dreamvid" in each.name]
    print(f"left in the temporary folder: {left or 'nothing'}")


def resident(process: int) -> float:
    """MB of a process and of all that it started, shared pages counted once."""
    total = 0.0
    for number in (process, *children(process)):
        with suppress(OSError):  # a decoder may end meanwhile
            text = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii")
            found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
            total += float(found[1]) / 1000 if found else 0
    return total


def browser_time() -> float:
    """Seconds of processor time of the browser that this process started."""
    chosen = [each for each in children(os.getpid()) if "chrom" in command_of(each)]
    return sum(map(processor_time, chosen))


def command_of(process: int) -> str:
    """The program of a process."""
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8")
    return ""


def processor_time(process: int) -> float:
    """Seconds of processor time that a process has taken so far, without those that it started."""
    with suppress(OSError):
        fields = (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        )
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def children(process: int) -> Iterator[int]:
    """The processes that a process started, and theirs."""
    with suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            for number in map(int, (task / "children").read_text(encoding="ascii").split()):
                yield number
                yield from children(number)


TIMED = {"latency": latency, "layers": layers, "cost": cost}
PROCESSES = {"page": page, "memory": memory}


def main(wanted: list[str]) -> None:
    """Measure what is wanted, or everything."""
    print(f"{os.cpu_count()} processors")
    with studio() as (client, process):
        for name, measure in TIMED.items():
            if not wanted or name in wanted:
                measure(client)
        for name, over in PROCESSES.items():
            if not wanted or name in wanted:
                over(client, process)


if __name__ == "__main__":
    main(sys.argv[1:])
