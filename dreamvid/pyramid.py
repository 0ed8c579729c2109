"""Laplacian pyramids: a picture's detail in bands, each of half the last one's size.

P. Burt, E. Adelson, "The Laplacian Pyramid as a Compact Image Code" (1983).
"""

from __future__ import annotations

import numpy as np

from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2


def split(picture: Frame, bands: int) -> list[Frame]:
    """The finest `bands` of (H, W) or (H, W, C), finest first, and what is left of it."""
    parts = [picture]
    for _ in range(bands):
        low: Frame = np.asarray(cv2.pyrDown(parts[-1]), np.float32)
        parts[-1] = parts[-1] - _doubled(low, parts[-1])
        parts.append(low)
    return parts


def joined(parts: list[Frame]) -> Frame:
    """The sum of a pyramid's parts, at the size of the first."""
    whole = parts[-1]
    for part in parts[-2::-1]:
        whole = part + _doubled(whole, part)
    return whole


def _doubled(low: Frame, like: Frame) -> Frame:
    return np.asarray(cv2.pyrUp(low, dstsize=(like.shape[1], like.shape[0])), np.float32)
