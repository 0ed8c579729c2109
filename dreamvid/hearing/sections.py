"""Sections of a piece, such as verse and chorus, by where its sound changes.

J. Foote, "Automatic Audio Segmentation Using a Measure of Audio Novelty", ICME 2000: a checkerboard
along the diagonal of the self-similarity is high where what was alike is followed by something else
that is alike.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dreamvid.hearing.envelope import Envelope
from dreamvid.hearing.spectra import Numbers

BANDS = {
    f"{low}-{2 * low}": (float(low), 2.0 * low) for low in (40, 80, 160, 320, 640, 1280, 2560, 5120)
}
"""Hz of the levels that are compared, beside the pitch classes."""

STEP = 0.5
"""Seconds of sound that are looked at as one."""

HALF = 16
"""Steps on both sides that are compared: 8 s."""

LEAST = 0.1
"""Novelty, 0..1, under which nothing changes."""


def boundaries(features: Numbers, rate: float) -> list[float]:
    """When new sections begin, in seconds, without the first.

    Args:
        features: (hops, features): strengths by band and pitch class.
        rate: hops a second.
    """
    steps = _standard(_by_step(np.log(features + 1e-3 * (features.max() if features.size else 1)
                                      + 1e-12), rate))  # fmt: skip
    if len(steps) < 2 * HALF:
        return []
    novelty = np.maximum(0, _novelty(steps))
    limit = max(LEAST, float(novelty.mean() + novelty.std()))
    found = []
    for step in range(HALF // 2, len(novelty) - HALF // 2):
        around = novelty[max(0, step - HALF) : step + HALF + 1]
        if novelty[step] >= limit and novelty[step] == around.max():
            found.append(step * STEP)
    return found


def together(tones: Numbers, rate: float, levels: list[Envelope]) -> Numbers:
    """The features of each hop: pitch classes, (hops, 12), and the levels at the same times."""
    times = np.arange(len(tones)) / rate
    even = [
        np.interp(times, np.arange(len(each.values)) / each.rate, each.values)
        if len(each.values)
        else np.zeros(len(times))
        for each in levels
    ]
    return np.concatenate([tones, np.stack(even, 1)], 1)


def _by_step(features: Numbers, rate: float) -> Numbers:
    """The means of each `STEP`."""
    steps = np.floor(np.arange(len(features)) / rate / STEP).astype(int)
    count = int(steps[-1]) + 1 if len(steps) else 0
    sums = np.zeros((count, features.shape[1]))
    np.add.at(sums, steps, features)
    return np.asarray(sums / np.bincount(steps, minlength=count)[:, None])


def _standard(steps: Numbers) -> Numbers:
    """Each feature less its mean, by its spread; each step of length 1."""
    if not len(steps):
        return steps
    spread = steps.std(0)
    even = (steps - steps.mean(0)) / np.where(spread > 1e-9, spread, 1)
    lengths = np.sqrt((even**2).sum(1, keepdims=True))
    return np.asarray(even / np.maximum(lengths, 1e-9))


def _novelty(steps: Numbers) -> Numbers:
    """How much the sound changes at each step, up to 1."""
    around = np.arange(-HALF, HALF) + 0.5
    taper = np.exp(-0.5 * (around / (HALF / 2)) ** 2)
    sign = np.sign(around)
    board: NDArray[np.float64] = np.outer(taper * sign, taper * sign) / taper.sum() ** 2
    padded = np.pad(steps, ((HALF, HALF), (0, 0)), mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * HALF, 0)[: len(steps)]
    found = [
        np.einsum("nfi,nfj,ij->n", views[i : i + 64], views[i : i + 64], board)
        for i in range(0, len(steps), 64)
    ]
    return np.concatenate(found)
