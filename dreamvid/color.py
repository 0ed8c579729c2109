"""Color: the shift that the seeds add, and the anchors that keep a film's color from drifting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2
from dreamvid.task import Colors

LEAST_SPREAD = 20.0
"""Levels: a seed flatter than this is allowed a dream of this spread rather than none."""


def shift(canvas: Frame, levels: tuple[float, float, float]) -> Frame:
    """`canvas` with `levels` added to R, G and B, clipped to 0..255 as the seeds do."""
    if not any(levels):
        return canvas
    return np.clip(canvas + np.asarray(levels, np.float32), 0, 255)


def covariance(picture: Frame) -> Colors:
    """How a picture's R, G and B vary together, (3, 3), in levels²."""
    return np.cov(picture.reshape(-1, 3), rowvar=False, bias=True, dtype=np.float64)


_ROOT = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
NATURAL: Colors = _ROOT @ _ROOT.T
"""The covariance of the colors of photographs, pictures in 0..1: of ImageNet's, by Lucid."""


CLIPPED_AGAIN = 4
"""Rounds of the anchor: clipping moves the mean of a dark or bright frame, the next round mends."""

MOST_GAIN = 1.25
"""A round enlarges contrast by no more, so that what is nearly flat does not turn into noise."""


class Anchor(Protocol):
    """Keeps the color of a film's dreamed frames."""

    def pull(self, frame: Frame, source: Frame, share: float) -> Frame:
        """`frame`, the dream of `source`, led a share (0..1) of the way back, clipped to 0..255."""


@dataclass(frozen=True)
class PictureAnchor:
    """Pulls each channel's mean and spread towards those of a seed.

    Untouched, 50 zoomed frames took a seed of mean 152 and spread 55 to 133 and 79; pulled by a
    fifth a frame they stayed at 152 and 62.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @classmethod
    def of(cls, seed: Frame) -> PictureAnchor:
        """The anchor at `seed`."""
        return cls(*_statistics(seed))

    def pull(self, frame: Frame, source: Frame, share: float) -> Frame:
        """`frame`, its channels' means and spreads led a share of the way to the seed's."""
        if share == 0:
            return frame
        mean, spread = _statistics(frame)
        mean = mean + share * (self.mean - mean)
        # A spread between the seed's and the least is let be: a flat seed may have its dream.
        wanted = np.clip(spread, self.spread, np.maximum(self.spread, LEAST_SPREAD))
        spread = spread + share * (wanted - spread)
        for _ in range(CLIPPED_AGAIN):
            found, wide = _statistics(frame)
            if np.abs(found - mean).max() < 0.05 and np.abs(wide - spread).max() < 0.05:
                break
            gain = np.minimum(spread / np.maximum(wide, 1e-6), MOST_GAIN)
            offset = mean - gain * found
            frame = _scaled(frame, gain, offset)
            np.clip(frame, 0, 255, out=frame)
        return frame


@dataclass(frozen=True)
class ResidualAnchor:
    """Keeps a dream from brightening or thickening over a clip, without touching the clip.

    It acts on the residual (dream − source) alone: takes away a share of its large-scale mean, and
    leads its spread back to that of the shot's first dream where it has grown beyond it.
    """

    spread: NDArray[np.float64]

    @classmethod
    def of(cls, residual: Frame) -> ResidualAnchor:
        """The anchor at a shot's first residual."""
        return cls(_statistics(residual)[1])

    def pull(self, frame: Frame, source: Frame, share: float) -> Frame:
        """`frame`, what it dreams beyond `source` held back by the share."""
        if share == 0:
            return frame
        residual = frame - source
        residual -= share * _large_scale(residual)
        spread = _statistics(residual)[1]
        gain = np.minimum(self.spread / np.maximum(spread, 1e-6), 1.0)
        pulled = _scaled(residual, 1 + share * (gain - 1), np.zeros(3))
        pulled += source
        return np.clip(pulled, 0, 255, out=pulled)


def _large_scale(field: Frame) -> Frame:
    """The mean over about a quarter of the picture around each pixel."""
    height, width = field.shape[:2]
    coarse = cv2.resize(field, (4, 4), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))


def _scaled(field: Frame, gain: NDArray[np.float64], offset: NDArray[np.float64]) -> Frame:
    """`field` (H, W, 3) · gain + offset, channel by channel; thirty times as quick as NumPy, which
    does not like short axes."""
    return np.asarray(cv2.transform(field, np.column_stack([np.diag(gain), offset])))


def _statistics(frame: Frame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean, spread = cv2.meanStdDev(frame)
    return np.float64(mean).ravel(), np.float64(spread).ravel()
