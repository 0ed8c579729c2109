"""Blending: carry the previous frame's dream along the motion onto the next source frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from dreamvid.frame import Frame, Fresh
from dreamvid.part import Part
from dreamvid.recipe import Blend

Warp = Callable[[Frame, Frame | float], Frame]
"""Moves a picture, a residual or another field (H, W, C) from the previous frame to this one. The
second argument fills disocclusions: one value, one per channel, or a field (H, W, C)."""

FADE = 0.7
"""Factor of a pixel's freshness from one frame to the next: freshness fades gradually, because one
step a frame does not at once sustain what a burst has made."""

STRAIN_BURST = 1.0
"""Freshness added where a dream is strained by 1, since it was dreamed at another size or shape.
Growing by 1.4, from one octave to the next, adds up to a strain of .5; as each frame's share fades
over the frames after it (`FADE`), that amounts to a burst and a half."""

UNCOVERED = np.array([0, 0, 0, 1], np.float32)
"""Fill for disocclusions: a residual of 0 in three channels, and a freshness of 1."""


class Movement(Protocol):
    """How a picture moves from the previous frame to this one: the warp of the whole frame."""

    def __call__(self, field: Frame, ground: Frame | float) -> Frame:
        """As a `Warp`."""

    def onto(self, part: Part) -> tuple[Part, Warp]:
        """The part of the previous frame that a part of this one is sampled from, and the warp from
        the one to the other."""


class NoMotion:
    """The movement that moves nothing."""

    def __call__(self, field: Frame, ground: Frame | float) -> Frame:
        """The field itself."""
        return field

    def onto(self, part: Part) -> tuple[Part, Warp]:
        """The part itself, unmoved."""
        return part, self


@dataclass(frozen=True)
class Carried:
    """What one frame passes to the next.

    Attributes:
        dream: (H, W, 3), the dreamed frame, not rounded.
        source: (H, W, 3), the source frame of that dream.
        fresh: (H, W), the frame's freshness mask.
    """

    dream: Frame
    source: Frame
    fresh: Fresh

    def of(self, part: Part) -> Carried:
        """What lies in a part of the frame."""
        if part.all:
            return self
        return Carried(part.of(self.dream), part.of(self.source), part.of(self.fresh))

    def onto(self, source: Frame, warp: Warp, strain: Fresh | None = None) -> Carried:
        """The same dream, warped onto the next source frame."""
        residual, fresh = _warped(self, warp, 1.0, strain)
        return Carried(source + residual, source, fresh)


@dataclass(frozen=True)
class Coverage:
    """A residual warped onto another frame, and the mask of where it is valid.

    Attributes:
        residual: (H, W, 3), the dream less its source.
        cover: (H, W, 1), 0..1: how much of each pixel the residual covers.
    """

    residual: Frame
    cover: Frame

    @classmethod
    def full(cls, carried: Carried) -> Coverage:
        """A dream's residual on the frame where it was dreamed: it covers every pixel."""
        return cls(carried.dream - carried.source, np.ones_like(carried.dream[..., :1]))

    def warped(self, warp: Warp) -> Coverage:
        """The coverage one frame further; disocclusions are not covered."""
        return Coverage(warp(self.residual, 0.0), warp(self.cover, 0.0))


def crossfade(source: Frame, past: Coverage, future: Coverage, share: float) -> Frame:
    """A frame between two keyframes, clipped to 0..255: (1 − share) of the past residual plus
    `share` of the future one; where only one of the two covers a pixel, that one alone."""
    a, b = np.float32(1 - share), np.float32(share)
    residual = a * past.residual + b * future.residual
    cover = a * past.cover + b * future.cover
    larger_cover = np.maximum(past.cover, future.cover)
    return np.clip(source + residual * (larger_cover / np.maximum(cover, 1e-3)), 0, 255)


def canvas(
    source: Frame, carried: Carried | None, warp: Warp, blend: Blend, strain: Fresh | None = None
) -> tuple[Frame, Fresh]:
    """The canvas that this frame's ascent starts from, (H, W, 3), and its freshness mask, (H, W).

    With `carry: residual` the canvas is source + share · warp(last dream − last source): the dream
    is kept on a new source; values may leave 0..255. With `carry: picture` it is
    (1 − share) · source + share · warp(last dream), a plain blend.

    Args:
        strain: (H, W), how far the carried dream was stretched, turned or sheared
            (`STRAIN_BURST`).
    """
    if carried is None or blend.share == 0:
        return source, unmoved(source, None, blend)
    share = np.float32(blend.share)
    if blend.carry == "residual":
        residual, fresh = _warped(carried, warp, FADE, strain)
        return source + share * residual, fresh
    warped = warp(carried.dream, source)
    fresh = unmoved(source, carried, blend)
    return warped if share == 1 else source + share * (warped - source), fresh


def unmoved(source: Frame, carried: Carried | None, blend: Blend) -> Fresh:
    """The freshness mask, (H, W), of a frame that nothing moves in."""
    if carried is None or blend.share == 0:
        return np.ones(source.shape[:2], np.float32)
    if blend.carry == "picture":
        return np.zeros(source.shape[:2], np.float32)
    return np.float32(FADE) * carried.fresh


def _warped(carried: Carried, warp: Warp, fade: float, strain: Fresh | None) -> tuple[Frame, Fresh]:
    """The warped residual, and the warped freshness times `fade`; both are sampled in one call,
    which halves the work. At disocclusions the residual is 0 and the freshness 1."""
    fields = np.dstack([carried.dream - carried.source, np.float32(fade) * carried.fresh])
    warped = warp(fields, UNCOVERED)
    fresh = warped[..., 3] if strain is None else warped[..., 3] + np.float32(STRAIN_BURST) * strain
    return warped[..., :3], np.clip(fresh, 0, 1)


def needs_source(blend: Blend) -> bool:
    """Whether source frames after the first matter: not where the whole picture is carried."""
    return blend.carry == "residual" or blend.share != 1  # a schedule is not, either
