"""Reading grey and RGB TIFFs of any depth, in strips or tiles, by pixel or by plane.

Pillow has no color of more than 8 bits, and OpenCV garbles color by plane and inverts no grey. So
only the packed bytes are left to libraries, and the samples are arranged here. Pillow reads what
else there is: palettes, inks, YCbCr, and what is packed as JPEG or fax.
"""

from __future__ import annotations

import io
import itertools
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dreamvid.errors import InputError
from dreamvid.media.samples import Pixels, Stored, damaged, require_size
from dreamvid.media.tiff_tags import GREY, INVERTED, RGB, SIGNATURES, TiffTags, read_tags

PLAIN, DEFLATE, LZW, PACKBITS, LZMA, ZSTD = 1, (8, 32946), 5, 32773, 34925, 50000
PACKED = (PLAIN, *DEFLATE, LZW, PACKBITS, LZMA, ZSTD)
"""Compressions that pack bytes, whatever these stand for."""

WHOLE, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
"""Number formats."""

NOTHING, LESS, FLOATS = 1, 2, 3
"""Predictors: each sample is stored less the one before it; the same of the bytes of floats."""

INKS = 5
"""Photometric interpretation as CMYK."""

BLOCK = 2**20
"""Samples whose bits are parted at a time, which bounds the memory for it."""

MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in reverse."""


def read_tiff(path: Path, data: bytes) -> Stored | None:
    """Read a TIFF's first picture; None if it is no TIFF, or one that Pillow reads right.

    Raises:
        InputError: it is damaged, too large, or of a kind that would be read wrong.
    """
    if not data.startswith(SIGNATURES):
        return None
    try:
        tags = read_tags(data)
    except ValueError as error:
        raise damaged(path, error) from error
    require_size(path, *tags.size)
    if tags.reduced:
        raise InputError(
            "its first picture is a small preview, as in a camera's raw file; develop it first",
            path=path,
        )
    if tags.photometric not in (INVERTED, GREY, RGB) or tags.compression not in PACKED:
        if max(tags.bits) > (16 if tags.photometric == INKS else 8):
            raise _unknown(path, f"photometric {tags.photometric}, compression {tags.compression}")
        return None
    _require_numbers(path, tags)
    try:
        return _read(tags, data)
    except MemoryError:
        raise
    except Exception as error:  # NumPy, zlib and Pillow raise nearly any
        raise damaged(path, error) from error


def _require_numbers(path: Path, tags: TiffTags) -> None:
    """Raise InputError unless all channels are of one type of number that is read here."""
    bits, number = tags.bits[0], tags.formats[0]
    if len(set(tags.bits)) > 1 or len(set(tags.formats)) > 1:
        raise _unknown(path, f"samples of {', '.join(map(str, tags.bits))} bits")
    if number == SIGNED:
        raise InputError(f"samples of type int{bits}; save it with 8 or 16 bits", path=path)
    floats = number == FLOAT
    if bits not in ((16, 32, 64) if floats else (*range(1, 17), 32)):
        raise _unknown(path, f"samples of {bits} bits")
    known = {NOTHING, *([LESS] if bits % 8 == 0 else []), *([FLOATS] if floats else [])}
    if _predictor(tags) not in known:
        raise _unknown(path, f"predictor {tags.predictor}")
    if len(tags.bits) < tags.colors:
        raise _unknown(path, f"{len(tags.bits)} channels")


def _predictor(tags: TiffTags) -> int:
    """The predictor; what is not packed, or by PackBits, has none, whatever its tag says."""
    return NOTHING if tags.compression in (PLAIN, PACKBITS) else tags.predictor


def _read(tags: TiffTags, data: bytes) -> Stored:
    """The picture. Raises nearly any exception if it is damaged."""
    (width, height), (across, down) = tags.size, tags.piece
    bits, number = tags.bits[0], tags.formats[0]
    kind = np.dtype(np.float32 if number == FLOAT else np.uint8 if bits <= 8 else np.uint16)
    alpha = tags.alpha
    wanted = [*range(tags.colors), *([] if alpha is None else [alpha])]
    pixels = np.empty((height, width, len(wanted)), kind)
    planes, lefts, tops = range(tags.planes), range(0, width, across), range(0, height, down)
    if len(tags.begins) < len(planes) * len(lefts) * len(tops):
        raise ValueError("pieces are missing")
    for index, (plane, top, left) in enumerate(itertools.product(planes, tops, lefts)):
        if tags.planes > 1 and plane not in wanted:
            continue
        rows = down if tags.tiled else min(down, height - top)
        samples = _samples(tags, _packed(tags, data, index), rows)[: height - top, : width - left]
        part = pixels[top : top + rows, left : left + across]
        if tags.planes > 1:
            part[..., wanted.index(plane)] = samples[..., 0]
        else:
            part[...] = samples if samples.shape[2] == len(wanted) else samples[..., wanted]
    return Stored(
        pixels,
        white=2**bits - 1 if number != FLOAT and bits < 16 else None,
        inverted=tags.photometric == INVERTED,
        premultiplied=tags.premultiplied,
        orientation=tags.orientation,
        profile=tags.profile,
    )


def _packed(tags: TiffTags, data: bytes, index: int) -> bytes | memoryview:
    """The bytes of a piece as they stand in the file."""
    begin = tags.begins[index]
    if tags.compression == PLAIN or tags.lengths is None or index >= len(tags.lengths):
        packed = memoryview(data)[begin:]  # some writers state wrong lengths
    else:
        packed = memoryview(data)[begin : begin + tags.lengths[index]]
    return packed


def _samples(tags: TiffTags, packed: bytes | memoryview, rows: int) -> Pixels:
    """The samples of a piece, (rows, width, channels), of uint8, uint16 or a float type."""
    bits, channels = tags.bits[0], 1 if tags.planes > 1 else len(tags.bits)
    across = tags.piece[0] * channels
    lines = _unpacked(tags, packed, rows, -(-across * bits // 8))
    shape = rows, tags.piece[0], channels
    if bits % 8:
        return _parted(lines, bits, across).reshape(shape)
    size, order, predictor = bits // 8, tags.order, _predictor(tags)
    if predictor == FLOATS:
        lines = lines.reshape(rows, -1, channels)
        lines = np.cumsum(lines, axis=1, dtype=np.uint8).reshape(rows, size, across)
        lines, order = np.ascontiguousarray(lines.swapaxes(1, 2)), ">"
    values = lines.reshape(rows, -1).view(f"{order}u{size}").reshape(shape)
    if predictor == LESS:
        values, order = np.cumsum(values, axis=1, dtype=f"=u{size}"), "="
    if tags.formats[0] == FLOAT:
        return values.view(f"{order}f{size}")
    return (values >> 16).astype(np.uint16) if size == 4 else values


def _parted(lines: NDArray[np.uint8], bits: int, across: int) -> Pixels:
    """Numbers of some bits each, packed without gaps in each row, as uint16."""
    made = np.empty((len(lines), across), np.uint16)
    weights = 1 << np.arange(bits - 1, -1, -1, dtype=np.uint16)
    rows = max(1, BLOCK // across)
    for top in range(0, len(lines), rows):
        single = np.unpackbits(lines[top : top + rows], axis=1, count=across * bits)
        made[top : top + rows] = single.reshape(len(single), across, bits) @ weights
    return made


def _unpacked(
    tags: TiffTags, packed: bytes | memoryview, rows: int, row_bytes: int
) -> NDArray[np.uint8]:
    """Unpack a piece: (rows, row_bytes). Raises ValueError if it is too short."""
    size = rows * row_bytes
    if tags.mirrored:
        packed = bytes(packed[:size] if tags.compression == PLAIN else packed).translate(MIRROR)
    if tags.compression in (LZW, PACKBITS, LZMA, ZSTD):
        return _by_libtiff(bytes(packed), tags.compression, rows, row_bytes)
    if tags.compression in DEFLATE:
        packed = zlib.decompressobj().decompress(packed, size)
    return np.frombuffer(packed, np.uint8, size).reshape(rows, row_bytes)


def _by_libtiff(packed: bytes, compression: int, rows: int, row_bytes: int) -> NDArray[np.uint8]:
    """Unpack bytes as if they were a picture of 8-bit grey, a small TIFF of one strip."""
    tags = {256: row_bytes, 257: rows, 258: 8, 259: compression, 262: GREY, 277: 1, 278: rows}
    begin = 8 + 2 + 12 * (len(tags) + 2) + 4
    tags |= {273: begin, 279: len(packed)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    with Image.open(io.BytesIO(head + packed), formats=["TIFF"]) as image:
        return np.asarray(image)


def _unknown(path: Path, what: str) -> InputError:
    return InputError(
        f"a TIFF of a kind that is not read ({what}); save it as RGB of 8 or 16 bits", path=path
    )
