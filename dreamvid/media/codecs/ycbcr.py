"""RGB as Y'CbCr of 10 bits, each pixel the nearest that there is.

Where Y', Cb and Cr are each rounded by themselves, as converters do, the color is off by up to .41
levels of 255; the nearest triple is off by at most .27.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Field, Frame

KR, KB = 0.2126, 0.0722
KG = 1 - KR - KB

LUMA, CHROMA = 219 * 4 / 255, 224 * 4 / 255
"""10-bit steps in a level of 255, BT.709's limited range."""

TO_R, TO_B = 2 * (1 - KR), 2 * (1 - KB)


def planes_10_bit(frame: Frame) -> NDArray[np.uint16]:
    """A frame (H, W, 3) as planes Y', Cb and Cr, (3, H, W), of 10 bits: BT.709 in its limited
    range; one (H, W, 4) with straight alpha as four, alpha in its full range."""
    r, g, b, *alpha = np.moveaxis(np.clip(frame, 0, 255), 2, 0)
    y = np.float32(KR) * r + np.float32(KG) * g + np.float32(KB) * b
    cb, cr = (b - y) * np.float32(CHROMA / TO_B), (r - y) * np.float32(CHROMA / TO_R)
    least = np.full(y.shape, np.inf, np.float32)
    best = np.zeros((3, *y.shape), np.float32)
    for up_b in (0, 1):
        for up_r in (0, 1):
            tried = _with_luma(y, cb, cr, np.floor(cb) + up_b, np.floor(cr) + up_r)
            better = tried[0] < least
            for kept, value in zip((least, *best), tried, strict=True):
                np.copyto(kept, value, where=better)
    middle = np.array([64, 512, 512], np.float32)[:, None, None]
    color = np.clip(best + middle, 4, 1019)  # the rest is reserved for synchronization
    opacity = [np.rint(plane * np.float32(1023 / 255)) for plane in alpha]
    return np.stack([*color, *opacity]).astype("<u2")


def _with_luma(
    y: Field, cb: Field, cr: Field, coded_b: Field, coded_r: Field
) -> tuple[Field, Field, Field, Field]:
    """The largest error of R, G and B in levels with the best luma for a coded chroma; that luma in
    steps, and the chroma."""
    off_r = (coded_r - cr) * np.float32(TO_R / CHROMA)
    off_b = (coded_b - cb) * np.float32(TO_B / CHROMA)
    off_g = (np.float32(-KR / KG)) * off_r - np.float32(KB / KG) * off_b
    most = np.maximum(np.maximum(off_r, off_g), off_b)
    fewest = np.minimum(np.minimum(off_r, off_g), off_b)
    half = np.float32(0.5)
    steps = np.rint((y - half * (most + fewest)) * np.float32(LUMA))
    shift = steps * np.float32(1 / LUMA) - y
    return np.maximum(most + shift, -fewest - shift), steps, coded_b, coded_r
