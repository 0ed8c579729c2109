"""Laplacian pyramids: a picture's detail in bands, each half the size of the one before.

P. Burt, E. Adelson, "The Laplacian Pyramid as a Compact Image Code" (1983).
"""

from __future__ import annotations

import numpy as np

from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2


def split(picture: Frame, bands: int) -> list[Frame]:
    """The finest `bands` bands of (H, W) or (H, W, C), finest first, then the low-pass rest."""
    parts = [picture]
    for _ in range(bands):
        low: Frame = np.asarray(cv2.pyrDown(parts[-1]), np.float32)
        parts[-1] = parts[-1] - _doubled(low, parts[-1])
        parts.append(low)
    return parts


def joined(parts: list[Frame]) -> Frame:
    """The sum of a pyramid's parts, at the size of the first."""
    total = parts[-1]
    for part in parts[-2::-1]:
        total = part + _doubled(total, part)
    return total


def _doubled(low: Frame, like: Frame) -> Frame:
    return np.asarray(cv2.pyrUp(low, dstsize=(like.shape[1], like.shape[0])), np.float32)
