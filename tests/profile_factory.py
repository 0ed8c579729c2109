"""Small ICC profiles, written after ICC.1:2022."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

SRGB = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
"""XYZ of red, green and blue, relative to D50."""

SRGB_CURVE = (3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))


def parametric(kind: int, values: Sequence[float]) -> bytes:
    """A curve by its formula's parameters."""
    return b"para" + struct.pack(">IHH", 0, kind, 0) + fixed(*values)


def table(values: Iterable[float]) -> bytes:
    """A curve by its values, 0..1; none: a straight line."""
    numbers = [round(value * 65535) for value in values]
    return b"curv" + struct.pack(f">II{len(numbers)}H", 0, len(numbers), *numbers)


def gamma(value: float) -> bytes:
    """A curve by its exponent."""
    return b"curv" + struct.pack(">IIHH", 0, 1, round(value * 256), 0)


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def rgb(
    colors: Sequence[Sequence[float]] = P3, curves: Sequence[bytes] = (), **tags: bytes
) -> bytes:
    """A profile of RGB, by default Display P3 with sRGB's curve."""
    each = list(curves) or [parametric(*SRGB_CURVE)]
    each = each * 3 if len(each) == 1 else each
    named = {f"{name}TRC": curve for name, curve in zip("rgb", each, strict=True)}
    named |= {
        f"{name}XYZ": b"XYZ \0\0\0\0" + fixed(*color)
        for name, color in zip("rgb", colors, strict=True)
    }
    return profile("RGB ", "XYZ ", named | tags)


def grey(curve: bytes, pcs: str = "XYZ ") -> bytes:
    """A profile of grey; a `pcs` of `Lab ` makes it one that is left to Little CMS."""
    return profile("GRAY", pcs, {"kTRC": curve})


def cmyk() -> bytes:
    """A profile of CMYK, by a table of the 16 full inks and white."""
    table_of_lab = bytearray()
    for corner in range(16):
        inks = [corner >> place & 1 for place in (3, 2, 1, 0)]
        light = (1 - 0.9 * inks[0]) * (1 - 0.8 * inks[1]) * (1 - 0.1 * inks[2]) * (1 - inks[3])
        table_of_lab += bytes(
            [
                round(255 * light ** (1 / 3)),
                128 - 50 * inks[0] * (1 - inks[3]) + 60 * inks[1] * (1 - inks[3]),
                128 + 70 * inks[2] * (1 - inks[3]) - 40 * inks[0] * (1 - inks[3]),
            ]
        )
    ramp = bytes(range(256))
    identity = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4
    return profile("CMYK", "Lab ", {"A2B0": lut + bytes(table_of_lab) + ramp * 3}, kind="prtr")


def profile(colors: str, pcs: str, tags: dict[str, bytes], kind: str = "mntr") -> bytes:
    """A profile of version 2 with such tags."""
    tags = {"wtpt": b"XYZ \0\0\0\0" + fixed(0.9642, 1, 0.8249), **tags}
    tags = {"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(79), **tags}
    index, body = b"", b""
    begin = 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        index += struct.pack(">4sII", name.encode(), begin + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = begin + len(body)
    head = struct.pack(
        ">I4sI4s4s4s", size, b"test", 0x02400000, *map(str.encode, (kind, colors, pcs))
    )
    head = head.ljust(36, b"\0") + b"acsp"
    head = head.ljust(68, b"\0") + fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + body


def p3_in_srgb(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Samples of Display P3, 0..1, in sRGB, by the matrix of CSS Color 4."""
    matrix = np.array(
        [
            [1.2249401762805598, -0.22494017628055996, 0],
            [-0.042056954709688163, 1.0420569547096881, 0],
            [-0.019637554590334432, -0.078636045550631889, 1.0982736001409663],
        ]
    )
    light = np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4)
    seen = np.clip(light @ matrix.T, 0, 1)
    made: NDArray[np.float64] = np.where(
        seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055
    )
    return made
