"""A studio's server as a process, and what a browser asks of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

from dreamvid.rendering.run import folder_of

ROOT = Path(__file__).parent.parent

PATIENCE = 40.0
"""Seconds after which a test has waited in vain."""

QUICK = {"kind": "zoom", "source": "a.png", "network": {"name": "none"}, "motion": {"zoom": 1.01}}
"""A recipe of tiny frames that needs no network; some 100 frames a second."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def line(self) -> str:
        """The line of its one fault."""
        (fault,) = self.json["faults"]
        return str(fault["line"])


class Server:
    """`dreamvid studio FOLDER`; a context, which ends it and what it left at work.

    Attributes:
        token: of the newest address that it printed.
    """

    def __init__(self, folder: Path, *words: str, cookie: str = "", **env: str) -> None:
        self.folder = folder
        self._log = (folder.parent / f"{folder.name}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dreamvid", "studio", str(folder), "--no-browser", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "PYTHONPATH": str(ROOT), **env},
            text=True,
        )
        assert self.process.stdout
        address = self.process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), self.told
        home, _, self.token = address.partition("/?token=")
        self.port = int(home.rpartition(":")[2])
        self.home, self.cookie = home, ""

    @property
    def told(self) -> str:
        """What it wrote to standard error."""
        return Path(self._log.name).read_text()

    def open(self) -> Server:
        """Exchange the token, as the browser does."""
        answer = self.ask("GET", f"/?token={self.token}")
        assert answer.status == 303
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return self

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def headers(self, method: str = "GET") -> dict[str, str]:
        """What a browser sends beside."""
        origin = {} if method == "GET" else {"Origin": self.home}
        return origin | ({"Cookie": self.cookie} if self.cookie else {})

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask in a connection of its own. A header that is "" is left out."""
        data = json.dumps(body).encode() if isinstance(body, dict | list) else body
        sent = self.headers(method) | {k.replace("_", "-"): v for k, v in headers.items()}
        with closing(self.connect()) as connection:
            connection.request(method, path, data, {k: v for k, v in sent.items() if v})
            got = connection.getresponse()
            told = {name.lower(): value for name, value in got.getheaders()}
            return Answer(got.status, told, got.read())

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.ask("POST", path, {} if body is None else body)

    def put(self, name: str, body: Any) -> Answer:
        return self.ask("PUT", f"/api/files/{quote(name, safe='')}", body)

    @contextmanager
    def events(self) -> Iterator[Iterator[tuple[str, Any]]]:
        """What a page is told."""
        with closing(self.connect()) as connection:
            connection.request("GET", "/api/events", headers=self.headers())
            lines = connection.getresponse()

            def told() -> Iterator[tuple[str, Any]]:
                name = ""
                for line in lines:
                    word, _, rest = line.decode().rstrip("\n").partition(": ")
                    if word == "event":
                        name = rest
                    elif word == "data":
                        yield name, json.loads(rest)

            yield told()

    def films(self) -> dict[str, Any]:
        """The films by their ids, as a page that opens is told."""
        with self.events() as events:
            return {
                film["id"]: film
                for film in next(each for n, each in events if n == "films")["films"]
            }

    def film(self, name: str, until: Callable[[Any], bool]) -> Any:
        """A film once something is true of it."""
        end, film = time.monotonic() + PATIENCE, None
        while time.monotonic() < end:
            film = self.films().get(name)
            if film and until(film):
                return film
            time.sleep(0.05)
        raise AssertionError(f"in vain: {film}\n{self.told}")

    def at(self, name: str, *states: str) -> Any:
        """A film once it is in one of the states."""
        return self.film(name, lambda film: film["state"] in states)

    def begun(self, name: str, frames: int = 3) -> Any:
        """A film once so many frames are done."""
        return self.film(name, lambda film: film["frames_done"] >= frames)

    def render(self, **data: Any) -> str:
        """Ask for a film; returns its id."""
        answer = self.post("/api/films", {"data": {**QUICK, **data}})
        assert answer.status == 202, answer.body
        return str(answer.json["id"])

    def act(self, name: str, what: str, **body: Any) -> Answer:
        return self.post(f"/api/films/{quote(name, safe='')}/{what}", body)

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it; returns its exit status."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for run in self.folder.glob(".*.dreamvid"):
            with suppress(OSError, ValueError, ProcessLookupError, KeyError):
                told = json.loads((run / "progress.json").read_text())
                if told["status"] == "rendering" and _is_dreamvid(told["process"]):
                    os.kill(told["process"], signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()
        self._log.close()


def _is_dreamvid(number: int) -> bool:
    with suppress(OSError):
        return b"dreamvid" in Path(f"/proc/{number}/cmdline").read_bytes()
    return False


def process_of(folder: Path, name: str) -> int:
    """The process that renders a film, by its own word."""
    return int(json.loads((folder_of(folder / name) / "progress.json").read_text())["process"])


def prompt(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What the prompt does."""
    return subprocess.run(
        [sys.executable, "-m", "dreamvid", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
