"""The camera: an affine map from one frame to the next, and one accurate resample.

A recursion compounds every resampling error, so OpenCV's cubic, which moves a shift of .004 px by
.006, will not do. Here the weights are Keys' cubic computed in float64 at the exact position
(`resample`): an identity is exact, a shift of a hundredth of a pixel is right to a ten-thousandth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import RecipeError
from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2
from dreamvid.recipe import Motion
from dreamvid.resample import Floats, Indices, blocks, summed, taps

Border = Literal["reflect", "edge", "wrap", "black"]
NEAREST, FARTHEST = 1e100, 1e-6
"""How much a camera magnifies at most and at least: a day's zoom would leave what a float holds."""

Field = NDArray[np.float32]


@dataclass(frozen=True)
class Affine:
    """Where a pixel goes: (x, y, 1) ↦ matrix · (x, y, 1), pixel centres at whole numbers."""

    matrix: Floats = field(default_factory=lambda: np.eye(3))

    def then(self, later: Affine) -> Affine:
        """This map followed by `later`."""
        return Affine(later.matrix @ self.matrix)

    @property
    def inverse(self) -> Affine:
        """The map back."""
        back: Floats = np.linalg.inv(self.matrix).astype(np.float64)
        return Affine(back)

    def bounded(self) -> Affine:
        """The map itself; beyond FARTHEST and NEAREST, one of its kind that goes no further."""
        scale = math.sqrt(abs(float(np.linalg.det(self.matrix[:2, :2]))))
        if FARTHEST <= scale <= NEAREST:
            return self
        matrix = self.matrix * (min(max(scale, FARTHEST), NEAREST) / scale)
        matrix[2, 2] = 1
        return Affine(matrix)

    def reveals(self, size: tuple[int, int]) -> bool:
        """Whether a frame of `size` (width, height), moved, leaves some of itself uncovered."""
        width, height = size
        corners = np.array([[x, y, 1] for x in (0, width - 1) for y in (0, height - 1)])
        came = (corners @ np.linalg.inv(self.matrix).T)[:, :2]
        return bool((came < -0.5).any() or (came > np.array(size) - 0.5).any())

    @property
    def identity(self) -> bool:
        """Whether the map moves nothing."""
        return bool(np.array_equal(self.matrix, np.eye(3)))


def camera_step(motion: Motion, size: tuple[int, int]) -> Affine:
    """The map of one frame's movement for frames of `size` (width, height).

    About the centre c: p ↦ c + z·R(angle)·(p − c) + translate. z is `zoom`, or what `trim` crops:
    x px left and right and y above and below leave W/(W−2x) and H/(H−2y); the smaller serves both
    axes, so that nothing stretches. A positive angle turns the picture counterclockwise as seen.
    """
    width, height = size
    zoom = motion.zoom
    if motion.trim is not None:
        zoom = trim_zoom(motion.trim, size)
    turn = math.radians(motion.angle)
    linear = zoom * np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    center = np.array([motion.center[0] * width - 0.5, motion.center[1] * height - 0.5])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = center - linear @ center + np.array(motion.translate)
    if zoom == 1 and turn == 0 and motion.translate == (0, 0):
        matrix = np.eye(3)  # not an identity up to rounding, but the identity
    return Affine(matrix)


def trim_zoom(trim: tuple[float, float], size: tuple[int, int]) -> float:
    """The magnification that a trim of (x, y) px a side stands for."""
    (x, y), (width, height) = trim, size
    if width - 2 * x < 1 or height - 2 * y < 1:
        raise RecipeError(f"motion.trim: {x:g} and {y:g} px leave nothing of {width}x{height}")
    return min(width / (width - 2 * x), height / (height - 2 * y))


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


def carry(frame: Frame, ground: Frame | float, affine: Affine, border: Border | None) -> Frame:
    """`frame` moved by `affine`, and where nothing comes from, `ground` (None) or the border.

    A mirrored border would do for one frame; in a recursion the thin strip that comes in is
    mirrored again and again into stripes.
    """
    if border is not None or not affine.reveals((frame.shape[1], frame.shape[0])):
        return warp(frame, affine, border or "reflect")
    bare = 1 - warp(np.ones_like(frame), affine, "black")
    bare[np.abs(bare) < 1e-5] = 0  # rounding: what is covered stays as it came, to the bit
    return warp(frame, affine, "black") + bare * np.float32(ground)


def new_ground(source: Frame, camera: Affine) -> Frame:
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
