"""How far the films of a farm are, by the files that their workers write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dreamvid.recipe import Recipe
from dreamvid.rendering.output import output_of
from dreamvid.rendering.plan import is_done
from dreamvid.rendering.run import folder_of
from dreamvid.rendering.shot_runs import ShotRuns


@dataclass(frozen=True)
class ShotStatus:
    """How far a shot is.

    Attributes:
        number: from 1 on.
        state: `done`, `open` (not begun), or what its worker wrote last: `rendering`,
            `interrupted`, `failed`.
        done: of its `frames`.
        error: why it failed; "": it did not.
    """

    number: int
    state: str
    done: int
    frames: int
    error: str = ""


@dataclass(frozen=True)
class FilmStatus:
    """How far a film is.

    Attributes:
        output: its path.
        state: `done`, `waiting` (nothing has begun), or `rendering`.
        shots: of a film whose shots are rendered apart.
    """

    output: Path
    state: str
    shots: tuple[ShotStatus, ...] = ()

    def lines(self) -> Iterator[str]:
        """What is to be told, for people."""
        frames, done = sum(s.frames for s in self.shots), sum(s.done for s in self.shots)
        finished = sum(shot.state == "done" for shot in self.shots)
        more = f": {finished} of {len(self.shots)} shots, {done} of {frames} frames"
        yield f"{self.output}: {self.state}{more if self.shots else ''}"
        for shot in self.shots:
            if shot.state in ("done", "open"):
                continue
            reason = f": {shot.error}" if shot.error else ""
            yield f"  shot {shot.number}: {shot.state}, {shot.done} of {shot.frames}{reason}"


def status_of(recipe: Recipe) -> FilmStatus:
    """How far the film of a recipe is. Raises DreamvidError: what its workers wrote is damaged."""
    output = output_of(recipe)
    if is_done(recipe):
        return FilmStatus(output, "done")
    runs = ShotRuns(output)
    if runs.manifest is None:
        return FilmStatus(output, "waiting")
    shots = []
    for number, shot in enumerate(runs.shots.shots, 1):
        told = _progress(runs.output_of(shot))
        state, done = runs.state(shot), runs.frames_done(shot)
        written = str(told.get("status", "rendering")) if state == "begun" or told else "open"
        shown = "done" if state == "done" else written
        shots.append(ShotStatus(number, shown, done, shot.count, str(told.get("error") or "")))
    return FilmStatus(output, "rendering", tuple(shots))


def _progress(output: Path) -> dict[str, Any]:
    """What the worker of an output wrote last; empty: nothing."""
    with suppress(OSError, ValueError):
        told = json.loads((folder_of(output) / "progress.json").read_text(encoding="utf-8"))
        return told if isinstance(told, dict) else {}
    return {}
