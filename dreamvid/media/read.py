"""Pictures and clips, read into float frames."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from fractions import Fraction
from functools import cache, partial
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from dreamvid.errors import MediaError, RunError
from dreamvid.frame import Frame
from dreamvid.media import ffmpeg
from dreamvid.media.opencv import MAX_PIXELS, cv2
from dreamvid.media.picture_ops import resize
from dreamvid.media.probe import Clip, open_capture, require_file
from dreamvid.media.samples import Pixels, rgb_order, to_frame, upright

SHORT = Fraction(1, 2)
"""Seconds by which a clip may end before its time without a fault."""


def read_picture(path: Path) -> Frame:
    """Read a still: JPEG, PNG, WebP, TIFF, the first picture of a GIF, or what else Pillow knows.

    Grey becomes RGB, 16-bit samples keep their fraction of a level, transparent pixels show white,
    and a picture that a camera held sideways (EXIF) is turned upright.

    Returns:
        Shape (H, W, 3), float32 RGB, 0..255.

    Raises:
        MediaError: the file is missing, empty, a folder, no picture, cut off, damaged or too large.
    """
    require_file(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from error
    samples, orientation = _decode_shallow(path, data)
    # Pillow has no pixels of more than 8 bits in color: those are OpenCV's to decode, after Pillow
    # has found the file whole, which OpenCV does not check.
    if samples is None or _may_be_deep(data):
        deep = _decode_deep(path, data)
        if deep is not None and (samples is None or deep.dtype != np.uint8):
            samples = rgb_order(deep)
    if samples is None:
        raise MediaError(
            f"{path}: not a picture that can be read, or a damaged one; "
            "give JPEG, PNG, WebP, TIFF or GIF"
        )
    return to_frame(path, upright(samples, orientation))


def _decode_shallow(path: Path, data: bytes) -> tuple[Pixels | None, int]:
    """Decode with Pillow, strictly: (uint8 RGB or RGBA, orientation); None if it cannot."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Decoders meet damaged files with nearly any exception; each means the same here.
        try:
            file = iio.imopen(data, "r", plugin="pillow")
        except Exception:
            return None, 1
        with closing(file):
            try:
                found = file.metadata(index=0, exclude_applied=False)
                if math.prod(found["shape"]) > MAX_PIXELS:
                    raise _too_large(path)
                if found["mode"].startswith(("I", "F")):  # more than 8 bits
                    file.read(index=0)
                    samples = None
                else:
                    clear = "transparency" in found or found["mode"][-1] in "Aa"
                    samples = file.read(index=0, mode="RGBA" if clear else "RGB")
                # TIFF is turned while it is read, and says so by dropping the tag.
                tag = file.metadata(index=0, exclude_applied=False).get("Orientation", 1)
            except MediaError:
                raise
            except Exception as error:
                raise MediaError(f"{path}: the picture is cut off or damaged ({error})") from error
    return samples, tag


def _decode_deep(path: Path, data: bytes) -> Pixels | None:
    """Decode with OpenCV, in its order and depth; None if it cannot."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if "validateInputImageSize" in str(error):
            raise _too_large(path) from error
        return None


def _too_large(path: Path) -> MediaError:
    return MediaError(f"{path}: too large; at most {MAX_PIXELS // 10**6} million pixels")


def _may_be_deep(data: bytes) -> bool:
    """Whether this is a 16-bit PNG (the byte after the size is the depth) or a TIFF."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data[24:25] == b"\x10"
    return data.startswith((b"II*\0", b"MM\0*"))


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
    time: the last picture that has come by then. They come as they are meant to be shown: turned,
    and stretched where pixels are not square. Closing the generator releases the file.

    Args:
        rate: frames a second; else the clip's own, at which every frame of an even clip comes once.

    Yields:
        Shape (H, W, 3) with (W, H) = `clip.size`, float32 RGB, 0..255, whole numbers where nothing
        was stretched. A picture that lasts is the same array again.

    Raises:
        MediaError: at once where no frame lies in the range; while iterating, after the last good
            frame, where the file breaks off.
    """
    first, there = clip.span(start, end, None)
    rate = rate or clip.rate
    stops = [] if there is None else [count_at(rate, there, clip.rate)]
    count = min([*stops, *([] if frames is None else [frames])], default=None)
    return _frames(clip, first / clip.rate, rate, count)


def count_at(rate: Fraction, count: int, own: Fraction) -> int:
    """How many frames at `rate` stand for `count` at their `own` rate."""
    return max(1, math.floor(count * rate / own))


def _frames(clip: Clip, begin: Fraction, rate: Fraction, count: int | None) -> Generator[Frame]:
    """`count` frames from `begin` (seconds) on; None: to the end."""
    # Time stamps of uneven clips are off by a little: what comes within half a frame has come.
    grace = Fraction(0) if clip.even else 1 / (2 * max(rate, clip.rate))
    shown, moment = 0, Fraction(0)
    frame: Callable[[], Frame] | None = None
    with closing(_pictures(clip, begin)) as pictures:
        for following, picture in pictures:
            while frame and shown != count and begin + shown / rate + grace < following:
                yield frame()
                shown += 1
            if shown == count:
                return
            moment = following
            frame = None if picture is None else cache(partial(_shown, clip, picture))
    over = moment + 1 / clip.rate
    while frame and shown != count and begin + shown / rate + grace < over:
        yield frame()
        shown += 1
    if shown != count:
        _require_end(clip, moment, shown)
    # The last picture of an uneven clip may be shown for long.
    while frame and count is not None and shown < count:
        yield frame()
        shown += 1


def _shown(clip: Clip, picture: Pixels) -> Frame:
    return resize(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32), clip.size)


def _pictures(clip: Clip, begin: Fraction) -> Generator[tuple[Fraction, Pixels | None]]:
    """When each picture comes, in seconds, and the picture in BGR.

    None stands for the pictures of an even clip before the one that is shown at `begin`.
    """
    capture = open_capture(clip.path)
    zero, moment = math.nan, Fraction(0)
    try:
        # Forward, one by one: seeking in OpenCV lands some frames off in many files.
        for index in itertools.count():
            if not capture.grab():
                break
            if clip.even:
                moment = index / clip.rate
                if moment + 1 / clip.rate <= begin:
                    yield moment, None
                    continue
            else:
                stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                zero = zero if index else stamp
                moment = max(moment, Fraction(stamp - zero))
            came, picture = capture.retrieve()
            if not came:
                break
            yield moment, picture
    finally:
        capture.release()


def _require_end(clip: Clip, moment: Fraction, shown: int) -> None:
    """Raise MediaError if reading stopped by a fault, which OpenCV does not tell from the end.

    Args:
        moment: when the last picture came.
        shown: how many frames were made of what came.
    """
    last = clip.last
    if last is None and clip.frames is not None:
        last = (clip.frames - 1) / clip.rate
    fault = clip.fault
    if not fault and (last is None or moment < last - 1 / (2 * clip.rate)):
        walk = ["-i", ffmpeg.url(clip.path), "-map", "0:v:0", "-fps_mode", "passthrough"]
        try:
            _, fault = ffmpeg.run([*ffmpeg.GUARD, *walk, "-f", "null", "-"])
        except RunError as error:
            fault = str(error)
        if not fault and last is not None and moment < last - SHORT:
            fault = f"it says that it goes on to {float(last):.3f} s"
    if fault:
        came = round(moment * clip.rate) + 1
        hint = f"; `--frames {shown}` ends before it" if shown else ""
        raise MediaError(f"{clip.path}: breaks off after frame {came} ({fault}){hint}")
