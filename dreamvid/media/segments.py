"""A film in pieces of a fixed number of frames, each a whole file by its own encoder.

What is closed is safe: a fault costs at most the open piece, and as no piece knows of another, a
film is the same bytes whether it was made in one go or in several.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import RunError, StateError
from dreamvid.media import ffmpeg
from dreamvid.media.durable import settle, told, undone
from dreamvid.media.kept import KeptFrames
from dreamvid.media.sink import Workplace

LIST = "segments.txt"

PATIENCE = 300.0
"""Seconds that an encoder may take to take anything, or to end; one that takes longer hangs."""


class Encoder:
    """One ffmpeg that takes frames on its standard input and makes one file of them.

    Until it is closed the file has a name that no other encoder has.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], rate: Fraction, coding: Sequence[str]
    ) -> None:
        """Start it: `path` is what its file is to be called or near it, `size` (width, height),
        `coding` the options of the output."""
        self._made = undone(path, path.suffix)
        # A file takes any amount of complaint; a pipe would fill up and stop the encoder.
        self._log = self._made.with_suffix(".log")
        words = [
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}"),
            *("-r", f"{rate.numerator}/{rate.denominator}", "-i", "pipe:0"),
            *("-filter_threads", "1", *coding, "-fflags", "+bitexact", "-flags", "+bitexact"),
            ffmpeg.url(self._made),
        ]
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    ffmpeg.command(words),
                    stdin=subprocess.PIPE,
                    bufsize=0,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    process_group=0,  # at Ctrl-C dreamvid closes the segment itself
                )
            if os.name == "posix":
                assert self._process.stdin is not None
                os.set_blocking(self._process.stdin.fileno(), False)
        except OSError as error:
            raise RunError(f"ffmpeg cannot be started: {error}") from error

    def write(self, picture: NDArray[np.uint8]) -> None:
        """Hand over one frame, (H, W, 3) uint8 RGB. Raises RunError with the encoder's words."""
        assert self._process.stdin is not None
        left = np.ascontiguousarray(picture).data.cast("B")
        posix = os.name == "posix"  # elsewhere pipes cannot be waited for
        try:
            while left:
                if posix and not select.select([], [self._process.stdin], [], PATIENCE)[1]:
                    self._process.kill()
                    raise RunError(f"the encoder hung: it took nothing for {PATIENCE:g} seconds")
                left = left[self._process.stdin.write(left) or 0 :]
        except OSError as error:
            raise RunError(f"the encoder stopped: {self._end() or error}") from error

    def close(self, path: Path) -> None:
        """Wait until the file is whole, and give it its name. Raises RunError."""
        fault = self._end()
        if fault:
            raise RunError(f"the encoder failed: {fault}")
        try:
            settle(self._made, path)
        except OSError as error:
            raise RunError(f"{path.name}: cannot be kept: {error.strerror}") from error

    def kill(self) -> None:
        """End it at once; its file is worth nothing."""
        self._process.kill()
        self._end()
        with contextlib.suppress(OSError):  # a rerun sweeps it away
            self._made.unlink(missing_ok=True)

    def _end(self) -> str | None:
        """Close its input, wait for it, and return what went wrong or None."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it is dead: its status tells
            self._process.stdin.close()
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return f"it hung, and was ended after {PATIENCE:g} seconds"
        said = b""
        with contextlib.suppress(OSError):
            said = self._log.read_bytes()
            self._log.unlink()
        return ffmpeg.complaint(said, status) if status else None


class Segments:
    """The pieces of one film in one folder: `000000.mp4`, `000001.mp4`, …

    A piece closes when it has its `length`; the last may be shorter, and is `last.mp4`. In a folder
    that lasts, the frames of the piece that is open are kept there too, so that another run can
    code it from its beginning.
    """

    def __init__(
        self,
        work: Workplace,
        *,
        size: tuple[int, int],
        rate: Fraction,
        length: int,
        suffix: str,
        coding: Sequence[str],
        done: int = 0,
    ) -> None:
        """Begin a film of pieces of `length` frames, or go on with one of `done` frames.

        Raises:
            RunError: what should be there of them is not.
        """
        if length < 1:
            raise ValueError(f"a segment of {length} frames")
        self.folder, self.rate = work.folder, rate
        self._frames = KeptFrames(work.folder) if work.lasts else None
        self._size, self._length = size, length
        self._suffix, self._coding = suffix, coding
        self._open: Encoder | None = None
        self._last: Path | None = None
        self.written = done
        self.whole = 0
        while self._name(self.whole).exists():
            self.whole += 1
        missing = [
            index
            for index in range(self.whole * length, done)
            if not self._frames or index not in self._frames
        ]
        if missing:
            raise StateError(
                f"frame {missing[0]} is missing in {self.folder}; --restart begins anew"
            )

    @property
    def closed(self) -> list[Path]:
        """The pieces that are whole, in their order."""
        return [self._name(at) for at in range(self.whole)] + ([self._last] if self._last else [])

    def write(self, picture: NDArray[np.uint8]) -> None:
        """Add one frame; closes the segment that it fills. Raises RunError."""
        index = self.written
        if index < self.whole * self._length:
            self.written += 1
            return  # closed just before an earlier run ended
        if self._frames:
            self._frames.keep(index, picture)
        self._encoder(index).write(picture)
        self.written += 1
        if self.written % self._length == 0:
            self._close(self._name(self.whole))
            self.whole += 1
            if self._frames:
                self._frames.drop(range(self.written - self._length, self.written))

    def close(self) -> None:
        """Close the open segment, if there is one, however short. Raises RunError."""
        kept = self._frames is not None and self.written > self.whole * self._length
        if (self._open is not None or kept) and self._last is None:
            self._encoder(self.written)
            self._close(self.folder / f"last{self._suffix}")
            self._last = self.folder / f"last{self._suffix}"

    def kill(self) -> None:
        """Drop the open segment."""
        encoder, self._open = self._open, None
        if encoder is not None:
            encoder.kill()

    def joined(self) -> list[str]:
        """The options that make ffmpeg, run in the folder, read the closed segments as one film."""
        script = "".join(f"file '{path.name}'\n" for path in self.closed)
        with told(self.folder / LIST):
            (self.folder / LIST).write_text(script, encoding="ascii")
        return ["-f", "concat", "-i", LIST]

    def _name(self, at: int) -> Path:
        return self.folder / f"{at:06d}{self._suffix}"

    def _encoder(self, index: int) -> Encoder:
        """The open segment's, which has all its frames before that `index`."""
        if self._open is None:
            self._open = Encoder(self._name(self.whole), self._size, self.rate, self._coding)
            for earlier in range(self.whole * self._length, index):
                assert self._frames, "another run's"
                self._open.write(self._frames[earlier])
        return self._open

    def _close(self, path: Path) -> None:
        assert self._open
        encoder, self._open = self._open, None
        encoder.close(path)
