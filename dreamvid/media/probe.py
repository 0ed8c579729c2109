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
        size: displayed size in pixels, after rotation and with square pixels.
        rate: frames a second, exact: 30000/1001, never 29.97. For a variable rate, the most
            frequent rate of its fast parts.
        frames: number of frames at that rate. Decoders may give a few less, and many less of a
            damaged file. None if unknown.
        rotation: clockwise degrees, 0, 90, 180 or 270, by which stored frames are rotated.
        has_audio: whether it has a sound track.
        even: whether the rate is constant. If not, each frame is shown from its time stamp on.
        last: seconds from the first to the last picture; None if unknown.
        fault: a known defect of the file; "" if there is none.
    """

    path: Path
    size: Size
    rate: Fraction
    frames: int | None
    rotation: int
    has_audio: bool
    even: bool = True
    last: Fraction | None = None
    fault: str = ""

    @property
    def duration(self) -> Fraction | None:
        """Duration of the pictures in seconds; None if unknown."""
        return None if self.frames is None else self.frames / self.rate

    def span(
        self, start: Fraction, end: Fraction | None, frames: int | None
    ) -> tuple[int, int | None]:
        """The frames between two times.

        Args:
            start: seconds; the first frame is the first one shown at or after it.
            end: seconds; frames shown at it or later are left out. None: to the clip's end.
            frames: at most this many. None: all.

        Returns:
            The index of the first frame, and the number of frames (None: unknown, to the end).
            Their sound begins at `index / rate` seconds.

        Raises:
            InputError: there is no frame between them.
        """
        first = math.ceil(start * self.rate)
        last = None if end is None else math.ceil(end * self.rate)
        stops = [stop for stop in (last, self.frames) if stop is not None]
        count = min(stops) - first if stops else None
        if count is not None and count <= 0:
            length = "" if self.duration is None else f"; it lasts {float(self.duration):.3f} s"
            until = "its end" if end is None else f"{float(end):g} s"
            raise InputError(f"no frame from {float(start):g} s to {until}{length}", path=self.path)
        if frames is not None:
            count = frames if count is None else min(count, frames)
        return first, count


def probe(path: Path) -> Clip:
    """Examine a clip, decoding its first frame.

    Raises:
        InputError: the file is missing, empty, a folder, not a clip, or has no decodable picture.
    """
    require_file(path)
    try:
        text = ffmpeg.describe(path)
    except RunError as error:
        raise InputError(f"{error}", path=path) from error
    streams = [line for line in text.splitlines() if re.match(r"\s*Stream #0:", line)]
    has_audio = any(" Audio: " in line for line in streams)
    _require_pictures(path, streams, has_audio)
    _require_size(path, *_sizes(streams))
    match = re.search(r"Input #0, ([\w,]+), from", text)
    container = match[1] if match else ""
    if container == "gif":
        _require_few(path)
    with decoder() as child:
        properties, _ = child.ask("look", path)
    across, along = properties["aspect"]
    aspect = Fraction(across, along) if across > 0 and along > 0 else Fraction(1)
    stored = Size(*properties["size"])
    size = square_size(stored, aspect, properties["rotation"])
    _require_size(path, stored, size)
    timing = timing_of(path, container, properties["rate"], properties["count"])
    if (timing.frames or 0) > MAX_FRAMES:
        raise InputError(f"states a length of more than {MAX_FRAMES} frames", path=path)
    return Clip(
        path,
        size,
        timing.rate,
        timing.frames,
        properties["rotation"],
        has_audio,
        timing.even,
        timing.last,
        timing.fault,
    )


def _require_pictures(path: Path, streams: list[str], has_audio: bool) -> None:
    # ffmpeg lists album covers as video streams.
    has_video = any(" Video: " in line and "(attached pic)" not in line for line in streams)
    if streams and not has_video:
        content = "only sound" if has_audio else "no pictures"
        raise InputError(f"holds {content}; give a clip with pictures", path=path)


def _sizes(streams: list[str]) -> Iterator[Size]:
    """The sizes of the video streams that ffmpeg lists."""
    for line in streams:
        match = re.search(r" Video: .*?, (\d+)x(\d+)", line)
        if match:
            yield Size(int(match[1]), int(match[2]))


def _require_few(path: Path) -> None:
    """Raise InputError if a GIF has more than MAX_GIF_FRAMES pictures."""
    with contextlib.suppress(RunError):
        listed = ffmpeg.packets(path, "video", most=MAX_GIF_FRAMES + 1)
        if listed is not None and listed.count > MAX_GIF_FRAMES:
            raise too_many(path, MAX_GIF_FRAMES)


def _require_size(path: Path, *sizes: Size) -> None:
    """Raise InputError if stored or displayed pictures of a clip are too large."""
    for size in sizes:
        if size.width * size.height > MAX_CLIP_PIXELS or max(size) > MAX_SIDE:
            raise InputError(
                f"its pictures, {size}, are too large; "
                f"at most {MAX_CLIP_PIXELS // 10**6} million pixels, {MAX_SIDE} a side",
                path=path,
            )


def square_size(size: Size, aspect: Fraction, rotation: int) -> Size:
    """The size with square pixels; the stored width is scaled, so that no line is lost."""
    width, height = size
    if rotation in (90, 270):  # the stored width is the displayed height
        return Size(width, max(1, round(height * aspect)))
    return Size(max(1, round(width * aspect)), height)
