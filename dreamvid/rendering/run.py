"""A run: the state of a render on disk, from which another process can resume it.

For `a.mp4` it is the hidden folder `.a.mp4.dreamvid`:

    lock            held while a process renders
    manifest.json   recipe, input files, machine
    heard.npz       what is heard in the sound, if schedules hear
    state.npz       checkpoint: all that the next frame depends on, after the last stored dream
    lead/           of a film that closes: what leads into it
    film/           closed segments of the film, and the lossless frames of the open segment
    residual/film/  the same of each pass beside the dream
    progress.json   progress, for other programs
    log.txt         events, with times

Every file but the last two is written atomically. A frame is stored before the checkpoint that
counts it, so a crash costs at most the dreams that were not stored yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from filelock import FileLock, Timeout

from dreamvid import notices
from dreamvid.blend import Carried
from dreamvid.checkpoint import Checkpoint, ShotState
from dreamvid.color import Anchor, PictureAnchor, ResidualAnchor
from dreamvid.errors import LockedError, RunError, StateError
from dreamvid.frame import Size
from dreamvid.media.arrays import read_arrays
from dreamvid.media.durable import atomic_write, os_errors
from dreamvid.motion.affine import Affine
from dreamvid.names import derived
from dreamvid.recipe.encode import PassName
from dreamvid.rendering.lead_files import LeadFiles
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.run_part import RunPart, write_text
from dreamvid.rendering.status import Status

MAX_CHECKPOINT = 2**33
"""Most bytes of a checkpoint, unpacked: some 28 a pixel."""

Keep = Literal["all", "state", "nothing"]
"""What is kept of a run when its film is done: `state` keeps the checkpoint, from which the film
can be extended."""

ANCHORS: dict[str, type[PictureAnchor] | type[ResidualAnchor]] = {
    "picture": PictureAnchor,
    "residual": ResidualAnchor,
}


def folder_of(output: Path) -> Path:
    """The folder of the run that makes an output."""
    path = Path(os.path.realpath(output))  # circular links are reported when it is created
    return derived(path.parent, path.name, ".dreamvid", before=".")


class Run:
    """A run's folder, locked by this process.

    Attributes:
        folder: its path.
    """

    def __init__(self, output: Path) -> None:
        """See `locked_run`."""
        self.folder = folder_of(output)

    def part(self, name: PassName) -> RunPart:
        """The part of a pass."""
        return RunPart(self.folder if name == "dream" else self.folder / name, self.folder.parent)

    @property
    def parts(self) -> list[RunPart]:
        """The parts that are there."""
        beside = [name for name in get_args(PassName) if (self.folder / name).is_dir()]
        return [self.part("dream"), *map(self.part, beside)]

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The stored checkpoint; None if there is none. Raises StateError if it cannot be read."""
        return load_checkpoint(self.folder / "state.npz")

    def lead(self, size: Size) -> LeadFiles:
        """What leads into a film that closes, of frames of `size`."""
        return LeadFiles(self.folder / "lead", size)

    def status(self, output: Path, done: int, total: int | None) -> Status:
        """Begin writing the progress files."""
        return Status(self.folder, output, done, total)

    def save(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint in place of the last one. Raises RunError."""
        save_checkpoint(checkpoint, self.folder / "state.npz")

    def finish(self, keep: Keep | Literal["shot"]) -> None:
        """Mark the run as finished; delete its checkpoint and segments according to `keep`; those
        of a shot are kept, to be joined. Raises RunError."""
        for part in self.parts:
            part.remove_partial()
        if keep == "nothing":
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        if keep == "state":
            shutil.rmtree(self.folder / "lead", ignore_errors=True)
        for part in self.parts if keep in ("state", "shot") else ():
            part.shrink()
        write_text(self.folder / "finished", "")
        for part in self.parts if keep == "state" else ():
            part.remove_segments()

    def forget(self) -> None:
        """Remove the run, of which no frame was stored."""
        shutil.rmtree(self.folder, ignore_errors=True)


class NoRun:
    """Stands in for a run where nothing is stored to resume from."""

    checkpoint: Checkpoint | None = None

    def part(self, name: PassName) -> None:
        """There is none."""

    def lead(self, size: Size) -> None:
        """Nothing is kept of what leads into a film."""

    def status(self, output: Path, done: int, total: int | None) -> Status:
        """A status that writes no files."""
        return Status(None, output, done, total)

    def save(self, checkpoint: Checkpoint) -> None:
        """Does nothing."""

    def finish(self, keep: Keep | Literal["shot"]) -> None:
        """Does nothing."""

    def forget(self) -> None:
        """Does nothing."""


@contextmanager
def locked_run(output: Path, manifest: Manifest, *, restart: bool) -> Iterator[Run]:
    """Begin or resume the run of an output, and lock it within the context.

    A finished run is started over.

    Raises:
        RunError: another process has locked it; its folder cannot be written; or an unfinished run
            has another recipe or input, and `restart` is not set.
    """
    run = Run(output)
    make_folder(run.folder)
    with locked(run.folder, output):
        unfinished = None if restart else unfinished_run(output)
        if unfinished is None:
            with os_errors(run.folder):
                clear(run.folder)
            write_text(run.folder / "manifest.json", manifest.text())
        else:
            differing = unfinished.differences(manifest)
            if differing and unfinished.continues_as(manifest, done_frames(output)):
                write_text(run.folder / "manifest.json", manifest.text())
            elif differing:
                raise StateError(
                    f"its render was started with another recipe or input: "
                    f"{', '.join(differing)}; --restart begins anew",
                    path=output,
                )
            for line in unfinished.other_machine(manifest):
                notices.warn(f"{output}: resumed with another {line}; its last bits may differ")
        run.part("dream").prepare()
        yield run


def prepare_run(
    output: Path, manifest: Manifest, fill: Callable[[Run], Checkpoint], *, anew: bool
) -> None:
    """Make an unfinished run of an output out of given frames.

    Args:
        fill: puts the frames into the run's parts, and returns the checkpoint after them.
        anew: clear the folder first; otherwise the files of a finished run stay in it.

    Raises:
        RunError: another process has locked it, or its folder cannot be written.
    """
    run = Run(output)
    make_folder(run.folder)
    with locked(run.folder, output):
        with os_errors(run.folder):
            if anew:
                clear(run.folder)
        run.save(fill(run))
        write_text(run.folder / "manifest.json", manifest.text())
        with os_errors(run.folder):
            (run.folder / "finished").unlink(missing_ok=True)


def unfinished_run(output: Path) -> Manifest | None:
    """The manifest of an unfinished run; None if there is none. Raises StateError."""
    folder = folder_of(output)
    if (folder / "finished").exists() or not (folder / "state.npz").exists():
        return None
    return Manifest.read(folder / "manifest.json")


def finished_run(output: Path) -> Manifest | None:
    """The manifest of a finished run; None if it was not kept. Raises StateError."""
    folder = folder_of(output)
    return Manifest.read(folder / "manifest.json") if (folder / "finished").exists() else None


def done_frames(output: Path) -> int:
    """How many frames of an unfinished run are stored; 0 if there is none, or it is damaged."""
    with contextlib.suppress(RunError):
        if unfinished_run(output):
            checkpoint = load_checkpoint(folder_of(output) / "state.npz")
            return checkpoint.shown if checkpoint else 0
    return 0


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint atomically. Raises RunError."""
    shot, carried = checkpoint.shot, checkpoint.carried
    kind = next(name for name, anchor in ANCHORS.items() if isinstance(shot.anchor, anchor))
    plain = {
        "done": checkpoint.done,
        "t": checkpoint.t,
        "source_digest": checkpoint.source_digest,
        "anchor": kind,
    }
    arrays = {f"carried.{f.name}": getattr(carried, f.name) for f in fields(Carried)}
    arrays |= {f"anchor.{f.name}": getattr(shot.anchor, f.name) for f in fields(ANCHORS[kind])}
    arrays |= {f"notes.{name}": array for name, array in shot.notes.items()}
    arrays |= {"camera": checkpoint.camera.matrix, "colors": shot.colors}
    with atomic_write(path) as file:
        np.savez(file, plain=np.array(json.dumps(plain)), **arrays)


def load_checkpoint(path: Path) -> Checkpoint | None:
    """Read a checkpoint; None if there is none. Raises StateError if it is damaged."""
    try:
        arrays: dict[str, Any] = read_arrays(path, MAX_CHECKPOINT)
        plain = json.loads(str(arrays["plain"]))
        carried = Carried(*(arrays[f"carried.{f.name}"] for f in fields(Carried)))
        kind = ANCHORS[plain["anchor"]]
        anchor: Anchor = kind(*(arrays[f"anchor.{f.name}"] for f in fields(kind)))
        notes = {k.removeprefix("notes."): v for k, v in arrays.items() if k.startswith("notes.")}
        shot, camera = ShotState(anchor, arrays["colors"], notes), Affine(arrays["camera"])
        return Checkpoint(plain["done"], plain["t"], carried, shot, camera, plain["source_digest"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(f"cannot be read ({error}); --restart begins anew", path=path) from None


def make_folder(folder: Path) -> None:
    """Make a run's folder where it is missing. Raises RunError, or StateError if it is a link."""
    try:
        folder.mkdir(parents=True, exist_ok=True)  # beside pictures, whose folder may be new
        # The folder may have come with untrusted files, and its contents are deleted.
        if folder.is_symlink() or (folder / "film").is_symlink():
            raise StateError("is a symbolic link, or holds one; remove it", path=folder)
    except OSError as error:
        raise RunError(f"cannot be made: {error.strerror}", path=folder) from None


@contextmanager
def locked(folder: Path, output: Path) -> Iterator[None]:
    """Lock a run's folder within the context. Raises LockedError if another process has."""
    try:
        with FileLock(folder / "lock", timeout=0):
            yield
    except Timeout:
        raise LockedError("another dreamvid is rendering it", path=output) from None


def clear(folder: Path) -> None:
    """Remove all files of an earlier run. Raises OSError."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "lock":
            path.unlink()
