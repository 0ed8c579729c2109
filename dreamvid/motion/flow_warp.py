"""The warp along a clip's optical flow, as seen through a moving camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreamvid.blend import Warp
from dreamvid.frame import Field, Frame, Size
from dreamvid.media.opencv import cv2
from dreamvid.motion.affine import Affine
from dreamvid.motion.flow import Flow, pixel_grid, split_field
from dreamvid.motion.spline import REACH, sample_spline
from dreamvid.part import Part, reached


@dataclass(frozen=True)
class FlowMovement:
    """The movement from one frame of a clip to the next, as seen through a camera.

    A point p on the screen is at q = after⁻¹(p) in the clip, was at q + flow(q) one frame earlier,
    and was then seen at before(q + flow(q)). For a camera that moves only the dream, `before` is
    the identity.

    Attributes:
        flow: of the clip.
        after: the camera's position at this frame.
        before: its position at the previous frame.
    """

    flow: Flow
    after: Affine
    before: Affine

    def __call__(self, field: Frame, ground: Frame | float) -> Frame:
        """See `Movement`."""
        return self._whole(field, ground)

    @cached_property
    def _whole(self) -> Warp:
        return self.onto(Part.whole(Size.of(self.flow.confidence)))[1]

    def onto(self, part: Part) -> tuple[Part, Warp]:
        """See `Movement`."""
        width, height = part.frame
        x, y = (part.of(axis) for axis in split_field(pixel_grid(height, width)))
        if self.after.identity:
            backward, confidence = part.of(self.flow.backward), part.of(self.flow.confidence)
        else:
            x, y = _mapped(self.after.inverse, x, y)
            backward, confidence = (
                np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR), np.float32)
                for field in (self.flow.backward, self.flow.confidence)
            )
        still = self.after.identity and self.before.identity and not backward.any()
        if still:
            return part, _laid(lambda field: field, confidence)
        x, y = x + backward[..., 0], y + backward[..., 1]
        if not self.before.identity:
            x, y = _mapped(self.before, x, y)
            inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
            confidence = confidence * inside
        reads = part if part.all else reached(x, y, REACH + 3, part.frame)
        if not reads.all:
            x, y = x - np.float32(reads.left), y - np.float32(reads.top)
        return reads, _laid(lambda field: sample_spline(field, x, y), confidence)


def _laid(moved: Callable[[Field], Field], confidence: Field) -> Warp:
    """The warp of a field by `moved`, over the ground where confidence, (H, W), is less than 1."""

    def warped(frame: Frame, ground: Frame | float) -> Frame:
        sampled = moved(frame)
        fill = np.broadcast_to(np.asarray(ground, np.float32), sampled.shape)
        # cv2.merge repeats the channel more quickly than NumPy's broadcasting.
        share = cv2.merge([confidence] * frame.shape[2]).reshape(sampled.shape)
        return fill + share * (sampled - fill)

    return warped


def strain_seen(flow: Flow, after: Affine) -> Field:
    """The flow's strain as seen through a camera at `after`, (H, W)."""
    if after.identity:
        return flow.strain
    x, y = _mapped(after.inverse, *split_field(pixel_grid(*flow.strain.shape)))
    return np.asarray(cv2.remap(flow.strain, x, y, cv2.INTER_LINEAR), np.float32)


def _mapped(affine: Affine, x: Field, y: Field) -> tuple[Field, Field]:
    """The positions (x, y) moved by an affine map."""
    (a, b, c), (d, e, f) = affine.matrix[:2].astype(np.float32)
    return a * x + b * y + c, d * x + e * y + f
