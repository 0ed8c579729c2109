"""The sink of a film file: segments, joined into one file at the end."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from dreamvid.errors import DreamvidError, RunError, StateError
from dreamvid.frame import Frame
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.codec import FilmCodec
from dreamvid.media.codecs.table import ending_of
from dreamvid.media.segments import Segments
from dreamvid.media.sink import FilmSpec, WorkDir, partial_name


class FilmSink:
    """A sink that makes one film file.

    If the codec needs other sides, even ones perhaps, the last row or column is repeated.
    """

    def __init__(
        self, path: Path, film: FilmSpec, codec: FilmCodec, work: WorkDir, done: int | None = None
    ) -> None:
        """Begin a film, or resume one.

        Raises:
            RunError: some of the frames before `done` are missing in the `work` folder.
        """
        self.path = path
        self._film, self._codec = film, codec
        self._placed = False
        self._work = work
        stored = replace(film, size=codec.stored_size(film.size))
        self._segments = Segments(work, stored, codec, film.first if done is None else done)

    def write(self, frame: Frame) -> None:
        """See `Sink`."""
        self._film.require_size(frame)
        self._segments.write(self._codec.pixels(self._codec.padded(frame)))

    def end_segment(self) -> None:
        """Begin a segment with the next frame, where a shot begins. Raises RunError."""
        self._segments.end_segment()

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
