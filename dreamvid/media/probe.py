"""What a clip is, before any of it is read."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import MediaError, RunError
from dreamvid.media import ffmpeg
from dreamvid.media.opencv import cv2

HIGHEST_RATE = 1000


@dataclass(frozen=True)
class Clip:
    """A clip that can be read.

    Attributes:
        size: (width, height) in pixels as it is shown: rotated, its pixels made square.
        rate: frames a second, exact: 30000/1001, never 29.97. A clip of uneven rate has its mean.
        frames: how many it says or was counted to have. Decoders may give a few fewer, and those of
            a damaged file many fewer. None where nothing tells.
        rotation: clockwise degrees, 0, 90, 180 or 270, by which its stored frames are turned.
        has_audio: whether it has a sound track.
        pixel_aspect: width over height of a stored pixel.
    """

    path: Path
    size: tuple[int, int]
    rate: Fraction
    frames: int | None
    rotation: int
    has_audio: bool
    pixel_aspect: Fraction

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
            raise MediaError(f"{self.path}: no frame from {float(start):g} s to {until}{length}")
        if frames is not None:
            count = frames if count is None else min(count, frames)
        return first, count


def require_file(path: Path) -> None:
    """Raise a one-line MediaError unless `path` is a plain file with something in it."""
    try:
        if path.is_dir():
            raise MediaError(f"{path}: a folder; name a file in it")
        if not path.exists():
            raise MediaError(f"{path}: no such file")
        if not path.is_file():
            raise MediaError(f"{path}: not a plain file")
        if path.stat().st_size == 0:
            raise MediaError(f"{path}: the file is empty")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise MediaError(f"{path}: cannot be read: {reason}") from error


def open_capture(path: Path) -> cv2.VideoCapture:
    """Open the pictures of a clip, turned as they are to be shown. Raises MediaError."""
    settings = [cv2.CAP_PROP_HW_ACCELERATION, cv2.VIDEO_ACCELERATION_NONE]
    try:
        # Named FFMPEG, OpenCV cannot take a `%d` in the name for a sequence of pictures.
        capture = cv2.VideoCapture(ffmpeg.url(path), cv2.CAP_FFMPEG, settings)
    except (cv2.error, UnicodeError) as error:
        raise MediaError(f"{path}: OpenCV cannot open a file of this name") from error
    if not capture.isOpened():
        raise MediaError(
            f"{path}: not a clip that can be read; give MP4, MOV, MKV, WebM, AVI, GIF or MPEG"
        )
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def probe(path: Path) -> Clip:
    """Look at a clip, decoding its first frame.

    Raises:
        MediaError: it is missing, empty, a folder, no clip, without pictures or without a frame.
    """
    require_file(path)
    try:
        text = ffmpeg.describe(path)
    except RunError as error:
        raise MediaError(f"{path}: {error}") from error
    streams = [line for line in text.splitlines() if re.match(r"\s*Stream #0:", line)]
    # The cover of an album is a stream of pictures to ffmpeg.
    has_video = any(" Video: " in line and "(attached pic)" not in line for line in streams)
    has_audio = any(" Audio: " in line for line in streams)
    if streams and not has_video:
        held = "only sound" if has_audio else "no pictures"
        raise MediaError(f"{path}: holds {held}; give a clip with pictures")

    capture = open_capture(path)
    try:
        opened, picture = capture.read()
        if not opened or picture is None:
            raise MediaError(
                f"{path}: not one frame can be decoded; the file is damaged or cut off"
            )
        stated = capture.get(cv2.CAP_PROP_FPS)
        count = round(max(capture.get(cv2.CAP_PROP_FRAME_COUNT), 0))
        rotation = int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
        across, along = (
            int(capture.get(name)) for name in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN)
        )
    finally:
        capture.release()

    aspect = Fraction(across, along) if across > 0 and along > 0 else Fraction(1)
    rate, frames = _rate(path, text, stated, count)
    height, width = picture.shape[:2]
    size = square_size((width, height), aspect, rotation)
    return Clip(path, size, rate, frames, rotation, has_audio, aspect)


def square_size(size: tuple[int, int], aspect: Fraction, rotation: int) -> tuple[int, int]:
    """(width, height) with square pixels: the stored width changes, so that no line is lost."""
    width, height = size
    if rotation in (90, 270):  # what was stored as the width is shown as the height
        return width, max(1, round(height * aspect))
    return max(1, round(width * aspect)), height


def _rate(path: Path, text: str, stated: float, count: int) -> tuple[Fraction, int | None]:
    """The exact rate and the number of frames, from what OpenCV states and ffmpeg's `text` says.

    MP4, MOV and AVI state both. Elsewhere OpenCV multiplies the longest stream's duration by the
    rate, which may miss by any number; and where frames come unevenly, as from phones, the rate it
    states is that of their decoding times. Then the packets are counted and timed, if it can be
    done in time. A file found to be cut off is taken to have one frame more: the one that reading
    will miss.
    """
    container = re.search(r"Input #0, ([\w,]+), from", text)
    name = container[1] if container else ""
    mean, finest = (
        float(found[1].replace("k", "e3")) if found else math.nan
        for found in (re.search(rf" Video: .*?([\d.]+k?) {unit}", text) for unit in ("fps", "tbr"))
    )
    # ffmpeg prints two decimals; of coded fields or repeated ones the finest is twice the rate.
    steady = 0 < stated <= HIGHEST_RATE and abs(stated - mean) < 0.006
    steady = steady and min(abs(stated - finest), abs(2 * stated - finest)) < 0.012
    if steady and count and name.startswith(("mov", "avi")):
        return snap(stated), count

    try:
        # Only whoever decodes a GIF sees that it is cut off.
        counted = ffmpeg.packets(path, "video", decode=name == "gif")
    except RunError:
        counted = None
    frames = counted.count + bool(counted.fault) if counted else count or None
    if not steady and counted and counted.end > counted.start:
        stated = float(counted.count / (counted.end - counted.start))
    if not 0 < stated <= HIGHEST_RATE:
        raise MediaError(f"{path}: has no frame rate that makes sense ({stated:g} a second)")
    return snap(stated), frames


def snap(rate: float) -> Fraction:
    """The exact rate that a rounded one means: n or n·1000/1001 if near, else a small ratio."""
    for exact in (Fraction(round(rate)), Fraction(round(rate * 1.001) * 1000, 1001)):
        if exact and abs(rate / exact - 1) < 2e-5:
            return exact
    return Fraction(rate).limit_denominator(1001)
