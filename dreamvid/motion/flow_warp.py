"""What lies on a clip, moved along by the clip's optical flow as a camera sees it."""

from __future__ import annotations

import numpy as np

from dreamvid.blend import Warp
from dreamvid.frame import Field, Frame
from dreamvid.media.opencv import cv2
from dreamvid.motion.affine import Affine
from dreamvid.motion.flow import Flow, pixel_grid, split_field
from dreamvid.motion.spline import sample_spline


def flow_warp(flow: Flow, after: Affine, before: Affine) -> Warp:
    """The warp that brings what lies on a clip from one frame to the next, seen by a camera.

    What is at p on the screen lies in the clip at after⁻¹(p), lay a frame ago at that plus the
    flow, and was seen at before(…) then. A camera that moves only the dream is `after` alone.
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
        lies = np.broadcast_to(np.asarray(ground, np.float32), frame.shape)
        share = cv2.merge([confidence] * channels).reshape(
            frame.shape
        )  # as NumPy would, but quicker
        return lies + share * (moved - lies)

    return warped


def strain_seen(flow: Flow, after: Affine) -> Field:
    """The flow's strain as a camera sees it, (H, W)."""
    if after.identity:
        return flow.strain
    x, y = _mapped(after.inverse, *split_field(pixel_grid(*flow.strain.shape)))
    return np.asarray(cv2.remap(flow.strain, x, y, cv2.INTER_LINEAR), np.float32)


def _mapped(affine: Affine, x: Field, y: Field) -> tuple[Field, Field]:
    (a, b, c), (d, e, f) = affine.matrix[:2].astype(np.float32)
    return a * x + b * y + c, d * x + e * y + f
