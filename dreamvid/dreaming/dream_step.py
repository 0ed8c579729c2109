"""`DreamStep`: one step of gradient ascent, as callers see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from dreamvid.dreaming.tensorflow import tf
from dreamvid.frame import Frame, Size
from dreamvid.part import Part


@dataclass(frozen=True)
class DreamStep:
    """One step of ascent within a frame.

    Attributes:
        octave: the octave's number, from 0, the smallest.
        octaves: number of octaves of the frame.
        step: the step's number within its octave, from 0.
        steps: number of steps of the octave.
        size: of the octave.
        objective: value of the objective for the picture at that size; None: not measured.
        part: the part of the canvas that is dreamed on; None: all of it.
    """

    octave: int
    octaves: int
    step: int
    steps: int
    size: Size
    objective: float | None = None
    part: Part | None = None
    _picture: tf.Tensor = field(default=None, repr=False, compare=False)

    @cached_property
    def image(self) -> Frame:
        """The picture after the step, (H, W, 3) float32 of the octave's size. The caller may change
        it."""
        image: Frame = self._picture.numpy()
        return image
