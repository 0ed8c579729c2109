"""Files that are dropped on the page: taken in pieces, checked, and put into the folder."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread
import numpy as np

from dreamvid.errors import InputError, OutputError, RunError
from dreamvid.files import read_bytes
from dreamvid.frame import Frame
from dreamvid.media.durable import commit, os_errors
from dreamvid.media.outputs import write_picture
from dreamvid.media.read import read_picture
from dreamvid.media.sound_decoder import sound_rate
from dreamvid.names import derived, is_too_long
from dreamvid.recipe.load import MAX_BYTES, parse_yaml
from dreamvid.studio.folder import BEAT_ENDINGS, Folder, kind_of_file
from dreamvid.studio.pictures import about

MOST = 16 * 2**30
"""Bytes of an upload."""

MOST_MASK = 2**26
"""Bytes of a painted mask."""

LEFT = 2**28
"""Bytes of the disk that an upload leaves free."""

PATIENCE = 60.0
"""Seconds that the next piece of an upload may take."""

UNPRINTED = "cannot be a file's name"


async def take(folder: Folder, name: str, pieces: AsyncIterator[bytes]) -> dict[str, str]:
    """Take a file; returns its path and kind.

    Raises:
        InputError: it is none that recipes name, is damaged, or too large.
        OutputError, RunError: it cannot be written.
    """
    final = _path(folder, name)
    kind = kind_of_file(final.name)
    if kind is None:
        raise InputError(f"{name}: is no picture, clip, sound or recipe, by its ending")
    with tempfile.TemporaryDirectory(dir=folder.work, prefix="upload-") as made:
        upload = Path(made) / f"file{final.suffix.lower()}"
        await _receive(folder, name, upload, pieces, MOST)
        await anyio.to_thread.run_sync(_check, kind, upload, name)
        path = await anyio.to_thread.run_sync(_placed, upload, final)
    return {"path": folder.named(path), "kind": kind}


async def take_mask(folder: Folder, name: str, pieces: AsyncIterator[bytes]) -> dict[str, str]:
    """Take a painted mask, a PNG, which becomes a gray one. Raises as `take`."""
    final = _path(folder, f"{Path(name).stem}.png")
    with tempfile.TemporaryDirectory(dir=folder.work, prefix="upload-") as made:
        upload = Path(made) / "file.png"
        await _receive(folder, name, upload, pieces, MOST_MASK)
        gray = Path(made) / "mask.png"
        await anyio.to_thread.run_sync(_write_gray, upload, gray, name)
        path = await anyio.to_thread.run_sync(_placed, gray, final)
    return {"path": folder.named(path), "kind": "picture"}


def _path(folder: Folder, name: str) -> Path:
    """Where a file of that name goes: into the folder itself."""
    plain = name.replace("\\", "/").rpartition("/")[2].lstrip(". ")
    if not plain or not plain.isprintable():
        raise InputError(f"{plain!r} {UNPRINTED}")
    path = folder.writable(plain)
    if path.parent != folder.path or is_too_long(path):
        raise InputError(f"{plain!r} {UNPRINTED}")
    return path


async def _receive(
    folder: Folder, name: str, path: Path, pieces: AsyncIterator[bytes], most: int
) -> None:
    taken = 0
    with os_errors(path), path.open("xb") as file:
        while True:
            try:
                piece = await asyncio.wait_for(anext(pieces, None), PATIENCE)
            except TimeoutError:
                raise InputError(f"{name}: nothing came for {PATIENCE:.0f} s") from None
            if piece is None:
                return
            taken += len(piece)
            if taken > most:
                raise InputError(f"{name}: is larger than {most // 2**20} MiB")
            if shutil.disk_usage(folder.path).free < LEFT + len(piece):
                raise OutputError(f"{name}: the disk is full")
            file.write(piece)


def _check(kind: str, path: Path, name: str) -> None:
    """Raise InputError unless a file is what its name says. It is decoded in the confined
    process."""
    try:
        if kind == "recipe":
            parse_yaml(read_bytes(path, MAX_BYTES).decode(), name)
        elif path.suffix in BEAT_ENDINGS:
            read_bytes(path, MAX_BYTES).decode()
        elif kind == "sound":
            sound_rate(path)
        elif kind == "clip":
            about(path)
        else:
            read_picture(path)
    except UnicodeDecodeError:
        raise InputError(f"{name}: is not a text in UTF-8") from None
    except (InputError, RunError) as error:
        raise InputError(str(error).replace(str(path), name)) from None


def _write_gray(path: Path, gray: Path, name: str) -> None:
    try:
        picture = read_picture(path)
    except InputError as error:
        raise InputError(str(error).replace(str(path), name)) from None
    level: Frame = picture.mean(axis=2, keepdims=True, dtype=np.float32)
    write_picture(gray, np.repeat(level, 3, axis=2), overwrite=True)


def _placed(made: Path, final: Path) -> Path:
    """Put a file in its place, under a name that is free."""
    for number in range(1, 10_000):
        mark = "" if number == 1 else f"-{number}"
        path = derived(final.parent, final.stem, mark, final.suffix)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except FileExistsError:
            continue
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror}", path=path) from None
        with os_errors(path):
            made.chmod(0o644)
            commit(made, path)
        return path
    raise OutputError("there are too many of that name", path=final)
