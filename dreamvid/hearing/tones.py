"""Tones: how strong each of the twelve pitch classes is, in the harmonic part of a sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from dreamvid.hearing.envelope import Envelope, typical_peak
from dreamvid.hearing.separation import percussive_share
from dreamvid.hearing.spectra import Numbers, Spectrogram, spectra_of
from dreamvid.media.sound_decoder import RATE

WINDOW, HOP = 8192, 1024
"""Samples: 372 ms, every 46 ms."""

HALF = 4
"""Hops on both sides in the median over time: tones of 0.2 s are tones."""

LOWEST, HIGHEST = 60.0, 2100.0
"""Hz of the tones that are heard; below, a bin holds more than half a semitone."""

A4 = 440.0
"""Hz."""


class Tones:
    """Listens for pitch classes: 0 is C, 1 is C sharp, 11 is B."""

    def __init__(self) -> None:
        """Begin to listen."""
        self._spectra = Spectrogram(WINDOW, HOP)
        self._heard = self._spectra.bins(0, HIGHEST)
        hertz = np.arange(self._heard.stop) * RATE / WINDOW
        heard = (hertz >= LOWEST) & (hertz <= HIGHEST)
        pitch = 12 * np.log2(np.where(heard, hertz, A4) / A4) + 9
        classes = np.where(heard, np.rint(pitch).astype(int) % 12, -1)
        self._bins = [np.flatnonzero(classes == pitch) for pitch in range(12)]
        self._power: list[Numbers] = []

    def listen(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[None]:
        """Listen to blocks of samples to their end; yields after each chunk."""
        chunks = (each[:, self._heard] for each in spectra_of(self._spectra, blocks))
        for spectra, share in percussive_share(chunks, HALF):
            power = (spectra * (1 - share)) ** 2
            self._power.append(
                np.stack([power[:, bins].sum(1, dtype=float) for bins in self._bins], 1)
            )
            yield

    def all(self) -> tuple[Numbers, float]:
        """The strengths of the pitch classes, (hops, 12), and how many hops there are a second."""
        power = np.concatenate(self._power) if self._power else np.zeros((0, 12))
        return np.sqrt(power), self._spectra.rate

    def chroma(self, pitch: int) -> Envelope:
        """One pitch class, 0..1: 1 where it is as strong as the strongest ones usually are."""
        strengths, rate = self.all()
        strongest = typical_peak(strengths.max(1), rate) if len(strengths) else 0.0
        return Envelope(strengths[:, pitch], rate).normal(strongest)
