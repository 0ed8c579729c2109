"""What a `Session` tells while it is at work."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from dreamvid.frame import Frame, Size
from dreamvid.media.resize import resize_area
from dreamvid.rendering.estimate import Estimate
from dreamvid.rendering.render import Step

if TYPE_CHECKING:
    from dreamvid.dreaming.dream_step import DreamStep  # which imports TensorFlow


@dataclass(frozen=True)
class Before:
    """The frame that is about to be dreamed on.

    Attributes:
        frame: the source as the camera sees it, (H, W, 3) float32, 0..255. The caller's own.
    """

    frame: Frame


@dataclass(frozen=True)
class OctaveDone:
    """An octave of a frame is dreamed.

    Attributes:
        octave: its number, from 0, the smallest.
        octaves: how many the frame has.
        size: of the octave.
    """

    octave: int
    octaves: int
    size: Size
    _step: DreamStep = field(repr=False, compare=False)
    _canvas: Frame = field(repr=False, compare=False)

    @cached_property
    def image(self) -> Frame:
        """The picture so far, (H, W, 3) float32, 0..255: of the octave's size, or, where a mask
        lets a part be dreamed on, of the frame's. Its colors are not anchored yet."""
        dream = np.clip(self._step.image, 0, 255)
        part = self._step.part
        return dream if part is None else part.pasted(resize_area(dream, part.size), self._canvas)


@dataclass(frozen=True)
class Warning:
    """Something that does not stop the work.

    Attributes:
        message: one line.
    """

    message: str


Event: TypeAlias = Before | OctaveDone | Step | Estimate | Warning
