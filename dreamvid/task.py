"""What a dreamer is given for one frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.recipe import Dream

Bare = NDArray[np.float32]
"""(H, W), 0..1: how much a pixel lacks the dream that a whole burst of steps would have made."""

Colors = NDArray[np.float64]
"""(3, 3): the covariance of R, G and B over a picture, in levels²."""


Notes: TypeAlias = dict[str, NDArray[np.float64]]
"""Small arrays by name, never changed in place; a checkpoint has them."""


@dataclass(frozen=True)
class DreamTask:
    """One frame to be dreamed.

    Attributes:
        canvas: (H, W, 3), what the dream begins from.
        index: the dream's number in its shot, from 0.
        bare: (H, W), where no dream lies on the canvas yet, so that it takes a burst of steps;
            None: everywhere on a first frame, nowhere on later ones.
        settings: the recipe's section in force at this frame, settled; None: the recipe's own.
        colors: of the shot's first source frame, for the palette `source`; None: the canvas's.
        notes: what the dreamer keeps of a shot from dream to dream; it may add to them.
    """

    canvas: Frame
    index: int = 0
    bare: Bare | None = None
    settings: Dream | None = None
    colors: Colors | None = None
    notes: Notes = field(default_factory=dict)


Dreams: TypeAlias = Callable[[DreamTask], Frame]
"""A dreamer: the dream of a task's canvas, (H, W, 3)."""
