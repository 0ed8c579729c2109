"""Exact warps: a frame moved by an affine map, resampled once.

A recursion compounds resampling errors, so OpenCV's cubic, which moves a shift of .004 px by .006,
is not exact enough. Here the weights are Keys' cubic computed in float64 at the exact position
(`resample`): an identity is exact, a shift of a hundredth of a pixel is right to a ten-thousandth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from dreamvid.blend import Warp
from dreamvid.frame import Field, Frame, Size
from dreamvid.media.opencv import cv2
from dreamvid.motion.affine import Affine
from dreamvid.motion.resample import Floats, Indices, blocks, summed, taps
from dreamvid.part import Part, reached

Border = Literal["reflect", "edge", "wrap", "black"]


def warp(frame: Frame, affine: Affine, border: Border, size: Size | None = None) -> Frame:
    """`frame` moved by `affine`; each pixel is sampled once at its origin, in float.

    Where the map shrinks the frame, the kernel is widened accordingly, against aliasing.

    Args:
        size: of the result; None: that of `frame`.
    """
    size = size or Size.of(frame)
    if affine.identity and size == Size.of(frame):
        return frame
    inverse: Floats = np.linalg.inv(affine.matrix).astype(np.float64)
    if inverse[0, 1] == 0 and inverse[1, 0] == 0:
        return _warp_separable(frame, inverse, border, size)
    return _warp_general(frame, inverse, border, size)


def warp_onto(frame: Frame, ground: Frame | float, affine: Affine, border: Border | None) -> Frame:
    """`frame` moved by `affine`; disocclusions are filled with `ground` where `border` is None,
    else by the border.

    A mirrored border looks right for one frame; in a recursion the thin strip at the edge is
    mirrored again in every frame, which makes stripes.
    """
    if border is not None or not affine.reveals(Size.of(frame)):
        return warp(frame, affine, border or "reflect")
    return _uncovering(frame, ground, affine, Size.of(frame))


def _uncovering(frame: Frame, ground: Frame | float, affine: Affine, size: Size) -> Frame:
    """`frame` moved by `affine` to a frame of `size`, disocclusions filled with `ground`."""
    revealed = 1 - warp(np.ones_like(frame), affine, "black", size)
    revealed[np.abs(revealed) < 1e-5] = 0  # rounding errors: covered pixels must not change
    return warp(frame, affine, "black", size) + revealed * np.float32(ground)


@dataclass(frozen=True)
class AffineMovement:
    """The movement of a frame by an affine map.

    Attributes:
        affine: where a pixel moves to.
        border: as in `warp_onto`.
    """

    affine: Affine
    border: Border | None

    def __call__(self, field: Frame, ground: Frame | float) -> Frame:
        """See `Movement`."""
        return warp_onto(field, ground, self.affine, self.border)

    def onto(self, part: Part) -> tuple[Part, Warp]:
        """See `Movement`."""
        if part.all:
            return part, self
        reveals = self.border is None and self.affine.reveals(part.frame)
        reads = Part.whole(part.frame) if self.border == "wrap" else self._reads(part)
        there = Affine.shift(reads.left, reads.top)
        local = there.then(self.affine).then(Affine.shift(-part.left, -part.top))

        def warped(field: Frame, ground: Frame | float) -> Frame:
            if reveals:
                return _uncovering(field, ground, local, part.size)
            return warp(field, local, self.border or "reflect", part.size)

        return reads, warped

    def _reads(self, part: Part) -> Part:
        inverse = self.affine.inverse.matrix
        across, down = (part.left, part.right - 1), (part.top, part.bottom - 1)
        corners = np.array([[x, y, 1] for x in across for y in down])
        origins = (corners @ inverse.T)[:, :2]
        spread = max(1.0, self.affine.inverse.scale)
        return reached(origins[:, 0], origins[:, 1], math.ceil(2 * spread) + 1, part.frame)


def fill_ground(source: Frame, camera: Affine) -> Frame:
    """`source` under a camera at any position, mirrored repeatedly beyond its edges.

    It only fills disocclusions, once, so speed matters more than a hundredth of a pixel: it is
    OpenCV's linear warp of a copy that is first shrunk to about the final scale.
    """
    shrunk, onto = _shrunk(source, camera)
    return np.asarray(
        cv2.warpAffine(shrunk, onto.matrix[:2], Size.of(source), borderMode=cv2.BORDER_REFLECT)
    )


def warp_shrunk(field: Field, affine: Affine, size: Size) -> Field:
    """As `warp`, mirrored at the edges, for maps that may shrink a field (H, W, C) a great deal: it
    is first shrunk to up to twice the final scale, by means over squares of 2, 4, 8 … pixels."""
    shrunk, onto = _shrunk(field, affine)
    return warp(shrunk, onto, "reflect", size)


def warp_quickly(field: Field, affine: Affine, size: Size) -> Field:
    """As `warp_shrunk`, right to a 32nd of a pixel: OpenCV's cubic warp, which is quicker by far
    where a map turns."""
    shrunk, onto = _shrunk(field, affine)
    planes = [
        cv2.warpAffine(
            plane, onto.matrix[:2], size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        for plane in cv2.split(shrunk)
    ]
    return np.stack(planes, -1)


def _shrunk(field: Field, affine: Affine) -> tuple[Field, Affine]:
    """A field shrunk by a power of 2 to about the scale that a map gives it, and the map from
    there."""
    height, width = field.shape[:2]
    factor = 2 ** max(0, math.floor(-math.log2(max(affine.scale, 1e-6))))
    if factor == 1:
        return field, affine
    small = max(1, width // factor), max(1, height // factor)
    shrunk = cv2.resize(field, small, interpolation=cv2.INTER_AREA).reshape(*small[::-1], -1)
    grow = np.diag([width / small[0], height / small[1], 1.0])
    grow[:2, 2] = (grow.diagonal()[:2] - 1) / 2  # pixel centres lie at integers
    return np.asarray(shrunk), Affine(grow).then(affine)


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


def _warp_separable(frame: Frame, inverse: Floats, border: Border, size: Size) -> Frame:
    """Zoom and translation, without rotation: one axis after the other."""
    for axis in (0, 1):
        scale, offset = inverse[1 - axis, 1 - axis], inverse[1 - axis, 2]
        length = frame.shape[axis]
        pixels, weights = _taps(np.arange(size.shape[axis]) * scale + offset, max(1.0, scale))
        frame = summed(frame, axis, blocks(*_inside(pixels, weights, length, border)))
    return frame


def _warp_general(frame: Frame, inverse: Floats, border: Border, size: Size) -> Frame:
    """Any affine map: a square of taps around each position, in blocks of rows."""
    height, width = frame.shape[:2]
    spread = max(1.0, round(math.sqrt(abs(float(np.linalg.det(inverse[:2, :2])))), 9))
    flat = frame.reshape(height * width, -1)
    result = np.empty((*size.shape, *frame.shape[2:]), np.float32)
    block = max(1, 65536 // size.width)  # rows at a time: the taps of a block stay in the cache
    for top in range(0, size.height, block):
        y, x = np.mgrid[top : min(top + block, size.height), 0 : size.width].astype(np.float64)
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
