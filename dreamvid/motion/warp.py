"""Exact warps: a frame under an affine map, resampled once.

A recursion compounds every resampling error, so OpenCV's cubic, which moves a shift of .004 px by
.006, will not do. Here the weights are Keys' cubic computed in float64 at the exact position
(`resample`): an identity is exact, a shift of a hundredth of a pixel is right to a ten-thousandth.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from dreamvid.frame import Frame, Size
from dreamvid.media.opencv import cv2
from dreamvid.motion.affine import Affine
from dreamvid.motion.resample import Floats, Indices, blocks, summed, taps

Border = Literal["reflect", "edge", "wrap", "black"]


def warp(frame: Frame, affine: Affine, border: Border) -> Frame:
    """`frame` moved by `affine`: each pixel looks up where it came from, once, in float.

    Zooming out, the kernel is widened by the reduction, so that nothing aliases.
    """
    if affine.identity:
        return frame
    back: Floats = np.linalg.inv(affine.matrix).astype(np.float64)
    if back[0, 1] == 0 and back[1, 0] == 0:
        return _warp_upright(frame, back, border)
    return _warp_turned(frame, back, border)


def warp_onto(frame: Frame, ground: Frame | float, affine: Affine, border: Border | None) -> Frame:
    """`frame` moved by `affine`, and where nothing comes from, `ground` (None) or the border.

    A mirrored border would do for one frame; in a recursion the thin strip that comes in is
    mirrored again and again into stripes.
    """
    if border is not None or not affine.reveals(Size.of(frame)):
        return warp(frame, affine, border or "reflect")
    revealed = 1 - warp(np.ones_like(frame), affine, "black")
    revealed[np.abs(revealed) < 1e-5] = 0  # rounding: what is covered stays as it is, to the bit
    return warp(frame, affine, "black") + revealed * np.float32(ground)


def fill_ground(source: Frame, camera: Affine) -> Frame:
    """`source` under a camera that has moved any way, mirrored beyond its edges without end.

    It only fills in what was never seen, once, so that speed matters here and not the last
    hundredth of a pixel: OpenCV's linear warp of a copy shrunk to about the scale wanted.
    """
    height, width = source.shape[:2]
    scale = math.sqrt(abs(float(np.linalg.det(camera.matrix[:2, :2]))))
    times = 2 ** max(0, math.floor(-math.log2(max(scale, 1e-6))))
    small = max(1, width // times), max(1, height // times)
    shrunk = cv2.resize(source, small, interpolation=cv2.INTER_AREA)
    grow = np.diag([width / small[0], height / small[1], 1.0])
    grow[:2, 2] = (grow.diagonal()[:2] - 1) / 2  # pixel centres lie at whole numbers
    matrix = (camera.matrix @ grow)[:2]
    return np.asarray(
        cv2.warpAffine(shrunk, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    )


def _taps(where: Floats, spread: float) -> tuple[Indices, Floats]:
    """The pixels around each position and their weights, both (*where.shape, taps).

    `spread` ≥ 1 is how much wider than Keys' four taps the kernel is.
    """
    pixels, weights, away = taps(where, spread)
    if spread > 1:
        # Widened, the kernel would put a ramp up to .03 px aside: lean it, under a tent of its own
        # width, until its centre of weight is the position again.
        tent = np.maximum(0.0, 1 - np.abs(away) / 2)
        s0, s1, s2 = ((tent * away**power).sum(axis=-1, keepdims=True) for power in range(3))
        aside = (weights * away).sum(axis=-1, keepdims=True)
        weights += tent * aside * (s1 - s0 * away) / (s0 * s2 - s1 * s1)
    return pixels, weights


def _inside(
    pixels: Indices, weights: Floats, length: int, border: Border
) -> tuple[Indices, Floats]:
    """The taps with what lies outside 0..length−1 led back in, or given no weight (black)."""
    if border == "black":
        weights = np.where((pixels >= 0) & (pixels < length), weights, 0.0)
    if border == "wrap":
        return pixels % length, weights
    if border == "reflect" and length > 1:  # about the outermost pixels' centres
        around = pixels % (2 * length - 2)
        return np.minimum(around, 2 * length - 2 - around), weights
    return np.clip(pixels, 0, length - 1), weights


def _warp_upright(frame: Frame, back: Floats, border: Border) -> Frame:
    """Zoom and translation: one axis after the other."""
    for axis in (0, 1):
        scale, offset = back[1 - axis, 1 - axis], back[1 - axis, 2]
        length = frame.shape[axis]
        pixels, weights = _taps(np.arange(length) * scale + offset, max(1.0, scale))
        frame = summed(frame, axis, blocks(*_inside(pixels, weights, length, border)))
    return frame


def _warp_turned(frame: Frame, back: Floats, border: Border) -> Frame:
    """Any affine map: the square of taps around each position, row by row in blocks."""
    height, width = frame.shape[:2]
    spread = max(1.0, round(math.sqrt(abs(float(np.linalg.det(back[:2, :2])))), 9))
    flat, result = frame.reshape(height * width, -1), np.empty_like(frame)
    block = max(1, 65536 // width)  # rows at a time: the taps of a block stay in the cache
    for top in range(0, height, block):
        y, x = np.mgrid[top : min(top + block, height), 0:width].astype(np.float64)
        columns, across = _taps(back[0, 0] * x + back[0, 1] * y + back[0, 2], spread)
        rows, down = _taps(back[1, 0] * x + back[1, 1] * y + back[1, 2], spread)
        columns, across = _inside(columns, across, width, border)
        rows, down = _inside(rows, down, height, border)
        total = np.zeros((*x.shape, flat.shape[1]), np.float32)
        for i in range(rows.shape[-1]):
            for j in range(columns.shape[-1]):
                weight = (down[..., i] * across[..., j]).astype(np.float32)
                pixels = np.take(flat, rows[..., i] * width + columns[..., j], axis=0)
                total += pixels * weight[..., None]
        result[top : top + block] = total
    return result
