"""The one import of OpenCV: `from dreamvid.media.opencv import cv2`.

OpenCV reads its limits from the environment, and some of them only while it is being imported, so
they have to be set here, before it; a user's own settings of the same names are left as they are.
"""

from __future__ import annotations

import os

from dreamvid.errors import MediaError
from dreamvid.media.ffmpeg import FORMATS, PROTOCOLS

MAX_PIXELS = 2**27
"""A picture with more pixels than this (16384 by 8192) is refused."""

_SETTINGS = {
    # Without a whitelist a playlist or an ffconcat script named `.mp4` opens other files.
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": f"protocol_whitelist;{PROTOCOLS}|format_whitelist;{FORMATS}",
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(MAX_PIXELS),
    # What is wrong with a file is said once, in our own words, and not by the decoders on stderr.
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    "OPENCV_LOG_LEVEL": "SILENT",
}

for _name, _value in _SETTINGS.items():
    os.environ.setdefault(_name, _value)

try:
    import cv2
except ImportError as error:
    # opencv-python links against libGL, libxcb (which libgl1 brings) and GLib; slim containers
    # have none of them.
    if ".so" not in str(error):
        raise
    missing = str(error).split(":")[0]
    raise MediaError(
        f"OpenCV needs the system library {missing}: "
        "on Debian or Ubuntu `apt-get install libgl1 libglib2.0-0`"
    ) from error

__all__ = ["MAX_PIXELS", "cv2"]
