"""Envelopes: how strong something is heard over time, brought to 0..1 and to a film's frames."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from dreamvid.hearing.spectra import Numbers

PEAK_SECONDS = 0.05
"""A peak is the highest within so many seconds on both sides."""

PERCENTILE = 50
"""Of the peaks, weighted by their heights to the power `WEIGHT`: the strength that becomes 1.
Weights keep the many small peaks of noise out of it, a percentile the one far over all others."""

WEIGHT = 1.5


@dataclass(frozen=True)
class Envelope:
    """A strength over time, evenly spaced.

    Attributes:
        values: (count,), 0 or more.
        rate: values a second.
        since: the time of the first, in seconds.
    """

    values: Numbers
    rate: float
    since: float = 0.0

    def normal(self, floor: float = 0.0) -> Envelope:
        """Brought to 0..1: divided by a percentile of its peaks, and clipped there.

        Args:
            floor: strengths of at most this are noise: where the percentile is lower, it is taken.
        """
        most = max(typical_peak(self.values, self.rate), floor)
        scaled = self.values / most if most > 0 else np.zeros_like(self.values)
        return replace(self, values=np.clip(scaled, 0, 1))

    def smooth(self, attack: float, release: float) -> Envelope:
        """Rising towards each peak over some `attack` seconds, and falling after it over `release`.

        It decays by 1/e in that time, ahead of a peak as after it: a peak keeps its time and its
        height, and is never late, since the whole sound is known. 0 leaves it as it is.
        """
        values = _held(self.values, release * self.rate)
        values = np.maximum(values, _held(self.values[::-1], attack * self.rate)[::-1])
        return replace(self, values=values)

    def sampled(self, start: Fraction, rate: Fraction, count: int, *, peaks: bool) -> Numbers:
        """The values of a film's first `count` frames.

        Args:
            start: seconds from the sound's beginning to the film's.
            rate: frames a second.
            peaks: a frame has the highest value while it is shown, so that a hit is in the frame
                that contains it; else the mean.
        """
        times = np.maximum(0, np.arange(len(self.values)) / self.rate + self.since)
        times = (times - float(start)) * float(rate)
        frames = np.floor(times + 1e-9).astype(int)
        inside = (frames >= 0) & (frames < count)
        frames, values = frames[inside], self.values[inside]
        hops = np.bincount(frames, minlength=count)
        if peaks:
            found = np.zeros(count)
            np.maximum.at(found, frames, values)
        else:
            found = np.bincount(frames, values, minlength=count) / np.maximum(hops, 1)
        if not len(values):
            return found
        return np.where(hops > 0, found, np.interp(np.arange(count) + 0.5, times, self.values))


def typical_peak(values: Numbers, rate: float) -> float:
    """The `PERCENTILE` of the peaks' heights; 0 without peaks."""
    reach = max(1, round(PEAK_SECONDS * rate))
    padded = np.pad(values, reach)
    highest = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(-1)
    heights = np.sort(values[(values == highest) & (values > 0)])
    if not len(heights):
        return 0.0
    weights = np.cumsum(heights**WEIGHT)
    place = np.searchsorted(weights, weights[-1] * PERCENTILE / 100)
    return float(heights[min(place, len(heights) - 1)])


def above_surroundings(values: Numbers, rate: float, seconds: float) -> Numbers:
    """What of an envelope stands out from the median within so many seconds on both sides."""
    reach = max(1, round(seconds * rate))
    padded = np.pad(values, reach, mode="symmetric") if len(values) else np.zeros(2 * reach)
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    usual: Numbers = np.concatenate(
        [np.median(views[i : i + 4096], -1) for i in range(0, len(views), 4096)]
    )
    return np.asarray(np.maximum(0, values - usual[: len(values)]))


def _held(values: Numbers, hops: float) -> Numbers:
    """Values that decay by 1/e in so many hops, where no larger one comes."""
    if hops <= 0 or not len(values):
        return values
    slope = np.arange(len(values)) / hops
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    return np.exp(np.maximum.accumulate(logs + slope) - slope)
