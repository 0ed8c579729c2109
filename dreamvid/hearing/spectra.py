"""Spectra of sound that comes in blocks: short-time Fourier transforms, centred."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from dreamvid.media.sound_decoder import RATE, Samples

Magnitudes = NDArray[np.float32]
"""(hops, bins): the strength of each frequency around each hop."""

CHUNK = 1024
"""Hops that are transformed at once, which bounds the memory."""

Numbers = NDArray[np.float64]


class Spectrogram:
    """The spectra of a sound, each centred on a multiple of `hop` samples.

    The magnitude of a sine of amplitude 1 is 1. Before its beginning the sound goes on as in a
    mirror, after its end it is silent.

    Attributes:
        window: samples of a spectrum, a power of 2; Hann's window.
        hop: samples from one spectrum to the next.
    """

    def __init__(self, window: int, hop: int) -> None:
        """Begin before the first sample."""
        self.window, self.hop = window, hop
        shape = np.hanning(window + 1)[:-1]
        self._shape = (shape / (shape.sum() / 2)).astype(np.float32)
        self._rest = np.zeros(0, np.float32)
        self._samples = self._hops = 0
        self._begun = False

    @property
    def rate(self) -> float:
        """Spectra a second."""
        return RATE / self.hop

    def bins(self, low: float, high: float) -> slice:
        """The bins of a band of frequencies in Hz, at least one."""
        width = RATE / self.window
        first = min(round(low / width), self.window // 2)
        return slice(first, max(first + 1, round(high / width) + 1))

    def feed(self, samples: Samples) -> Iterator[Magnitudes]:
        """The spectra that are complete with these samples, in chunks."""
        self._samples += len(samples)
        self._rest = np.concatenate([self._rest, samples])
        if self._mirrored():
            yield from self._transformed((len(self._rest) - self.window) // self.hop + 1)

    def end(self) -> Iterator[Magnitudes]:
        """The last spectra, up to the sound's end."""
        self._mirrored(at_end=True)
        left = -(-self._samples // self.hop) - self._hops
        missing = max(0, (left - 1) * self.hop + self.window - len(self._rest))
        self._rest = np.concatenate([self._rest, np.zeros(missing, np.float32)])
        yield from self._transformed(left)

    def _mirrored(self, at_end: bool = False) -> bool:
        """Put the mirrored beginning before the first samples, once they are there."""
        half = self.window // 2
        if not self._begun and (len(self._rest) > half or (at_end and self._samples)):
            self._rest = np.pad(self._rest, (half, 0), mode="reflect")
            self._begun = True
        return self._begun

    def _transformed(self, count: int) -> Iterator[Magnitudes]:
        while count > 0:
            hops = min(count, CHUNK)
            views = np.lib.stride_tricks.sliding_window_view(self._rest, self.window)
            windows = views[: (hops - 1) * self.hop + 1 : self.hop] * self._shape
            yield np.abs(np.fft.rfft(windows)).astype(np.float32)
            self._rest = self._rest[hops * self.hop :].copy()
            self._hops += hops
            count -= hops


def spectra_of(spectrogram: Spectrogram, blocks: Iterable[Samples]) -> Iterator[Magnitudes]:
    """All spectra of a sound that comes in blocks, in chunks."""
    for block in blocks:
        yield from spectrogram.feed(block)
    yield from spectrogram.end()


def joined(parts: list[Numbers]) -> Numbers:
    """The numbers of successive chunks as one array."""
    return np.concatenate(parts) if parts else np.zeros(0)
