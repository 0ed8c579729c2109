"""Pictures as JPEG, for pages and programs that show them."""

from __future__ import annotations

import imageio.v3 as iio

from dreamvid.frame import Frame, Size
from dreamvid.media.resize import resize_area
from dreamvid.media.sink import to_uint8

QUALITY = 90


def jpeg_of(frame: Frame, side: int | None = None) -> bytes:
    """A frame (H, W, 3) 0..255 as JPEG.

    Args:
        side: px of the longer side, at most; None: as it is.
    """
    size = Size.of(frame)
    if side is not None and max(size) > side:
        scale = side / max(size)
        frame = resize_area(frame, Size(*(max(1, round(scale * edge)) for edge in size)))
    pixels = to_uint8(frame[..., :3])
    data: bytes = iio.imwrite("<bytes>", pixels, extension=".jpg", quality=QUALITY)
    return data
