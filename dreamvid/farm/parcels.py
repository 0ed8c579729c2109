"""Files that travel between the machines of a cluster: a recipe's input files to where a shot is
rendered, and the run of a shot back.

A parcel is named by the hash of what is in it. It is not sent where the same file is there already.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from dreamvid.errors import DreamvidError, RunError
from dreamvid.media.durable import TEMP_ENDING, os_errors, sync
from dreamvid.media.picture_list import find_pictures
from dreamvid.recipe import Recipe, recipe_files
from dreamvid.recipe.paths import names_several
from dreamvid.rendering.manifest import Manifest, identity

Contents = Sequence[tuple[str, NDArray[np.uint8]]]
"""Files: the name of each, with `/` between folders, and its bytes."""

NOT_SENT = ("lock", "progress.json")
"""Files of a run that mean something only where it is rendered."""

KEPT = 7 * 24 * 3600.0
"""Seconds for which a machine keeps input files that no shot needed."""


@dataclass(frozen=True)
class Parcel:
    """An input file of a recipe, or numbered pictures.

    Attributes:
        key: of the recipe.
        path: absolute, on the machine that sends it.
        sha256: of what is in it.
    """

    key: str
    path: str
    sha256: str

    def contents(self) -> Contents:
        """What is sent. Raises InputError."""
        path = Path(self.path)
        if not names_several(path):
            return [(path.name, _bytes(path))]
        folder = f"{path.name}/" if path.is_dir() else ""
        files = dict.fromkeys(file for _, file in find_pictures(path).pictures)
        return [(folder + file.name, _bytes(file)) for file in files]

    @property
    def is_here(self) -> bool:
        """Whether this machine has the same under the same path."""
        with contextlib.suppress(DreamvidError, OSError):
            return bool(identity(self.key, Path(self.path))["sha256"] == self.sha256)
        return False

    def placed(self, folder: Callable[[], Path], fetch: Callable[[Parcel], Contents]) -> Path:
        """Its path on this machine, where it is unpacked once.

        Args:
            folder: finds the folder below which unpacked files are kept.
            fetch: brings what is in it.

        Raises:
            RunError: it cannot be written.
        """
        if self.is_here:
            return Path(self.path)
        name = Path(self.path).name
        said = f"{self.sha256} {name}".encode(errors="replace")
        own = folder() / "files" / hashlib.sha256(said).hexdigest()
        with os_errors(own), FileLock(f"{own}.lock"):
            if not own.is_dir():
                unpack(fetch(self), own)
            os.utime(own)
        return own / name


def parcels_of(recipe: Recipe, manifest: Manifest) -> list[Parcel]:
    """The input files of a planned recipe."""
    keys = {key for key, _ in recipe_files(recipe)}
    listed = [each for each in manifest.files if each["key"] in keys]
    return [Parcel(each["key"], each["path"], each["sha256"]) for each in listed]


def pack(folder: Path) -> Contents:
    """The files of a run's folder, to be sent. Raises RunError."""
    with os_errors(folder):
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return [
            (path.relative_to(folder).as_posix(), _bytes(path))
            for path in files
            if path.name not in NOT_SENT and TEMP_ENDING not in path.suffixes
        ]


def unpack(contents: Contents, folder: Path) -> None:
    """Write files into a folder, which replaces what was there once all are on the disk.

    Raises:
        RunError: the disk is full, or a name leads out of the folder.
    """
    new = folder.parent / f".{uuid.uuid4().hex[:12]}{TEMP_ENDING}"
    with os_errors(folder):
        new.mkdir(parents=True)
        try:
            for name, data in contents:
                path = new / _within(name, folder)
                path.parent.mkdir(parents=True, exist_ok=True)
                data.tofile(path)
                sync(path)
            shutil.rmtree(folder, ignore_errors=True)
            new.replace(folder)
            sync(folder.parent)
        finally:
            shutil.rmtree(new, ignore_errors=True)


def _within(name: str, folder: Path) -> PurePosixPath:
    """A file's name, which is to lie within a folder. Raises RunError."""
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or {"\\", "\0"} & set(name):
        raise RunError(f"a worker sent {name!r}, which lies outside", path=folder)
    return path


def _bytes(path: Path) -> NDArray[np.uint8]:
    """What is in a file, which is not read before it is sent. Raises OSError."""
    if os.name == "nt" or path.stat().st_size == 0:  # where a mapped file cannot be removed
        return np.fromfile(path, np.uint8)
    return np.asarray(np.memmap(path, np.uint8, "r"))  # as no memmap, it is sent without a copy


def own_folder() -> Path:
    """The folder for files of a cluster on this machine, which only its user may enter. What no
    process uses any more is removed from it. Raises RunError."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"dreamvid-{user}")
    with os_errors(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        stat = folder.lstat()
        if hasattr(os, "getuid") and (stat.st_uid != user or stat.st_mode & 0o077):
            raise RunError(
                "belongs to someone else, or others may enter it; remove it", path=folder
            )
        for kept in (folder / "files", folder / "work"):
            kept.mkdir(exist_ok=True)
        _sweep(folder)
    return folder


def _sweep(folder: Path) -> None:
    """Remove what killed workers left, and input files that were not needed for long."""
    for path in (folder / "work").iterdir():
        if path.suffix != ".lock":
            with contextlib.suppress(Exception), FileLock(f"{path}.lock", timeout=0):
                shutil.rmtree(path, ignore_errors=True)
                Path(f"{path}.lock").unlink(missing_ok=True)
    for path in (folder / "files").iterdir():
        with contextlib.suppress(OSError):
            if path.is_dir() and path.stat().st_mtime < time.time() - KEPT:
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """A new folder within `own_folder` for the length of the context."""
    path = folder / "work" / uuid.uuid4().hex
    with os_errors(path), FileLock(f"{path}.lock"):
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):
                Path(f"{path}.lock").unlink()
