"""Reading stills and clips into float frames."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from contextlib import closing
from fractions import Fraction
from functools import cache, partial
from pathlib import Path

import numpy as np

from dreamvid import notices
from dreamvid.errors import InputError
from dreamvid.frame import Frame
from dreamvid.media.clip_pictures import ClipPictures
from dreamvid.media.color_codes import HdrColors
from dreamvid.media.decoder import decoder
from dreamvid.media.decoder_error import DecoderError
from dreamvid.media.exr import is_exr, read_exr
from dreamvid.media.files import require_file
from dreamvid.media.probe import Clip
from dreamvid.media.resize import resize_area, resize_straight
from dreamvid.media.samples import Pixels, on_white, with_alpha
from dreamvid.media.tone_map import tone_mapped

Tell = Callable[[str], None]
"""What is given a line for people."""


def read_picture(path: Path, tell: Tell = notices.inform) -> Frame:
    """Read a still, and lay what is transparent on white; otherwise as `read_picture_with_alpha`.

    Returns:
        Shape (H, W, 3), float32 RGB, 0..255.
    """
    return on_white(read_picture_with_alpha(path, tell))


def read_picture_with_alpha(path: Path, tell: Tell = notices.inform) -> Frame:
    """Read a still: JPEG, PNG, WebP, TIFF, BMP, AVIF, JPEG 2000, PGM, PPM, QOI, EXR, or the first
    picture of a GIF.

    Grey becomes RGB, samples of more than 8 bits become fractions of a level, colors become those
    of sRGB by the color profile, HDR is mapped to SDR as that of clips, and the picture is turned
    upright by its EXIF orientation. A warning tells where a profile is left out, or costs depth.

    Args:
        tell: is given what was changed about the picture, for people, in one line.

    Returns:
        Shape (H, W, 4), float32, 0..255: RGB, and straight alpha, 255 where it is opaque.

    Raises:
        InputError: the file is missing, empty, a folder, not a picture, damaged, too large, or of a
            kind that would be read wrong.
    """
    require_file(path)
    if is_exr(path):
        return read_exr(path)
    with decoder() as child:
        answer, samples = child.ask("still", path)
    if samples is None:
        raise InputError("the decoder gave no picture", path=path)
    for note in answer["notes"]:
        notices.warn(f"{path}: {note}")
    if answer["hdr"]:
        samples, changes = tone_mapped(path, samples, HdrColors(*answer["hdr"]))
        for change in changes:
            tell(f"{path}: {change}")
    return with_alpha(samples)


def read_clip(
    clip: Clip,
    *,
    start: Fraction = Fraction(0),
    end: Fraction | None = None,
    frames: int | None = None,
    rate: Fraction | None = None,
    strict: bool = False,
    alpha: bool = False,
    skip: int = 0,
) -> Generator[Frame]:
    """Read a clip from `start` up to `end` (seconds) at an even rate, at most `frames` frames.

    The first frame is the first one at or after `start`. Each is the latest picture at its time,
    rotated, and stretched to square pixels. Closing the generator releases the file.

    Args:
        rate: frames a second; None: the clip's, at which each frame of a constant rate is read
            once.
        strict: whether to end at a broken picture, instead of showing the last good one in its
            place, with a warning at the end.
        alpha: whether to keep the clip's alpha, if it has one, instead of laying it on white.
        skip: how many of these frames are left out at the beginning, without being decoded where
            the clip can be entered later.

    Yields:
        Shape (H, W, 3) with (W, H) = `clip.size`, or (H, W, 4) with straight alpha, float32 RGB,
        0..255, whole numbers where nothing
        was stretched. A picture that lasts several frames is the same array each time.

    Raises:
        InputError: at once, if no frame is in the range; while iterating, after the last intact
            frame, if the file breaks off or, with `strict`, a picture is broken.
    """
    first, available = clip.span(start, end, None)
    rate = rate or clip.rate
    stops = [] if available is None else [count_at(rate, available, clip.rate)]
    count = min([*stops, *([] if frames is None else [frames])], default=None)
    return _frames(clip, first / clip.rate, rate, (skip, count), strict, alpha)


def count_at(rate: Fraction, count: int, clip_rate: Fraction) -> int:
    """The number of frames at `rate` that last as long as `count` at `clip_rate`; at least one."""
    return max(1, math.floor(count * rate / clip_rate))


def _frames(
    clip: Clip,
    begin: Fraction,
    rate: Fraction,
    span: tuple[int, int | None],
    strict: bool,
    alpha: bool,
) -> Generator[Frame]:
    """The frames of `span`, counted from `begin` (seconds) on; None: to the end."""
    # Time stamps of a variable rate are inexact: allow half a frame.
    grace = Fraction(0) if clip.timing.even else 1 / (2 * max(rate, clip.rate))
    (shown, count), moment = span, Fraction(0)
    frame: Callable[[], Frame] | None = None
    crash = ""

    def is_shown(until: Fraction) -> bool:
        """Whether the next frame is wanted, and shows the current picture: it comes before that."""
        return shown != count and begin + shown / rate + grace < until

    # Between two pictures of an even rate the later one may be taken for the one that is shown.
    early = 0 if shown / rate * clip.rate % 1 == 0 else 1 / clip.rate
    pictures = ClipPictures(clip, begin + shown / rate + grace - early, strict=strict)
    with closing(pictures.read()) as each:
        try:
            for following, picture in each:
                while frame and is_shown(following):
                    yield frame()
                    shown += 1
                if shown == count:
                    break
                moment = following
                frame = cache(partial(_shown, clip, picture, alpha))
        except DecoderError as error:
            if frame is None:
                raise
            crash = error.reason
    while frame and is_shown(moment + 1 / clip.rate):
        yield frame()
        shown += 1
    pictures.warn()
    if shown != count and (crash or clip.timing.fault):
        hint = f"; `--frames {shown}` ends before it" if shown else ""
        raise InputError(
            f"breaks off after frame {round(moment * clip.rate) + 1} "
            f"({crash or clip.timing.fault}){hint}",
            path=clip.path,
        )
    # The last picture may be shown for a long time.
    while frame and count is not None and shown < count:
        yield frame()
        shown += 1


def _shown(clip: Clip, picture: Pixels, alpha: bool) -> Frame:
    conversion = clip.track.conversion
    if picture.dtype == np.uint8 and picture.shape[2] == 3:
        return resize_area(picture.astype(np.float32), clip.size)
    levels: Frame = picture.astype(np.float32)
    levels[..., :3] *= 255 / (conversion.gray_top or np.iinfo(picture.dtype).max)
    if conversion.alpha_top:
        levels[..., 3] *= 255 / conversion.alpha_top
        if alpha:
            return resize_straight(np.clip(levels, 0, 255), clip.size)
        levels = on_white(levels)
    return resize_area(np.clip(levels, 0, 255), clip.size)
