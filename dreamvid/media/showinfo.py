"""Parsing what an ffmpeg says whose filters begin with `showinfo`: its pictures and errors."""

from __future__ import annotations

import queue
import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

FILTER = "showinfo=checksum=0"
"""The filter whose messages are parsed."""

LOGLEVEL = "level+info"
"""The log level at which they are printed, and which marks each line with its own."""

_CONFIG = re.compile(r"config in time_base: (\d+)/(\d+), frame_rate: (\d+)/(\d+)")
_SHOWN = re.compile(
    r"\] n: *\d+ pts: *(-?\d+|NOPTS) .* fmt:(\S+) .* sar:(\d+)/(\d+) s:(\d+)x(\d+) "
    r"i:(\w) iskey:(\d)"
)
_FAULT = re.compile(r"^(?:\[[^\]]*\] *)*\[(?:error|fatal|panic)\] (?!.* to muxer in stream )(.*)")
"""An error, but not of the output's clock, which nothing depends on."""

_MENDED = "corrupt decoded frame"

MOST_FAULTS = 20
"""How many of ffmpeg's last errors are kept."""


@dataclass(frozen=True)
class Shown:
    """A decoded picture, before the filters after `showinfo`.

    Attributes:
        time: when it is shown, in seconds on the file's clock; None if unknown.
        size: (width, height), upright.
        aspect: a pixel's width by its height; 1 if not stated.
        pixel_format: ffmpeg's name.
        interlaced: whether it says so.
        key: whether it can be decoded without another.
    """

    time: Fraction | None
    size: tuple[int, int]
    aspect: Fraction
    pixel_format: str
    interlaced: bool
    key: bool


class Messages:
    """Collects what an ffmpeg says, line by line; another thread may take the pictures.

    Attributes:
        rate: frames a second, as ffmpeg found; 0 if unknown.
        shown: the decoded pictures in order, and None at the end.
        faults: ffmpeg's last errors.
        mended: how many damaged pictures the decoder completed by guessing.
        heard: when the last line came, of `time.monotonic`.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.rate = Fraction(0)
        self.shown: queue.SimpleQueue[Shown | None] = queue.SimpleQueue()
        self.faults: deque[str] = deque(maxlen=MOST_FAULTS)
        self.mended = 0
        self.heard = time.monotonic()
        self._tick = Fraction(0)

    def read(self, lines: Iterable[bytes]) -> None:
        """Parse lines until there are no more."""
        for line in lines:
            self.heard = time.monotonic()
            self.line(line.decode(errors="replace"))
        self.shown.put(None)

    def line(self, text: str) -> None:
        """Parse one line."""
        shown = _SHOWN.search(text)
        if shown:
            self.shown.put(self._shown(shown))
            self._rest(text[shown.end() :])
            return
        config = _CONFIG.search(text)
        if config:
            self._tick = Fraction(int(config[1]), int(config[2]) or 1)
            self.rate = Fraction(int(config[3]), int(config[4]) or 1)
            return
        self.mended += _MENDED in text
        fault = _FAULT.match(text)
        if fault:
            self.faults.append(fault[1])

    def _rest(self, text: str) -> None:
        """What another thread said before the filter ended its line: it has lost its level."""
        said = re.sub(r"^ *type:\S*", "", text).strip()
        self.mended += _MENDED in said
        if said and _MENDED not in said:
            self.faults.append(said)

    def _shown(self, match: re.Match[str]) -> Shown:
        pts, pixel_format, across, along, width, height, field, key = match.groups()
        time = None if pts == "NOPTS" else int(pts) * self._tick
        aspect = Fraction(int(across), int(along)) if int(across) and int(along) else Fraction(1)
        return Shown(
            time, (int(width), int(height)), aspect, pixel_format, field in "TB", key == "1"
        )
