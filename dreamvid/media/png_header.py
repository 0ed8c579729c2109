"""Reading the header of a PNG (W3C, third edition)."""

from __future__ import annotations

import struct

from dreamvid.media.color_codes import HdrColors, coded_space, gamma_space
from dreamvid.media.color_space import ColorSpace
from dreamvid.media.still_header import StillHeader

SIGNATURE = b"\x89PNG\r\n\x1a\n"

GREY = 0
"""Color type of grey without alpha."""

MOST = 64
"""Most bytes that are kept of a chunk; only a profile, which Pillow reads, is longer."""


def read_png(data: bytes) -> StillHeader | None:
    """The header of a PNG; None of another file, or a damaged one."""
    chunks = _chunks(data)
    if len(chunks.get(b"IHDR", b"")) != 13:
        return None
    depth, color = chunks[b"IHDR"][8:10]
    clear = chunks.get(b"tRNS", b"")
    space, unknown = None, ""
    try:
        space = _space(chunks)
    except (ValueError, struct.error) as error:
        unknown = str(error)
    return StillHeader(
        white=2 ** min(depth, 16) - 1,
        clear=int.from_bytes(clear, "big") if color == GREY and len(clear) == 2 else None,
        space=space,
        unknown=unknown,
    )


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The beginnings of the chunks before the picture, the first of each name."""
    chunks: dict[bytes, bytes] = {}
    at = len(SIGNATURE) if data.startswith(SIGNATURE) else len(data)
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            break
        chunks.setdefault(name, data[at + 8 : at + 8 + min(length, MOST)])
        at += length + 12
    return chunks


def _space(chunks: dict[bytes, bytes]) -> ColorSpace | HdrColors | None:
    """The color space in place of a profile: cICP goes before iCCP, this before sRGB, and that
    before gAMA and cHRM. Raises ValueError, struct.error."""
    if b"cICP" in chunks:
        primaries, transfer, _, full = struct.unpack(">4B", chunks[b"cICP"])
        return coded_space(primaries, transfer, full)
    gamma, primaries = chunks.get(b"gAMA"), chunks.get(b"cHRM")
    if b"iCCP" in chunks or b"sRGB" in chunks or gamma is primaries is None:
        return None
    return gamma_space(
        struct.unpack(">I", gamma)[0] / 1e5 if gamma else None,
        tuple(each / 1e5 for each in struct.unpack(">8I", primaries)) if primaries else None,
    )
