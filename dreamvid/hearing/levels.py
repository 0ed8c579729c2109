"""Levels: how loud a band of frequencies is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from dreamvid.hearing.envelope import Envelope
from dreamvid.hearing.spectra import Numbers, Spectrogram, joined, spectra_of

WINDOW, HOP = 2048, 512
"""Samples: 93 ms, every 23 ms."""

BANDS = {
    "bass": (20.0, 150.0),
    "mid": (150.0, 2000.0),
    "treble": (2000.0, 11025.0),
    "loud": (20.0, 11025.0),
}
"""Hz."""


class Levels:
    """Listens for the levels of bands: the root of their power."""

    def __init__(self, bands: Mapping[str, tuple[float, float]]) -> None:
        """Begin to listen. `bands`: Hz, by any name."""
        self._spectra = Spectrogram(WINDOW, HOP)
        self._bands = {name: self._spectra.bins(*band) for name, band in bands.items()}
        self._levels: dict[str, list[Numbers]] = {name: [] for name in bands}

    def listen(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[None]:
        """Listen to blocks of samples to their end; yields after each chunk."""
        for spectra in spectra_of(self._spectra, blocks):
            power = spectra**2
            for name, bins in self._bands.items():
                self._levels[name].append(np.sqrt(power[:, bins].sum(1, dtype=float)))
            yield

    def raw(self, name: str) -> Envelope:
        """The level of a band, 1 for a sine of amplitude 1."""
        return Envelope(joined(self._levels[name]), self._spectra.rate)

    def level(self, name: str) -> Envelope:
        """The level of a band, 0..1."""
        return self.raw(name).normal()
