"""The samples of a picture that Pillow has loaded, of any of its modes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from dreamvid.errors import InputError
from dreamvid.media.icc import read_profile, through_tables
from dreamvid.media.samples import Stored
from dreamvid.media.still_color import BY_TABLES, LEFT_OUT

AS_THEY_ARE = ("L", "LA", "La", "RGB", "RGBA", "RGBa", "F")

CONVERTED = {"1": "L", "RGBX": "RGB", "PA": "RGBA", "YCbCr": "RGB", "HSV": "RGB", "LAB": "RGB"}
"""Modes of 8 bits that become others."""

CLEAR = "transparency"
"""Pillow's key of what is transparent in a picture without alpha."""


def read_modes(path: Path, image: Image.Image, profile: bytes) -> Stored:
    """The samples of a loaded picture.

    Raises:
        InputError: its mode is not read.
        Exception: what Pillow raises if it is damaged.
    """
    if image.mode == "CMYK":
        return _of_inks(image, profile)
    if image.mode == "I" and image.format == "PPM":  # a text of numbers, which Pillow has scaled
        pixels = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
        return Stored(pixels[..., np.newaxis])
    mode = CONVERTED.get(image.mode, image.mode)
    if image.mode == "P" or CLEAR in image.info:
        mode = "RGBA" if CLEAR in image.info else "RGB"
    if mode not in AS_THEY_ARE:
        raise InputError(f"samples of type {image.mode}; save it with 8 or 16 bits", path=path)
    pixels = np.asarray(image if mode == image.mode else image.convert(mode))
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    return Stored(pixels, premultiplied=mode in ("La", "RGBa"), profile=profile)


def _of_inks(image: Image.Image, profile: bytes) -> Stored:
    """CMYK as RGB: by its profile, or without one as if each ink took away one of the primaries."""
    notes: tuple[str, ...] = ()
    if profile:
        try:
            return Stored(
                through_tables(np.asarray(image), read_profile(profile)), notes=(BY_TABLES,)
            )
        except ValueError:
            notes = (LEFT_OUT,)
    return Stored(np.asarray(image.convert("RGB")), notes=notes)
