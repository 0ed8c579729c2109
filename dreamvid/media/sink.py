"""Common parts of outputs: the sink protocol, rounding to bytes, the work folder."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import OutputError, RunError
from dreamvid.frame import Frame, Size
from dreamvid.media.durable import commit
from dreamvid.media.sound import Sound
from dreamvid.names import derived
from dreamvid.recipe.encode import USUAL_NAME, Encode


class Sink(Protocol):
    """Takes the frames of a film in order.

    End it with exactly one of `close` and `abandon`; `abandon` may also follow a failed `close`.
    """

    def write(self, frame: Frame) -> None:
        """Take the next frame: (H, W, 3) float32 RGB 0..255, or (H, W, 4) with straight alpha
        0..255 where the film has alpha. Raises RunError (encoder, disk)."""

    def close(self) -> Path | None:
        """Finish the output, which appears under its name only now; returns its path, if it has
        one. Raises RunError."""

    def abandon(self, *, keep: bool) -> Path | None:
        """Stop early. Never raises.

        With `keep`, the frames so far are left as a playable film beside the output
        (`a.partial.mp4` for `a.mp4`, replacing an earlier one of the same render) and its path is
        returned. The work folder keeps only what another run resumes from.
        """


@dataclass(frozen=True)
class FilmSpec:
    """Properties of the film that a sink writes.

    Attributes:
        size: of the frames.
        rate: frames a second, exact.
        crf: x264's constant rate factor, 0 (lossless) to 51; other codecs map it to their own
            quality.
        segment_frames: the most frames in a closed segment, at least 1.
        sound: sound for the file, if its format supports it; None: silent.
        note: a comment for the file, if its format supports it.
        alpha: whether frames have alpha.
        data: whether frames are numbers, not pictures: those of some passes.
        codec: `encode.codec`; None: the default one of the output's extension.
        frame_name: of a sequence, `encode.frame_name`.
        first_number: of a sequence's first frame.
        closes_after: the film's number of frames, where its last one leads into its first; else
            None.
        first: the number of the first frame that is written: that of a shot, or 0.
    """

    size: Size
    rate: Fraction
    crf: float
    segment_frames: int
    sound: Sound | None = None
    note: str = ""
    alpha: bool = False
    data: bool = False
    codec: str | None = None
    frame_name: str = USUAL_NAME
    first_number: int = 0
    closes_after: int | None = None
    first: int = 0

    def __post_init__(self) -> None:
        if self.segment_frames < 1:
            raise ValueError(f"a segment of {self.segment_frames} frames")

    @classmethod
    def of(
        cls, encode: Encode, size: Size, rate: Fraction, segment_frames: int, **rest: Any
    ) -> FilmSpec:
        """The film that a recipe's section `encode` asks for; `rest`: other attributes."""
        asked = {name: getattr(encode, name) for name in ("codec", "frame_name", "first_number")}
        return cls(size, rate, encode.crf, segment_frames, **asked, **rest)

    @property
    def fraction(self) -> str:
        """The rate as ffmpeg takes it, `30000/1001`."""
        return f"{self.rate.numerator}/{self.rate.denominator}"

    def require_size(self, frame: Frame) -> None:
        """Raise ValueError unless a frame is (H, W, 3), or with alpha (H, W, 4), of the film's
        size."""
        if frame.shape != (*self.size.shape, 4 if self.alpha else 3):
            raise ValueError(f"a frame of shape {frame.shape} in a film of {self.size}")


def to_uint8(frame: Frame) -> NDArray[np.uint8]:
    """Float levels as bytes: rounded (halves to even), clipped to 0..255."""
    return np.rint(np.clip(frame, 0, 255)).astype(np.uint8)


def to_uint16(frame: Frame) -> NDArray[np.uint16]:
    """Float levels 0..255 as 16 bits, 0..65535; rounded and clipped as bytes are."""
    levels: Frame = np.clip(frame, 0, 255) * np.float32(257)
    return np.rint(levels).astype(np.uint16)


def partial_name(path: Path, number: int = 1) -> Path:
    """`a.partial.mp4` for `a.mp4`, `frames.partial` for `frames`; the second ones are
    `a.partial-2.mp4` and `frames-2.partial`."""
    count = "" if number == 1 else f"-{number}"
    mark = f".partial{count}" if path.suffix else f"{count}.partial"
    return derived(path.parent, path.stem, mark, path.suffix)


PARTIAL = "partial"
"""File in a run's folder that records the name of the partial film beside the output."""


def recorded_partial(folder: Path) -> str | None:
    """The name of the partial film recorded in a run's folder; None if there is none.

    The folder is not trusted: only a plain name of a partial film counts.
    """
    try:
        name = (folder / PARTIAL).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    plain = name == Path(name).name and any(s.startswith(".partial") for s in Path(name).suffixes)
    return name if plain else None


class WorkDir:
    """A work folder on the output's disk, so that finished files are renamed, not copied.

    Attributes:
        folder: its path.
        lasts: whether it is kept for another run to resume from.
    """

    def __init__(self, output: Path, folder: Path | None = None) -> None:
        """Use an existing `folder`, which the caller removes, or create a hidden temporary one
        beside the output, `.NAME.dreamvid-XXXX`. Raises OutputError."""
        self.lasts = folder is not None
        if folder is not None:
            self.folder = folder
            return
        parent = output.parent
        try:
            # A name may have up to 255 bytes; leave room for the prefix and suffix.
            prefix = f".{output.name[:40]}.dreamvid-"
            self.folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).absolute()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise OutputError(f"cannot write into {parent}: {reason}", path=output) from error

    def partial(self, path: Path) -> Path:
        """The name for a partial film of `path`: that of an earlier one of the same render, which
        it replaces, else an unused name such as `a.partial-2.mp4`."""
        if not self.lasts:
            return partial_name(path)
        earlier = recorded_partial(self.folder.parent)
        if earlier is not None:
            return path.with_name(earlier)
        names = (partial_name(path, number) for number in itertools.count(1))
        return next(name for name in names if not os.path.lexists(name))

    def place(self, made: str, name: Path) -> Path:
        """Rename the file `made` in the folder to `name`, atomically. Raises RunError."""
        try:
            commit(self.folder / made, name)
        except OSError as error:
            raise RunError(f"cannot be put in place: {error.strerror}", path=name) from error
        return name

    def remove(self) -> None:
        """Remove the folder and its contents, unless it lasts; never raises."""
        if self.lasts:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
