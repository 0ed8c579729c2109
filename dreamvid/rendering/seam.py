"""How well a finished film closes: the step from its last frame to its first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from statistics import median

import numpy as np

from dreamvid.frame import Frame
from dreamvid.opening import open_source
from dreamvid.recipe import VideoRecipe


@dataclass(frozen=True)
class Seam:
    """Steps of a film: mean absolute differences of one frame to the next, in levels.

    Attributes:
        step: from the last frame to the first.
        usual: the median of all others.
    """

    step: float
    usual: float

    @property
    def line(self) -> str:
        """It, for people."""
        if not self.usual:
            return "the film stands still"
        share = self.step / self.usual
        return f"from the last frame to the first it is {share:.2f} of an ordinary step"


def seam(film: Path) -> Seam:
    """The seam of a finished film, or of its numbered pictures, of two frames or more.

    Raises:
        DreamvidError: it cannot be read.
    """
    source = open_source(VideoRecipe(kind="video", source=(film,)))
    with closing(source.open()) as frames:
        first = next(frames)
        steps = [_step(*pair) for pair in pairwise(chain([first], frames, [first]))]
    return Seam(steps[-1], median(steps[:-1]) if len(steps) > 1 else 0.0)


def _step(one: Frame, other: Frame) -> float:
    return float(np.abs(other - one).mean())
