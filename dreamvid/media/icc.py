"""Reading ICC profiles, which are untrusted: what is needed to convert samples to sRGB.

A profile describes its space by curves and a matrix, which are read here, or by tables of many
inks or colors, which are left to Little CMS (ICC.1:2022).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms

from dreamvid.media.color_codes import HdrColors, coded_space
from dreamvid.media.color_space import ColorSpace, Curve, Floats
from dreamvid.media.samples import Pixels

MAX_BYTES = 2**24
"""Largest profile that is read; those of printers have some 2 MB."""

MAX_TAGS = 256

DEVICES = (b"scnr", b"mntr", b"prtr", b"spac")
"""Classes of profiles that describe the colors of a picture."""

PARAMETERS = {0: "g", 1: "gab", 2: "gabc", 3: "gabcd", 4: "gabcdef"}
"""Parameters of the kinds of a parametric curve, in order."""


@dataclass(frozen=True)
class Profile:
    """An ICC profile.

    Attributes:
        colors: the samples that it is for: `RGB`, `GRAY`, `CMYK`, …
        space: of HDR where it states that by code points; None: described by tables.
        data: its bytes.
    """

    colors: str
    space: ColorSpace | HdrColors | None
    data: bytes


def read_profile(data: bytes) -> Profile:
    """Read a profile. Raises ValueError if it is damaged, or is of no picture's colors."""
    try:
        return _read(data)
    except (struct.error, IndexError, KeyError, OverflowError, np.linalg.LinAlgError) as error:
        raise ValueError from error


def _read(data: bytes) -> Profile:
    if len(data) > MAX_BYTES or data[36:40] != b"acsp":
        raise ValueError
    kind, colors, pcs = data[12:16], data[16:20], data[20:24]
    if kind not in DEVICES:
        raise ValueError
    (count,) = struct.unpack_from(">I", data, 128)
    if count > MAX_TAGS:
        raise ValueError
    tags = {}
    for index in range(count):
        name, begin, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        tags[name] = data[begin : begin + size]
    name = colors.decode("latin-1").strip()
    if name == "RGB" and (hdr := _hdr(tags.get(b"cicp", b""))):
        return Profile(name, hdr, data)
    tables = any(tag in tags for tag in (b"A2B0", b"A2B1", b"A2B2"))
    if tables or pcs != b"XYZ " or name not in ("RGB", "GRAY"):
        return Profile(name, None, data)
    if name == "GRAY":
        return Profile(name, ColorSpace((_curve(tags[b"kTRC"]),)), data)
    curves = tuple(_curve(tags[tag]) for tag in (b"rTRC", b"gTRC", b"bTRC"))
    to_pcs = np.stack([_xyz(tags[tag]) for tag in (b"rXYZ", b"gXYZ", b"bXYZ")], -1)
    return Profile(name, ColorSpace.of_rgb(curves, to_pcs), data)


def _hdr(tag: bytes) -> HdrColors | None:
    """The colors of HDR that a tag of code points states; None: it states others, or is none."""
    try:
        primaries, transfer, _, full = struct.unpack_from(">4B", tag, 8)
        space = coded_space(primaries, transfer, full)
    except (struct.error, ValueError):
        return None
    return space if isinstance(space, HdrColors) else None


def _xyz(tag: bytes) -> Floats:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Curve:
    kind, (word,) = tag[:4], struct.unpack_from(">I", tag, 8)
    if kind == b"para":
        names = PARAMETERS[word >> 16]
        values = [value / 65536 for value in struct.unpack_from(f">{len(names)}i", tag, 12)]
        return _parametric(**dict(zip(names, values, strict=True)))
    if kind != b"curv":
        raise ValueError
    if word == 0:
        return np.asarray
    if word == 1:
        return _parametric(struct.unpack_from(">H", tag, 12)[0] / 256)
    table = np.frombuffer(tag, ">u2", word, 12) / 65535
    places = np.linspace(0, 1, word)
    return lambda samples: np.interp(samples, places, table)


def _parametric(
    g: float,
    a: float = 1,
    b: float = 0,
    c: float | None = None,
    d: float | None = None,
    e: float = 0,
    f: float = 0,
) -> Curve:
    """A curve of any kind: (ax + b)^g + e from d on, and cx + f before; of three or four parameters
    it begins where ax + b is zero, and the fourth is added everywhere."""
    slope = 0.0 if c is None or d is None else c
    if d is None:
        d = -b / a if a else 0.0
        e = f = c or 0.0

    def curve(samples: Floats) -> Floats:
        with np.errstate(all="ignore"):
            power = np.maximum(a * samples + b, 0) ** g + e
        return np.clip(np.where(samples >= d, power, slope * samples + f), 0, 1)

    return curve


def through_tables(pixels: Pixels, profile: Profile) -> Pixels:
    """Convert (H, W, C) of uint8 grey, RGB or CMYK, without alpha, to sRGB by Little CMS.

    Returns:
        (H, W, 3), uint8.

    Raises:
        ValueError: the profile is damaged, or of another kind of samples.
    """
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixels.shape[2]]
    if profile.colors != {"L": "GRAY"}.get(mode, mode):
        raise ValueError
    image = Image.frombuffer(mode, pixels.shape[1::-1], np.ascontiguousarray(pixels))
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile.data))
        target = ImageCms.createProfile("sRGB")
        made = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError) as error:
        raise ValueError from error
    return np.asarray(made)
