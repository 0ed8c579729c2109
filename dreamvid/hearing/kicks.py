"""Kicks: low sounds that begin at once, together with an onset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from dreamvid.hearing.envelope import Envelope, above_surroundings
from dreamvid.hearing.hits import AHEAD, HOP, SURROUNDINGS
from dreamvid.hearing.separation import usual
from dreamvid.hearing.spectra import Magnitudes, Numbers, Spectrogram, joined, spectra_of

WINDOW = 1024
"""Samples: 46 ms. In half of it a low tone is one cycle, whose strength swings with its phase."""

LAG = 4
"""Hops back with which a spectrum is compared: 23 ms."""

BAND = (30.0, 110.0)
"""Hz of a kick's body, which is some cycles of a tone: not percussive by medians."""

TOGETHER = 5
"""Hops on both sides within which a kick has an onset of any frequency; a bass that swells has
none."""

FULL_ONSET = 0.3
"""An onset that is as strong, 0..1, takes nothing from a kick."""


class Kicks:
    """Listens for what begins in the band of kicks."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._spectra = Spectrogram(WINDOW, HOP)
        self._bins = self._spectra.bins(*BAND)
        self._rises: list[Numbers] = []

    def listen(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[None]:
        """Listen to blocks of samples to their end; yields after each chunk."""
        before: Magnitudes | None = None
        for spectra in spectra_of(self._spectra, blocks):
            now = spectra[:, self._bins]
            known = np.concatenate([usual(now, LAG) if before is None else before, now])
            power = np.maximum(0, known[LAG:] - known[:-LAG]) ** 2
            self._rises.append(np.sqrt(power.sum(1, dtype=float)))
            before = known[-LAG:]
            yield

    def kick(self, onsets: Envelope) -> Envelope:
        """The kicks, 0..1, by the onsets of the whole sound at the same hops."""
        rises = joined(self._rises)
        if len(rises):
            padded = np.pad(onsets.values, TOGETHER)
            near = np.lib.stride_tricks.sliding_window_view(padded, 2 * TOGETHER + 1).max(-1)
            rises = rises * np.clip(near / FULL_ONSET, 0, 1)
        found = above_surroundings(rises, self._spectra.rate, SURROUNDINGS)
        return Envelope(found, self._spectra.rate, -AHEAD).normal()
