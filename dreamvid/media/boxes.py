"""Reading the headers of JPEG 2000 and AVIF, which are boxes within boxes.

The boxes are those of ISO/IEC 15444-1 and 14496-12, the properties of a picture those of 23008-12.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from dreamvid.media.color_codes import coded_space
from dreamvid.media.still_header import StillHeader

CODESTREAM = b"\xff\x4f\xff\x51"
"""How JPEG 2000's codestream begins, alone or in its box."""

JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"

ENUMERATED = 1
"""How JPEG 2000 states its colors where it does not by an ICC profile."""

CODED = b"nclx"
"""How AVIF states its colors by code points. Beside an ICC profile these count only for YCbCr."""

SRGB, GREY = 16, 17
"""Enumerated color spaces of JPEG 2000 that OpenCV reads as what they are."""


def read_jpeg2000(data: bytes) -> StillHeader | None:
    """The header of a JPEG 2000; None of another file, or a damaged one."""
    at = data.find(CODESTREAM) if data.startswith((CODESTREAM, JP2)) else -1
    try:
        (count,) = struct.unpack_from(">H", data, at + 40) if at >= 0 else (0,)
        sizes = struct.unpack_from(">" + "B2x" * count, data, at + 42)
    except struct.error:
        return None
    if not sizes:
        return None
    profile, color = b"", SRGB
    for kind, body in _boxes(_first(memoryview(data), b"jp2h")):
        if kind == b"colr" and len(body) >= 7:
            if body[0] == ENUMERATED:
                (color,) = struct.unpack_from(">I", body, 3)
            else:
                profile = bytes(body[3:])
    if max(size & 0x7F for size in sizes) < 8:
        return StillHeader(profile=profile)
    # The highest bit is of signed samples.
    plain = len(set(sizes)) == 1 and sizes[0] < 16 and color in (SRGB, GREY)
    return StillHeader(2 ** ((sizes[0] & 0x7F) + 1) - 1, profile=profile, refused=not plain)


def read_avif(data: bytes) -> StillHeader | None:
    """The header of an AVIF; None of another file, or a damaged one."""
    if data[4:8] != b"ftyp" or data[8:11] != b"avi":
        return None
    meta = _first(memoryview(data), b"meta")[4:]
    properties = list(_boxes(_first(_first(meta, b"iprp"), b"ipco")))
    bits = [body[2] for kind, body in properties if kind == b"av1C" and len(body) > 2]
    depth = (
        12 if any(each & 0x20 for each in bits) else 10 if any(each & 0x40 for each in bits) else 8
    )
    white, codes = 2**depth - 1, None
    try:
        main = _main_properties(meta)
        colors = [
            body for at, (kind, body) in enumerate(properties, 1) if kind == b"colr" and at in main
        ]
        if colors and all(bytes(body[:4]) == CODED for body in colors):
            codes = struct.unpack_from(">HH", colors[0], 4)
        return StillHeader(white, space=coded_space(*codes) if codes else None)
    except ValueError as error:
        return StillHeader(white, unknown=str(error))
    except (struct.error, IndexError):
        return StillHeader(white)


def _main_properties(meta: memoryview) -> set[int]:
    """The numbers of the properties of the main picture. Raises struct.error, IndexError."""
    head = _first(meta, b"pitm")
    (picture,) = struct.unpack_from(">I" if head[0] else ">H", head, 4)
    for kind, body in _boxes(_first(meta, b"iprp")):
        if kind != b"ipma":
            continue
        name, number = ("I" if body[0] else "H"), ("H" if body[3] & 1 else "B")
        at = 8
        for _ in range(struct.unpack_from(">I", body, 4)[0]):
            of, count = struct.unpack_from(f">{name}B", body, at)
            at += struct.calcsize(f">{name}B")
            listed = struct.unpack_from(f">{count}{number}", body, at)
            at += struct.calcsize(f">{count}{number}")
            if of == picture:
                return {each & (0x7FFF if number == "H" else 0x7F) for each in listed}
    return set()


def _first(data: memoryview, wanted: bytes) -> memoryview:
    """The body of the first box of a kind; empty if there is none."""
    return next((body for kind, body in _boxes(data) if kind == wanted), data[:0])


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The kind and the body of each box, up to the first that is damaged."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,), head = struct.unpack_from(">Q", data, at + 8), 16
        elif size == 0:
            size = len(data) - at
        if size < head:
            return
        yield kind, data[at + head : at + size]
        at += size
