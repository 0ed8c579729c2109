"""Timing of a clip's pictures: its frame rate, constant or not, and whether it is cut off."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError, RunError
from dreamvid.limits import MAX_LISTED
from dreamvid.media import ffmpeg

HIGHEST_RATE = 1000
LOWEST_RATE = 1 / 1000
"""Frames a second; a stated rate outside of these is ignored."""

STEADY = 0.45
"""Most frames that a picture may be off its time for the rate to count as constant."""

QUICKEST = 60
"""Frames a second: the highest for a clip of variable rate, unless its mean is higher."""

SLOWEST = 10
"""Frames a second: the lowest for a clip of variable rate, so that slides change on time."""

USUAL = [Fraction(rate) for rate in (15, 24, 25, 30, 50, 60)]

JUMPING = ("mpegts", "mpeg")
JUMP = 10
"""Seconds: a longer step in a broadcast is a clock reset, as for ffmpeg, not a pause."""

Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Timing:
    """See `probe.Clip`."""

    rate: Fraction
    frames: int | None
    even: bool = True
    last: Fraction | None = None
    fault: str = ""


def timing_of(path: Path, container: str, stated: float, count: int) -> Timing:
    """The rate and number of frames, from OpenCV's properties and the packets' time stamps.

    Containers state a mean, a guess from their beginning, or the longest stream's length; only the
    time stamps show whether the rate is constant. A file that is cut off counts one frame more:
    the one that reading will find missing.
    """
    listed, zero = _listed(path, container)
    if listed is None or zero is None:
        return Timing(_sane(path, stated), count or None)
    fault = listed.fault or _cut_off(path, container)
    missing = bool(fault)
    # Packets before the first picture lack their reference frames or are hidden by an edit list.
    ticks = np.array([time for time in listed.times if time * listed.tick >= zero], dtype=np.int64)
    stamped = listed.exact and len(np.unique(ticks)) == len(ticks) and len(ticks) > 0
    if not stamped or (container in JUMPING and np.diff(ticks).max(initial=0) * listed.tick > JUMP):
        mean = float(listed.count / max(listed.end - listed.start, listed.tick))
        rate = _sane(path, stated if 0 < stated <= HIGHEST_RATE else mean)
        return Timing(rate, listed.count + missing, fault=fault)
    return _by_stamps(ticks, listed, zero, stated, fault)


def _by_stamps(
    ticks: NDArray[np.int64], listed: ffmpeg.Packets, zero: Fraction, stated: float, fault: str
) -> Timing:
    """The timing of pictures that each have a time stamp (in ticks), from the one shown at `zero`
    (seconds) on."""
    missing = bool(fault)
    times = (ticks - ticks[0]) * float(listed.tick)
    mean = (len(times) - 1) / times[-1] if len(times) > 1 else stated
    last = listed.latest - zero
    for rate in map(snap, filter(_is_sane, (stated, mean))):
        if np.abs(times - np.arange(len(times)) / float(rate)).max() < STEADY / rate:
            return Timing(rate, len(times) + missing, True, last, fault)
    rate = _usual(times, stated)
    lasts = max(listed.end - zero, last + 1 / rate)
    return Timing(rate, math.ceil(lasts * rate - Fraction(1, 2)) + missing, False, last, fault)


def _listed(path: Path, container: str) -> tuple[ffmpeg.Packets | None, Fraction | None]:
    """The packets of a clip, and when its first picture is shown; None if it cannot be listed.

    Raises:
        InputError: there are too many.
    """
    try:
        # A cut-off GIF is detected only by decoding it.
        listed = ffmpeg.packets(path, "video", most=MAX_LISTED + 1, decode=container == "gif")
        zero = ffmpeg.first_picture(path)
    except RunError:
        return None, None
    if listed is not None and listed.count > MAX_LISTED:
        raise too_many(path, MAX_LISTED)
    return listed, zero


def _usual(times: Seconds, stated: float) -> Fraction:
    """The most frequent rate of the fast parts of a variable rate, so that few frames are lost."""
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
        raise InputError(f"has no frame rate that makes sense ({rate:g} a second)", path=path)
    return snap(rate)


def _cut_off(path: Path, container: str) -> str:
    """How a file is cut off, for containers where ffmpeg does not report it; "" if it is not."""
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
        with contextlib.suppress(RunError):  # no keyframe in the last seconds
            _, fault = ffmpeg.run([*tail, "-f", "null", "-"], timeout=ffmpeg.PROBE_SECONDS)
            return f"its last picture is damaged: {fault}" if fault else ""
    return ""


def snap(rate: float) -> Fraction:
    """The exact rate for a rounded one: n or n·1000/1001 if near, else a small ratio."""
    for exact in (Fraction(round(rate)), Fraction(round(rate * 1.001) * 1000, 1001)):
        if exact and abs(rate / exact - 1) < 2e-5:
            return exact
    return Fraction(rate).limit_denominator(1001)


def too_many(path: Path, most: int) -> InputError:
    """The error for a clip with too many pictures to list."""
    return InputError(f"holds more than {most} pictures", path=path)
