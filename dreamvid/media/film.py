"""The sink of a film file: segments, then one file made of them."""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path

import numpy as np

from dreamvid.errors import DreamvidError, RunError, StateError
from dreamvid.frame import Frame
from dreamvid.media import ffmpeg
from dreamvid.media.codings import Coding
from dreamvid.media.segments import Segments
from dreamvid.media.sink import Workplace, partial_name, quantise


class FilmSink:
    """A sink that leaves one film file.

    Where the coding wants even sides, an odd one grows by one pixel, which repeats the last row or
    column.
    """

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int],
        rate: Fraction,
        segment: int,
        coding: Coding,
        work: Workplace,
        done: int = 0,
    ) -> None:
        """Begin a film of frames of `size` = (width, height), in segments of `segment` frames.

        Raises:
            RunError: `done` frames should be in the `work` place, and are not.
        """
        self.path = path
        self._size, self._coding = size, coding
        self._growth = (size[0] % 2, size[1] % 2) if coding.even else (0, 0)
        self._placed = False
        self._work = work
        self._segments = Segments(
            work,
            size=(size[0] + self._growth[0], size[1] + self._growth[1]),
            rate=rate,
            length=segment,
            suffix=coding.suffix,
            coding=coding.options(),
            done=done,
        )

    def write(self, frame: Frame) -> None:
        """See `Sink`."""
        if frame.shape != (self._size[1], self._size[0], 3):
            raise ValueError(f"a frame of shape {frame.shape} in a film of {self._size}")
        across, down = self._growth
        picture = np.pad(quantise(frame), ((0, down), (0, across), (0, 0)), mode="edge")
        self._segments.write(picture)

    def close(self) -> Path:
        """See `Sink`."""
        self._segments.close()
        if not self._segments.closed:
            raise StateError(f"{self.path}: not one frame was written")
        self._finish(self.path, self._segments.written)
        self._work.remove()
        return self.path

    def abandon(self, *, keep: bool) -> Path | None:
        """See `Sink`. Where the segments cannot be joined, for want of room perhaps, they are kept
        themselves, in a folder `a.partial`."""
        try:
            return self._rescue() if keep and not self._placed else None
        except (DreamvidError, OSError):
            return None
        finally:
            self._segments.kill()
            self._work.remove()

    def _rescue(self) -> Path | None:
        with contextlib.suppress(RunError):  # the open one may be lost with its encoder
            self._segments.close()
        closed = self._segments.closed
        if not closed:
            return None
        try:
            # An interrupt may have come between the encoder and our count.
            held = [ffmpeg.packets(segment, "video") for segment in closed]
            return self._finish(
                self._work.partial(self.path), sum(each.count for each in held if each)
            )
        except RunError:
            if self._work.lasts:
                raise
            folder = partial_name(self.path.with_suffix(""))
            folder.mkdir(exist_ok=True)
            for segment in closed:
                segment.replace(folder / segment.name)
            return folder

    def _finish(self, name: Path, frames: int) -> Path:
        made = self._coding.assemble(self._segments, frames, self.path.suffix.lower())
        self._work.place(made, name)
        self._placed = True
        return name
