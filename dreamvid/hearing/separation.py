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

HALF = 8
"""Hops or bins on both sides in a median, 17 in all, as in the paper."""

TINY = 1e-9


def percussive_share(
    chunks: Iterable[Magnitudes], half: int = HALF
) -> Iterator[tuple[Magnitudes, Magnitudes]]:
    """Successive spectra with the share 0..1 of each bin that is percussive; the rest is harmonic.

    Before the first spectrum lies what is usual in the first chunk, as in `Hits`; after the last it
    goes on as in a mirror. A chunk comes out `half` hops late, as it needs those after it.

    Args:
        half: hops on both sides in a median over time; tones that last for fewer are hits.
    """
    waiting: Magnitudes | None = None
    for chunk in chunks:
        if waiting is None:
            waiting = np.concatenate([usual(chunk, half), chunk])
        else:
            waiting = np.concatenate([waiting, chunk])
        if len(waiting) > 2 * half:
            yield _shared(waiting, half)
            waiting = waiting[-2 * half :]
    if waiting is not None:
        yield _shared(np.pad(waiting, ((0, half), (0, 0)), mode="reflect"), half)


def usual(spectra: Magnitudes, count: int) -> Magnitudes:
    """So many spectra, each the median of those given."""
    return np.repeat(np.median(spectra, 0, keepdims=True).astype(np.float32), count, 0)


def _shared(around: Magnitudes, half: int) -> tuple[Magnitudes, Magnitudes]:
    """Spectra without the first and last `half`, and their percussive shares."""
    spectra = around[half:-half]
    tones = _median(around, 0, half) ** 2
    padded = np.pad(spectra, ((0, 0), (HALF, HALF)), mode="reflect")
    hits = _median(padded, 1, HALF) ** 2
    return spectra, hits / (hits + tones + TINY**2)


def _median(values: Magnitudes, axis: int, half: int) -> NDArray[np.float32]:
    """The rolling median, `2 * half` shorter."""
    views = np.lib.stride_tricks.sliding_window_view(values, 2 * half + 1, axis)
    middle: NDArray[np.float32] = np.partition(views, half, -1)[..., half]
    return middle
