"""A film as segments of a fixed number of frames, each a complete file by its own encoder.

A closed segment is safe: a crash costs at most the open one. As no segment depends on another, a
film is the same bytes whether it was made in one run or resumed.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError, RunError, StateError
from dreamvid.media import ffmpeg
from dreamvid.media.codecs import LIST, Codec, codec_of
from dreamvid.media.durable import commit, os_errors, temp_name
from dreamvid.media.files import require_file
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.sink import FilmSpec, WorkDir

MIN_TIME_SCALE = 10_000
"""Ticks in a second; ffmpeg's MP4 muxer uses at least so many."""

PATIENCE = 300.0
"""Seconds within which an encoder must accept data, or end; else it counts as hung."""


class Encoder:
    """One ffmpeg that reads frames on its standard input and writes one file.

    Until it is closed, the file has a unique temporary name.
    """

    def __init__(self, path: Path, film: FilmSpec, codec: Codec) -> None:
        """Start it: `path` is what its file is to be called or near it, `film.size` that of the
        pixels to come. Raises RunError."""
        self._made = temp_name(path, path.suffix)
        # A pipe for its messages could fill up and stop the encoder; a file does not.
        self._log = self._made.with_suffix(".log")
        words = [
            *("-f", "rawvideo", "-pix_fmt", codec.pixel_format, "-s", str(film.size)),
            *("-r", f"{film.rate.numerator}/{film.rate.denominator}", "-i", "pipe:0"),
            *("-filter_threads", "1", *codec.options(film)),
            *("-fflags", "+bitexact", "-flags", "+bitexact"),
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
                    process_group=0,  # at Ctrl-C dreamvid closes the segment
                )
            if os.name == "posix":
                assert self._process.stdin is not None
                os.set_blocking(self._process.stdin.fileno(), False)
        except OSError as error:
            raise RunError(f"ffmpeg cannot be started: {error}") from error

    def write(self, pixels: NDArray[Any]) -> None:
        """Hand over one frame in the codec's pixel format. Raises RunError."""
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
            commit(self._made, path)
        except OSError as error:
            raise RunError(f"{path.name}: cannot be kept: {error.strerror}") from error

    def kill(self) -> None:
        """Kill it and remove its file."""
        self._process.kill()
        self._end()
        with contextlib.suppress(OSError):  # a resume removes it
            self._made.unlink(missing_ok=True)

    def _end(self) -> str | None:
        """Close its input, wait for it, and return its error message, or None."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended; its status says why
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
    """The segments of one film in one folder: `000000.mp4`, `000001.mp4`, …

    A segment is closed when it has `film.segment_frames`; the last may be shorter, and is called
    `last.mp4`. In a folder that lasts, the frames of the open segment are stored too, so that
    another run can encode it from its beginning.
    """

    def __init__(self, work: WorkDir, film: FilmSpec, codec: Codec, done: int = 0) -> None:
        """Begin a film, or resume one of `done` frames; `film.size` is that of the pixels to come.

        Raises:
            RunError: frames of the earlier run are missing.
        """
        self.folder = work.folder
        self._film, self._codec = film, codec
        self._frames = FrameStore(work.folder) if work.lasts else None
        self._open: Encoder | None = None
        self._last: Path | None = None
        self.written = done
        self.whole = 0
        while self._name(self.whole).exists():
            self.whole += 1
        missing = [
            index
            for index in range(self.whole * film.segment_frames, done)
            if not self._frames or index not in self._frames
        ]
        if missing:
            raise StateError(
                f"frame {missing[0]} is missing in {self.folder}; --restart begins anew"
            )

    @property
    def closed(self) -> list[Path]:
        """The closed segments, in order."""
        return [self._name(at) for at in range(self.whole)] + ([self._last] if self._last else [])

    def write(self, pixels: NDArray[Any]) -> None:
        """Add one frame in the codec's pixel format; closes the segment that it fills.

        Raises:
            RunError: the encoder or the disk failed.
        """
        index = self.written
        if index < self.whole * self._film.segment_frames:
            self.written += 1
            return  # in a segment that an earlier run closed just before it ended
        if self._frames:
            self._frames.add(index, pixels)
        self._encoder(index).write(pixels)
        self.written += 1
        if self.written % self._film.segment_frames == 0:
            self._close(self._name(self.whole))
            self.whole += 1
            if self._frames:
                self._frames.drop(range(self.written - self._film.segment_frames, self.written))

    def close(self) -> None:
        """Close the open segment, if there is one, however short. Raises RunError."""
        stored = self._frames is not None and self.written > self.whole * self._film.segment_frames
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
        """Make one file of the closed segments, which have all `frames` frames.

        Returns:
            Its name in the folder, which ends in `ending`.

        Raises:
            RunError: ffmpeg failed.
        """
        script = "".join(f"file '{path.name}'\n" for path in self.closed)
        with os_errors(self.folder / LIST):
            (self.folder / LIST).write_text(script, encoding="ascii")
        return self._codec.assemble(self.folder, self._film, frames, ending)

    def _name(self, at: int) -> Path:
        return self.folder / f"{at:06d}{self._codec.segment_ending}"

    def _encoder(self, index: int) -> Encoder:
        """The encoder of the open segment, which has been given its frames before `index`."""
        if self._open is None:
            self._open = Encoder(self._name(self.whole), self._film, self._codec)
            for earlier in range(self.whole * self._film.segment_frames, index):
                assert self._frames, "frames of another run"
                self._open.write(self._frames[earlier])
        return self._open

    def _close(self, path: Path) -> None:
        assert self._open
        encoder, self._open = self._open, None
        encoder.close(path)


def count_frames(film: Path) -> int:
    """How many pictures a film file has. Raises InputError if it cannot be read."""
    require_file(film)
    try:
        seen = ffmpeg.packets(film, "video")
    except RunError as error:
        raise InputError(f"{film}: cannot be read ({error})", path=film) from None
    if seen is None:
        raise InputError(f"{film}: has no pictures", path=film)
    return seen.count


def cut_segments(film: Path, count: int, length: int, rate: Fraction, folder: Path) -> None:
    """Cut a film's first `count` segments of `length` frames out of it: `000000.mp4` and on.

    They are those that it was joined of: each begins with a picture that needs none before it. Its
    times are made exact again, which MKV rounds.

    Raises:
        RunError: it cannot be cut there.
    """
    codec = codec_of(film)
    if not count or codec is None:
        return
    cuts = ",".join(str(length * at) for at in range(1, count + 1))
    source = [*ffmpeg.GUARD, "-copyts", "-i", ffmpeg.url(film), "-map", "0:v:0", "-c", "copy"]
    scale = rate.numerator
    while scale < MIN_TIME_SCALE:
        scale *= 2
    tick = scale // rate.numerator * rate.denominator
    exact = f"pts=round(PTS/{tick})*{tick}:dts=(round(STARTDTS/{tick})+N)*{tick}:duration={tick}"
    source += ["-bsf:v", f"setts=time_base=1/{scale}:prescale=1:{exact}"]
    where = ["-frames:v", str(count * length), "-f", "segment", "-segment_frames", cuts]
    form = ["-reset_timestamps", "1", "-y", f"%06d{codec.segment_ending}"]
    patience = ffmpeg.patience(count * length)
    ffmpeg.run([*source, *where, *form], cwd=folder, timeout=patience)
    for at in range(count):
        segment = ffmpeg.packets(folder / f"{at:06d}{codec.segment_ending}", "video")
        if segment is None or segment.count != length:
            raise StateError(f"{film}: cannot be cut after every {length} frames")
