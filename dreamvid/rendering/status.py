"""Progress of a run for other programs: `progress.json` and `log.txt` in its folder.

Both are best effort: a full disk is ignored, and no render fails because of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from dreamvid import notices
from dreamvid.media.durable import temp_name

WRITE_EVERY = 0.5
"""Least seconds between two updates of `progress.json`."""

LOG_EVERY = 30.0
"""Least seconds between two progress lines of the log."""

State = Literal["rendering", "joining", "done", "interrupted", "failed"]


class Status:
    """Writes the two files of a run; without a folder, none."""

    def __init__(self, folder: Path | None, output: Path, done: int, total: int | None) -> None:
        """Begin with `done` of `total` frames done. From now on `notices` of the render's context
        go into its log."""
        self._folder = folder
        self._output, self._total, self._first = output, total, done
        self._done = done
        self._start = time.monotonic()
        self._written_at = self._logged_at = -1e9
        self._began = _now()
        notices.listener.set(self._log)
        of = "" if total is None else f" of {total}"
        if done:
            notices.inform(f"{output}: resumes after {done}{of} frames")
        else:
            self._log("begins")
        self._write("rendering")

    def frames(self, done: int) -> None:
        """Report that `done` frames are done."""
        self._done, now = done, time.monotonic()
        if now - self._written_at >= WRITE_EVERY:
            self._written_at = now
            self._write("rendering")
        if now - self._logged_at >= LOG_EVERY:
            self._logged_at = now
            of = "" if self._total is None else f" of {self._total}"
            self._log(f"{done}{of} frames, {self._pace():.2f} s a frame")

    def ends(self, state: State, reason: str = "") -> None:
        """Report a new state: the run is over, or is joining its segments."""
        self._log(f"{state} after {self._done} frames{f': {reason}' if reason else ''}")
        self._write(state, reason)

    def _pace(self) -> float:
        return (time.monotonic() - self._start) / max(1, self._done - self._first)

    def _log(self, line: str) -> None:
        if self._folder is None:
            return
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        with contextlib.suppress(OSError):
            path = self._folder / "log.txt"
            with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{stamp} {line}\n")

    def _write(self, state: State, reason: str = "") -> None:
        if self._folder is None:
            return
        left = None if self._total is None else (self._total - self._done) * self._pace()
        progress = {
            "status": state,
            "output": str(self._output),
            "frames_done": self._done,
            "frames": self._total,
            "seconds_a_frame": round(self._pace(), 3) if self._done > self._first else None,
            "seconds_left": round(left, 1) if left is not None and state == "rendering" else None,
            "began": self._began,
            "updated": _now(),
            "process": os.getpid(),
            "error": reason or None,
        }
        path = self._folder / "progress.json"
        partial = temp_name(path)
        with contextlib.suppress(OSError):
            partial.write_text(json.dumps(progress, indent=1), encoding="utf-8")
            partial.replace(path)
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
