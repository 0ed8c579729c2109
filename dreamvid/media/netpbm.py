"""Reading the binary grey and color pictures of Netpbm, PGM and PPM, whose maximum may be any."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from dreamvid.media.samples import Stored, damaged, require_size

HEADER = re.compile(rb"P([56])" + rb"(?:\s|#[^\n]*\n)+(\d{1,9})" * 3 + rb"(?:\s|#[^\n]*\n)")
"""The kind, the width, the height and the maximum."""


MAX_HEADER = 4096


def read_netpbm(path: Path, data: bytes) -> Stored | None:
    """Read a PGM or PPM; None if it is neither. Raises InputError if it is cut off or too large."""
    header = HEADER.match(data, 0, MAX_HEADER)
    if header is None:
        return None
    kind, width, height, white = map(int, header.groups())
    if not 0 < white < 65536 or not width or not height:
        return None
    require_size(path, width, height)
    channels = 3 if kind == 6 else 1
    sample = np.dtype(">u2" if white > 255 else "u1")
    count = width * height * channels
    if len(data) - header.end() < count * sample.itemsize:
        raise damaged(path, "not enough samples")
    flat = np.frombuffer(data, sample, count, header.end())
    pixels = flat.reshape(height, width, channels).astype(sample.newbyteorder("="))
    return Stored(pixels, white)
