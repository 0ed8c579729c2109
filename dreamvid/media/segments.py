"""A film as short segments, each encoded separately into a complete file.

A crash costs at most the open segment. As segments are independent, a film has the same bytes
whether it was rendered in one run or resumed; and as a segment also ends where a shot does, a shot
has the same ones in its film and alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import RunError, StateError
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.codec import FilmCodec
from dreamvid.media.codecs.joining import LIST
from dreamvid.media.durable import commit, os_errors, temp_name
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.segment_names import closed_frames, segment_name
from dreamvid.media.sink import FilmSpec, WorkDir

PATIENCE = 300.0
"""Seconds within which an encoder must accept data or end; otherwise it counts as hung."""


class Encoder:
    """An ffmpeg process that encodes frames from its standard input into one file.

    Until it is closed, the file has a unique temporary name.
    """

    def __init__(self, path: Path, film: FilmSpec, codec: FilmCodec) -> None:
        """Start it. The temporary file is beside `path`; `film.size` is the size of the pixels.
        Raises RunError."""
        self._temporary = temp_name(path, path.suffix)
        # A pipe for its messages could fill up and block the encoder; a file cannot.
        self._log = self._temporary.with_suffix(".log")
        options = [
            *("-f", "rawvideo", "-pix_fmt", codec.pixel_format(film), "-s", str(film.size)),
            *("-r", film.fraction, "-i", "pipe:0"),
            *("-filter_threads", "1", *codec.options(film)),
            *("-fflags", "+bitexact", "-flags", "+bitexact"),
            ffmpeg.url(self._temporary),
        ]
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    ffmpeg.command(options),
                    stdin=subprocess.PIPE,
                    bufsize=0,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    process_group=0,  # at Ctrl-C dreamvid closes the segment
                )
            if os.name == "posix":
                assert self._process.stdin is not None
                os.set_blocking(self._process.stdin.fileno(), False)
        except OSError as error:
            raise RunError(f"ffmpeg cannot be started: {error}") from error

    def write(self, pixels: NDArray[Any]) -> None:
        """Encode one frame in the codec's pixel format. Raises RunError."""
        assert self._process.stdin is not None
        left = np.ascontiguousarray(pixels).data.cast("B")
        posix = os.name == "posix"  # elsewhere select does not work on pipes
        try:
            while left:
                if posix and not select.select([], [self._process.stdin], [], PATIENCE)[1]:
                    self._process.kill()
                    raise RunError(f"the encoder hung: it took nothing for {PATIENCE:g} seconds")
                left = left[self._process.stdin.write(left) or 0 :]
        except OSError as error:
            raise RunError(f"the encoder stopped: {self._end() or error}") from error

    def close(self, path: Path) -> None:
        """Wait until the file is complete, and rename it to `path`. Raises RunError."""
        fault = self._end()
        if fault:
            raise RunError(f"the encoder failed: {fault}")
        try:
            commit(self._temporary, path)
        except OSError as error:
            raise RunError(f"{path.name}: cannot be saved: {error.strerror}") from error

    def kill(self) -> None:
        """Kill it and remove its file."""
        self._process.kill()
        self._end()
        with contextlib.suppress(OSError):  # the next resume removes it
            self._temporary.unlink(missing_ok=True)

    def _end(self) -> str | None:
        """Close its input and wait for it; return its error message, or None."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has already ended; its status tells why
            self._process.stdin.close()
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return f"it hung, and was ended after {PATIENCE:g} seconds"
        messages = b""
        with contextlib.suppress(OSError):
            messages = self._log.read_bytes()
            self._log.unlink()
        return ffmpeg.complaint(messages, status) if status else None


class Segments:
    """The segments of a film in a folder: `000000-000048.mp4`, `000048-000060.mp4`, …

    A segment is closed when it has `film.segment_frames` frames, or earlier by `end_segment`; the
    last one, `last.mp4`, when the film ends. In a lasting work folder the frames of the open
    segment are stored too, so that another run can encode it from its first frame.
    """

    def __init__(self, work: WorkDir, film: FilmSpec, codec: FilmCodec, done: int = 0) -> None:
        """Begin a film, or resume one of which frames up to `done` are there; `film.size` is the
        size of the pixels.

        Raises:
            RunError: frames of the earlier run are missing.
        """
        self.folder = work.folder
        self._film, self._codec = film, codec
        self._open: Encoder | None = None
        self._closed = closed_frames(work.folder, codec.segment_ending, film.first)
        self._last: Path | None = None
        self.written = done
        self._frames = FrameStore(work.folder) if work.lasts else None
        stored = self._frames.indices if self._frames else []
        missing = sorted({*range(self._start, done)}.difference(stored))
        if missing:
            raise StateError(
                f"frame {missing[0]} is missing in {self.folder}; --restart begins anew"
            )
        if self._frames:  # a crash may have left some of a segment that was closed
            self._frames.drop(index for index in stored if index < self._start)

    @property
    def closed(self) -> list[Path]:
        """The closed segments, in order."""
        names = [segment_name(frames, self._codec.segment_ending) for frames in self._closed]
        return [self.folder / name for name in names] + ([self._last] if self._last else [])

    def write(self, pixels: NDArray[Any]) -> None:
        """Add one frame in the codec's pixel format; closes the segment that it fills.

        Raises:
            RunError: the encoder or the disk failed.
        """
        index = self.written
        if index < self._start:
            self.written += 1
            return  # already in a segment that an earlier run closed before it ended
        if self._frames:
            self._frames.add(index, pixels)
        self._encoder(index).write(pixels)
        self.written += 1
        if self.written - self._start >= self._film.segment_frames:
            self.end_segment()

    def end_segment(self) -> None:
        """Close the open segment with the frames that it has, if any.

        The film's first segment needs 3 frames at least: in fewer, x264 and x265 do not decode
        ahead as in the others. A shot that another follows has more (`shots.SHORTEST`).

        Raises:
            RunError: the encoder or the disk failed.
        """
        frames = range(self._start, self.written)
        if not frames:
            return
        self._encoder(self.written)
        self._close(self.folder / segment_name(frames, self._codec.segment_ending))
        self._closed.append(frames)
        if self._frames:
            self._frames.drop(frames)

    def close(self) -> None:
        """Close the open segment, if there is one, as the film's last. Raises RunError."""
        stored = self._frames is not None and self.written > self._start
        if (self._open is not None or stored) and self._last is None:
            self._encoder(self.written)
            self._close(self.folder / f"last{self._codec.segment_ending}")
            self._last = self.folder / f"last{self._codec.segment_ending}"

    def kill(self) -> None:
        """Abort the open segment."""
        encoder, self._open = self._open, None
        if encoder is not None:
            encoder.kill()

    def assemble(self, frames: int, ending: str) -> str:
        """Join the closed segments, which hold all `frames` frames.

        Returns:
            The name of the file in the folder, with the extension `ending`.

        Raises:
            RunError: ffmpeg failed.
        """
        script = "".join(f"file '{path.name}'\n" for path in self.closed)
        with os_errors(self.folder / LIST):
            (self.folder / LIST).write_text(script, encoding="ascii")
        return self._codec.assemble(self.folder, self._film, frames, ending)

    @property
    def _start(self) -> int:
        """The first frame of the open segment."""
        return self._closed[-1].stop if self._closed else self._film.first

    def _encoder(self, index: int) -> Encoder:
        """The encoder of the open segment; a new one first encodes the stored frames before
        `index`."""
        if self._open is None:
            name = f"{self._start:06d}{self._codec.segment_ending}"
            film = self._film
            if film.closes_after is not None:
                left = film.closes_after - self._start
                film = replace(film, segment_frames=min(film.segment_frames, left))
            self._open = Encoder(self.folder / name, film, self._codec)
            for earlier in range(self._start, index):
                assert self._frames, "only a lasting folder holds frames of another run"
                self._open.write(self._frames[earlier])
        return self._open

    def _close(self, path: Path) -> None:
        assert self._open
        encoder, self._open = self._open, None
        encoder.close(path)
