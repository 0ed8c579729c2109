"""A render on disk, which another process can go on with.

Beside `a.mp4` it is the hidden folder `.a.mp4.dreamvid`:

    lock            held while a process is at work
    manifest.json   what is rendered, from what, with what
    state.npz       what the next frame depends on, after the last dream that is done
    film/           closed pieces of the film, and the frames of the open one, lossless
    progress.json   how far it is, for others to look at
    log.txt         what happened, with times

Every file but the last two takes its name when it is whole and on the disk. The frame comes before
the state that counts it, so that a fault costs at most the dream in work.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock, Timeout

from dreamvid.blend import Last
from dreamvid.color import Anchor, PictureAnchor, ResidualAnchor
from dreamvid.errors import RunError, StateError
from dreamvid.manifest import Manifest
from dreamvid.media import kept
from dreamvid.media.arrays import read_arrays
from dreamvid.media.durable import UNDONE, told, written
from dreamvid.media.sink import PARTIAL, left_before
from dreamvid.motion import Affine
from dreamvid.recurrence import Shot, State

log = logging.getLogger("dreamvid")

MAX_STATE = 2**33
"""Bytes of a state, unpacked: some 28 a pixel."""

Keep = Literal["all", "state", "nothing"]
"""What stays of a run when its film is done: `state` is what a longer film begins from."""

ANCHORS: dict[str, type[PictureAnchor] | type[ResidualAnchor]] = {
    "picture": PictureAnchor,
    "residual": ResidualAnchor,
}


def folder_of(output: Path) -> Path:
    """The folder of the run that makes an output."""
    path = Path(os.path.realpath(output))  # links in a circle are told of where it is written
    return path.with_name(f".{path.name}.dreamvid")


class Run:
    """One render's folder, held by this process.

    Attributes:
        folder: where it is.
        film: the folder in it that is the sink's.
    """

    def __init__(self, output: Path) -> None:
        """See `held`."""
        self.folder = folder_of(output)
        self.film = self.folder / "film"

    @property
    def state(self) -> State | None:
        """What an earlier process left. Raises RunError if it cannot be read."""
        return load_state(self.folder / "state.npz")

    def save(self, state: State) -> None:
        """Keep what the next frame depends on, in the place of what there was. Raises RunError."""
        save_state(state, self.folder / "state.npz")

    def finish(self, keep: Keep) -> None:
        """The film is whole: let go of what no one needs. Raises RunError."""
        with contextlib.suppress(OSError):
            name = left_before(self.folder)
            if name is not None:
                partial = self.folder.parent / name
                shutil.rmtree(partial) if partial.is_dir() else partial.unlink()
            (self.folder / PARTIAL).unlink()
        if keep == "nothing":
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        if keep == "state":
            kept.KeptFrames(self.film).shrink()
        _write(self.folder / "finished", "")
        if keep == "state":
            with told(self.folder):
                for path in self.film.iterdir():
                    if path.suffix != kept.SMALL:
                        path.unlink()

    def left(self, partial: Path) -> None:
        """Note what an interruption has left beside the output, until the film is whole."""
        with contextlib.suppress(RunError):
            _write(self.folder / PARTIAL, partial.name)

    def forget(self) -> None:
        """Nothing was done: leave nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def held(output: Path, manifest: Manifest, *, restart: bool) -> Iterator[Run]:
    """The run of an output, begun or gone on with, and no other process's meanwhile.

    A finished run is begun anew.

    Raises:
        RunError: another process is at work on it; it was begun with another recipe or input and
            not finished, unless `restart` says to begin anew; its folder cannot be written.
    """
    run = Run(output)
    _make(run.folder)
    with _locked(run.folder, output):
        before = None if restart else begun(output)
        if before is None:
            with told(run.folder):
                _clear(run.folder)
            _write(run.folder / "manifest.json", manifest.text())
        else:
            differing = before.differences(manifest)
            if differing and before.lengthened(manifest, frames_done(output)):
                _write(run.folder / "manifest.json", manifest.text())
            elif differing:
                raise StateError(
                    f"{output}: its render was begun with another recipe or input: "
                    f"{', '.join(differing)}; --restart begins anew"
                )
            for line in before.other_machine(manifest):
                log.warning(
                    "%s: goes on with another %s; its last bits may differ",
                    output,
                    line,
                )
        with told(run.folder):
            run.film.mkdir(exist_ok=True)
            _sweep(run.folder)
        yield run


def lay_out(output: Path, manifest: Manifest, fill: Callable[[Path], State], *, anew: bool) -> None:
    """Make an output's run one that has been begun, with what `fill` puts into the sink's folder
    and the state that it returns.

    Args:
        anew: clear the folder first; else what a finished run left in it is taken up.

    Raises:
        RunError: another process is at work on it, or its folder cannot be written.
    """
    run = Run(output)
    _make(run.folder)
    with _locked(run.folder, output):
        with told(run.folder):
            if anew:
                _clear(run.folder)
            run.film.mkdir(exist_ok=True)
        run.save(fill(run.film))
        _write(run.folder / "manifest.json", manifest.text())
        with told(run.folder):
            (run.folder / "finished").unlink(missing_ok=True)


def begun(output: Path) -> Manifest | None:
    """The manifest of a run that is not finished; None where there is none. Raises RunError."""
    folder = folder_of(output)
    if (folder / "finished").exists() or not (folder / "state.npz").exists():
        return None
    return Manifest.read(folder / "manifest.json")


def frames_done(output: Path) -> int:
    """Frames of an unfinished run that are on the disk; 0 where there is none. Raises RunError."""
    state = load_state(folder_of(output) / "state.npz") if begun(output) else None
    return state.done if state else 0


def finished(output: Path) -> Manifest | None:
    """The manifest of the run that made an output; None where it was not kept. Raises RunError."""
    folder = folder_of(output)
    return Manifest.read(folder / "manifest.json") if (folder / "finished").exists() else None


def save_state(state: State, path: Path) -> None:
    """Write a state, whole or not at all. Raises RunError."""
    kind = next(name for name, anchor in ANCHORS.items() if isinstance(state.shot.anchor, anchor))
    told = {"done": state.done, "t": state.t, "seen": state.seen, "anchor": kind}
    arrays = {f"last.{f.name}": getattr(state.last, f.name) for f in fields(Last)}
    shot = state.shot
    arrays |= {f"anchor.{f.name}": getattr(shot.anchor, f.name) for f in fields(ANCHORS[kind])}
    arrays |= {f"notes.{name}": array for name, array in shot.notes.items()}
    arrays |= {"at": state.at.matrix, "colors": shot.colors}
    with written(path) as file:
        np.savez(file, told=np.array(json.dumps(told)), **arrays)


def load_state(path: Path) -> State | None:
    """Read a state; None where there is none. Raises RunError if it is damaged."""
    try:
        arrays: dict[str, Any] = read_arrays(path, MAX_STATE)
        told = json.loads(str(arrays["told"]))
        last = Last(*(arrays[f"last.{f.name}"] for f in fields(Last)))
        kind = ANCHORS[told["anchor"]]
        anchor: Anchor = kind(*(arrays[f"anchor.{f.name}"] for f in fields(kind)))
        notes = {k.removeprefix("notes."): v for k, v in arrays.items() if k.startswith("notes.")}
        shot, at = Shot(anchor, arrays["colors"], notes), Affine(arrays["at"])
        return State(told["done"], told["t"], last, shot, at, told["seen"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"{path}: cannot be read ({error}); --restart begins anew") from None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
        # What lies here may have come with a stranger's files, and is cleared.
        if folder.is_symlink() or (folder / "film").is_symlink():
            raise StateError(f"{folder}: leads elsewhere by a link; remove it")
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror}") from None


@contextmanager
def _locked(folder: Path, output: Path) -> Iterator[None]:
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout:
        raise RunError(f"{output}: another dreamvid is at work on it") from None


def _clear(folder: Path) -> None:
    """Remove all that an earlier run left."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()


def _sweep(folder: Path) -> None:
    """Remove what a process that was killed was writing, and what is made from the pieces."""
    for path in [*folder.iterdir(), *(folder / "film").iterdir()]:
        numbered = path.stem.isdecimal() and path.suffix in (".mp4", ".mkv", ".npy", ".png")
        if UNDONE in path.suffixes or (path.parent.name == "film" and not numbered):
            path.unlink()


def _write(path: Path, text: str) -> None:
    with written(path) as file:
        file.write(text.encode(errors="surrogateescape"))  # as names may be that are no text
