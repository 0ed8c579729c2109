"""What can be done to a picture without dreaming."""

from __future__ import annotations

import numpy as np

from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2


def resize(frame: Frame, size: tuple[int, int]) -> Frame:
    """Resample a frame to `size` = (width, height).

    Along an axis that shrinks every pixel counts by the area that it covers, so that nothing
    aliases; along one that grows the interpolation is cubic, cut to 0..255 where it overshoots.
    The frame itself is returned if it has that size.
    """
    height, width = frame.shape[:2]
    if (width, height) == size:
        return frame
    least = (min(width, size[0]), min(height, size[1]))
    shrunk = cv2.resize(frame, least, interpolation=cv2.INTER_AREA)
    grown = cv2.resize(shrunk, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(grown, 0, 255).astype(np.float32, copy=False)
