"""How far a render is, for those who look at its folder: `progress.json` and `log.txt`."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from dreamvid.media.durable import temp_name

LOOK_EVERY = 0.5
"""Seconds between two states of `progress.json`."""

SAY_EVERY = 30.0
"""Seconds between two lines of the log that only say how far it is."""

log = logging.getLogger("dreamvid")

Status = Literal["rendering", "joining", "done", "interrupted", "failed"]


class Journal:
    """The two files of one run. What they cannot be told for want of room, they are not."""

    def __init__(self, folder: Path, output: Path, done: int, total: int | None) -> None:
        """Begin where `done` frames of `total` are done."""
        self._file = folder / "progress.json"
        self._output, self._total, self._first = output, total, done
        self._done = done
        self._start = time.monotonic()
        self._looked = self._said = -1e9
        self._began = _now()
        log.info("%s", f"goes on at frame {done}" if done else "begins")
        self._look("rendering")

    def frames(self, done: int) -> None:
        """So many frames are done."""
        self._done, now = done, time.monotonic()
        if now - self._looked >= LOOK_EVERY:
            self._looked = now
            self._look("rendering")
        if now - self._said >= SAY_EVERY:
            self._said = now
            of = "" if self._total is None else f" of {self._total}"
            log.info("%d%s frames, %.2f s a frame", done, of, self._pace())

    def ends(self, status: Status, words: str = "") -> None:
        """The run is over, or all that is left is the joining."""
        log.info("%s after %d frames%s", status, self._done, f": {words}" if words else "")
        self._look(status, words)

    def _pace(self) -> float:
        return (time.monotonic() - self._start) / max(1, self._done - self._first)

    def _look(self, status: Status, words: str = "") -> None:
        left = None if self._total is None else (self._total - self._done) * self._pace()
        told = {
            "status": status,
            "output": str(self._output),
            "frames_done": self._done,
            "frames": self._total,
            "seconds_a_frame": round(self._pace(), 3) if self._done > self._first else None,
            "seconds_left": round(left, 1) if left is not None and status == "rendering" else None,
            "began": self._began,
            "updated": _now(),
            "process": os.getpid(),
            "error": words or None,
        }
        partial = temp_name(self._file)
        with contextlib.suppress(OSError):
            partial.write_text(json.dumps(told, indent=1), encoding="utf-8")
            partial.replace(self._file)
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """What is logged meanwhile goes into the folder's log too, each line with its time."""
    try:
        handler = logging.FileHandler(
            folder / "log.txt", encoding="utf-8", errors="backslashreplace"
        )
    except OSError:
        yield
        return
    form = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    form.converter = time.gmtime
    handler.setFormatter(form)
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk
    before = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        with contextlib.suppress(OSError):
            handler.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
