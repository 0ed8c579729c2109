"""What a clip is, before any of it is read."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError, RunError
from dreamvid.frame import Size
from dreamvid.media import ffmpeg
from dreamvid.media.decoder import decoder
from dreamvid.media.files import require_file
from dreamvid.media.limits import (
    MAX_CLIP_PIXELS,
    MAX_FRAMES,
    MAX_GIF_FRAMES,
    MAX_LISTED,
    MAX_SIDE,
)

HIGHEST_RATE = 1000
LOWEST_RATE = 1 / 1000
"""Frames a second; no clip is said to be slower or quicker."""

STEADY = 0.45
"""Of a frame: how far each may be from its place in a clip of even rate, over all of its length."""

QUICKEST = 60
"""Frames a second that an uneven clip is played at, at most, unless its mean is higher."""

SLOWEST = 10
"""Frames a second that an uneven clip is played at, at least: a slide is to come in time."""

USUAL = [Fraction(rate) for rate in (15, 24, 25, 30, 50, 60)]

JUMPING = ("mpegts", "mpeg")
JUMP = 10
"""Seconds: a longer step in a broadcast is a new clock, as it is for ffmpeg, and not a pause."""

Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    """A clip that can be read.

    Attributes:
        size: in pixels as it is shown: rotated, its pixels made square.
        rate: frames a second, exact: 30000/1001, never 29.97. Of an uneven clip, that at which its
            frames mostly come where they come quickly.
        frames: how many there are at that rate. Decoders may give a few fewer, and those of a
            damaged file many fewer. None where nothing tells.
        rotation: clockwise degrees, 0, 90, 180 or 270, by which its stored frames are turned.
        has_audio: whether it has a sound track.
        pixel_aspect: width over height of a stored pixel.
        even: whether its frames come at `rate`, one after the other. If not, each is shown from its
            own time on.
        last: seconds after the first picture when the last one comes, where that is known.
        fault: what is wrong with the file as a whole, "" if nothing is known.
    """

    path: Path
    size: Size
    rate: Fraction
    frames: int | None
    rotation: int
    has_audio: bool
    pixel_aspect: Fraction
    even: bool = True
    last: Fraction | None = None
    fault: str = ""

    @property
    def duration(self) -> Fraction | None:
        """Seconds of picture."""
        return None if self.frames is None else self.frames / self.rate

    def span(
        self, start: Fraction, end: Fraction | None, frames: int | None
    ) -> tuple[int, int | None]:
        """Which frames lie between two times.

        Args:
            start: seconds; the first frame is the first one shown at or after it.
            end: seconds; frames shown at it or later are left out. None: to the clip's end.
            frames: at most so many. None: all.

        Returns:
            The index of the first frame and how many there are (None: unknown, to the end). The
            sound that belongs to them begins at `index / rate` seconds.

        Raises:
            MediaError: there is no frame between the two.
        """
        first = math.ceil(start * self.rate)
        last = None if end is None else math.ceil(end * self.rate)
        stops = [stop for stop in (last, self.frames) if stop is not None]
        count = min(stops) - first if stops else None
        if count is not None and count <= 0:
            length = "" if self.duration is None else f"; it lasts {float(self.duration):.3f} s"
            until = "its end" if end is None else f"{float(end):g} s"
            raise InputError(
                f"{self.path}: no frame from {float(start):g} s to {until}{length}", path=self.path
            )
        if frames is not None:
            count = frames if count is None else min(count, frames)
        return first, count


def probe(path: Path) -> Clip:
    """Look at a clip, decoding its first frame.

    Raises:
        MediaError: it is missing, empty, a folder, no clip, without pictures or without a frame.
    """
    require_file(path)
    try:
        text = ffmpeg.describe(path)
    except RunError as error:
        raise InputError(f"{path}: {error}", path=path) from error
    streams = [line for line in text.splitlines() if re.match(r"\s*Stream #0:", line)]
    # The cover of an album is a stream of pictures to ffmpeg.
    has_video = any(" Video: " in line and "(attached pic)" not in line for line in streams)
    has_audio = any(" Audio: " in line for line in streams)
    if streams and not has_video:
        held = "only sound" if has_audio else "no pictures"
        raise InputError(f"{path}: holds {held}; give a clip with pictures", path=path)

    _require_size(path, *_sizes(streams))
    found = re.search(r"Input #0, ([\w,]+), from", text)
    container = found[1] if found else ""
    if container == "gif":
        _require_few(path)
    with decoder() as child:
        told, _ = child.ask("look", path)
    across, along = told["aspect"]
    aspect = Fraction(across, along) if across > 0 and along > 0 else Fraction(1)
    stored = Size(*told["size"])
    size = square_size(stored, aspect, told["rotation"])
    _require_size(path, stored, size)
    timing = _timing(path, container, told["rate"], told["count"])
    if (timing.frames or 0) > MAX_FRAMES:
        raise InputError(
            f"{path}: says that it goes on for more than {MAX_FRAMES} frames", path=path
        )
    return Clip(
        path,
        size,
        timing.rate,
        timing.frames,
        told["rotation"],
        has_audio,
        aspect,
        timing.even,
        timing.last,
        timing.fault,
    )


def _sizes(streams: list[str]) -> Iterator[Size]:
    """The sizes of the streams of pictures that ffmpeg lists."""
    for line in streams:
        found = re.search(r" Video: .*?, (\d+)x(\d+)", line)
        if found:
            yield Size(int(found[1]), int(found[2]))


def _require_few(path: Path) -> None:
    """Raise MediaError where a GIF has too many pictures to look at each."""
    with contextlib.suppress(RunError):
        listed = ffmpeg.packets(path, "video", most=MAX_GIF_FRAMES + 1)
        if listed is not None and listed.count > MAX_GIF_FRAMES:
            raise _too_many(path, MAX_GIF_FRAMES)


def _too_many(path: Path, most: int) -> InputError:
    return InputError(f"{path}: holds more than {most} pictures", path=path)


def _require_size(path: Path, *sizes: Size) -> None:
    """Raise MediaError where a clip's pictures are too large to be decoded or shown."""
    for size in sizes:
        if size.width * size.height > MAX_CLIP_PIXELS or max(size) > MAX_SIDE:
            raise InputError(
                f"{path}: its pictures, {size}, are too large; "
                f"at most {MAX_CLIP_PIXELS // 10**6} million pixels, {MAX_SIDE} a side",
                path=path,
            )


def square_size(size: Size, aspect: Fraction, rotation: int) -> Size:
    """The size with square pixels: the stored width changes, so that no line is lost."""
    width, height = size
    if rotation in (90, 270):  # what was stored as the width is shown as the height
        return Size(width, max(1, round(height * aspect)))
    return Size(max(1, round(width * aspect)), height)


@dataclass(frozen=True)
class _Timing:
    """See `Clip`."""

    rate: Fraction
    frames: int | None
    even: bool = True
    last: Fraction | None = None
    fault: str = ""


def _timing(path: Path, container: str, stated: float, count: int) -> _Timing:
    """The rate and the number of frames, from what OpenCV states and from the packets' times.

    What containers state is a mean, a guess from their beginning, or the longest stream's length:
    only the times themselves tell whether frames come evenly. A file found to be cut off is taken
    to have one frame more: the one that reading will miss.
    """
    try:
        # Only whoever decodes a GIF sees that it is cut off.
        listed = ffmpeg.packets(path, "video", most=MAX_LISTED + 1, decode=container == "gif")
        zero = ffmpeg.first_picture(path)
    except RunError:
        listed = zero = None
    if listed is not None and listed.count > MAX_LISTED:
        raise _too_many(path, MAX_LISTED)
    if listed is None or zero is None:
        return _Timing(_sane(path, stated), count or None)
    fault = listed.fault or _cut_off(path, container)
    missing = bool(fault)
    # Those before the first that is shown lack what they are made from, or an edit hides them.
    ticks = np.array([time for time in listed.times if time * listed.tick >= zero], dtype=np.int64)
    told = listed.exact and len(np.unique(ticks)) == len(ticks) and len(ticks) > 0
    if not told or (container in JUMPING and np.diff(ticks).max(initial=0) * listed.tick > JUMP):
        mean = float(listed.count / max(listed.end - listed.start, listed.tick))
        rate = _sane(path, stated if 0 < stated <= HIGHEST_RATE else mean)
        return _Timing(rate, listed.count + missing, fault=fault)
    times = (ticks - ticks[0]) * float(listed.tick)
    mean = (len(times) - 1) / times[-1] if len(times) > 1 else stated
    last = listed.latest - zero
    for rate in map(snap, filter(_is_sane, (stated, mean))):
        if np.abs(times - np.arange(len(times)) / float(rate)).max() < STEADY / rate:
            return _Timing(rate, len(times) + missing, True, last, fault)
    rate = _usual(times, stated)
    lasts = max(listed.end - zero, last + 1 / rate)
    return _Timing(rate, math.ceil(lasts * rate - Fraction(1, 2)) + missing, False, last, fault)


def _usual(times: Seconds, stated: float) -> Fraction:
    """The rate at which frames of uneven times come where they come quickly: few are left out."""
    steps = np.diff(times)
    quick = np.quantile(steps, 0.25)
    alike = steps[np.abs(steps / quick - 1) < 0.2]
    rate = min(1 / float(alike.mean()), max(QUICKEST, len(steps) / times[-1]))
    rate = max(rate, LOWEST_RATE)
    near = min(USUAL, key=lambda usual: abs(rate / usual - 1))
    if abs(stated / rate - 1) < 0.02:
        near = snap(stated)
    exact = near if abs(rate / near - 1) < 0.08 else snap(rate)
    return exact * math.ceil(SLOWEST / exact)


def _is_sane(rate: float) -> bool:
    return LOWEST_RATE <= rate <= HIGHEST_RATE


def _sane(path: Path, rate: float) -> Fraction:
    if not _is_sane(rate):
        raise InputError(
            f"{path}: has no frame rate that makes sense ({rate:g} a second)", path=path
        )
    return snap(rate)


def _cut_off(path: Path, container: str) -> str:
    """In words, whether a file ends too early, of those of which ffmpeg says nothing."""
    length = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(5 * 192)
    stated = int.from_bytes(head[4:8], "little") + 8
    if container == "avi" and head[:4] == b"RIFF" and length < stated < 2**32:
        return f"{stated - length} bytes are missing"
    if container == "mpegts":
        for packet, sync in ((188, 0), (192, 4)):
            if all(byte == 0x47 for byte in head[sync::packet]) and length % packet:
                return "it ends within a packet"
    if container == "mpeg":
        tail = ["-sseof", "-2", *ffmpeg.GUARD, "-i", ffmpeg.url(path), "-map", "0:v:0"]
        with contextlib.suppress(RunError):  # nothing to begin with in the last seconds
            _, fault = ffmpeg.run([*tail, "-f", "null", "-"], timeout=ffmpeg.PROBE_SECONDS)
            return f"its last picture is damaged: {fault}" if fault else ""
    return ""


def snap(rate: float) -> Fraction:
    """The exact rate that a rounded one means: n or n·1000/1001 if near, else a small ratio."""
    for exact in (Fraction(round(rate)), Fraction(round(rate * 1.001) * 1000, 1001)):
        if exact and abs(rate / exact - 1) < 2e-5:
            return exact
    return Fraction(rate).limit_denominator(1001)
