"""The tags of a TIFF's first picture: how its samples lie in the file (TIFF 6.0)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from PIL.TiffImagePlugin import ImageFileDirectory_v2

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""Of both byte orders; the last two are BigTIFF's."""

BIG = 43
"""BigTIFF's number, in place of 42."""

INVERTED, GREY, RGB = 0, 1, 2
"""Photometric interpretations: grey from white to black, from black to white, and RGB."""

MULTIPLIED, STRAIGHT = 1, 2
"""Kinds of an extra sample that is alpha: the color is multiplied by it, or not."""

BY_PLANE = 2
"""Planar configuration in which each channel lies by itself."""

REDUCED = 1
"""Bit of the kind of a picture that is a small version of another in the file."""

MOST_CHANNELS = 32
"""More are no picture's."""

ALL_ROWS = 2**32 - 1
"""Rows of a strip where the file says nothing: one strip for all."""


@dataclass(frozen=True)
class TiffTags:
    """The layout of a TIFF's first picture.

    Attributes:
        size: width and height.
        photometric: what the samples stand for.
        bits: bits of a sample, of each channel.
        formats: number format of each channel: 1 whole, 2 signed, 3 float, 4 undefined.
        extras: kind of each channel after the color; None: not said.
        planes: by how many planes the channels lie: 1, or as many as there are channels.
        piece: width and height of a tile, or of a strip, whose last may be shorter.
        tiled: whether the pieces are tiles, each of which is whole.
        begins: where each piece lies in the file.
        lengths: bytes of each piece; None: not said.
        compression: how the pieces are packed.
        predictor: what was done to the samples before they were packed; 1: nothing.
        mirrored: whether the bits of each byte are in reverse.
        order: NumPy's sign of the byte order.
        orientation: as by EXIF.
        profile: its ICC profile; empty if it has none.
        reduced: whether it is a small version of another picture in the file.
    """

    size: tuple[int, int]
    photometric: int
    bits: tuple[int, ...]
    formats: tuple[int, ...]
    extras: tuple[int, ...] | None
    planes: int
    piece: tuple[int, int]
    tiled: bool
    begins: tuple[int, ...]
    lengths: tuple[int, ...] | None
    compression: int
    predictor: int
    mirrored: bool
    order: str
    orientation: int
    profile: bytes
    reduced: bool

    @property
    def colors(self) -> int:
        """How many channels are color, in grey and RGB."""
        return 3 if self.photometric == RGB else 1

    @property
    def alpha(self) -> int | None:
        """The channel that is alpha; None: there is none. One channel more than the color, of which
        nothing is said, is alpha, as for Pillow."""
        if self.extras is None:
            return self.colors if len(self.bits) == self.colors + 1 else None
        kinds = enumerate(self.extras[: len(self.bits) - self.colors], self.colors)
        return next((at for at, kind in kinds if kind in (MULTIPLIED, STRAIGHT)), None)

    @property
    def premultiplied(self) -> bool:
        """Whether the color is multiplied by alpha."""
        alpha = self.alpha
        return bool(alpha and self.extras and self.extras[alpha - self.colors] == MULTIPLIED)


def read_tags(data: bytes) -> TiffTags:
    """The tags of a TIFF. Raises ValueError if they are damaged."""
    big = BIG in data[2:4]
    try:
        found = ImageFileDirectory_v2(data[: 16 if big else 8])
        file = io.BytesIO(data)
        file.seek(found.next)
        found.load(file)
        return _tags(found, ">" if data.startswith(b"MM") else "<")
    except MemoryError:
        raise
    except Exception as error:  # Pillow raises many kinds
        raise ValueError("its tags are damaged") from error


def _tags(found: Any, order: str) -> TiffTags:
    def all_of(tag: int) -> tuple[int, ...]:
        values = found.get(tag, ())
        return tuple(map(int, values if isinstance(values, tuple) else (values,)))

    def one(tag: int, usual: int) -> int:
        return (*all_of(tag), usual)[0]

    width, height, count = one(256, 0), one(257, 0), one(277, 1)
    tiled = 322 in found
    piece = (one(322, 0), one(323, 0)) if tiled else (width, min(one(278, ALL_ROWS), height))
    if min(width, height, count, *piece) < 1 or count > MOST_CHANNELS:
        raise ValueError
    profile = found.get(34675, b"")
    return TiffTags(
        size=(width, height),
        photometric=one(262, INVERTED),
        bits=_each(all_of(258) or (1,), count),
        formats=_each(all_of(339) or (1,), count),
        extras=all_of(338) if 338 in found else None,
        planes=count if one(284, 1) == BY_PLANE else 1,
        piece=piece,
        tiled=tiled,
        begins=all_of(324 if tiled else 273),
        lengths=all_of(325 if tiled else 279) or None,
        compression=one(259, 1),
        predictor=one(317, 1),
        mirrored=one(266, 1) == 2,
        order=order,
        orientation=one(274, 1),
        profile=profile if isinstance(profile, bytes) else b"",
        reduced=bool(one(254, 0) & REDUCED),
    )


def _each(values: tuple[int, ...], count: int) -> tuple[int, ...]:
    """A value for each channel; one alone is for all."""
    if len(values) == 1:
        return values * count
    if len(values) < count:
        raise ValueError
    return values[:count]
