"""A film in pieces of a fixed number of frames, each a whole file by its own encoder.

What is closed is safe: a fault costs at most the open piece, and as no piece knows of another, a
film is the same bytes whether it was made in one go or in several.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import RunError
from dreamvid.media import ffmpeg

LIST = "segments.txt"


class Encoder:
    """One ffmpeg that takes frames on its standard input and makes one file of them."""

    def __init__(
        self, path: Path, size: tuple[int, int], rate: Fraction, coding: Sequence[str]
    ) -> None:
        """Start it: `size` is (width, height), `coding` the options of the output."""
        self.path = path
        # A file takes any amount of complaint; a pipe would fill up and stop the encoder.
        self._log = path.with_suffix(".log")
        words = [
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}"),
            *("-r", f"{rate.numerator}/{rate.denominator}", "-i", "pipe:0"),
            *("-filter_threads", "1", *coding, "-fflags", "+bitexact", "-flags", "+bitexact"),
            ffmpeg.url(path),
        ]
        try:
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(
                    ffmpeg.command(words),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    process_group=0,  # at Ctrl-C dreamvid closes the segment itself
                )
        except OSError as error:
            raise RunError(f"ffmpeg cannot be started: {error}") from error

    def write(self, picture: NDArray[np.uint8]) -> None:
        """Hand over one frame, (H, W, 3) uint8 RGB. Raises RunError with the encoder's words."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(np.ascontiguousarray(picture).data)
        except OSError as error:
            raise RunError(f"the encoder stopped: {self._end() or error}") from error

    def close(self) -> None:
        """Wait until the file is whole. Raises RunError if it is not."""
        fault = self._end()
        if fault:
            raise RunError(f"the encoder failed: {fault}")

    def kill(self) -> None:
        """End it at once; its file is worth nothing."""
        self._process.kill()
        self._end()

    def _end(self) -> str | None:
        """Close its input, wait for it, and return what went wrong or None."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it is dead: its status tells
            self._process.stdin.close()
        status = self._process.wait()
        return ffmpeg.complaint(self._log.read_bytes(), status) if status else None


class Segments:
    """The pieces of one film in one folder: `000000.mp4`, `000001.mp4`, …"""

    def __init__(
        self,
        folder: Path,
        *,
        size: tuple[int, int],
        rate: Fraction,
        length: int,
        suffix: str,
        coding: Sequence[str],
    ) -> None:
        """Begin a film of pieces of `length` frames in a folder that exists."""
        if length < 1:
            raise ValueError(f"a segment of {length} frames")
        self.folder = folder
        self.rate = rate
        self.closed: list[Path] = []
        self._size, self._length = size, length
        self._suffix, self._coding = suffix, coding
        self._open: Encoder | None = None
        self._filled = 0

    def write(self, picture: NDArray[np.uint8]) -> None:
        """Add one frame; closes the segment that it fills. Raises RunError."""
        if self._open is None:
            path = self.folder / f"{len(self.closed):06d}{self._suffix}"
            self._open, self._filled = Encoder(path, self._size, self.rate, self._coding), 0
        self._open.write(picture)
        self._filled += 1
        if self._filled == self._length:
            self.close()

    def close(self) -> None:
        """Close the open segment, if there is one, however short. Raises RunError."""
        if self._open is not None:
            self._open.close()
            self.closed.append(self._open.path)
            self._open = None

    def kill(self) -> None:
        """Drop the open segment."""
        encoder, self._open = self._open, None
        if encoder is not None:
            encoder.kill()
            encoder.path.unlink(missing_ok=True)

    def joined(self) -> list[str]:
        """The options that make ffmpeg, run in the folder, read the closed segments as one film."""
        script = "".join(f"file '{path.name}'\n" for path in self.closed)
        (self.folder / LIST).write_text(script, encoding="ascii")
        return ["-f", "concat", "-i", LIST]
