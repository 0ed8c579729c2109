"""Stills as files: which can be written, and writing one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imageio.v3 as iio
from numpy import uint8
from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.media.durable import atomic_write
from dreamvid.media.sink import WorkDir, to_uint8

STILL_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")


def encode_still(picture: NDArray[uint8], ending: str) -> bytes:
    """(H, W, 3) RGB as the bytes of a file of that ending: lossless, or JPEG and WebP of quality
    95."""
    options: dict[str, Any] = {}
    if ending in (".jpg", ".jpeg"):
        options = {"quality": 95, "subsampling": 0}
    elif ending == ".webp":
        options = {"quality": 95}
    return bytes(iio.imwrite("<bytes>", picture, extension=ending, plugin="pillow", **options))


def save_still(frame: Frame, path: Path) -> None:
    """Write a frame to a path that has been checked; whole or not at all. Raises RunError."""
    work = WorkDir(path)
    ending = path.suffix.lower()
    try:
        made = f"still{ending}"
        with atomic_write(work.folder / made) as file:
            file.write(encode_still(to_uint8(frame), ending))
        work.place(made, path)
    finally:
        work.remove()
