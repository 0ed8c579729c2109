"""Processes forked from one that has imported everything: a start costs next to nothing.

POSIX only. The server that forks runs nothing itself, and so has one thread.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import dreamvid

ROOT = Path(__file__).parent.parent

HEAVY = {"dream", "dreaming", "judge", "plot", "plots", "__main__"}
"""Modules of dreamvid that import TensorFlow or Matplotlib, or run."""


def import_all() -> None:
    """Import all of dreamvid that a render without a network may need."""
    for found in pkgutil.walk_packages(dreamvid.__path__, "dreamvid."):
        if not HEAVY & set(found.name.split(".")):
            importlib.import_module(found.name)
    assert "tensorflow" not in sys.modules, "its threads do not survive a fork"


class DecoderFork:
    """A decoder's process forked from this one, in the place of a `Popen` of one."""

    def __init__(self) -> None:
        asked, self.stdin = _pipe()
        self.stdout, answer = _pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            _decode(asked.fileno(), answer.fileno())
        asked.close()
        answer.close()

    def poll(self) -> int | None:
        with contextlib.suppress(ChildProcessError):
            if self.returncode is None and (got := os.waitpid(self.pid, os.WNOHANG))[0]:
                self.returncode = os.waitstatus_to_exitcode(got[1])
        return self.returncode

    def wait(self, timeout: float = 60) -> int | None:
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("decoder", timeout)
            time.sleep(0.005)
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


def _decode(asked: int, answer: int) -> None:
    """Be the decoder, with no other file open, as a process that is started has none."""
    from dreamvid.media import worker

    status = 1
    with contextlib.suppress(BaseException):
        for other in range(3, 256):
            if other not in (asked, answer):
                with contextlib.suppress(OSError):
                    os.close(other)
        worker.confine()
        worker.serve(os.fdopen(asked, "rb"), os.fdopen(answer, "wb"))
        status = 0
    os._exit(status)


def _pipe() -> tuple[Any, Any]:
    """What is read from, and what is written to."""
    read, write = os.pipe()
    return os.fdopen(read, "rb", 0), os.fdopen(write, "wb", 0)


def served() -> Iterator[list[str]]:
    """Serve a `ForkServer`; yields the words of a fork, in that fork, once.

    The fork ends as any process does, with what is registered for its exit.
    """
    running: dict[int, int | None] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if "words" in asked:
            sys.stdout.flush()
            pid = os.fork()
            if not pid:
                _be_alone(asked)
                yield asked["words"]
                return
            running[pid] = None
            answer: Any = pid
        else:
            pid = asked["poll"]
            if running[pid] is None and (ended := os.waitpid(pid, os.WNOHANG))[0]:
                running[pid] = os.waitstatus_to_exitcode(ended[1])
            answer = running[pid]
        print(json.dumps(answer), flush=True)


def _be_alone(asked: Mapping[str, Any]) -> None:
    """Take the folder, the environment and the files of a process of its own."""
    from dreamvid.media import decoder

    os.chdir(asked["folder"])
    os.environ.update(asked["env"])
    files = (os.devnull, os.O_RDONLY), (os.devnull, os.O_WRONLY), (asked["log"], os.O_WRONLY)
    for number, (path, how) in enumerate(files):
        file = os.open(path, how | os.O_CREAT, 0o600)
        os.dup2(file, number)
        os.close(file)
    started: Any = staticmethod(DecoderFork)
    decoder.Decoder._started = started  # type: ignore[method-assign]


class Fork:
    """A running fork, as a `subprocess.Popen` whose standard error is a pipe."""

    def __init__(self, server: ForkServer, pid: int, log: Path) -> None:
        self._server, self._log = server, log
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._server.ask(poll=self.pid)
        return self.returncode

    def communicate(self, timeout: float = 60) -> tuple[None, str]:
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.01)
        return None, self._log.read_text()

    def send_signal(self, how: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, how)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """A process that forks itself at each `start`; a context, which ends it."""

    def __init__(self, module: str, logs: Path) -> None:
        self._logs, self._count = logs, 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
        )

    def ask(self, **asked: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def start(self, folder: Path, words: list[str], **env: str) -> Fork:
        """A fork with these words, in `folder`, with these changes of its environment."""
        self._count += 1
        log = self._logs / f"{self._count}.log"
        pid = self.ask(words=words, folder=str(folder), log=str(log), env=env)
        return Fork(self, pid, log)

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout
        self._process.stdout.close()
