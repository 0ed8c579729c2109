"""Color: the shift that the seeds add, and the anchors that keep a film's color from drifting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Colors, Frame
from dreamvid.media.opencv import cv2
from dreamvid.pyramid import joined, split

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


FINE = 2
"""Bands of detail of luma that are held, the finest: what is coarser are the dream's creatures."""

DETAIL = 0.65, 1.1
"""A film's fine detail is let be between these shares of the seed's, where a dream lies that is
neither blurred nor carved; above it also up to ALLOWED levels over it."""

FINE_COLOR, COLORED = 3, 1.6
"""Bands of detail of color that are held, and likewise up to which share of the seed's."""

SATURATION = 1.15
"""Likewise of saturation."""

ALLOWED = 1.5
"""Levels of detail or saturation that a plain seed is allowed over its own."""


@dataclass(frozen=True)
class PictureAnchor:
    """Pulls the color of a film towards that of its seed: each channel's mean and spread, and,
    where they leave what is near the seed's, its saturation and its fine detail.

    Untouched, 50 zoomed frames took a seed of mean 152 and spread 55 to 133 and 79; pulled by a
    fifth a frame they stayed at 152 and 62.

    Attributes:
        mean: of R, G and B.
        spread: their standard deviations.
        saturation: the mean over the pixels of the largest less the smallest of R, G and B.
        detail: the spread of the finest bands of luma, finest first, (FINE,).
        colored: that of the finest bands of color, (FINE_COLOR,).
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    saturation: NDArray[np.float64]
    detail: NDArray[np.float64]
    colored: NDArray[np.float64]

    @classmethod
    def of(cls, seed: Frame) -> PictureAnchor:
        """The anchor at `seed`."""
        luma, color = _split(seed)
        detail = np.array([_spread(band) for band in split(luma, FINE)[:-1]])
        colored = np.array([_spread(band, IN_COLOR) for band in split(color, FINE_COLOR)[:-1]])
        return cls(*_statistics(seed), np.array(_saturation(seed)), detail, colored)

    def pull(self, frame: Frame, source: Frame, share: float) -> Frame:
        """`frame`, led a share of the way to the seed."""
        if share == 0:
            return frame
        mean, spread = _statistics(frame)
        mean = mean + share * (self.mean - mean)
        # A spread between the seed's and the least is let be: a flat seed may have its dream.
        wanted = np.clip(spread, self.spread, np.maximum(self.spread, LEAST_SPREAD))
        spread = spread + share * (wanted - spread)
        frame = self._held(frame, share)
        for _ in range(CLIPPED_AGAIN):
            found, wide = _statistics(frame)
            if np.abs(found - mean).max() < 0.05 and np.abs(wide - spread).max() < 0.05:
                break
            gain = np.minimum(spread / np.maximum(wide, 1e-6), MOST_GAIN)
            offset = mean - gain * found
            frame = _scaled(frame, gain, offset)
            np.clip(frame, 0, 255, out=frame)
        return frame

    def _held(self, frame: Frame, share: float) -> Frame:
        """`frame`, its saturation and fine detail led a share of the way to what they may be."""
        luma, color = _split(frame)
        most = max(SATURATION * float(self.saturation), float(self.saturation) + ALLOWED)
        gain = 1 + share * (min(1.0, most / max(_saturation(frame), 1e-6)) - 1)
        lines, tints = split(luma, FINE)[:-1], split(color, FINE_COLOR)[:-1]
        gains = _gains([_spread(band) for band in lines], self.detail, DETAIL, share)
        faded = _gains(
            [_spread(band, IN_COLOR) for band in tints], self.colored, (0.0, COLORED), share
        )
        held = frame if gain == 1 else cv2.merge([luma] * 3) + np.float32(gain) * color
        if np.any(gains != 1):
            held = held + cv2.merge([_weighed(lines, gains - 1)] * 3)
        if np.any(faded != 1):
            held = held + _weighed(tints, gain * (faded - 1))
        return np.asarray(held, np.float32)


MOST_HELD = 1.25
"""Of the spread of a shot's first dream, how large a held one's may grow: what rests grows stronger
than a first dream, and what moves would else be held down for it."""


@dataclass(frozen=True)
class ResidualAnchor:
    """Keeps a dream from brightening or thickening over a clip, without touching the clip.

    It acts on the residual (dream − source) alone: takes away a share of its large-scale mean, and
    leads its spread back where it has grown beyond what it may be.
    """

    spread: NDArray[np.float64]

    @classmethod
    def of(cls, residual: Frame) -> ResidualAnchor:
        """The anchor at a shot's first residual."""
        return cls(MOST_HELD * _statistics(residual)[1])

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


def anchor_at(still: bool, dream: Frame, source: Frame) -> Anchor:
    """The anchor of a shot that begins with the dream of `source`.

    A still's whole picture is held near it; of a clip the dream alone, for the clip is what it is.
    """
    return PictureAnchor.of(source) if still else ResidualAnchor.of(dream - source)


LUMA = np.array([[0.299, 0.587, 0.114]])

IN_COLOR = np.array([0.713, 0.0, 0.564])
"""What R, G and B less luma count for in the spread of color: those of Cr and Cb."""


def _split(frame: Frame) -> tuple[Frame, Frame]:
    """Luma (H, W), and the color over it (H, W, 3)."""
    luma = np.asarray(cv2.transform(frame, LUMA), np.float32)
    return luma, frame - cv2.merge([luma] * 3)


def _gains(
    found: list[float], seed: NDArray[np.float64], bounds: tuple[float, float], share: float
) -> NDArray[np.float64]:
    """What brings each spread a share of the way to within its bounds."""
    spreads: NDArray[np.float64] = np.array(found)
    upper = np.maximum(bounds[1] * seed, seed + ALLOWED)
    wanted = np.clip(spreads, bounds[0] * seed, upper)
    return 1 + share * (np.minimum(wanted / np.maximum(spreads, 1e-6), MOST_GAIN) - 1)


def _spread(band: Frame, weights: NDArray[np.float64] | None = None) -> float:
    """The standard deviation of a plane, or the mean one of weighed channels."""
    deviation = np.float64(cv2.meanStdDev(band)[1]).ravel()
    return float(
        deviation[0] if weights is None else np.sqrt(np.sum((weights * deviation) ** 2) / 2)
    )


def _saturation(frame: Frame) -> float:
    red, green, blue = cv2.split(frame)
    most, least = (other(other(red, green), blue) for other in (cv2.max, cv2.min))
    return float(np.mean(most - least, dtype=np.float64))


def _weighed(bands: list[Frame], weights: NDArray[np.float64]) -> Frame:
    """The sum of a pyramid's bands, weighed, at the size of the first."""
    pairs = zip(bands, weights, strict=True)
    return joined([np.float32(weight) * band for band, weight in pairs])


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
