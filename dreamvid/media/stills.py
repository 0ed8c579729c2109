"""Decoding stills; only for `worker`, in whose process it may crash.

Pillow reads most; grey and RGB TIFFs, PGM and PPM are read by `tiff` and `netpbm`. Other color of
more than 8 bits is read by OpenCV, after Pillow has found the file whole, which OpenCV does not
check.
"""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from dreamvid.errors import InputError, MediaError
from dreamvid.files import read_bytes
from dreamvid.limits import DECODER_BYTES, MAX_STILL_BYTES
from dreamvid.media import icc
from dreamvid.media.boxes import read_avif, read_jpeg2000
from dreamvid.media.color_codes import HdrColors
from dreamvid.media.netpbm import read_netpbm
from dreamvid.media.opencv import cv2
from dreamvid.media.pillow_modes import read_modes
from dreamvid.media.png_header import read_png
from dreamvid.media.samples import (
    Pixels,
    Stored,
    damaged,
    regular,
    require_size,
    too_large,
    upright,
)
from dreamvid.media.still_color import in_srgb, stated_colors
from dreamvid.media.still_header import StillHeader
from dreamvid.media.tiff import read_tiff

PLUGINS = ("Avif", "Bmp", "Gif", "Jpeg", "Jpeg2K", "Mpo", "Png", "Ppm", "Qoi", "Tiff", "WebP")
"""The Pillow plugins that are used. Some others start programs (EPS), and most are rarely used and
so rarely maintained."""

for _name in PLUGINS:
    with suppress(ImportError):  # older versions of Pillow lack AVIF
        import_module(f"PIL.{_name}ImagePlugin")

KNOWN = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TIFF", "WEBP")

FORMATS = [name for name in KNOWN if name in Image.OPEN]

# This process's memory is limited, and sizes are checked before anything is decoded: Pillow's own
# limit would be met by the bytes of a deep TIFF's strip.
Image.MAX_IMAGE_PIXELS = DECODER_BYTES
PngImagePlugin.MAX_TEXT_CHUNK = icc.MAX_BYTES  # which is that of profiles too
# Of YCbCr that is not packed Pillow itself overlooks the range and the size of the chroma.
TiffImagePlugin.READ_LIBTIFF = True

ORIENTATION = 0x0112
"""EXIF's tag."""


@dataclass(frozen=True)
class Decoded:
    """A decoded still.

    Attributes:
        pixels: regular samples, upright; in sRGB, or of HDR.
        hdr: the colors of HDR that they have; None: they have none.
        notes: what is to be told of them.
    """

    pixels: Pixels
    hdr: HdrColors | None
    notes: list[str]


def decode_still(path: Path) -> Decoded:
    """Decode a still.

    Raises:
        InputError: the file is not a picture, cut off, damaged, too large, or of a kind that would
            be read wrong.
    """
    try:
        data = read_bytes(path, MAX_STILL_BYTES)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    header = read_png(data) or read_avif(data) or read_jpeg2000(data) or StillHeader()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stored = read_tiff(path, data) or read_netpbm(path, data)
        stored = stored or _by_pillow(path, data, header)
    pixels = regular(path, stored)
    colors, notes = stated_colors(stored.profile, header)
    hdr = colors if isinstance(colors, HdrColors) else None
    if not isinstance(colors, HdrColors):
        pixels, more = in_srgb(pixels, colors)
        notes += more
    return Decoded(upright(pixels, stored.orientation), hdr, [*stored.notes, *notes])


def _by_pillow(path: Path, data: bytes, header: StillHeader) -> Stored:
    """Read with Pillow, and deep samples with OpenCV. Raises InputError."""
    with _opened(path, data) as image:
        require_size(path, *image.size)
        # On damaged files decoders raise nearly any exception; all mean the same here.
        try:
            image.load()
            if header.clear is not None:
                image.info.pop("transparency", None)  # which Pillow takes for 8 bits' (below)
            profile = image.info.get("icc_profile") or header.profile
            # A TIFF is turned upright on loading, which removes the tag.
            orientation = int(image.getexif().get(ORIENTATION, 1))
            stored = None if header.deep else read_modes(path, image, profile)
            size = image.size
        except (MediaError, MemoryError):
            raise
        except Exception as error:
            raise damaged(path, error) from error
    if stored is None:
        pixels = _deep(path, data, size, header)
        stored = Stored(pixels, white=header.white, profile=profile)
    if header.clear is not None:
        white = 65535 if header.deep else 255  # to which Pillow scales fewer bits
        stored = _with_clear(stored, header.clear * white // header.white, white)
    return replace(stored, orientation=orientation)


def _opened(path: Path, data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise too_large(path) from error
    except MemoryError:
        raise
    except Exception as error:
        raise InputError(
            "not a picture that can be read, or a damaged one; give JPEG, PNG, WebP, TIFF or GIF",
            path=path,
        ) from error


def _deep(path: Path, data: bytes, size: tuple[int, int], header: StillHeader) -> Pixels:
    """Samples of more than 8 bits, by OpenCV. Raises InputError."""
    pixels = None
    if not header.refused:
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            if error.code == cv2.Error.StsNoMem:
                raise
    if pixels is None or pixels.shape[1::-1] != size or pixels.dtype != np.uint16:
        raise InputError("cannot be read with all its bits; save it as PNG or TIFF", path=path)
    if pixels.ndim == 2:
        return pixels[..., np.newaxis]
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


def _with_clear(stored: Stored, clear: int, opaque: int) -> Stored:
    """Grey with alpha, which is 0 where the grey is `clear`."""
    alpha = np.where(stored.pixels == clear, 0, opaque).astype(stored.pixels.dtype)
    return replace(stored, pixels=np.concatenate([stored.pixels, alpha], axis=2))
