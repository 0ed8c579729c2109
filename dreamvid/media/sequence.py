"""The sink of an image sequence: a film as a folder of numbered PNGs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from dreamvid.errors import RunError, StateError
from dreamvid.frame import Frame
from dreamvid.media.durable import atomic_write
from dreamvid.media.sink import FilmSpec, WorkDir, to_uint8
from dreamvid.media.still_writer import encode_still

DISK_BYTES = 2.5
"""Most bytes a pixel of a frame takes in a PNG."""

ENDING = ".png"
"""File extension of the pictures."""

NUMBERED = re.compile(rf"\d{{6,}}\{ENDING}")


class SequenceSink:
    """A sink that writes a folder of PNGs, `000000.png` and on.

    In an existing folder, numbered pictures of an earlier film are removed, since they could
    follow those of this film; other files are left alone.
    """

    def __init__(self, path: Path, film: FilmSpec, work: WorkDir, done: int = 0) -> None:
        """Begin, or resume. Raises StateError if one of the `done` pictures of an earlier run is
        missing in the `work` folder."""
        self.path = path
        self._film = film
        self._folder = path.resolve()  # `.` has no name to derive a partial name from
        self._work = work
        self._names = [_name(index) for index in range(done)]
        missing = [name for name in self._names if not (work.folder / name).exists()]
        if missing:
            raise StateError(f"{missing[0]} is missing in {work.folder}; --restart begins anew")

    def write(self, frame: Frame) -> None:
        """See `Sink`."""
        self._film.require_size(frame)
        name = _name(len(self._names))
        with atomic_write(self._work.folder / name) as file:
            file.write(encode_still(to_uint8(frame), ENDING))
        self._names.append(name)

    def close(self) -> Path:
        """See `Sink`."""
        if not self._names:
            raise StateError("not one frame was written", path=self.path)
        self._place(self._folder)
        return self.path

    def abandon(self, *, keep: bool) -> Path | None:
        """See `Sink`."""
        try:
            return self._place(self._work.partial(self._folder)) if keep and self._names else None
        except RunError:
            return None
        finally:
            self._work.remove()

    def _place(self, folder: Path) -> Path:
        """Move the pictures to a folder; those in a lasting work folder are linked instead."""
        try:
            folder.mkdir(exist_ok=True)
            for old in folder.iterdir():
                if NUMBERED.fullmatch(old.name):
                    old.unlink()
            for name in self._names:
                if self._work.lasts:
                    _link(self._work.folder / name, folder / name)
                else:
                    self._work.place(name, folder / name)
        except OSError as error:
            raise RunError(f"cannot be written: {error.strerror}", path=folder) from error
        self._work.remove()
        return folder


def _name(index: int) -> str:
    return f"{index:06d}{ENDING}"


def _link(path: Path, other: Path) -> None:
    """Hard-link a file, or copy it if the file system has no hard links."""
    try:
        other.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, other)
