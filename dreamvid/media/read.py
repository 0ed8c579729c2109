"""Pictures and clips, read into float frames."""

from __future__ import annotations

import math
import warnings
from collections.abc import Generator
from contextlib import closing
from fractions import Fraction
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
) -> Generator[Frame]:
    """Read the frames of a clip from `start` up to `end` (seconds), at most `frames` of them.

    They come as they are meant to be shown: turned, and stretched where pixels are not square.
    Closing the generator releases the file.

    Yields:
        Shape (H, W, 3) with (W, H) = `clip.size`, float32 RGB, 0..255, whole numbers where nothing
        was stretched.

    Raises:
        MediaError: at once where no frame lies in the range; while iterating, after the last good
            frame, where the file breaks off.
    """
    first, _ = clip.span(start, end, frames)
    # Only what was asked for ends the reading: what the probe counted may be off by a few.
    stops = [first + frames] if frames is not None else []
    if end is not None:
        stops.append(math.ceil(end * clip.rate))
    return _frames(clip, first, min(stops, default=None))


def _frames(clip: Clip, first: int, stop: int | None) -> Generator[Frame]:
    capture = open_capture(clip.path)
    index = 0
    try:
        # Forward, one by one: seeking in OpenCV lands some frames off in many files.
        while index < first and capture.grab():
            index += 1
        while index >= first and (stop is None or index < stop):
            came, picture = capture.read()
            if not came:
                break
            index += 1
            shown = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype(np.float32)
            yield resize(shown, clip.size)
    finally:
        capture.release()
    if (stop is None or index < stop) and (clip.frames is None or index < clip.frames):
        _require_end(clip, index, max(0, index - first))


def _require_end(clip: Clip, came: int, good: int) -> None:
    """Raise MediaError if reading stopped by a fault, which OpenCV does not tell from the end."""
    walk = ["-i", ffmpeg.url(clip.path), "-map", "0:v:0", "-f", "null", "-"]
    try:
        _, fault = ffmpeg.run([*ffmpeg.GUARD, *walk])
    except RunError as error:
        fault = str(error)
    if fault:
        hint = f"; `--frames {good}` ends before it" if good else ""
        raise MediaError(f"{clip.path}: breaks off after frame {came} ({fault}){hint}")
