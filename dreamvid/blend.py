"""What the last dream leaves on this frame: what is carried, along which motion, and its share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dreamvid.frame import Frame, Fresh
from dreamvid.recipe import Blend

Warp = Callable[[Frame, Frame | float], Frame]
"""Brings a picture, a difference of pictures or another field (H, W, C) from the last frame's place
to this one's; the second is what lies where nothing comes from, for each channel or for all."""

FADE = 0.7
"""How much of its freshness a pixel keeps in the next frame, and so on: one step a frame does not
keep at once what a burst has made."""

STRAIN_BURST = 1.0
"""How much of a burst a dream that was strained by 1 wants, for it was dreamed for another size or
shape. What grows by 1.4, from one octave to the next, has had .5 of strain; as each frame's share
fades over those after it, that is a burst and a half."""

UNCOVERED = np.array([0, 0, 0, 1], np.float32)
"""What lies at a disocclusion: no residual of three channels, and wholly fresh."""


def no_motion(field: Frame, ground: Frame | float) -> Frame:
    """The warp of what stays where it is."""
    return field


@dataclass(frozen=True)
class Carried:
    """What one frame leaves to the next.

    Attributes:
        dream: (H, W, 3), the frame as it was dreamed, not rounded.
        source: (H, W, 3), the source that the dream lies on.
        fresh: (H, W), where the frame was fresh.
    """

    dream: Frame
    source: Frame
    fresh: Fresh

    def onto(self, source: Frame, warp: Warp, strain: Fresh | None = None) -> Carried:
        """The same dream on the next source."""
        residual, fresh = _warped(self, warp, 1.0, strain)
        return Carried(source + residual, source, fresh)


@dataclass(frozen=True)
class Coverage:
    """What of a dream reaches another frame.

    Attributes:
        residual: (H, W, 3), the dream less its source.
        cover: (H, W, 1), 0..1: how much of each pixel it covers.
    """

    residual: Frame
    cover: Frame

    @classmethod
    def full(cls, carried: Carried) -> Coverage:
        """All of a dream, on its own frame."""
        return cls(carried.dream - carried.source, np.ones_like(carried.dream[..., :1]))

    def warped(self, warp: Warp) -> Coverage:
        """What is left of it a frame further."""
        return Coverage(warp(self.residual, 0.0), warp(self.cover, 0.0))


def crossfade(source: Frame, past: Coverage, coming: Coverage, share: float) -> Frame:
    """A frame between two dreamed ones, `share` of it from the coming one; where only one of them
    covers it, that one alone. Clipped to 0..255."""
    a, b = np.float32(1 - share), np.float32(share)
    residual = a * past.residual + b * coming.residual
    cover = a * past.cover + b * coming.cover
    most = np.maximum(past.cover, coming.cover)
    return np.clip(source + residual * (most / np.maximum(cover, 1e-3)), 0, 255)


def canvas(
    source: Frame, carried: Carried | None, warp: Warp, blend: Blend, strain: Fresh | None = None
) -> tuple[Frame, Fresh]:
    """What this frame's dream begins from, and where it is fresh.

    `residual`: source + share · warp(last dream − last source): the dream stays, the picture under
    it is new; it may leave 0..255. `picture`: (1 − share) · source + share · warp(last dream), the
    plain blend.

    Args:
        strain: (H, W), how far what is carried was stretched, turned or sheared (`STRAIN_BURST`).
    """
    if carried is None or blend.share == 0:
        return source, np.ones(source.shape[:2], np.float32)
    share = np.float32(blend.share)
    if blend.carry == "residual":
        residual, fresh = _warped(carried, warp, FADE, strain)
        return source + share * residual, fresh
    warped = warp(carried.dream, source)
    fresh = np.zeros(source.shape[:2], np.float32)
    return warped if share == 1 else source + share * (warped - source), fresh


def _warped(carried: Carried, warp: Warp, fade: float, strain: Fresh | None) -> tuple[Frame, Fresh]:
    """The residual, and the freshness times `fade`; sampled together, for that is half the work.
    At disocclusions there is no residual, and all is fresh."""
    fields = np.dstack([carried.dream - carried.source, np.float32(fade) * carried.fresh])
    warped = warp(fields, UNCOVERED)
    fresh = warped[..., 3] if strain is None else warped[..., 3] + np.float32(STRAIN_BURST) * strain
    return warped[..., :3], np.clip(fresh, 0, 1)


def needs_source(blend: Blend) -> bool:
    """Whether later sources show at all: not where all of a picture is carried."""
    return blend.carry == "residual" or blend.share < 1
