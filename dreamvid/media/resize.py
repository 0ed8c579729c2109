"""Resizing frames."""

from __future__ import annotations

import numpy as np

from dreamvid.frame import Frame, Size
from dreamvid.media.opencv import cv2


def resize_area(frame: Frame, size: Size) -> Frame:
    """Resample a frame to a size.

    An axis that shrinks is averaged over areas, which avoids aliasing; one that grows is
    interpolated cubically, clipped to 0..255. The frame itself is returned if it has that size.
    """
    old = Size.of(frame)
    if old == size:
        return frame
    smaller = Size(min(old.width, size.width), min(old.height, size.height))
    shrunk = cv2.resize(frame, smaller, interpolation=cv2.INTER_AREA)
    grown = cv2.resize(shrunk, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(grown, 0, 255).astype(np.float32, copy=False)


def resize_straight(picture: Frame, size: Size) -> Frame:
    """As `resize_area`, of RGB with straight alpha, (H, W, 4), 0..255.

    Color weighs as its alpha, so that none bleeds out of transparent ground.
    """
    if Size.of(picture) == size:
        return picture
    alpha = picture[..., 3:]
    weighed = resize_area(np.ascontiguousarray(picture[..., :3] * (alpha / 255)), size)
    smaller = resize_area(np.repeat(alpha, 3, -1), size)
    plain = resize_area(np.ascontiguousarray(picture[..., :3]), size)
    color = np.divide(weighed * 255, smaller, out=plain, where=smaller > 0)
    return np.concatenate([np.clip(color, 0, 255), smaller[..., :1]], -1)
