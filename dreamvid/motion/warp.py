"""Exact warps: a frame moved by an affine map, resampled once.

A recursion compounds resampling errors, so OpenCV's cubic, which moves a shift of .004 px by .006,
is not exact enough. Here the weights are Keys' cubic computed in float64 at the exact position
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
    """`frame` moved by `affine`; each pixel is sampled once at its origin, in float.

    Where the map shrinks the frame, the kernel is widened accordingly, against aliasing.
    """
    if affine.identity:
        return frame
    inverse: Floats = np.linalg.inv(affine.matrix).astype(np.float64)
    if inverse[0, 1] == 0 and inverse[1, 0] == 0:
        return _warp_separable(frame, inverse, border)
    return _warp_general(frame, inverse, border)


def warp_onto(frame: Frame, ground: Frame | float, affine: Affine, border: Border | None) -> Frame:
    """`frame` moved by `affine`; disocclusions are filled with `ground` where `border` is None,
    else by the border.

    A mirrored border looks right for one frame; in a recursion the thin strip at the edge is
    mirrored again in every frame, which makes stripes.
    """
    if border is not None or not affine.reveals(Size.of(frame)):
        return warp(frame, affine, border or "reflect")
    revealed = 1 - warp(np.ones_like(frame), affine, "black")
    revealed[np.abs(revealed) < 1e-5] = 0  # rounding errors: covered pixels must not change
    return warp(frame, affine, "black") + revealed * np.float32(ground)


def fill_ground(source: Frame, camera: Affine) -> Frame:
    """`source` under a camera at any position, mirrored repeatedly beyond its edges.

    It only fills disocclusions, once, so speed matters more than a hundredth of a pixel: it is
    OpenCV's linear warp of a copy that is first shrunk to about the final scale.
    """
    height, width = source.shape[:2]
    scale = math.sqrt(abs(float(np.linalg.det(camera.matrix[:2, :2]))))
    factor = 2 ** max(0, math.floor(-math.log2(max(scale, 1e-6))))
    small = max(1, width // factor), max(1, height // factor)
    shrunk = cv2.resize(source, small, interpolation=cv2.INTER_AREA)
    grow = np.diag([width / small[0], height / small[1], 1.0])
    grow[:2, 2] = (grow.diagonal()[:2] - 1) / 2  # pixel centres lie at integers
    matrix = (camera.matrix @ grow)[:2]
    return np.asarray(
        cv2.warpAffine(shrunk, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    )


def _taps(where: Floats, spread: float) -> tuple[Indices, Floats]:
    """The pixels around each position and their weights, both (*where.shape, taps).

    `spread` ≥ 1 is the kernel's width as a multiple of Keys' four taps.
    """
    pixels, weights, distance = taps(where, spread)
    if spread > 1:
        # The sampled wide kernel would shift a linear ramp by up to .03 px. A linear correction,
        # windowed by a tent of the kernel's width, moves its centroid back to the position and
        # leaves the weights' sum at 1.
        tent = np.maximum(0.0, 1 - np.abs(distance) / 2)
        s0, s1, s2 = ((tent * distance**power).sum(axis=-1, keepdims=True) for power in range(3))
        centroid = (weights * distance).sum(axis=-1, keepdims=True)
        weights += tent * centroid * (s1 - s0 * distance) / (s0 * s2 - s1 * s1)
    return pixels, weights


def _inside(
    pixels: Indices, weights: Floats, length: int, border: Border
) -> tuple[Indices, Floats]:
    """The taps with pixels outside 0..length−1 mapped back inside by the border, or with weight 0
    (black)."""
    if border == "black":
        weights = np.where((pixels >= 0) & (pixels < length), weights, 0.0)
    if border == "wrap":
        return pixels % length, weights
    if border == "reflect" and length > 1:  # about the outermost pixels' centres
        index = pixels % (2 * length - 2)
        return np.minimum(index, 2 * length - 2 - index), weights
    return np.clip(pixels, 0, length - 1), weights


def _warp_separable(frame: Frame, inverse: Floats, border: Border) -> Frame:
    """Zoom and translation, without rotation: one axis after the other."""
    for axis in (0, 1):
        scale, offset = inverse[1 - axis, 1 - axis], inverse[1 - axis, 2]
        length = frame.shape[axis]
        pixels, weights = _taps(np.arange(length) * scale + offset, max(1.0, scale))
        frame = summed(frame, axis, blocks(*_inside(pixels, weights, length, border)))
    return frame


def _warp_general(frame: Frame, inverse: Floats, border: Border) -> Frame:
    """Any affine map: a square of taps around each position, in blocks of rows."""
    height, width = frame.shape[:2]
    spread = max(1.0, round(math.sqrt(abs(float(np.linalg.det(inverse[:2, :2])))), 9))
    flat, result = frame.reshape(height * width, -1), np.empty_like(frame)
    block = max(1, 65536 // width)  # rows at a time: the taps of a block stay in the cache
    for top in range(0, height, block):
        y, x = np.mgrid[top : min(top + block, height), 0:width].astype(np.float64)
        columns, across = _taps(inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2], spread)
        rows, down = _taps(inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2], spread)
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
