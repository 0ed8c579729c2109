"""Pictures as output: one still, or a film as a folder of PNGs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import imageio.v3 as iio
from numpy import uint8
from numpy.typing import NDArray

from dreamvid.errors import RunError, StateError
from dreamvid.frame import Frame
from dreamvid.media.durable import written
from dreamvid.media.sink import Workplace, quantise

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
"""Of the stills that can be written."""

NUMBERED = re.compile(r"\d{6,}\.png")


def encode(picture: NDArray[uint8], ending: str) -> bytes:
    """A still as the bytes of a file of that ending: lossless, or JPEG and WebP of quality 95."""
    options: dict[str, Any] = {}
    if ending in (".jpg", ".jpeg"):
        options = {"quality": 95, "subsampling": 0}
    elif ending == ".webp":
        options = {"quality": 95}
    return bytes(iio.imwrite("<bytes>", picture, extension=ending, plugin="pillow", **options))


def save(frame: Frame, path: Path) -> None:
    """Write a frame as a still to a path whose output has been checked; whole or not at all."""
    work = Workplace(path)
    try:
        made = f"still{path.suffix.lower()}"
        with written(work.folder / made) as file:
            file.write(encode(quantise(frame), path.suffix.lower()))
        work.place(made, path)
    finally:
        work.remove()


class PictureSink:
    """A sink that leaves a folder of PNGs, `000000.png` and on.

    In a folder that is there, files of other names are left alone; numbered pictures of an earlier
    film are removed, as they would otherwise follow on the new one's.
    """

    def __init__(
        self, path: Path, *, size: tuple[int, int], work: Workplace, done: int = 0
    ) -> None:
        """Begin: `size` is the frames' (width, height). Raises RunError where of the `done` frames
        that the `work` place should hold one is missing."""
        self.path = path
        self._size = size
        self._folder = path.resolve()  # `.` has no name to put `partial` into
        self._work = work
        self._names = [_name(index) for index in range(done)]
        missing = [name for name in self._names if not (work.folder / name).exists()]
        if missing:
            raise StateError(f"{missing[0]} is missing in {work.folder}; --restart begins anew")

    def write(self, frame: Frame) -> None:
        """See `Sink`."""
        if frame.shape != (self._size[1], self._size[0], 3):
            raise ValueError(f"a frame of shape {frame.shape} in a film of {self._size}")
        name = _name(len(self._names))
        with written(self._work.folder / name) as file:
            file.write(encode(quantise(frame), ".png"))
        self._names.append(name)

    def close(self) -> Path:
        """See `Sink`."""
        if not self._names:
            raise StateError(f"{self.path}: not one frame was written")
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
        """Put the pictures into a folder. Those that another run may want stay where they are."""
        try:
            folder.mkdir(exist_ok=True)
            for old in folder.iterdir():
                if NUMBERED.fullmatch(old.name):
                    old.unlink()
            for name in self._names:
                if self._work.lasts:
                    _twin(self._work.folder / name, folder / name)
                else:
                    self._work.place(name, folder / name)
        except OSError as error:
            raise RunError(f"{folder}: cannot be written: {error.strerror}") from error
        self._work.remove()
        return folder


def _name(index: int) -> str:
    return f"{index:06d}.png"


def _twin(path: Path, other: Path) -> None:
    """Give a file a second name; where the disk has no such thing, copy it."""
    try:
        other.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, other)
