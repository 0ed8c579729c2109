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

from dreamvid import notices
from dreamvid.errors import InputError, RunError
from dreamvid.frame import Frame
from dreamvid.limits import MAX_FRAMES
from dreamvid.media import ffmpeg
from dreamvid.media.decoder import DecoderError, decoder
from dreamvid.media.files import require_file
from dreamvid.media.opencv import cv2
from dreamvid.media.probe import Clip
from dreamvid.media.resize import resize_area
from dreamvid.media.samples import Pixels, on_white, with_alpha

SHORT = Fraction(1, 2)
"""Seconds that a clip may be shorter than stated without counting as broken off."""

SLOWEST = 0.1
"""Upper bound of the mean seconds to decode a picture."""


def read_picture(path: Path) -> Frame:
    """Read a still, and lay what is transparent on white; otherwise as `read_picture_with_alpha`.

    Returns:
        Shape (H, W, 3), float32 RGB, 0..255.
    """
    return on_white(read_picture_with_alpha(path))


def read_picture_with_alpha(path: Path) -> Frame:
    """Read a still: JPEG, PNG, WebP, TIFF, BMP, AVIF, JPEG 2000, PGM, PPM, QOI, or the first
    picture of a GIF.

    Grey becomes RGB, samples of more than 8 bits become fractions of a level, colors become those
    of sRGB by the color profile, and the picture is turned upright by its EXIF orientation. A
    warning tells where a profile is left out, or costs depth.

    Returns:
        Shape (H, W, 4), float32, 0..255: RGB, and straight alpha, 255 where it is opaque.

    Raises:
        InputError: the file is missing, empty, a folder, not a picture, damaged, too large, or of a
            kind that would be read wrong.
    """
    require_file(path)
    with decoder() as child:
        answer, samples = child.ask("still", path)
    if samples is None:
        raise InputError("the decoder gave no picture", path=path)
    for note in answer["notes"]:
        notices.warn(f"{path}: {note}")
    return with_alpha(samples)


def read_clip(
    clip: Clip,
    *,
    start: Fraction = Fraction(0),
    end: Fraction | None = None,
    frames: int | None = None,
    rate: Fraction | None = None,
) -> Generator[Frame]:
    """Read a clip from `start` up to `end` (seconds) at an even rate, at most `frames` frames.

    The first frame is the first one at or after `start`. Each is the latest picture at its time,
    rotated, and stretched to square pixels. Closing the generator releases the file.

    Args:
        rate: frames a second; None: the clip's, at which each frame of a constant rate is read
            once.

    Yields:
        Shape (H, W, 3) with (W, H) = `clip.size`, float32 RGB, 0..255, whole numbers where nothing
        was stretched. A picture that lasts several frames is the same array each time.

    Raises:
        InputError: at once, if no frame is in the range; while iterating, after the last intact
            frame, if the file breaks off.
    """
    first, available = clip.span(start, end, None)
    rate = rate or clip.rate
    stops = [] if available is None else [count_at(rate, available, clip.rate)]
    count = min([*stops, *([] if frames is None else [frames])], default=None)
    return _frames(clip, first / clip.rate, rate, count)


def count_at(rate: Fraction, count: int, clip_rate: Fraction) -> int:
    """The number of frames at `rate` that last as long as `count` at `clip_rate`; at least one."""
    return max(1, math.floor(count * rate / clip_rate))


def _frames(clip: Clip, begin: Fraction, rate: Fraction, count: int | None) -> Generator[Frame]:
    """`count` frames from `begin` (seconds) on; None: to the end."""
    # Time stamps of a variable rate are inexact: allow half a frame.
    grace = Fraction(0) if clip.even else 1 / (2 * max(rate, clip.rate))
    shown, moment = 0, Fraction(0)
    frame: Callable[[], Frame] | None = None
    crash = ""

    def is_shown(until: Fraction) -> bool:
        """Whether the next frame is wanted, and shows the current picture: it comes before that."""
        return shown != count and begin + shown / rate + grace < until

    with closing(_pictures(clip, begin)) as pictures:
        try:
            for following, picture in pictures:
                while frame and is_shown(following):
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
    while frame and is_shown(moment + 1 / clip.rate):
        yield frame()
        shown += 1
    if shown != count:
        _require_end(clip, moment, shown, crash)
    # At a variable rate the last picture may be shown for a long time.
    while frame and count is not None and shown < count:
        yield frame()
        shown += 1


def _shown(clip: Clip, picture: Pixels) -> Frame:
    return resize_area(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32), clip.size)


def _pictures(clip: Clip, begin: Fraction) -> Generator[tuple[Fraction, Pixels | None]]:
    """The time of each picture in seconds, and the picture in BGR. It is None where it is skipped,
    in a clip of constant rate before `begin`."""
    zero, moment = math.nan, Fraction(0)
    with decoder() as child:
        child.ask("open", clip.path)
        # Read forward one by one: OpenCV's seeking is off by some frames in many files.
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
    """Raise InputError if reading stopped at an error, which OpenCV reports like the end.

    Args:
        moment: time of the last picture, in seconds.
        shown: number of frames yielded.
        crash: why the decoder ended; "" if it did not.
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
            fault = f"its stated end is {float(last):.3f} s"
    if fault:
        read = round(moment * clip.rate) + 1
        hint = f"; `--frames {shown}` ends before it" if shown else ""
        raise InputError(
            f"{clip.path}: breaks off after frame {read} ({fault}){hint}", path=clip.path
        )
