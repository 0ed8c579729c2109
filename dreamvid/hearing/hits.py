"""Onsets: how much of each frequency begins at each hop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dreamvid.hearing import drums
from dreamvid.hearing.envelope import Envelope, above_surroundings
from dreamvid.hearing.separation import percussive_share, usual
from dreamvid.hearing.spectra import Magnitudes, Numbers, Spectrogram, joined, spectra_of
from dreamvid.media.sound_decoder import RATE

WINDOW, HOP = 512, 128
"""Samples: 23 ms, every 6 ms."""

LAG = 2
"""Hops back with which a spectrum is compared."""

WHOLE = (20.0, 11025.0)
"""Hz of an onset without a band."""

AHEAD = HOP / 2 / RATE
"""Seconds by which a rise is found late: a hit lies between two hops."""

SURROUNDINGS = 0.4
"""Seconds on both sides that an onset stands out from."""

NOISE = 0.55
"""Onsets weaker than so much of the sound's mean strength are noise, and stay under 1."""


class Hits:
    """Listens for onsets in bands, and for snares and hats.

    An onset in a band is the sum over its frequencies of how much the square root of their
    percussive magnitude rises within `LAG` hops. A rise is from the strongest neighbour, so that a
    tone that glides is none (S. Böck and G. Widmer, "Maximum Filter Vibrato Suppression for Onset
    Detection", DAFx-13). At the sound's beginning it is from what is usual there, so that a hit on
    the first sample is an onset, but noise from there on is none.
    """

    def __init__(self, bands: Mapping[str, tuple[float, float]]) -> None:
        """Begin to listen. `bands`: Hz, by any name."""
        self._spectra = Spectrogram(WINDOW, HOP)
        self._bands = {name: self._spectra.bins(*band) for name, band in bands.items()}
        self._drums = {name: self._spectra.bins(*band) for name, band in drums.BANDS.items()}
        self._onsets: dict[str, list[Numbers]] = {name: [] for name in bands}
        self._strengths: dict[str, list[Numbers]] = {name: [] for name in bands}
        self._rises: dict[str, list[Numbers]] = {name: [] for name in drums.BANDS}
        self._powers: dict[str, list[Numbers]] = {name: [] for name in drums.BANDS}

    def listen(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[None]:
        """Listen to blocks of samples to their end; yields after each chunk."""
        before: list[Magnitudes] = []
        for spectra, share in percussive_share(spectra_of(self._spectra, blocks)):
            percussive = spectra * share
            now = [np.sqrt(percussive), percussive]
            before = before or [usual(each, LAG) for each in now]
            known = [np.concatenate(pair) for pair in zip(before, now, strict=True)]
            roots, hits = map(_rises, known)
            for name, bins in self._bands.items():
                self._onsets[name].append(roots[:, bins].sum(1, dtype=float))
                self._strengths[name].append(np.sqrt(spectra[:, bins]).sum(1, dtype=float))
            for name, bins in self._drums.items():
                self._rises[name].append((hits[:, bins] ** 2).sum(1, dtype=float))
                self._powers[name].append((percussive[:, bins] ** 2).sum(1, dtype=float))
            before = [each[-LAG:] for each in known]
            yield

    def onset(self, name: str) -> Envelope:
        """The onsets in a band, 0..1."""
        found = above_surroundings(joined(self._onsets[name]), self._spectra.rate, SURROUNDINGS)
        strength = joined(self._strengths[name])
        floor = NOISE * float(strength.mean()) if len(strength) else 0.0
        return Envelope(found, self._spectra.rate, -AHEAD).normal(floor)

    def drum(self, name: str) -> Envelope:
        """The hits of a snare or hat, 0..1."""
        rises = {each: joined(parts) for each, parts in self._rises.items()}
        powers = {each: joined(parts) for each, parts in self._powers.items()}
        return replace(drums.drum(name, rises, powers, self._spectra.rate), since=-AHEAD)


def _rises(known: Magnitudes) -> Magnitudes:
    """How much each bin, from hop `LAG` on, exceeds its strongest neighbour `LAG` hops earlier."""
    now, past = known[LAG:], known[:-LAG]
    wide = past.copy()
    np.maximum(wide[:, 1:], past[:, :-1], out=wide[:, 1:])
    np.maximum(wide[:, :-1], past[:, 1:], out=wide[:, :-1])
    return np.asarray(np.maximum(0, now - wide), np.float32)
