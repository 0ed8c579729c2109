"""The part of a run's folder that belongs to one output: the film, or a pass of it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from dreamvid.errors import RunError, StateError
from dreamvid.media.durable import TEMP_ENDING, atomic_write, os_errors
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.outputs import is_finished_part
from dreamvid.media.sink import PARTIAL, recorded_partial


class RunPart:
    """The state of one output.

    Attributes:
        film: the folder within it for the sink.
    """

    def __init__(self, folder: Path, outputs: Path) -> None:
        """
        Args:
            outputs: the folder that the output is in.
        """
        self.film = folder / "film"
        self._folder, self._outputs = folder, outputs

    def prepare(self) -> None:
        """Make the folder, and remove temporary files of a killed process, and files derived from
        the segments. Raises RunError."""
        # The folder may have come with untrusted files, and its contents are deleted.
        for folder in (self._folder, self.film):
            if folder.is_symlink():
                raise StateError("is a symbolic link, or holds one; remove it", path=folder)
        with os_errors(self._folder):
            self.film.mkdir(parents=True, exist_ok=True)
            for path in [*self._folder.iterdir(), *self.film.iterdir()]:
                if TEMP_ENDING in path.suffixes or (
                    path.parent == self.film and not is_finished_part(path)
                ):
                    path.unlink()

    def note_partial(self, partial: Path) -> None:
        """Record the name of the partial film, so that `remove_partial` removes it."""
        with contextlib.suppress(RunError):
            write_text(self._folder / PARTIAL, partial.name)

    def remove_partial(self) -> None:
        """Remove the partial film that was recorded; never raises."""
        with contextlib.suppress(OSError):
            name = recorded_partial(self._folder)
            if name is not None:
                partial = self._outputs / name
                shutil.rmtree(partial) if partial.is_dir() else partial.unlink()
            (self._folder / PARTIAL).unlink()

    def shrink(self) -> None:
        """Pack the frames of the open segment, once the film is done. Raises RunError."""
        FrameStore(self.film).shrink()

    def remove_segments(self) -> None:
        """Remove all but the frames of the open segment. Raises RunError."""
        FrameStore(self.film).remove_others()


def write_text(path: Path, text: str) -> None:
    """Write a small text file atomically. Raises RunError."""
    with atomic_write(path) as file:
        file.write(text.encode(errors="surrogateescape"))  # names may contain undecodable bytes
