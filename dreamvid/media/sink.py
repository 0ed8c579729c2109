"""What every output has in common: the protocol, the rounding to bytes, the work folder."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import OutputError, RunError
from dreamvid.frame import Frame, Size
from dreamvid.media.durable import commit
from dreamvid.media.sound import Sound


class Sink(Protocol):
    """Where the frames of a film go, in their order.

    Exactly one of `close` and `abandon` ends it; `abandon` may also follow a `close` that failed.
    """

    def write(self, frame: Frame) -> None:
        """Take the next frame: (H, W, 3) float32 RGB 0..255. Raises RunError (encoder, disk)."""

    def close(self) -> Path:
        """Finish: only here does the output's own name come into being. Raises RunError."""

    def abandon(self, *, keep: bool) -> Path | None:
        """Stop early. Never raises.

        With `keep`, what is done is left as a film of its own beside the output (`a.partial.mp4`
        for `a.mp4`, in place of an earlier one of the same work) and its path returned; nothing
        else stays, but what lasts.
        """


@dataclass(frozen=True)
class FilmSpec:
    """What film a sink makes.

    Attributes:
        size: of the frames to come.
        rate: frames a second, exact.
        crf: x264's constant rate factor, 0 (lossless) to 51; other codecs make of it what they can.
        segment_frames: how many frames are coded as one closed piece, at least 1.
        sound: what is heard, if anything, where the file can have sound.
        note: a text that the file carries as its comment, where it can.
    """

    size: Size
    rate: Fraction
    crf: float
    segment_frames: int
    sound: Sound | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.segment_frames < 1:
            raise ValueError(f"a segment of {self.segment_frames} frames")

    def require_size(self, frame: Frame) -> None:
        """Raise ValueError unless a frame is (H, W, 3) of the film's size."""
        if frame.shape != (*self.size.shape, 3):
            raise ValueError(f"a frame of shape {frame.shape} in a film of {self.size}")


def to_uint8(frame: Frame) -> NDArray[np.uint8]:
    """The one place where float levels become bytes: rounded to nearest even, cut to 0..255."""
    return np.rint(np.clip(frame, 0, 255)).astype(np.uint8)


def partial_name(path: Path) -> Path:
    """`a.partial.mp4` for `a.mp4`, `frames.partial` for `frames`."""
    return path.with_name(f"{path.stem}.partial{path.suffix}")


PARTIAL = "partial"
"""A file in a run's folder that holds the name of what its interruption left beside the output."""


def recorded_partial(folder: Path) -> str | None:
    """The name that is noted in a run's folder, if it is one; the folder may be a stranger's."""
    try:
        name = (folder / PARTIAL).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    plain = name == Path(name).name and any(s.startswith(".partial") for s in Path(name).suffixes)
    return name if plain else None


class WorkDir:
    """A folder on an output's own disk: finished work is moved, not copied.

    Attributes:
        folder: where it is.
        lasts: whether what is in it is there for another run to go on with.
    """

    def __init__(self, output: Path, folder: Path | None = None) -> None:
        """Take a `folder` that is there, and another's to remove; else make a hidden one of its own
        beside the output, `.NAME.dreamvid-XXXX`. Raises MediaError."""
        self.lasts = folder is not None
        if folder is not None:
            self.folder = folder
            return
        parent = output.parent
        try:
            # A name may have up to 255 bytes: what is added must find room.
            prefix = f".{output.name[:40]}.dreamvid-"
            self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).absolute()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise OutputError(
                f"{output}: cannot write into {parent}: {reason}", path=output
            ) from error

    def partial(self, path: Path) -> Path:
        """Where what is done of `path` is left when it ends early: where an earlier part of the
        same work left it, else a name that is free, `a.partial-2.mp4` perhaps."""
        if not self.lasts:
            return partial_name(path)
        before = recorded_partial(self.folder.parent)
        if before is not None:
            return path.with_name(before)
        first = partial_name(path)
        names = (first.with_stem(f"{first.stem}-{number}") for number in itertools.count(2))
        return next(name for name in itertools.chain([first], names) if not os.path.lexists(name))

    def place(self, made: str, name: Path) -> Path:
        """Move the file `made` in the folder to its name, whole or not at all. Raises RunError."""
        try:
            commit(self.folder / made, name)
        except OSError as error:
            raise RunError(f"{name}: cannot be put in place: {error.strerror}") from error
        return name

    def remove(self) -> None:
        """Remove the folder with all that is in it, if it can be, unless it lasts."""
        if self.lasts:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
