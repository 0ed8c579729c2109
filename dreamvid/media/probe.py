"""Properties of a clip, before its frames are read."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import InputError, RunError
from dreamvid.frame import Size
from dreamvid.limits import MAX_CLIP_PIXELS, MAX_FRAMES, MAX_GIF_FRAMES, MAX_SIDE
from dreamvid.media import ffmpeg
from dreamvid.media.decoder import decoder
from dreamvid.media.files import require_file
from dreamvid.media.timing import timing_of, too_many


@dataclass(frozen=True)
class Clip:
    """A clip that can be read.

    Attributes:
        size: in pixels as it is shown: rotated, its pixels made square.
        rate: frames a second, exact: 30000/1001, never 29.97. Of a clip of variable rate, the most
            frequent one among its quick parts.
        frames: how many there are at that rate. Decoders may give a few fewer, and those of a
            damaged file many fewer. None if unknown.
        rotation: clockwise degrees, 0, 90, 180 or 270, by which stored frames are turned.
        has_audio: whether it has a sound track.
        pixel_aspect: width over height of a stored pixel.
        even: whether the rate is constant. If not, each frame is shown from its time stamp on.
        last: seconds from the first picture to the last one; None if unknown.
        fault: what is wrong with the file as a whole; "" if nothing is known to be.
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
            InputError: there is no frame between the two.
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
    """Examine a clip, decoding its first frame.

    Raises:
        InputError: it is missing, empty, a folder, no clip, without pictures or without a frame.
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
        seen, _ = child.ask("look", path)
    across, along = seen["aspect"]
    aspect = Fraction(across, along) if across > 0 and along > 0 else Fraction(1)
    stored = Size(*seen["size"])
    size = square_size(stored, aspect, seen["rotation"])
    _require_size(path, stored, size)
    timing = timing_of(path, container, seen["rate"], seen["count"])
    if (timing.frames or 0) > MAX_FRAMES:
        raise InputError(
            f"{path}: says that it goes on for more than {MAX_FRAMES} frames", path=path
        )
    return Clip(
        path,
        size,
        timing.rate,
        timing.frames,
        seen["rotation"],
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
    """Raise InputError where a GIF has too many pictures to look at each."""
    with contextlib.suppress(RunError):
        listed = ffmpeg.packets(path, "video", most=MAX_GIF_FRAMES + 1)
        if listed is not None and listed.count > MAX_GIF_FRAMES:
            raise too_many(path, MAX_GIF_FRAMES)


def _require_size(path: Path, *sizes: Size) -> None:
    """Raise InputError where a clip's pictures are too large to be decoded or shown."""
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
