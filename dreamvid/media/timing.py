"""Timing of a clip's pictures: its frame rate, constant or not, and whether it is cut off."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError, RunError
from dreamvid.limits import MAX_GIF_FRAMES, MAX_LISTED
from dreamvid.media import ffmpeg
from dreamvid.media.pictures import Sample, last_faults

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

ALONE = Fraction(25)
"""Frames a second of a single picture whose stated rate makes no sense."""

JUMPING = ("mpegts", "mpeg")
JUMP = 10
"""Seconds: a longer step in a broadcast is a clock reset, as for ffmpeg, not a pause."""

GIF_LEAST, GIF_USUAL = 2, 10
"""1/100 s: browsers show a picture with a shorter delay than the first for the second."""

HIDING = ("vp8",)
"""Codecs that may put pictures that are never shown into packets of their own."""

HALF = 0.6
"""Packets that come after less than this share of a picture's time hold no picture of their own."""

CLOSE = 1e-6
"""Seconds by which times are rounded."""

Ticks = NDArray[np.int64]
Seconds = NDArray[np.float64]

NO_TICKS: Ticks = np.array([], np.int64)


@dataclass(frozen=True)
class Timing:
    """When the pictures of a clip are shown.

    Attributes:
        rate: frames a second, exact: 30000/1001, never 29.97. For a variable rate, the most
            frequent rate of its fast parts.
        frames: how many frames of that rate the pictures last; None if unknown.
        even: whether the rate is constant, so that each picture is one frame.
        zero: time of the first picture on the file's clock, in seconds.
        tick: unit of `ticks`, in seconds.
        ticks: each picture's time on the file's clock, ascending; none if they are unknown, and
            the pictures are counted instead.
        delays: of a GIF, each picture's time since the first, in seconds, as browsers play it.
        fault: a known defect of the file; "" if there is none.
    """

    rate: Fraction
    frames: int | None
    even: bool = True
    zero: Fraction = Fraction(0)
    tick: Fraction = Fraction(1)
    ticks: Ticks = field(default_factory=lambda: NO_TICKS, compare=False)
    delays: Seconds | None = field(default=None, compare=False)
    fault: str = ""

    def index_of(self, time: Fraction | None) -> int | None:
        """The index of the picture of a time on the file's clock; None if it has none."""
        if time is None or not len(self.ticks):
            return None
        tick = round(time / self.tick)
        index = int(np.searchsorted(self.ticks, tick))
        return index if index < len(self.ticks) and self.ticks[index] == tick else None

    def moment(self, index: int) -> Fraction:
        """When a picture is shown, in seconds since the first."""
        if self.delays is not None:
            since = Fraction(float(self.delays[index])).limit_denominator(100)
        elif len(self.ticks):
            since = int(self.ticks[index]) * self.tick - self.zero
        else:
            return index / self.rate
        return round(since * self.rate) / self.rate if self.even else since

    def index_at(self, moment: Fraction) -> int:
        """The last picture that is shown at a time, in seconds since the first, or before."""
        if self.delays is not None:
            return max(0, int(np.searchsorted(self.delays, float(moment), "right")) - 1)
        slack = 1 / (2 * self.rate) if self.even else Fraction(0)
        tick = math.floor((moment + self.zero + slack) / self.tick)
        return max(0, int(np.searchsorted(self.ticks, tick, "right")) - 1)


def timing_of(path: Path, container: str, codec: str, index: int, sample: Sample) -> Timing:
    """The rate and number of frames of a stream, from its packets' time stamps.

    Containers state a mean, a guess from their beginning, or the longest stream's length; only the
    time stamps show whether the rate is constant. A file that is cut off counts one frame more:
    the one that reading will find missing.
    """
    stated = float(sample.rate)
    zero = sample.pictures[0].time
    listed = _listed(path, index, container)
    # A cut-off GIF is detected only by decoding it.
    if listed and (container == "gif" or _hides_pictures(listed, codec, sample)):
        listed = _listed(path, index, container, decode=True) or listed
    if listed is None or zero is None:
        return Timing(_sane(path, stated), None)
    fault = listed.fault or _cut_off(path, container, index)
    # Packets before the first picture lack their reference frames or are hidden by an edit list.
    times = [time for time in listed.times if time * listed.tick >= zero]
    ticks = np.unique(np.array(times, dtype=np.int64))
    # Where most pictures share the times of others, the times mean nothing.
    stamped = listed.exact and len(ticks) > len(times) / 2
    if not stamped or (container in JUMPING and np.diff(ticks).max(initial=0) * listed.tick > JUMP):
        mean = float(listed.count / max(listed.end - listed.start, listed.tick))
        rate = _sane(path, stated if 0 < stated <= HIGHEST_RATE else mean)
        return Timing(rate, listed.count + bool(fault), fault=fault)
    return timing_of_stamps(
        ticks, listed.tick, zero, listed.end, stated, fault=fault, gif=container == "gif"
    )


def timing_of_stamps(
    ticks: Ticks,
    tick: Fraction,
    zero: Fraction,
    end: Fraction,
    stated: float,
    *,
    fault: str = "",
    gif: bool = False,
) -> Timing:
    """The timing of pictures that each have a time stamp.

    Args:
        ticks: the stamps in units of `tick` seconds, ascending and unlike, at least one.
        zero: time of the first, in seconds.
        end: when the last picture ends, in seconds.
        stated: frames a second that the file states; 0 if none.
        fault: a known defect; the frame that is missing then is counted.
        gif: whether delays are kept as browsers do.
    """
    times: Seconds = (ticks - ticks[0]) * float(tick)
    lasts, delays = float(end - zero), None
    if gif:
        shown = np.diff(np.append(ticks, round(end / tick)))
        shown = np.where(shown < GIF_LEAST, GIF_USUAL, shown)
        ends = np.cumsum(shown) * float(tick)
        times, lasts = np.append(0.0, ends[:-1]), float(ends[-1])
        delays, stated = times, 0.0
    rate, even = _rate(times, lasts, stated)
    if gif and len(times) > 1 and lasts - times[-1] < 0.5 / rate:
        # A rate at which the last picture is shown too.
        rate, even = _usual(np.append(times, lasts), stated), False
    if not gif:
        # The last picture lasts a frame at least: containers may say nothing of how long it does.
        lasts = max(lasts, times[-1] + (0.5 if even else 1) / float(rate))
    frames = max(len(ticks) if even else 1, round(lasts * float(rate)))
    return Timing(rate, frames + bool(fault), even, zero, tick, ticks, delays, fault)


def _rate(times: Seconds, lasts: float, stated: float) -> tuple[Fraction, bool]:
    """The rate for pictures at some times, the first 0, that last so long in all (seconds), and
    whether it is constant."""
    if len(times) == 1:
        if 1 / (2 * QUICKEST) <= lasts <= 1 / SLOWEST:  # a frame, whatever rate is guessed
            return snap(1 / lasts), True
        return (snap(stated) if LOWEST_RATE <= stated <= 2 * QUICKEST else ALONE), True
    mean = (len(times) - 1) / times[-1]
    for rate in map(snap, filter(_is_sane, (stated, mean))):
        if np.abs(times - np.arange(len(times)) / float(rate)).max() < STEADY / rate:
            return rate, True
    return _usual(times, stated), False


def _listed(
    path: Path, index: int, container: str, *, decode: bool = False
) -> ffmpeg.Packets | None:
    """The packets of a stream; None if they cannot be listed.

    Raises:
        InputError: there are too many.
    """
    most = MAX_GIF_FRAMES if container == "gif" else MAX_LISTED
    try:
        listed = ffmpeg.packets(path, "video", index=index, most=most + 1, decode=decode)
    except RunError:
        return None
    if listed is not None and listed.count > most:
        raise too_many(path, most)
    return listed


def _hides_pictures(listed: ffmpeg.Packets, codec: str, sample: Sample) -> bool:
    """Whether some packets seem to hold no picture that is shown, or only a field of one.

    Their times lie between those of pictures. A broken picture leaves a gap instead.
    """
    stamps = [picture.time for picture in sample.pictures]
    known = sorted({time for time in stamps if time is not None})
    if len(known) < len(stamps) or sample.faults:
        return False
    ticks = np.unique(np.array(listed.times, np.int64))
    between = ticks[(ticks * float(listed.tick) >= float(known[0]) - CLOSE)]
    between = between[between * float(listed.tick) <= float(known[-1]) + CLOSE]
    if len(between) > len(known) > 1:
        step = np.median(np.diff(np.array(known, float)))
        return bool(np.diff(between).min() * float(listed.tick) < HALF * step)
    steps = np.diff(ticks)
    return codec in HIDING and len(steps) > 0 and steps.min() < np.median(steps) / 2


def _usual(times: Seconds, stated: float) -> Fraction:
    """The most frequent rate of the fast parts of a variable rate, so that few frames are lost."""
    steps = np.diff(times)
    quick = np.quantile(steps, 0.25, method="lower")
    alike = steps[np.abs(steps / quick - 1) < 0.2]
    rate = min(1 / float(alike.mean()), max(QUICKEST, len(steps) / times[-1]))
    rate = min(max(rate, LOWEST_RATE), HIGHEST_RATE)
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


def _cut_off(path: Path, container: str, index: int) -> str:
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
        faults = last_faults(path, index)
        return f"its last picture is damaged: {faults[-1]}" if faults else ""
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
