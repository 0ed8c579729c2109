"""What the last dream leaves on this frame: what is carried, moved by what, and its share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dreamvid.frame import Frame
from dreamvid.recipe import Blend
from dreamvid.task import Bare

Move = Callable[[Frame, Frame | float], Frame]
"""Brings a picture, a difference of pictures or another field (H, W, C) from the last frame's place
to this one's; the second is what lies where nothing comes from, for each channel or for all."""

FADE = 0.7
"""How much of a burst of steps a pixel takes in the frame after it was bare, and so on: one step a
frame does not hold at once what a burst has made."""

WORN = 1.0
"""How much of a burst a dream that was strained by 1 wants, for it was dreamed for another size or
shape. What grows by 1.4, from one octave to the next, has had .5 of strain; as each frame's share
fades over those after it, that is a burst and a half."""

UNCOVERED = np.array([0, 0, 0, 1], np.float32)
"""What lies where nothing comes from: no residual of three channels, and wholly bare."""


def stay(field: Frame, ground: Frame | float) -> Frame:
    """The move of what stays where it is."""
    return field


@dataclass(frozen=True)
class Last:
    """The frame before: its dream, the source that the dream lies on, neither rounded, and where
    it was bare."""

    dream: Frame
    source: Frame
    bare: Bare

    def on(self, source: Frame, move: Move, worn: Bare | None = None) -> Last:
        """The same dream on the next source."""
        residual, bare = _moved(self, move, 1.0, worn)
        return Last(source + residual, source, bare)


@dataclass(frozen=True)
class Held:
    """What of a dream (H, W, 3), its difference from its source, is held on another frame, and how
    much of each pixel it covers, (H, W, 1), 0..1."""

    residual: Frame
    cover: Frame

    @classmethod
    def of(cls, last: Last) -> Held:
        """All of a dream, on its own frame."""
        return cls(last.dream - last.source, np.ones_like(last.dream[..., :1]))

    def onward(self, move: Move) -> Held:
        """What is left of it a frame on."""
        return Held(move(self.residual, 0.0), move(self.cover, 0.0))


def crossfade(source: Frame, past: Held, coming: Held, share: float) -> Frame:
    """A frame between two dreams, `share` of it from the coming one; where only one of them covers
    it, that one alone. Clipped to 0..255."""
    a, b = np.float32(1 - share), np.float32(share)
    residual = a * past.residual + b * coming.residual
    cover = a * past.cover + b * coming.cover
    most = np.maximum(past.cover, coming.cover)
    return np.clip(source + residual * (most / np.maximum(cover, 1e-3)), 0, 255)


def canvas(
    source: Frame, last: Last | None, move: Move, blend: Blend, worn: Bare | None = None
) -> tuple[Frame, Bare]:
    """What this frame's dream begins from, and where it is bare; may leave 0..255 where a residual
    does. `worn` is how far what is carried was stretched, turned or sheared (see `WORN`).

    `residual`: source + share · move(last dream − last source): the dream stays, the picture under
    it is new. `picture`: (1 − share) · source + share · move(last dream), the plain blend.
    """
    if last is None or blend.share == 0:
        return source, np.ones(source.shape[:2], np.float32)
    share = np.float32(blend.share)
    if blend.what == "residual":
        residual, bare = _moved(last, move, FADE, worn)
        return source + share * residual, bare
    moved = move(last.dream, source)
    bare = np.zeros(source.shape[:2], np.float32)
    return moved if share == 1 else source + share * (moved - source), bare


def _moved(last: Last, move: Move, fade: float, worn: Bare | None) -> tuple[Frame, Bare]:
    """The residual, and where it is bare, times `fade`; looked up together, for that is half the
    work. Where nothing comes from there is no residual, and all is bare."""
    fields = np.dstack([last.dream - last.source, np.float32(fade) * last.bare])
    moved = move(fields, UNCOVERED)
    bare = moved[..., 3] if worn is None else moved[..., 3] + np.float32(WORN) * worn
    return moved[..., :3], np.clip(bare, 0, 1)


def needs_source(blend: Blend) -> bool:
    """Whether later sources show at all: not where all of a picture is carried."""
    return blend.what == "residual" or blend.share < 1
