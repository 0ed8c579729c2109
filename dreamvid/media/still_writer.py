"""Encoding and writing stills."""

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
    """Encode (H, W, 3) RGB into the bytes of a file with the extension `ending`: JPEG and WebP with
    quality 95, others lossless."""
    options: dict[str, Any] = {}
    if ending in (".jpg", ".jpeg"):
        options = {"quality": 95, "subsampling": 0}
    elif ending == ".webp":
        options = {"quality": 95}
    return bytes(iio.imwrite("<bytes>", picture, extension=ending, plugin="pillow", **options))


def save_still(frame: Frame, path: Path) -> None:
    """Write a frame atomically to a path that has been checked. Raises RunError."""
    work = WorkDir(path)
    ending = path.suffix.lower()
    try:
        name = f"still{ending}"
        with atomic_write(work.folder / name) as file:
            file.write(encode_still(to_uint8(frame), ending))
        work.place(name, path)
    finally:
        work.remove()
