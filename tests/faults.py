"""Fail one step of a resumable run, each in turn, and see that a rerun ends in the same bytes.

    python -m tests.faults [--every 1] [--first 0] [--jobs 2] [WORDS…]

A step is a file opened to be read or written, a write (half of it is done), a sync, a rename, a
removal, a folder made or listed, a process started, or a frame handed to an encoder (which is
killed). A run fails at one step alone, in one line; the same words again, and all must be as if
nothing had been. Each run is forked from this process, as is its decoder.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import io
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Any

from dreamvid import cli
from dreamvid.media import decoder, durable, segments
from dreamvid.rendering import plan as planning
from dreamvid.rendering.run import folder_of
from tests import media_factory as make
from tests import survivor
from tests.forks import DecoderFork
from tests.hunt import _forking

ZOOM = [
    "zoom",
    "still.png",
    "--frames",
    "30",
    "--angle",
    "3",
    "--zoom",
    "1.01",
    "-q",
    "-o",
    "a.mp4",
]

SEGMENT = 8

READ, WRITE, SPAWN = errno.EIO, errno.ENOSPC, errno.EAGAIN

EVENTS = {
    "open": READ,
    "os.rename": WRITE,
    "os.remove": READ,
    "os.mkdir": WRITE,
    "os.listdir": READ,
    "os.scandir": READ,
    "os.link": WRITE,
    "subprocess.Popen": SPAWN,
}
"""What Python tells of what it is about to do, and what may then be wrong."""


class Steps:
    """Counts what a run does to the disk and to others, and fails at one of them."""

    def __init__(self, folder: Path, fault_at: int) -> None:
        self.count, self.fault_at, self.folder = 0, fault_at, str(folder)
        self.name = ""

    def step(self, name: str, fault: int) -> None:
        self.count += 1
        if self.count == self.fault_at:
            self.name = name
            raise OSError(fault, os.strerror(fault))

    def heard(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in EVENTS:
            return
        if event == "subprocess.Popen":
            return self.step(event, EVENTS[event])
        path = args[0] if isinstance(args[0], str) else ""
        if not path or not os.path.abspath(path).startswith(self.folder):  # noqa: PTH100
            return None
        written = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wxa")
        return self.step(f"{event} {path}", WRITE if written else EVENTS[event])

    def install(self) -> None:
        """From here on, for good: in a process that is of no other use."""
        sys.addaudithook(self.heard)
        opened, sync, hand_over = Path.open, os.fsync, segments.Encoder.write

        def open_(path: Path, mode: str = "r", *args: Any, **rest: Any) -> Any:
            if not set(mode) & set("wxa"):
                return opened(path, mode, *args, **rest)
            raw = Raw(path, mode.replace("b", "").replace("t", ""))
            raw.steps = self
            file = io.BufferedWriter(raw)
            return Written(file) if "b" in mode else io.TextIOWrapper(file, **rest)

        def synced(file: int) -> None:
            self.step("fsync", READ)
            sync(file)

        def handed_over(encoder: Any, picture: Any) -> None:
            try:
                self.step("encoder", WRITE)
            except OSError:
                encoder._process.kill()
            hand_over(encoder, picture)

        Path.open = open_  # type: ignore[assignment, method-assign]
        durable.os.fsync = synced  # type: ignore[attr-defined]
        segments.Encoder.write = handed_over  # type: ignore[assignment, method-assign]


class Raw(io.FileIO):
    """A file each of whose writes is a step."""

    steps: Steps

    def write(self, data: Any) -> int:
        try:
            self.steps.step(f"write {self.name!r}", WRITE)
        except OSError:
            super().write(memoryview(data).cast("B")[: len(data) // 2])
            raise
        return super().write(data)


class Written:
    """A file that NumPy does not take for one, and so hands every byte to `write`."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __enter__(self) -> Written:
        return self

    def __exit__(self, *fault: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def run(said: list[str], folder: Path, fault_at: int) -> tuple[int, str, str]:
    """One run in `folder`; its exit status, what it said, and the step's name or their number."""
    log = folder.with_name(f"{folder.name}.{fault_at}.said")
    pid = os.fork()
    if not pid:
        status = 99
        try:
            os.chdir(folder)
            sys.stdout = sys.stderr = log.open("w", buffering=1)
            planning.make_dreamer = lambda *_: survivor.dream  # type: ignore[attr-defined]
            planning.SEGMENT = SEGMENT
            steps = Steps(folder, fault_at)
            steps.install()
            status = cli.main(said)
            print("STEP:", steps.name or steps.count)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, ended = os.waitpid(pid, 0)
    text, _, step = log.read_text().partition("STEP: ")
    log.unlink()
    return os.waitstatus_to_exitcode(ended), text, step.strip()


def contents(output: Path) -> dict[str, bytes]:
    """A film's bytes, or a folder's files'."""
    if output.is_dir():
        return {each.name: each.read_bytes() for each in output.iterdir()}
    return {"": output.read_bytes()}


def begun(folder: Path) -> Path:
    """A folder with a still in it."""
    folder.mkdir()
    make.picture(folder / "still.png", 48, 36)
    return folder


def survived(at: int, said: list[str], wanted: dict[str, bytes]) -> tuple[int, str, list[str]]:
    """Fail at the `at`-th step, and run again; the step's name, and what was wrong."""
    with tempfile.TemporaryDirectory(prefix="fault-") as outer:
        folder, wrong = begun(Path(outer) / "in"), []
        output = folder / said[-1]
        status, text, step = run(said, folder, at)
        lines = [each for each in text.splitlines() if "warning: " not in each]
        if status in (1, 3):
            if len(lines) != 1 or not lines[0].startswith("dreamvid: error: "):
                wrong.append(f"said {text!r}")
        elif status:
            wrong.append(f"exit {status}: {text[-1500:]}")
        elif contents(output) != wanted:
            wrong.append("other bytes, and not a word of it")
        status, text, _ = run(said, folder, 0)
        if status and "output exists" not in text:
            wrong.append(f"the rerun: exit {status}: {text[-1500:]}")
        elif contents(output) != wanted:
            wrong.append("other bytes after a rerun")
        left = {path.name for path in folder.iterdir()} - {"still.png", output.name}
        if left - {folder_of(output).name}:
            wrong.append(f"left {sorted(left)}")
        undone = [path.name for path in folder.rglob("*.undone*")]
        return at, step, wrong + ([f"left {undone}"] if undone else [])


def every(said: list[str], each: int, first: int, jobs: int) -> int:
    """Fail at every `each`-th step from about the `first`; prints and returns what was found."""
    with tempfile.TemporaryDirectory(prefix="faults-") as outer, _forking():
        decoder.Decoder._started = staticmethod(_started)  # type: ignore[assignment, method-assign]
        folder = begun(Path(outer) / "in")
        begin = time.monotonic()
        status, text, count = run(said, folder, 0)
        assert status == 0, text
        wanted, found = contents(folder / said[-1]), 0
        one = partial(survived, said=said, wanted=wanted)
        tried = range(1 + first % each, int(count) + 1, each)
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            for at, step, wrong in pool.imap_unordered(one, tried):
                found += bool(wrong)
                for fault in wrong:
                    print(f"  step {at} ({step}): {fault}", flush=True)
    took = time.monotonic() - begin
    print(f"{len(tried)} of {count} steps failed, each alone: found {found}; {took:.0f} s")
    return found


def _started() -> DecoderFork:
    sys.audit("subprocess.Popen", "decoder", [], None, None)
    return DecoderFork()


if __name__ == "__main__":
    asked = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    asked.add_argument("--every", type=int, default=1)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--jobs", type=int, default=2)
    asked.add_argument("words", nargs="*")
    told, more = asked.parse_known_args()
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(1 if every([*told.words, *more] or ZOOM, told.every, told.first, told.jobs) else 0)
