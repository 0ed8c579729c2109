"""Color: a constant shift per frame, and the anchors that keep a film's color from drifting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Colors, Frame
from dreamvid.inside import Inside, large_scale, saturation, spreads, statistics
from dreamvid.media.opencv import cv2
from dreamvid.pyramid import joined, split

LEAST_SPREAD = 20.0
"""Levels: a dream may have this spread even where its seed is flatter."""


def shift(canvas: Frame, levels: tuple[float, float, float]) -> Frame:
    """`canvas` with `levels` added to R, G and B, clipped to 0..255.

    The seeds' films were made with such a shift.
    """
    if not any(levels):
        return canvas
    return np.clip(canvas + np.asarray(levels, np.float32), 0, 255)


_ROOT = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]])
NATURAL: Colors = _ROOT @ _ROOT.T
"""The color covariance of photographs on the 0..1 scale: ImageNet's, from Lucid."""

CORRECTION_ROUNDS = 4
"""Rounds of the anchor, at most: clipping moves the mean of a dark or bright frame, and the next
round corrects that."""

MOST_GAIN = 1.25
"""Bound of a round's gain in contrast, so that nearly flat pictures do not turn into noise."""


class Anchor(Protocol):
    """Keeps the color of a film's dreamed frames."""

    @property
    def formed(self) -> bool:
        """Whether it is made of a frame that was dreamed on; else it is to be made anew."""

    def pull(
        self, frame: Frame, source: Frame, share: float, inside: Inside | None = None
    ) -> Frame:
        """`frame`, the dream of `source`, pulled a share (0..1) of the way to the anchor, clipped
        to 0..255."""


FINE = 2
"""Number of bands of luma detail that are bounded, from the finest; the coarser ones contain the
dream's creatures."""

DETAIL = 0.65, 1.1
"""Bounds of the spread of fine luma detail, as shares of the seed's: within them a dream is neither
blurred nor carved. The upper bound is at least ALLOWED levels over the seed's spread."""

FINE_COLOR, COLORED = 3, 1.6
"""Number of bands of color detail that are bounded, from the finest; and their upper bound, also a
share of the seed's."""

SATURATION = 1.15
"""Upper bound of saturation, also a share of the seed's."""

ALLOWED = 1.5
"""Levels of detail or saturation that a dream may always have beyond its seed's; for flat seeds."""


@dataclass(frozen=True)
class PictureAnchor:
    """Pulls the color of a film towards that of its seed: the mean and spread of each channel, and
    saturation and fine detail where they leave their bounds around the seed's.

    Without it, 50 zoomed frames took a seed of mean 152 and spread 55 to 133 and 79; pulled by a
    fifth a frame they stayed at 152 and 62.

    Attributes:
        mean: means of R, G and B, (3,), levels.
        spread: standard deviations of R, G and B, (3,), levels.
        saturation: the mean over the pixels of the largest less the smallest of R, G and B.
        detail: standard deviations of the finest bands of luma, finest first, (FINE,).
        colored: those of the finest bands of color, finest first, (FINE_COLOR,).
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    saturation: NDArray[np.float64]
    detail: NDArray[np.float64]
    colored: NDArray[np.float64]

    formed = True

    @classmethod
    def of(cls, seed: Frame, inside: Inside | None = None) -> PictureAnchor:
        """The anchor that pulls towards `seed`."""
        luma, color = _split(seed)
        detail = np.array(spreads(split(luma, FINE)[:-1], inside))
        colored = np.array(spreads(split(color, FINE_COLOR)[:-1], inside, IN_COLOR))
        saturated = np.array(saturation(seed, inside))
        return cls(*statistics(seed, inside), saturated, detail, colored)

    def pull(
        self, frame: Frame, source: Frame, share: float, inside: Inside | None = None
    ) -> Frame:
        """`frame`, pulled a share of the way to the seed."""
        if share == 0:
            return frame
        mean, spread = statistics(frame, inside)
        mean = mean + share * (self.mean - mean)
        # A spread between the seed's and LEAST_SPREAD is left alone, so that a flat seed can dream.
        target = np.clip(spread, self.spread, np.maximum(self.spread, LEAST_SPREAD))
        spread = spread + share * (target - spread)
        frame = self._bounded_detail(frame, share, inside)
        for _ in range(CORRECTION_ROUNDS):
            mean_now, spread_now = statistics(frame, inside)
            if np.abs(mean_now - mean).max() < 0.05 and np.abs(spread_now - spread).max() < 0.05:
                break
            gain = np.minimum(spread / np.maximum(spread_now, 1e-6), MOST_GAIN)
            offset = mean - gain * mean_now
            frame = _scaled(frame, gain, offset)
            np.clip(frame, 0, 255, out=frame)
        return frame

    def _bounded_detail(self, frame: Frame, share: float, inside: Inside | None) -> Frame:
        """`frame`, its saturation and fine detail pulled a share of the way into their bounds."""
        luma, color = _split(frame)
        upper = max(SATURATION * float(self.saturation), float(self.saturation) + ALLOWED)
        gain = 1 + share * (min(1.0, upper / max(saturation(frame, inside), 1e-6)) - 1)
        luma_bands, color_bands = split(luma, FINE)[:-1], split(color, FINE_COLOR)[:-1]
        luma_gains = _gains(spreads(luma_bands, inside), self.detail, DETAIL, share)
        in_color = spreads(color_bands, inside, IN_COLOR)
        color_gains = _gains(in_color, self.colored, (0.0, COLORED), share)
        bounded = frame if gain == 1 else cv2.merge([luma] * 3) + np.float32(gain) * color
        if np.any(luma_gains != 1):
            bounded = bounded + cv2.merge([_weighted_sum(luma_bands, luma_gains - 1)] * 3)
        if np.any(color_gains != 1):
            bounded = bounded + _weighted_sum(color_bands, gain * (color_gains - 1))
        return np.asarray(bounded, np.float32)


MOST_HELD = 1.25
"""Upper bound of a residual's spread, as a share of that of the shot's first dream. A dream on what
rests grows stronger than a first dream; with a bound of 1, the dream on what moves would fade."""


@dataclass(frozen=True)
class ResidualAnchor:
    """Keeps the dream over a clip from brightening or growing denser, without changing the clip.

    It acts on the residual (dream − source) alone: it subtracts a share of the residual's
    large-scale mean, and reduces its spread where that exceeds the bound.

    Attributes:
        spread: the bound, a standard deviation of R, G and B, (3,), levels.
    """

    spread: NDArray[np.float64]

    @property
    def formed(self) -> bool:
        """Whether there was any residual: a mask may have left nothing of a shot's first frame."""
        return bool(self.spread.any())

    @classmethod
    def of(cls, residual: Frame, inside: Inside | None = None) -> ResidualAnchor:
        """The anchor whose bound comes from a shot's first residual."""
        return cls(MOST_HELD * statistics(residual, inside)[1])

    def pull(
        self, frame: Frame, source: Frame, share: float, inside: Inside | None = None
    ) -> Frame:
        """`frame` with its residual over `source` pulled back by the share."""
        if share == 0:
            return frame
        residual = frame - source
        residual -= share * large_scale(residual, inside)
        spread = statistics(residual, inside)[1]
        gain = np.minimum(self.spread / np.maximum(spread, 1e-6), 1.0)
        pulled = _scaled(residual, 1 + share * (gain - 1), np.zeros(3))
        pulled += source
        return np.clip(pulled, 0, 255, out=pulled)


def anchor_at(still: bool, dream: Frame, source: Frame, inside: Inside | None = None) -> Anchor:
    """The anchor of a shot whose first frame is `dream`, the dream of `source`.

    In a film of a still the whole picture is kept near the still; in a clip only the residual is,
    because the clip's colors may change.
    """
    if still:
        return PictureAnchor.of(source, inside)
    return ResidualAnchor.of(dream - source, inside)


LUMA = np.array([[0.299, 0.587, 0.114]])
"""Weights of R, G and B in luma (ITU-R BT.601)."""

IN_COLOR = np.array([0.713, 0.0, 0.564])
"""Weights of R, G and B, each less luma, in the spread of color: those of Cr and Cb."""


def _split(frame: Frame) -> tuple[Frame, Frame]:
    """Luma (H, W), and the frame less its luma (H, W, 3)."""
    luma = np.asarray(cv2.transform(frame, LUMA), np.float32)
    return luma, frame - cv2.merge([luma] * 3)


def _gains(
    band_spreads: list[float],
    seed: NDArray[np.float64],
    bounds: tuple[float, float],
    share: float,
) -> NDArray[np.float64]:
    """Factors that bring each spread a share of the way into its bounds, shares of the seed's."""
    spreads: NDArray[np.float64] = np.array(band_spreads)
    upper = np.maximum(bounds[1] * seed, seed + ALLOWED)
    target = np.clip(spreads, bounds[0] * seed, upper)
    return 1 + share * (np.minimum(target / np.maximum(spreads, 1e-6), MOST_GAIN) - 1)


def _weighted_sum(bands: list[Frame], weights: NDArray[np.float64]) -> Frame:
    """The weighted sum of a pyramid's bands, at the size of the first."""
    pairs = zip(bands, weights, strict=True)
    return joined([np.float32(weight) * band for band, weight in pairs])


def _scaled(field: Frame, gain: NDArray[np.float64], offset: NDArray[np.float64]) -> Frame:
    """`field` (H, W, 3) · gain + offset, channel by channel; thirty times as quick as NumPy, which
    is slow along axes as short as the channels'."""
    return np.asarray(cv2.transform(field, np.column_stack([np.diag(gain), offset])))
