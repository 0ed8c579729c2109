"""Decoding stills with Pillow and OpenCV; only for `worker`, in whose process it may crash."""

from __future__ import annotations

import io
import math
import warnings
from contextlib import closing, suppress
from importlib import import_module
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from PIL import Image

from dreamvid.errors import InputError, MediaError
from dreamvid.files import read_bytes
from dreamvid.limits import MAX_PIXELS, MAX_SIDE, MAX_STILL_BYTES
from dreamvid.media.opencv import cv2
from dreamvid.media.samples import Pixels, rgb_order, upright

PLUGINS = ("Avif", "Bmp", "Gif", "Jpeg", "Jpeg2K", "Mpo", "Png", "Ppm", "Qoi", "Tiff", "WebP")
"""The Pillow plugins that are used. Some others start programs (EPS), and most are rarely used and
so rarely maintained."""

for _name in PLUGINS:
    with suppress(ImportError):  # older versions of Pillow lack AVIF
        import_module(f"PIL.{_name}ImagePlugin")

KNOWN = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TIFF", "WEBP")

FORMATS = tuple(name for name in KNOWN if name in Image.OPEN)


def decode_still(path: Path) -> Pixels:
    """Decode a still into upright samples (H, W, C): grey, grey with alpha, RGB or RGBA.

    Raises:
        InputError: the file is not a picture, cut off, damaged or too large.
    """
    try:
        data = read_bytes(path, MAX_STILL_BYTES)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    if not _is_known(data):
        raise _no_picture(path)
    samples, orientation = _decode_shallow(path, data)
    # Pillow has no color pixels of more than 8 bits. OpenCV decodes those, after Pillow has checked
    # that the file is complete, which OpenCV does not.
    if samples is None or _may_be_deep(data):
        deep = _decode_deep(path, data)
        if deep is not None and (samples is None or deep.dtype != np.uint8):
            samples = rgb_order(deep)
    if samples is None:
        raise _no_picture(path)
    if max(samples.shape[:2]) > MAX_SIDE:
        raise _too_large(path)
    return upright(samples, orientation)


def _is_known(data: bytes) -> bool:
    """Whether a file is of one of the `FORMATS`, by its header."""
    if data.startswith((b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*")):
        return True  # OpenCV knows variants that Pillow does not
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            Image.open(io.BytesIO(data), formats=FORMATS).close()
        except Image.DecompressionBombError:
            return True  # known, but too large, which is reported on decoding
        except MemoryError:
            raise
        except Exception:
            return False
    return True


def _decode_shallow(path: Path, data: bytes) -> tuple[Pixels | None, int]:
    """Decode strictly with Pillow: uint8 RGB or RGBA, or None if it cannot, and the EXIF
    orientation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # On damaged files decoders raise nearly any exception; all mean the same here.
        try:
            file = iio.imopen(data, "r", plugin="pillow")
        except MemoryError:
            raise
        except Exception:
            return None, 1
        with closing(file):
            try:
                header = file.metadata(index=0, exclude_applied=False)
                if math.prod(header["shape"]) > MAX_PIXELS:
                    raise _too_large(path)
                if header["mode"].startswith(("I", "F")):  # more than 8 bits
                    file.read(index=0)
                    samples = None
                else:
                    transparent = "transparency" in header or header["mode"][-1] in "Aa"
                    samples = file.read(index=0, mode="RGBA" if transparent else "RGB")
                # A TIFF is turned upright on reading, which removes the tag.
                tag = file.metadata(index=0, exclude_applied=False).get("Orientation", 1)
            except (MediaError, MemoryError):
                raise
            except Exception as error:
                raise InputError(
                    f"the picture is cut off or damaged ({error})", path=path
                ) from error
    return samples, tag


def _decode_deep(path: Path, data: bytes) -> Pixels | None:
    """Decode with OpenCV, in OpenCV's channel order and the file's depth; None if it cannot."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if "validateInputImageSize" in str(error):
            raise _too_large(path) from error
        return None


def _no_picture(path: Path) -> InputError:
    return InputError(
        "not a picture that can be read, or a damaged one; give JPEG, PNG, WebP, TIFF or GIF",
        path=path,
    )


def _too_large(path: Path) -> InputError:
    return InputError(
        f"too large; at most {MAX_PIXELS // 10**6} million pixels, {MAX_SIDE} a side",
        path=path,
    )


def _may_be_deep(data: bytes) -> bool:
    """Whether this is a 16-bit PNG (the byte after the size is the depth) or a TIFF."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data[24:25] == b"\x10"
    return data.startswith((b"II*\0", b"MM\0*"))
