"""Percussive and harmonic parts of sound, apart.

D. Fitzgerald, "Harmonic/Percussive Separation Using Median Filtering", DAFx-10 (2010): in a
spectrogram a tone is a line along time and a hit is one along frequency, so a median along either
removes the other; each bin then belongs to both in proportion to the squares of their medians.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from dreamvid.hearing.spectra import Magnitudes

LENGTH = 17
"""Hops and bins of a median, odd, as in the paper."""

HALF = LENGTH // 2

TINY = 1e-9


def percussive_share(chunks: Iterable[Magnitudes]) -> Iterator[tuple[Magnitudes, Magnitudes]]:
    """Successive spectra with the share 0..1 of each bin that is percussive; the rest is harmonic.

    Beyond both ends there is silence. A chunk comes out `HALF` hops late, as it needs those after
    it.
    """
    waiting: Magnitudes | None = None
    for chunk in chunks:
        before = _silence(chunk) if waiting is None else waiting
        waiting = np.concatenate([before, chunk])
        if len(waiting) > 2 * HALF:
            yield _shared(waiting)
            waiting = waiting[-2 * HALF :]
    if waiting is not None:
        yield _shared(np.concatenate([waiting, _silence(waiting)]))


def _silence(spectra: Magnitudes) -> Magnitudes:
    return np.zeros((HALF, spectra.shape[1]), np.float32)


def _shared(around: Magnitudes) -> tuple[Magnitudes, Magnitudes]:
    """Spectra without the first and last `HALF`, and their percussive shares."""
    spectra = around[HALF:-HALF]
    tones = _median(around, 0) ** 2
    padded = np.pad(spectra, ((0, 0), (HALF, HALF)), mode="reflect")
    hits = _median(padded, 1) ** 2
    return spectra, hits / (hits + tones + TINY**2)


def _median(values: Magnitudes, axis: int) -> NDArray[np.float32]:
    """The rolling median, `2 * HALF` shorter."""
    views = np.lib.stride_tricks.sliding_window_view(values, LENGTH, axis)
    middle: NDArray[np.float32] = np.partition(views, HALF, -1)[..., HALF]
    return middle
