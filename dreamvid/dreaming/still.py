"""`dream`: one picture dreamed in one call."""

from __future__ import annotations

from typing import Any

import numpy as np

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.frame import as_frame
from dreamvid.task import DreamTask


def dream(picture: Any, **options: Any) -> Any:
    """The dream of one picture.

    Args:
        picture: (H, W, 3) RGB; uint8, or a float type on the 0–255 scale.
        options: arguments of `Dreamer`: `network`, `layers`, `seed`, `octaves` and so on. To dream
            many pictures, make a `Dreamer` once.

    Returns:
        A new picture of the same size: uint8 for uint8, rounded; otherwise float32 on the 0–255
        scale.

    Raises:
        MediaError: `picture` has another shape or type.
        RecipeError: an unknown option, or a value out of its range.
        NetworkError: an unknown network or layer, weights that cannot be loaded, or a picture that
            is too small.
    """
    frame = as_frame(picture)
    dreamed = Dreamer(**options)(DreamTask(frame))
    if np.asarray(picture).dtype == np.uint8:
        return np.rint(dreamed).astype(np.uint8)
    return dreamed
