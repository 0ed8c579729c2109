"""One step of a dream, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from dreamvid.dreaming.tensorflow import tf
from dreamvid.frame import Frame, Size


@dataclass(frozen=True)
class DreamStep:
    """One step of ascent within a frame.

    Attributes:
        octave: its number, from 0, the smallest.
        octaves: how many sizes the frame has.
        step: the step's number within its octave, from 0.
        steps: how many the octave takes.
        size: the octave's.
        objective: what is raised, of the picture at that size; None where it was not measured.
    """

    octave: int
    octaves: int
    step: int
    steps: int
    size: Size
    objective: float | None = None
    _picture: tf.Tensor = field(default=None, repr=False, compare=False)

    @cached_property
    def image(self) -> Frame:
        """The picture after the step, (H, W, 3) float32 of the octave's size; the caller's own."""
        image: Frame = self._picture.numpy()
        return image
