"""The header of an OpenEXR file: its attributes, and one that states straight alpha.

EXR has color multiplied by its alpha, and no attribute of its own that states otherwise. So it is
stated by the name that OpenImageIO has for it in a picture's metadata, `oiio:UnassociatedAlpha`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

MAGIC = b"\x76\x2f\x31\x01"

MOST_HEADER = 2**20
"""Bytes that are searched for the end of the header."""

TILED, SEVERAL_PARTS = 0x200, 0x1000
"""Flags in the version."""

STRAIGHT = b"oiio:UnassociatedAlpha"
"""The attribute, a whole number, that is not 0 where color is not multiplied by alpha."""


@dataclass(frozen=True)
class ExrHeader:
    """The header of an EXR; of a file of several parts, that of the first.

    Attributes:
        flags: the version and its flags.
        attributes: the value of each by its name.
        end: where the table begins that says where each chunk of pixels is, in bytes.
    """

    flags: int
    attributes: Mapping[bytes, bytes]
    end: int

    @property
    def straight(self) -> bool:
        """Whether it states that color is not multiplied by alpha."""
        return any(self.attributes.get(STRAIGHT, b""))


def read_header(head: bytes) -> ExrHeader | None:
    """The header that `head` begins with; None if that does not hold all of it."""
    attributes: dict[bytes, bytes] = {}
    at = 8
    while at < len(head):
        if not head[at]:
            return ExrHeader(int.from_bytes(head[4:8], "little"), attributes, at + 1)
        name = head.find(b"\0", at)
        kind = head.find(b"\0", name + 1)
        if name < 0 or kind < 0:
            return None
        value = kind + 5
        end = value + int.from_bytes(head[kind + 1 : value], "little")
        attributes[head[at:name]] = head[value:end]
        at = end
    return None


def with_straight_alpha(data: bytes) -> bytes:
    """An EXR of one part, as ffmpeg writes it, that also states that its alpha is straight."""
    header = read_header(data[:MOST_HEADER])
    assert header is not None
    stated = STRAIGHT + b"\0int\0" + (4).to_bytes(4, "little") + (1).to_bytes(4, "little")
    chunks = int.from_bytes(data[header.end : header.end + 8], "little")
    table = np.frombuffer(data[header.end : chunks], "<u8") + np.uint64(len(stated))
    return data[: header.end - 1] + stated + b"\0" + table.tobytes() + data[chunks:]
