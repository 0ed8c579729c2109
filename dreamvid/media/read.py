"""Reading stills and clips into float frames."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator
from contextlib import closing
from fractions import Fraction
from functools import cache, partial
from pathlib import Path

import numpy as np

from dreamvid.errors import InputError, RunError
from dreamvid.frame import Frame
from dreamvid.limits import MAX_FRAMES
from dreamvid.media import ffmpeg
from dreamvid.media.decoder import DecoderError, decoder
from dreamvid.media.files import require_file
from dreamvid.media.opencv import cv2
from dreamvid.media.probe import Clip
from dreamvid.media.resize import resize_area
from dreamvid.media.samples import Pixels, to_frame

SHORT = Fraction(1, 2)
"""Seconds by which a clip may end early without counting as broken."""

SLOWEST = 0.1
"""Seconds: an upper bound of the mean time to decode a picture."""


def read_picture(path: Path) -> Frame:
    """Read a still: JPEG, PNG, WebP, TIFF, BMP, AVIF, PPM, QOI, or the first picture of a GIF.

    Grey becomes RGB, 16-bit samples keep their fraction of a level, transparent pixels show white,
    and a picture that a camera held sideways (EXIF) is turned upright.

    Returns:
        Shape (H, W, 3), float32 RGB, 0..255.

    Raises:
        InputError: the file is missing, empty, a folder, no picture, cut off, damaged or too large.
    """
    require_file(path)
    with decoder() as child:
        _, samples = child.ask("still", path)
    if samples is None:
        raise InputError(f"{path}: the decoder gave no picture", path=path)
    return to_frame(path, samples)


def read_clip(
    clip: Clip,
    *,
    start: Fraction = Fraction(0),
    end: Fraction | None = None,
    frames: int | None = None,
    rate: Fraction | None = None,
) -> Generator[Frame]:
    """Read a clip from `start` up to `end` (seconds) at an even rate, at most `frames` frames.

    The first frame is the first one at or after `start`. Each shows what the clip shows at its
    time: the latest picture by then; rotated, and stretched where pixels are not square. Closing
    the generator releases the file.

    Args:
        rate: frames a second; None: the clip's, at which every frame of constant rate comes once.

    Yields:
        Shape (H, W, 3) with (W, H) = `clip.size`, float32 RGB, 0..255, whole numbers where nothing
        was stretched. A picture that lasts several frames is the same array each time.

    Raises:
        InputError: at once, if no frame lies in the range; while iterating, after the last good
            frame, if the file breaks off.
    """
    first, there = clip.span(start, end, None)
    rate = rate or clip.rate
    stops = [] if there is None else [count_at(rate, there, clip.rate)]
    count = min([*stops, *([] if frames is None else [frames])], default=None)
    return _frames(clip, first / clip.rate, rate, count)


def count_at(rate: Fraction, count: int, clip_rate: Fraction) -> int:
    """How many frames at `rate` last as long as `count` at a clip's rate; at least one."""
    return max(1, math.floor(count * rate / clip_rate))


def _frames(clip: Clip, begin: Fraction, rate: Fraction, count: int | None) -> Generator[Frame]:
    """`count` frames from `begin` (seconds) on; None: to the end."""
    # Time stamps of variable rate are slightly off: allow half a frame.
    grace = Fraction(0) if clip.even else 1 / (2 * max(rate, clip.rate))
    shown, moment = 0, Fraction(0)
    frame: Callable[[], Frame] | None = None
    crash = ""
    with closing(_pictures(clip, begin)) as pictures:
        try:
            for following, picture in pictures:
                while frame and shown != count and begin + shown / rate + grace < following:
                    yield frame()
                    shown += 1
                if shown == count:
                    return
                moment = following
                frame = None if picture is None else cache(partial(_shown, clip, picture))
        except DecoderError as error:
            if frame is None:
                raise
            crash = error.reason
    over = moment + 1 / clip.rate
    while frame and shown != count and begin + shown / rate + grace < over:
        yield frame()
        shown += 1
    if shown != count:
        _require_end(clip, moment, shown, crash)
    # The last picture of a clip of variable rate may be shown for long.
    while frame and count is not None and shown < count:
        yield frame()
        shown += 1


def _shown(clip: Clip, picture: Pixels) -> Frame:
    return resize_area(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32), clip.size)


def _pictures(clip: Clip, begin: Fraction) -> Generator[tuple[Fraction, Pixels | None]]:
    """The time of each picture, in seconds, and the picture in BGR; None for one that is skipped,
    since a clip of constant rate does not show it at `begin` any more."""
    zero, moment = math.nan, Fraction(0)
    with decoder() as child:
        child.ask("open", clip.path)
        # Forward, one by one: in many files OpenCV's seeking is some frames off.
        for index in itertools.count():
            if clip.even:
                moment = index / clip.rate
                if moment + 1 / clip.rate <= begin:
                    if child.ask("skip", clip.path)[0]["over"]:
                        break
                    yield moment, None
                    continue
            answer, picture = child.ask("next", clip.path)
            if answer["over"] or picture is None:
                break
            if not clip.even:
                zero = zero if index else answer["at"]
                since = answer["at"] - zero
                if not since * clip.rate < MAX_FRAMES:  # NaN as well
                    break
                moment = max(moment, Fraction(since))
            yield moment, picture


def _require_end(clip: Clip, moment: Fraction, shown: int, crash: str) -> None:
    """Raise InputError if reading stopped by an error, which OpenCV does not tell from the end.

    Args:
        moment: the time of the last picture, in seconds.
        shown: how many frames were given.
        crash: how the decoder ended; "" if it did not.
    """
    last = clip.last
    if last is None and clip.frames is not None:
        last = (clip.frames - 1) / clip.rate
    fault = crash or clip.fault
    if not fault and (last is None or moment < last - 1 / (2 * clip.rate)):
        walk = ["-i", ffmpeg.url(clip.path), "-map", "0:v:0", "-fps_mode", "passthrough"]
        try:
            patience = ffmpeg.LISTING_SECONDS + (clip.frames or 0) * SLOWEST
            _, fault = ffmpeg.run([*ffmpeg.GUARD, *walk, "-f", "null", "-"], timeout=patience)
        except RunError as error:
            fault = str(error)
        if not fault and last is not None and moment < last - SHORT:
            fault = f"it says that it goes on to {float(last):.3f} s"
    if fault:
        read = round(moment * clip.rate) + 1
        hint = f"; `--frames {shown}` ends before it" if shown else ""
        raise InputError(
            f"{clip.path}: breaks off after frame {read} ({fault}){hint}", path=clip.path
        )
