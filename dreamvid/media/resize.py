"""What can be done to a picture without dreaming."""

from __future__ import annotations

import numpy as np

from dreamvid.frame import Frame, Size
from dreamvid.media.opencv import cv2


def resize_area(frame: Frame, size: Size) -> Frame:
    """Resample a frame to a size.

    Along an axis that shrinks every pixel counts by the area that it covers, so that nothing
    aliases; along one that grows the interpolation is cubic, cut to 0..255 where it overshoots.
    The frame itself is returned if it has that size.
    """
    had = Size.of(frame)
    if had == size:
        return frame
    least = Size(min(had.width, size.width), min(had.height, size.height))
    shrunk = cv2.resize(frame, least, interpolation=cv2.INTER_AREA)
    grown = cv2.resize(shrunk, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(grown, 0, 255).astype(np.float32, copy=False)
