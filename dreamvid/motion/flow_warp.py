"""The warp along a clip's optical flow, as seen through a moving camera."""

from __future__ import annotations

import numpy as np

from dreamvid.blend import Warp
from dreamvid.frame import Field, Frame
from dreamvid.media.opencv import cv2
from dreamvid.motion.affine import Affine
from dreamvid.motion.flow import Flow, pixel_grid, split_field
from dreamvid.motion.spline import sample_spline


def flow_warp(flow: Flow, after: Affine, before: Affine) -> Warp:
    """The warp from one frame of a clip to the next, as seen through a camera.

    A point p on the screen is at q = after⁻¹(p) in the clip, was at q + flow(q) one frame earlier,
    and was then seen at before(q + flow(q)). For a camera that moves only the dream, `before` is
    the identity.

    Args:
        after: the camera's position at this frame.
        before: its position at the previous frame.
    """
    height, width = flow.confidence.shape
    x, y = split_field(pixel_grid(height, width))
    backward, confidence = flow.backward, flow.confidence
    if not after.identity:
        x, y = _mapped(after.inverse, x, y)
        backward, confidence = (
            np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR), np.float32)
            for field in (backward, confidence)
        )
    still = after.identity and not backward.any()
    x, y = x + backward[..., 0], y + backward[..., 1]
    if not before.identity:
        x, y = _mapped(before, x, y)
        inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
        confidence = confidence * inside

    def warped(frame: Frame, ground: Frame | float) -> Frame:
        moved = frame if still else sample_spline(frame, x, y)
        channels = frame.shape[2]
        fill = np.broadcast_to(np.asarray(ground, np.float32), frame.shape)
        # cv2.merge repeats the channel more quickly than NumPy's broadcasting.
        share = cv2.merge([confidence] * channels).reshape(frame.shape)
        return fill + share * (moved - fill)

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
