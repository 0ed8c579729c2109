"""Selected frames of a film, shown under the report's curves."""

from __future__ import annotations

import numpy as np

from dreamvid.frame import Frame, Size
from dreamvid.media.resize import resize_area
from dreamvid.report.measure import Measured

SIDE = 320
"""Px of the longer side of a selected frame."""

Pair = tuple[int, Frame, Frame]
"""A frame's index, and the source's and the film's picture, both small."""


class Gallery:
    """Selects four pairs of small pictures while the films are read."""

    def __init__(self) -> None:
        self._pairs: dict[str, Pair] = {}
        self._flicker, self._dream = -np.inf, np.inf

    def offer(self, measured: Measured, source: Frame, dreamed: Frame) -> None:
        """Select a frame if it is the first, the last so far, or the worst so far."""
        pair = measured.frame, _small(source), _small(dreamed)
        self._pairs.setdefault("first", pair)
        if measured.flicker is not None and measured.flicker > self._flicker:
            self._flicker, self._pairs["worst flicker"] = measured.flicker, pair
        strength = measured.residual if measured.strength is None else measured.strength
        if strength < self._dream:
            self._dream, self._pairs["weakest dream"] = strength, pair
        self._pairs["last"] = pair

    @property
    def pairs(self) -> dict[str, Pair]:
        """The selected frames by their role, in display order."""
        names = ("first", "worst flicker", "weakest dream", "last")
        return {name: self._pairs[name] for name in names if name in self._pairs}


def _small(frame: Frame) -> Frame:
    height, width = frame.shape[:2]
    scale = min(1.0, SIDE / max(width, height))
    return resize_area(frame, Size(max(1, round(width * scale)), max(1, round(height * scale))))
