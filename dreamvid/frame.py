"""The picture between two stages, and its size."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import MediaError

Frame: TypeAlias = NDArray[np.float32]
"""Float32 RGB of shape (H, W, 3) on the 0–255 scale, not rounded before it is encoded."""

Field: TypeAlias = NDArray[np.float32]
"""Float32 of shape (H, W) or (H, W, C): numbers that lie over a frame."""

Fresh = NDArray[np.float32]
"""Freshness mask, (H, W), 0..1: 1 where a pixel was just disoccluded, or is new altogether, and
needs a full burst of steps, 0 where the dream was carried."""

Colors = NDArray[np.float64]
"""(3, 3): the covariance of R, G and B over a picture, in levels²."""


Notes: TypeAlias = dict[str, NDArray[np.float64]]
"""Small arrays by name, never changed in place; a checkpoint has them."""


class Size(NamedTuple):
    """Width and height in pixels, in this order everywhere but inside TensorFlow's graphs.

    An array's shape has them the other way round: ask `Size.of`, and give arrays `size.shape`.
    """

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @classmethod
    def of(cls, picture: NDArray[Any]) -> Size:
        """The size of an array (H, W) or (H, W, C)."""
        return cls(int(picture.shape[1]), int(picture.shape[0]))

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width), as arrays have it."""
        return self.height, self.width


def as_frame(picture: Any) -> Frame:
    """A picture of the caller's as a frame of its own: never the same memory.

    Args:
        picture: (H, W, 3) RGB; uint8, or a float type on the 0–255 scale.

    Raises:
        MediaError: another shape, another type of number, or numbers that are not finite.
    """
    array = np.asarray(picture)
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise MediaError(f"a picture must have the shape (height, width, 3), not {array.shape}")
    if array.dtype != np.uint8 and array.dtype.kind != "f":
        raise MediaError(f"a picture must be uint8 or float, 0 to 255, not {array.dtype}")
    frame = array.astype(np.float32)
    if not np.isfinite(frame).all():
        raise MediaError("a picture must hold finite numbers")
    return frame
