"""The one import of OpenCV: `from dreamvid.media.opencv import cv2`.

OpenCV reads its limits from the environment, some of them only on import, so they are set here
first. Variables that the user has set are not changed.
"""

from __future__ import annotations

import os

from dreamvid.errors import MediaError
from dreamvid.limits import MAX_PIXELS

_SETTINGS = {
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(MAX_PIXELS),
    # Errors are reported once, by dreamvid, and not by the decoders on stderr.
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

__all__ = ["cv2"]
