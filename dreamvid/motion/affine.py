"""Affine maps, and the camera's movement from one frame to the next as one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from dreamvid.errors import RecipeError
from dreamvid.frame import Size
from dreamvid.motion.resample import Floats
from dreamvid.recipe import Motion

NEAREST, FARTHEST = 1e100, 1e-6
"""Bounds of the camera's magnification: without them a day's zoom would overflow a float."""


@dataclass(frozen=True)
class Affine:
    """Where a pixel moves to: (x, y, 1) ↦ matrix · (x, y, 1), pixel centres at integers."""

    matrix: Floats = field(default_factory=lambda: np.eye(3))

    def then(self, later: Affine) -> Affine:
        """This map followed by `later`."""
        return Affine(later.matrix @ self.matrix)

    @property
    def inverse(self) -> Affine:
        """The inverse map."""
        inverse: Floats = np.linalg.inv(self.matrix).astype(np.float64)
        return Affine(inverse)

    @property
    def scale(self) -> float:
        """Its magnification, over 0."""
        return math.sqrt(abs(float(np.linalg.det(self.matrix[:2, :2]))))

    @classmethod
    def shift(cls, across: float, down: float) -> Affine:
        """The map that moves all by so many px to the right and down."""
        return cls(np.array([[1.0, 0.0, across], [0.0, 1.0, down], [0.0, 0.0, 1.0]]))

    def mixed(self, other: Affine, share: float) -> Affine:
        """Between this map and one that differs little from it, `share` of the way to that."""
        return Affine(self.matrix + share * (other.matrix - self.matrix))

    def bounded(self) -> Affine:
        """The map, scaled so that its magnification lies within FARTHEST..NEAREST."""
        scale = self.scale
        if FARTHEST <= scale <= NEAREST:
            return self
        matrix = self.matrix * (min(max(scale, FARTHEST), NEAREST) / scale)
        matrix[2, 2] = 1
        return Affine(matrix)

    def reveals(self, size: Size) -> bool:
        """Whether moving a frame of `size` leaves some of its area uncovered (disoccluded)."""
        origins = self.inverse.corners(size)
        return bool((origins < -0.5).any() or (origins > np.array(size) - 0.5).any())

    def corners(self, size: Size) -> Floats:
        """Where the centres of a frame's four corner pixels move to, (4, 2): x and y."""
        width, height = size
        corners = np.array([[x, y, 1] for x in (0, width - 1) for y in (0, height - 1)])
        moved: Floats = (corners @ self.matrix.T)[:, :2]
        return moved

    @property
    def identity(self) -> bool:
        """Whether the map moves nothing."""
        return bool(np.array_equal(self.matrix, np.eye(3)))


def camera_step(motion: Motion, size: Size) -> Affine:
    """The map of one frame's movement for frames of `size`, by what `motion` says at that frame; a
    path and the hand-held camera's shake apart (`CameraSteps`).

    The magnification is `zoom`, or follows from `trim` (`trim_zoom`).
    """
    zoom = motion.zoom if motion.trim is None else trim_zoom(motion.trim, size)
    return movement(size, zoom, motion.angle, motion.center, motion.translate)


def movement(
    size: Size,
    zoom: float = 1.0,
    angle: float = 0.0,
    center: tuple[float, float] = (0.5, 0.5),
    translate: tuple[float, float] = (0.0, 0.0),
) -> Affine:
    """A zoom, turn and shift of frames of `size`: p ↦ c + zoom·R(angle)·(p − c) + translate.

    Args:
        angle: degrees; if positive, the picture turns counterclockwise as seen.
        center: c, as fractions of width and height.
        translate: px to the right and down.
    """
    turn = math.radians(angle)
    if zoom == 1 and turn == 0 and tuple(translate) == (0, 0):
        return Affine()  # exactly the identity, without rounding errors
    linear = zoom * np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    width, height = size
    middle = np.array([center[0] * width - 0.5, center[1] * height - 0.5])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = middle - linear @ middle + np.array(translate)
    return Affine(matrix)


def trim_zoom(trim: tuple[float, float], size: Size) -> float:
    """The magnification that scales a frame, cropped by (x, y) px on each side, back to `size`.

    That is W/(W−2x) and H/(H−2y); the smaller is used for both axes, so that nothing stretches.

    Raises:
        RecipeError: the trim leaves less than 1 px of the frame.
    """
    (x, y), (width, height) = trim, size
    if width - 2 * x < 1 or height - 2 * y < 1:
        raise RecipeError(
            f"{x:g} and {y:g} px leave nothing of {width}x{height}", key="motion.trim"
        )
    return min(width / (width - 2 * x), height / (height - 2 * y))
