"""TIFFs of many layouts, written byte by byte after TIFF 6.0."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.media_factory import Picture

PLAIN, LZW, DEFLATE, PACKBITS, ZSTD = 1, 5, 8, 32773, 50000

Order = Literal["<", ">"]

PILLOWS = {LZW: "tiff_lzw", PACKBITS: "packbits", ZSTD: "zstd"}


def tiff(
    samples: Picture,
    *,
    bits: int | None = None,
    photometric: int | None = None,
    by_plane: bool = False,
    extras: tuple[int, ...] = (),
    tile: tuple[int, int] | None = None,
    rows: int = 7,
    compression: int = PLAIN,
    predictor: int = 1,
    order: Order = "<",
    mirrored: bool = False,
    **tags: Any,
) -> bytes:
    """A TIFF of (H, W, C) numbers as they are to be stored.

    Args:
        bits: of a sample, if fewer than the type has.
        tile: width and height of the tiles; None: strips of `rows` rows.
        tags: other tags by number, as `t274=6`, which go before those that are made here.
    """
    height, width, channels = samples.shape
    bits = bits or samples.dtype.itemsize * 8
    planes = np.split(samples, channels, axis=2) if by_plane else [samples]
    pieces = [
        packed(coded(piece, bits, predictor, order), compression, mirrored)
        for plane in planes
        for piece in parts(plane, tile, rows)
    ]
    shape = tile or (width, rows)
    numbers: dict[int, Any] = {
        256: width,
        257: height,
        258: (bits,) * channels,
        259: compression,
        262: photometric if photometric is not None else 2 if channels > 2 else 1,
        266: 2 if mirrored else 1,
        277: channels,
        284: 2 if by_plane else 1,
        317: predictor,
        339: ({"u": 1, "i": 2, "f": 3}[samples.dtype.kind],) * channels,
        **({338: extras} if extras else {}),
        **({322: shape[0], 323: shape[1]} if tile else {278: rows}),
    }
    begins, at = [], 8
    for piece in pieces:
        begins.append(at)
        at += len(piece)
    numbers[324 if tile else 273] = tuple(begins)
    numbers[325 if tile else 279] = tuple(map(len, pieces))
    numbers |= {int(name[1:]): value for name, value in tags.items()}
    return directory(numbers, b"".join(pieces), order)


def directory(numbers: dict[int, Any], body: bytes, order: str) -> bytes:
    """The file: its head, the pieces, and the tags."""
    entries, more = b"", b""
    begin = 8 + len(body)
    behind = begin + 2 + 12 * len(numbers) + 4
    for tag, value in sorted(numbers.items()):
        if isinstance(value, bytes):
            kind, count, data = 7, len(value), value
        else:
            values = value if isinstance(value, tuple) else (value,)
            kind, count, data = 4, len(values), struct.pack(f"{order}{len(values)}I", *values)
        if len(data) > 4:
            place = struct.pack(f"{order}I", behind + len(more))
            more += data + bytes(len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        entries += struct.pack(f"{order}HHI", tag, kind, count) + place
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", begin)
    return head + body + struct.pack(f"{order}H", len(numbers)) + entries + bytes(4) + more


def parts(plane: Picture, tile: tuple[int, int] | None, rows: int) -> Iterator[Picture]:
    """Strips, the last of which may be shorter, or whole tiles."""
    height, width, _ = plane.shape
    if tile is None:
        yield from (plane[top : top + rows] for top in range(0, height, rows))
        return
    across, down = tile
    padding = ((0, -height % down), (0, -width % across), (0, 0))
    whole = np.pad(plane, padding)
    for top in range(0, height, down):
        yield from (
            whole[top : top + down, left : left + across] for left in range(0, width, across)
        )


def coded(piece: Picture, bits: int, predictor: int, order: Order) -> NDArray[np.uint8]:
    """A piece's rows as bytes, (rows, bytes)."""
    rows, _, channels = piece.shape
    size = piece.dtype.itemsize
    if bits < size * 8:
        single = piece.reshape(rows, -1, 1) >> np.arange(bits - 1, -1, -1) & 1
        return np.packbits(single.reshape(rows, -1).astype(np.uint8), axis=1)
    if predictor == 2:
        whole = np.ascontiguousarray(piece).view(f"u{size}")
        piece = np.diff(whole, axis=1, prepend=np.zeros_like(whole[:, :1]))
    if predictor == 3:
        high_first = piece.astype(f">{piece.dtype.kind}{size}").view(np.uint8)
        by_byte = high_first.reshape(rows, -1, size).swapaxes(1, 2).reshape(rows, -1, channels)
        return np.diff(by_byte, axis=1, prepend=np.zeros_like(by_byte[:, :1])).reshape(rows, -1)
    stored = piece.astype(piece.dtype.newbyteorder(order)).reshape(rows, -1)
    return np.ascontiguousarray(stored).view(np.uint8)


def packed(rows: NDArray[np.uint8], compression: int, mirrored: bool) -> bytes:
    """The bytes of a piece in the file."""
    data = rows.tobytes()
    if compression == DEFLATE:
        data = zlib.compress(data)
    if compression in PILLOWS:
        file = io.BytesIO()
        Image.fromarray(rows).save(
            file, "TIFF", compression=PILLOWS[compression], tiffinfo={278: len(rows)}
        )
        with Image.open(file) as image:
            [begin], [length] = image.tag_v2[273], image.tag_v2[279]  # type: ignore[attr-defined]
        data = file.getvalue()[begin : begin + length]
    return data.translate(MIRROR) if mirrored else data


MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
