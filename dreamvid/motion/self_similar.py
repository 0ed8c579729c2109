"""A picture made self-similar: it lies within itself again and again, as in a Droste effect, so
that a camera that zooms by exactly that much sees the same picture again.

B. de Smit and H. W. Lenstra Jr., "The Mathematical Structure of Escher's Print Gallery", Notices of
the AMS 50 (2003), 446–451, describe such pictures: one map leaves them as they are, and they are
made of copies of one picture under its powers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreamvid.frame import Field, Size
from dreamvid.motion.affine import Affine
from dreamvid.motion.resample import Floats
from dreamvid.motion.warp import warp_quickly, warp_shrunk
from dreamvid.part import Part

SMALLEST = 1.25
"""Least magnification from one copy to the next; a smaller one leaves rings that show nothing."""

FEATHER = 0.5
"""Width of a copy's soft edge, as a share of the way from one copy to the next, in the logarithm of
the distance from the middle."""

CORNERS = 6
"""Exponent of the norm that measures the distance: copies have round corners."""

VISIBLE = 2.0
"""Px: smaller copies are left out."""

INSIDE = 0.02
"""Least distance of the point that stays from the frame's edge, as a share of the frame."""


@dataclass(frozen=True)
class SelfSimilar:
    """Makes pictures of `size` self-similar under the map `closing`: they are the same at p and at
    closing(p).

    Copies of the picture under the powers of the map lie on one another, the smaller ones above,
    and each passes over into the one under it by a soft edge. Of turned ones only the largest is
    sampled exactly.
    """

    closing: Affine
    size: Size

    @property
    def possible(self) -> bool:
        """Whether copies lie within one another: the map magnifies enough, about a point in the
        frame."""
        if self.ratio < SMALLEST:
            return False
        share = (self._middle + 0.5) / np.array(self.size)
        return bool(np.all((share > INSIDE) & (share < 1 - INSIDE)))

    @cached_property
    def ratio(self) -> float:
        """The magnification from one copy to the next, over 1."""
        scale = self.closing.scale
        return max(scale, 1 / scale)

    @cached_property
    def _larger(self) -> Affine:
        """The map from a copy to the next larger one."""
        return self.closing if self.closing.scale > 1 else self.closing.inverse

    @cached_property
    def _middle(self) -> Floats:
        """The point (x, y) that the map leaves in its place."""
        matrix = self.closing.matrix
        point = np.linalg.solve(np.eye(2) - matrix[:2, :2], matrix[:2, 2])
        return np.asarray(point, np.float64)

    def seen(self, field: Field, camera: Affine) -> Field:
        """The self-similar picture of a field (H, W, C) under a camera at any position, (H, W, C);
        values may overshoot a little, as in `warp`."""
        smaller = self._larger.inverse
        copy = self._largest(camera)
        turned = bool(np.abs(copy.matrix[0, 1]) > 0)
        sampled = warp_quickly if turned else warp_shrunk
        shown = warp_shrunk(field, copy, self.size)
        while (copy := smaller.then(copy)).scale * max(self.size) >= VISIBLE:
            box = _box(copy, self.size)
            if not min(box.size):
                continue
            local = copy.then(Affine.shift(-box.left, -box.top))
            cover = self._cover(local, box.size)
            if shown is field:
                shown = field.copy()
            below = box.of(shown)
            below += cover * (sampled(field, local, box.size) - below)
        return shown

    def _largest(self, camera: Affine) -> Affine:
        """The smallest copy that covers the whole frame: what lies under it is not seen."""
        smaller, copy = self._larger.inverse, camera
        while not self._covers(copy):
            copy = self._larger.then(copy)
        while self._covers(smaller.then(copy)):
            copy = smaller.then(copy)
        return copy

    def _covers(self, copy: Affine) -> bool:
        places = copy.inverse.corners(self.size)
        return bool(np.all(self._depth(places[:, 0], places[:, 1]) >= FEATHER))

    def _cover(self, copy: Affine, size: Size) -> Field:
        """How much of each pixel a copy covers, (H, W, 1), 0..1."""
        y, x = np.mgrid[0 : size.height, 0 : size.width].astype(np.float64)
        to = copy.inverse.matrix
        across, down = (row[0] * x + row[1] * y + row[2] for row in to[:2])
        depth = self._depth(across, down)
        inside = np.clip(depth / FEATHER, 0, 1).astype(np.float32)
        cover: Field = (inside * inside * (3 - 2 * inside))[..., np.newaxis]
        return cover

    def _depth(self, x: Floats, y: Floats) -> Floats:
        """How far within a copy points of the picture lie: 0 at its edge, 1 where the next copy's
        edge is, and so on to the middle."""
        (left, top), (width, height) = self._middle, self.size
        across = np.where(x < left, (left - x) / (left + 0.5), (x - left) / (width - 0.5 - left))
        down = np.where(y < top, (top - y) / (top + 0.5), (y - top) / (height - 0.5 - top))
        distance = across**CORNERS + down**CORNERS
        depth: Floats = -np.log(np.maximum(distance, 1e-30)) / (CORNERS * math.log(self.ratio))
        return depth


def _box(copy: Affine, size: Size) -> Part:
    """The part of the frame within which a copy lies."""
    places = copy.corners(size)
    left, top = (int(edge) for edge in np.clip(np.floor(places.min(0)), 0, size))
    right, bottom = (int(edge) for edge in np.clip(np.ceil(places.max(0)) + 1, (left, top), size))
    return Part(top, left, bottom, right, size)
