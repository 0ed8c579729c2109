"""What a film of the folder is by what lies on the disk: done, unfinished, or at work elsewhere."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid.errors import DreamvidError
from dreamvid.files import read_bytes
from dreamvid.frame import Frame
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.sink import recorded_partial
from dreamvid.rendering.run import folder_of, unfinished_run
from dreamvid.studio.folder import is_text

PLAYED = (".mp4", ".webm", ".m4v")
"""File extensions of films that browsers play, in their usual codecs."""

UNPLAYED = ("h265", "prores", "hap", "hap_alpha", "hap_q", "ffv1")
"""Codecs that most browsers do not play."""

MAX_PROGRESS = 2**16
"""Bytes of a run's progress file."""

NUMBERS = ("process", "frames_done", "frames", "seconds_a_frame", "seconds_left")
"""What in it are numbers."""

RUN = ".dreamvid"
"""How the name of a run's folder ends."""


@dataclass(frozen=True)
class OnDisk:
    """What lies on the disk of a film.

    Attributes:
        output: its path.
    """

    output: Path

    @property
    def run(self) -> Path:
        """The folder of its run."""
        return folder_of(self.output)

    @property
    def progress(self) -> dict[str, Any]:
        """What its run says of itself; empty: nothing. The run may be a stranger's."""
        try:
            told = json.loads(read_bytes(self.run / "progress.json", MAX_PROGRESS))
        except (OSError, ValueError, RecursionError):
            return {}
        items = told.items() if isinstance(told, dict) else ()
        return {key: value for key, value in items if key not in NUMBERS or _is_number(value)}

    @property
    def is_done(self) -> bool:
        """Whether the film is there, and no run of it is unfinished."""
        return self.output.exists() and not self.is_unfinished

    @property
    def is_unfinished(self) -> bool:
        """Whether its run can be resumed."""
        try:
            return unfinished_run(self.output) is not None
        except DreamvidError:
            return (self.run / "state.npz").exists()

    @property
    def renderer(self) -> int | None:
        """The process that renders it, by its own word, if it is alive; None: none does."""
        progress = self.progress
        number = progress.get("process")
        # An interrupted one still makes the partial film.
        works = progress.get("status") in ("rendering", "joining", "interrupted")
        return number if works and isinstance(number, int) and _is_alive(number) else None

    @property
    def shown(self) -> Path | None:
        """The film, or its partial one; None: there is neither."""
        if self.output.exists():
            return self.output
        name = recorded_partial(self.run)
        partial = self.output.with_name(name) if name else None
        return partial if partial is not None and partial.exists() else None

    def is_played(self, codec: str | None) -> bool:
        """Whether most browsers play it."""
        return self.output.suffix.lower() in PLAYED and codec not in UNPLAYED

    @property
    def newest(self) -> Frame | None:
        """The newest frame of its run, (H, W, 3) 0..255; None: it is not there just now."""
        if self.run.is_symlink() or (self.run / "film").is_symlink():
            return None
        store = FrameStore(self.run / "film")
        with suppress(DreamvidError, OSError, ValueError, IndexError):
            pixels = np.asarray(store[store.indices[-1]])
            if pixels.ndim == 3 and pixels.shape[2] >= 3:
                scale = 255 / 65535 if pixels.dtype == np.uint16 else 1
                return np.asarray(pixels[..., :3] * np.float32(scale), np.float32)
        return None

    @property
    def size(self) -> int:
        """Bytes of the film and of its run."""
        total = 0
        for path in (self.output, *_within(self.run)):
            with suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
        return total


def outputs_in(folder: Path) -> Iterator[Path]:
    """The outputs of the runs that lie in a folder."""
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            is_run = path.name.startswith(".") and path.name.endswith(RUN)
            if is_run and is_text(path.name) and path.is_dir():
                yield _output_of(path)


def _output_of(run: Path) -> Path:
    """The output of a run: by its name, or, as a name near the disk's limit is cut, by its word."""
    named = OnDisk(run.parent / run.name[1 : -len(RUN)])
    told = named.progress.get("output")
    if isinstance(told, str) and is_text(told):
        output = run.parent / Path(told).name
        with suppress(ValueError):  # a stranger's word may be no name
            if folder_of(output).name == run.name:
                return output
    return named.output


def _within(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        yield from folder.rglob("*")


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _is_alive(number: int) -> bool:
    """Whether a process of dreamvid's has that number."""
    if not 0 < number < 2**31:  # to `kill`, 0 and less are many processes
        return False
    if sys.platform == "win32":
        import ctypes

        opened = ctypes.windll.kernel32.OpenProcess(0x1000, False, number)
        if opened:
            ctypes.windll.kernel32.CloseHandle(opened)
        return bool(opened)
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    with suppress(OSError):  # where the system tells, another program's number is none
        return b"dreamvid" in Path(f"/proc/{number}/cmdline").read_bytes()
    return True
