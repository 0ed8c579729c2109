"""What the last dream leaves on this frame: what is carried, moved by what, and its share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dreamvid.frame import Frame
from dreamvid.recipe import Blend

Move = Callable[[Frame, Frame | float], Frame]
"""Brings a picture, or a difference of pictures, from the last frame's place to this one's; the
second is what lies where nothing comes from."""


@dataclass(frozen=True)
class Last:
    """The frame before: its dream and the source that the dream lies on, neither rounded."""

    dream: Frame
    source: Frame


def canvas(source: Frame, last: Last | None, move: Move, blend: Blend) -> Frame:
    """What this frame's dream begins from; may leave 0..255 where a residual does.

    `residual`: source + share · move(last dream − last source): the dream stays, the picture under
    it is new. `picture`: (1 − share) · source + share · move(last dream), the plain blend.
    """
    if last is None or blend.share == 0:
        return source
    if blend.what == "residual":
        return source + blend.share * move(last.dream - last.source, 0.0)
    moved = move(last.dream, source)
    return moved if blend.share == 1 else source + blend.share * (moved - source)


def needs_source(blend: Blend) -> bool:
    """Whether later sources show at all: not where all of a picture is carried."""
    return blend.what == "residual" or blend.share < 1
