"""Color spaces of stills, and converting samples from them to sRGB.

A space says what light a sample stands for: a curve for each channel, and of RGB a matrix from the
light of its primaries to that of sRGB's. Colors outside sRGB are clipped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dreamvid.media.samples import Pixels

Floats = NDArray[np.float64]

Curve = Callable[[Floats], Floats]
"""From samples, 0..1, to light, 0..1."""

Primaries = tuple[float, ...]
"""Chromaticities: x and y of white, red, green and blue."""

D65 = (0.3127, 0.3290)
SRGB: Primaries = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)

D50 = np.array([0.9642, 1.0, 0.8249])
"""XYZ of the white that ICC profiles relate colors to."""

BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""From XYZ to the eye's responses, in which white is adapted (ICC.1:2022, annex E)."""

SAME_CURVE, SAME_MATRIX = 0.5 / 255, 0.001
"""A space that is nearer to sRGB is taken for it. The profiles that are named sRGB have matrices
that differ by up to .0005, as their makers rounded the white in one way or another."""

LEVELS = 65535
"""White in samples of 16 bits."""

BLOCK = 2**20
"""Pixels that are converted at a time, which bounds the memory for it."""


def light_of(samples: Floats) -> Floats:
    """The light, 0..1, of sRGB's samples, 0..1 (IEC 61966-2-1)."""
    return np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)


def encoded(light: Floats) -> Floats:
    """sRGB's samples, 0..1, for its light, 0..1 (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


ENCODED = np.rint(encoded(np.linspace(0, 1, LEVELS + 1) ** 2) * LEVELS).astype(np.uint16)
"""sRGB's samples by the square root of their light, off by at most one level of 16 bits."""


@dataclass(frozen=True)
class ColorSpace:
    """A color space.

    Attributes:
        curves: one for each channel: three of RGB, or one of grey.
        matrix: (3, 3), from the light of its primaries to the light of sRGB's; None of grey.
    """

    curves: tuple[Curve, ...]
    matrix: Floats | None = None

    @classmethod
    def of_rgb(cls, curves: tuple[Curve, ...], to_pcs: Floats) -> ColorSpace:
        """A space of RGB by its matrix to XYZ relative to D50."""
        return cls(curves, np.linalg.inv(matrix_to_pcs(SRGB)) @ to_pcs)

    @property
    def is_srgb(self) -> bool:
        """Whether its colors are sRGB's, but for how its maker rounded them."""
        steps = np.linspace(0, 1, 256)
        curves = [np.abs(encoded(curve(steps)) - steps).max() for curve in self.curves]
        matrix = np.eye(3) if self.matrix is None else self.matrix
        apart = np.abs(matrix - np.eye(3)).max()
        return bool(max(curves) < SAME_CURVE and apart < SAME_MATRIX)

    def to_srgb(self, pixels: Pixels) -> Pixels:
        """Convert (H, W, C) of uint8, uint16 or float 0..1; alpha, the 2nd or 4th, is kept.

        Grey in a space of RGB becomes RGB; RGB in a space of grey is a ValueError.

        Returns:
            uint16, and float32 of floats.
        """
        height, width, channels = pixels.shape
        alpha = 1 - channels % 2
        if channels > 2 and len(self.curves) == 1:
            raise ValueError
        whole = pixels.dtype.kind == "u"
        white = np.iinfo(pixels.dtype).max if whole else 1
        convert = self._table_of(white) if whole else self._exactly
        count = len(self.curves)
        made = np.empty((height, width, count + alpha), np.uint16 if whole else np.float32)
        rows = max(1, BLOCK // width)
        for top in range(0, height, rows):
            block = pixels[top : top + rows]
            color = np.broadcast_to(block[..., : channels - alpha], (*block.shape[:2], count))
            made[top : top + rows, :, :count] = convert(color)
        if alpha:
            made[..., -1] = pixels[..., -1].astype(made.dtype) * (LEVELS // white if whole else 1)
        return made

    def _exactly(self, samples: Pixels) -> Floats:
        """Convert floats (…, C), 0..1."""
        light = np.stack([curve(samples[..., i]) for i, curve in enumerate(self.curves)], -1)
        mixed = light if self.matrix is None else light @ self.matrix.T
        return encoded(np.clip(mixed, 0, 1))

    def _table_of(self, white: int) -> Callable[[Pixels], Pixels]:
        """A function that converts whole numbers up to `white`, (…, C), to uint16."""
        steps = np.linspace(0, 1, white + 1)
        tables = [curve(steps).astype(np.float32) for curve in self.curves]
        matrix = None if self.matrix is None else self.matrix.T.astype(np.float32)

        def convert(samples: Pixels) -> Pixels:
            light = np.empty(samples.shape, np.float32)
            for index, table in enumerate(tables):
                light[..., index] = table[samples[..., index]]
            mixed = light if matrix is None else light @ matrix
            roots = np.sqrt(np.clip(mixed, 0, 1, out=mixed), out=mixed)
            return ENCODED[(roots * LEVELS + np.float32(0.5)).astype(np.uint16)]

        return convert


def matrix_to_pcs(primaries: Primaries) -> Floats:
    """The matrix from the light of primaries to XYZ, adapted from their white to D50.

    Raises:
        ValueError: no light has such chromaticities.
    """
    x, y = np.array(primaries, np.float64).reshape(4, 2).T
    if (y <= 0).any():
        raise ValueError("cHRM")
    xyz = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    white, primary = xyz[:, 0], xyz[:, 1:]
    gains = (BRADFORD @ D50) / (BRADFORD @ white)
    adapted = np.linalg.inv(BRADFORD) @ np.diag(gains) @ BRADFORD
    made: Floats = adapted @ (primary * np.linalg.solve(primary, white))
    if not np.isfinite(made).all():
        raise ValueError("cHRM")
    return made
