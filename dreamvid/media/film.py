"""The sink of a film file: segments, joined into one file at the end."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from dreamvid.errors import DreamvidError, RunError, StateError
from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg
from dreamvid.media.codecs import Codec, ending_of
from dreamvid.media.segments import Segments
from dreamvid.media.sink import FilmSpec, WorkDir, partial_name


class FilmSink:
    """A sink that makes one film file.

    If the codec needs even sides, the last row or column of an odd side is repeated.
    """

    def __init__(
        self, path: Path, film: FilmSpec, codec: Codec, work: WorkDir, done: int = 0
    ) -> None:
        """Begin a film, or resume one.

        Raises:
            RunError: some of the `done` frames are missing in the `work` folder.
        """
        self.path = path
        self._film, self._codec = film, codec
        self._padding = (film.size.width % 2, film.size.height % 2) if codec.even else (0, 0)
        self._placed = False
        self._work = work
        across, down = self._padding
        padded = replace(film, size=Size(film.size.width + across, film.size.height + down))
        self._segments = Segments(work, padded, codec, done)

    def write(self, frame: Frame) -> None:
        """See `Sink`."""
        self._film.require_size(frame)
        across, down = self._padding
        pixels = self._codec.pixels(frame)
        rest = [(0, 0)] * (pixels.ndim - 2)
        self._segments.write(np.pad(pixels, [(0, down), (0, across), *rest], mode="edge"))

    def close(self) -> Path:
        """See `Sink`."""
        self._segments.close()
        if not self._segments.closed:
            raise StateError("not one frame was written", path=self.path)
        self._finish(self.path, self._segments.written)
        self._work.remove()
        return self.path

    def abandon(self, *, keep: bool) -> Path | None:
        """See `Sink`. If the segments cannot be joined, for example on a full disk, they are left
        in a folder `a.partial`."""
        try:
            return self._rescue() if keep and not self._placed else None
        except (DreamvidError, OSError):
            return None
        finally:
            self._segments.kill()
            self._work.remove()

    def _rescue(self) -> Path | None:
        with contextlib.suppress(RunError):  # the open segment may be lost with its encoder
            self._segments.close()
        closed = self._segments.closed
        if not closed:
            return None
        try:
            # An interrupt may have come after the encoder took a frame but before it was counted.
            packets = [ffmpeg.packets(segment, "video") for segment in closed]
            return self._finish(
                self._work.partial(self.path), sum(each.count for each in packets if each)
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
        joined = self._segments.assemble(frames, ending_of(self.path))
        self._work.place(joined, name)
        self._placed = True
        return name
