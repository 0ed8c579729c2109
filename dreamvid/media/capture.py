"""Reading a clip with OpenCV; only for `worker`, in whose process it may crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dreamvid.errors import InputError
from dreamvid.media import ffmpeg
from dreamvid.media.opencv import cv2


def open_capture(path: Path) -> cv2.VideoCapture:
    """Open a clip; its pictures are decoded upright, rotated as displayed. Raises InputError."""
    settings = [cv2.CAP_PROP_HW_ACCELERATION, cv2.VIDEO_ACCELERATION_NONE]
    try:
        # With CAP_FFMPEG OpenCV does not take a `%d` in the name for an image sequence.
        capture = cv2.VideoCapture(ffmpeg.url(path), cv2.CAP_FFMPEG, settings)
    except (cv2.error, UnicodeError) as error:
        raise InputError("OpenCV cannot open a file of this name", path=path) from error
    if not capture.isOpened():
        raise InputError(
            "not a clip that can be read; give MP4, MOV, MKV, WebM, AVI, GIF or MPEG",
            path=path,
        )
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def look_at(path: Path) -> dict[str, Any]:
    """Properties of a clip according to OpenCV, after decoding its first picture.

    Returns:
        `size` (width, height) as stored but rotated, `rate` (frames a second, a float), `count`,
        `rotation` (degrees), `aspect` (a stored pixel's width and height).

    Raises:
        InputError: it is not a clip, or its first picture cannot be decoded.
    """
    capture = open_capture(path)
    try:
        opened, picture = capture.read()
        if not opened or picture is None:
            raise InputError(
                "not one frame can be decoded; the file is damaged or cut off", path=path
            )
        return {
            "size": [picture.shape[1], picture.shape[0]],
            "rate": capture.get(cv2.CAP_PROP_FPS),
            "count": round(max(capture.get(cv2.CAP_PROP_FRAME_COUNT), 0)),
            "rotation": int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360,
            "aspect": [
                int(capture.get(cv2.CAP_PROP_SAR_NUM)),
                int(capture.get(cv2.CAP_PROP_SAR_DEN)),
            ],
        }
    finally:
        capture.release()
