"""Decoding a clip's pictures with the bundled ffmpeg, in a confined process.

The pictures come through one pipe, and what ffmpeg says of each through another (`showinfo`).
Beside OpenCV, which read clips before, this gave the same pictures to the bit in less time, and
reads what OpenCV does not: interlaced, AV1, VVC, mirrored, alpha, more than 8 bits.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from dreamvid.errors import InputError
from dreamvid.frame import Size
from dreamvid.limits import CLIP_PIXELS_WITHIN
from dreamvid.media import ffmpeg, showinfo
from dreamvid.media.conversion import Conversion
from dreamvid.media.decoder_error import DecoderError
from dreamvid.media.ffmpeg_pipe import FfmpegPipe
from dreamvid.media.samples import Pixels
from dreamvid.media.showinfo import Messages, Shown

THREADS = min(4, os.cpu_count() or 1)
"""Threads of the decoder: each holds pictures, and memory is limited."""

SAMPLE = 24
"""How many pictures are decoded to examine a clip."""

MARGIN = Fraction(1)
"""Seconds that a seek begins early: containers seek by decoding time, which is before the time that
a picture is shown at, by less than this."""

CLOSE = Fraction(1, 2500)
"""Seconds by which ffmpeg's rounding may move a time; pictures are farther apart."""


@dataclass(frozen=True)
class PictureTrack:
    """A stream of pictures, as it is read.

    Attributes:
        path: the file.
        index: the stream's index in it.
        size: of its first picture, upright; others are fitted to it.
        conversion: how its pictures are converted.
    """

    path: Path
    index: int
    size: Size
    conversion: Conversion


@dataclass(frozen=True)
class Sample:
    """The first pictures of a stream.

    Attributes:
        pictures: at least one.
        rate: frames a second, as ffmpeg found; 0 if unknown.
        faults: errors that ffmpeg reported.
    """

    pictures: list[Shown]
    rate: Fraction
    faults: list[str]


def sample(path: Path, index: int, decoder: str = "", pixels: int = 0) -> Sample:
    """Decode the first pictures of a stream, which states so many `pixels` of each.

    Raises:
        InputError: not one can be decoded, or the decoder crashed or hung.
        RunError: ffmpeg cannot be started.
    """
    output = ["-frames:v", str(SAMPLE), "-vf", showinfo.FILTER, "-f", "null", "-"]
    threads = _threads(pixels)
    arguments = [*threads, *_input(path, index, decoder), *output]
    with closing(FfmpegPipe(path, arguments, pixels)) as pipe:
        status = pipe.wait()
    messages = pipe.messages
    pictures = list(iter(messages.shown.get, None))
    if not pictures:
        raise InputError(f"not one frame can be decoded ({pipe.reason(status)})", path=path)
    return Sample(pictures, messages.rate, list(messages.faults))


def last_faults(path: Path, index: int) -> list[str]:
    """What ffmpeg reports of a stream's last two seconds.

    Raises:
        DecoderError: the decoder crashed or hung.
        RunError: ffmpeg cannot be started.
    """
    arguments = ["-sseof", "-2", *_input(path, index, ""), "-f", "null", "-"]
    with closing(FfmpegPipe(path, arguments)) as pipe:
        status = pipe.wait()
    # If there is no keyframe in them, it fails.
    return [] if status else list(pipe.messages.faults)


class Reading:
    """Reads the pictures of a track, one after another.

    Attributes:
        messages: what ffmpeg says meanwhile.
    """

    def __init__(
        self, track: PictureTrack, since: Fraction | None = None, *, seek: bool = False
    ) -> None:
        """Prepare to read.

        Args:
            since: the time of the first picture, in seconds on the file's clock; None: the first.
            seek: whether to begin decoding at a keyframe before it; else at the beginning.
        """
        self._track, self._since = track, since
        self._seek = seek and since is not None
        self.messages = Messages()

    def pictures(self) -> Generator[tuple[Shown, Pixels]]:
        """Each picture, and its samples (H, W, C), C 3 or 4, of 8 or 16 bits. Closing the generator
        ends the process.

        Raises:
            DecoderError: the decoder crashed or hung.
            RunError: ffmpeg cannot be started.
        """
        width, height = self._track.size
        conversion = self._track.conversion
        shape = height, width, conversion.channels
        count = width * height * conversion.channels * conversion.dtype.itemsize
        late = self._seek
        pixels = width * height
        with closing(FfmpegPipe(self._track.path, self._arguments(), pixels)) as pipe:
            self.messages = pipe.messages
            for sent, data in enumerate(iter(lambda: pipe.receive(count), None)):
                keyed, shown = self._next()
                if not sent:
                    late = late and (not keyed or shown is None or self._is_late(shown))
                if shown is None or late:
                    break
                yield shown, np.frombuffer(data, conversion.dtype).reshape(shape)
            else:
                status = pipe.wait()
                if status != 0 and not late:
                    raise DecoderError(self._track.path, pipe.reason(status))
        if late:  # the first picture may lack those that it refers to
            self._seek = False
            yield from self.pictures()

    def _next(self) -> tuple[bool, Shown | None]:
        """Whether a keyframe came, and what ffmpeg said of the next picture that was sent."""
        keyed = False
        while (shown := self.messages.shown.get()) is not None:
            keyed = keyed or shown.key
            if self._since is None or shown.time is None or shown.time > self._since - CLOSE:
                break
        return keyed, shown

    def _is_late(self, shown: Shown) -> bool:
        return self._since is None or shown.time is None or shown.time > self._since + CLOSE

    def _arguments(self) -> list[str]:
        track, filters = self._track, [showinfo.FILTER]
        before: list[str] = []
        if self._since is not None:
            filters.append(f"trim=start={_seconds(self._since - CLOSE)}")
            if self._seek:
                # Trimming by -ss itself would come before `showinfo`, which then saw no keyframe.
                early = _seconds(self._since - MARGIN)
                before = ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", early]
        filters += track.conversion.filters_to(track.size)
        return [
            *before,
            *_threads(track.size.width * track.size.height),
            *_input(track.path, track.index, track.conversion.decoder),
            *("-vf", ",".join(filters), "-f", "rawvideo", "-"),
        ]


def _threads(pixels: int) -> list[str]:
    """Options for the decoder's threads; large pictures are decoded by one."""
    return ["-threads", str(THREADS if pixels <= CLIP_PIXELS_WITHIN else 1)]


def _input(path: Path, index: int, decoder: str) -> list[str]:
    chosen = ["-c:v", decoder] if decoder else []
    source = [*ffmpeg.GUARD, *chosen, "-i", ffmpeg.url(path)]
    return [
        "-max_error_rate",
        "1",
        "-copyts",
        *source,
        "-map",
        f"0:{index}",
        "-fps_mode",
        "passthrough",
    ]


def _seconds(time: Fraction) -> str:
    return f"{float(time):.6f}"
