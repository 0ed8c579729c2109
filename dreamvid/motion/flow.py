"""Dense optical flow of a clip, with a confidence for each pixel.

DIS (T. Kroeger et al., "Fast optical flow using dense inverse search", 2016) in both directions.
Confidence is 0 where the two disagree (occlusion), at motion boundaries, and where the flow leads
out of the frame (M. Ruder, A. Dosovitskiy, T. Brox, "Artistic style transfer
for videos", 2016, §4.1 and 4.3).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Field, Frame, Size
from dreamvid.media.opencv import cv2
from dreamvid.part import Part

SMALLEST = 16
"""Px: in smaller frames DIS finds no flow or crashes, as its patches do not fit at half size."""

GRAIN = 2.0
"""Sigma (px) of the neighborhood over which frame differences are averaged, against grain."""

TOGETHER = 16.0
"""Sigma (px) of the neighborhood over which flow that follows grain averages to 0, and that of a
slow pan does not."""

SOFT = 2.0
"""Sigma (px) over which confidence rises around pixels where it is 0."""

LENIENCE = 8.0
"""Factor of the constants of Ruder's bounds where the flow explains the picture. The terms that
grow with the motion are not widened: at a disocclusion, forward and backward flow disagree by the
whole motion of the object."""

SIMILAR = 0.5, 2.0, 8.0
"""A flow explains a pixel where the motion-compensated frames differ there by less than this share
of the local contrast; the bound is clipped to at least the second and at most the third (levels).
"""

AROUND = 8.0
"""Sigma (px) of the neighborhood over which that contrast is taken."""

STRAIN_SIGMA, MAX_STRAIN = 4.0, 0.5
"""Sigma (px) over which a flow's strain is averaged; and its bound at a pixel, since it is large at
motion boundaries."""

SLOPE, UNIT = np.array([-0.5, 0.0, 0.5]), np.array([0.0, 1.0, 0.0])
"""Kernels along an axis: a central difference, and the identity."""

NOTHING: Any = None
"""None, for optional arguments that OpenCV's type stubs require."""


@dataclass(frozen=True)
class Flow:
    """The optical flow from one frame of a clip to the next.

    Attributes:
        backward: (H, W, 2) float32, px: the point at (x, y) in this frame was at (x, y) + backward
            in the one before.
        confidence: (H, W) float32, 0..1: 0 at disocclusions and where forward and backward flow
            disagree.
        strain: (H, W) float32: how far the picture there is stretched, turned or sheared from the
            frame before to this one, as a share of its size.
    """

    backward: Field
    confidence: Field
    strain: Field

    @classmethod
    def within(cls, part: Part, before: Frame, now: Frame) -> Flow:
        """The flow in a part of the frames, from that part alone; around it 0, and not trusted."""
        there = cls.between(part.cut(before), part.cut(now))
        if part.all:
            return there
        shape = part.frame.shape
        return cls(
            part.pasted(there.backward, np.zeros((*shape, 2), np.float32)),
            part.pasted(there.confidence, np.zeros(shape, np.float32)),
            part.pasted(there.strain, np.zeros(shape, np.float32)),
        )

    @classmethod
    def between(cls, before: Frame, now: Frame) -> Flow:
        """The flow between two successive frames (H, W, 3) of a clip."""
        if min(now.shape[:2]) < SMALLEST:
            zeros = np.zeros(now.shape[:2], np.float32)
            return cls(np.zeros((*now.shape[:2], 2), np.float32), zeros + 1, zeros)
        old, new = _grey(before), _grey(now)
        forward = _estimate(old, new, exact=False)
        backward = _estimate(new, old, exact=True)
        slopes = _slopes(backward)
        static, compensated = _differences(old, new, backward)
        explained = _explained(new, compensated) & consistent(forward, backward, LENIENCE)
        confidence = _soften(consistent(forward, backward) | explained)
        still = _still(backward, static, compensated)
        backward[still] = 0
        confidence[still] = 1
        slopes[still] = 0
        strain = cv2.GaussianBlur(
            np.minimum(slopes, MAX_STRAIN**2) * (confidence > 0.5), (0, 0), STRAIN_SIGMA
        )
        return cls(backward, confidence, np.sqrt(strain))


def _grey(frame: Frame) -> NDArray[np.uint8]:
    levels = np.clip(np.rint(frame), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY))


def _estimate(one: NDArray[np.uint8], other: NDArray[np.uint8], *, exact: bool) -> Field:
    """The flow from `one` to `other`, (H, W, 2), px; `exact` at full resolution."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # At half size it is three times as quick, but .03 px off on uniform motion, with the same sign
    # in every frame: too far for carrying a dream, near enough for the consistency check.
    dis.setFinestScale(0 if exact else 1)
    # Two thirds of the preset's work at nearly its error: .0284 px in the median, the preset's is
    # .0280.
    dis.setPatchStride(5)
    dis.setGradientDescentIterations(12)
    return np.asarray(dis.calc(one, other, NOTHING), np.float32)


def _differences(old: NDArray[np.uint8], new: NDArray[np.uint8], backward: Field) -> list[Field]:
    """How much two frames differ around each pixel, in levels, (H, W) each: without and with motion
    compensation."""
    moved = cv2.remap(
        old,
        pixel_grid(*old.shape) + backward,
        NOTHING,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return [
        np.asarray(cv2.GaussianBlur(cv2.absdiff(new, one).astype(np.float32), (0, 0), GRAIN))
        for one in (old, moved)
    ]


def _explained(new: NDArray[np.uint8], compensated: Field) -> NDArray[np.bool_]:
    """Where the flow explains a frame so well that its edges and small inconsistencies may be
    errors of the estimate, as in people's motion, which has edges everywhere (`SIMILAR`)."""
    levels = new.astype(np.float32)
    mean, square = (cv2.GaussianBlur(field, (0, 0), AROUND) for field in (levels, levels * levels))
    contrast = np.sqrt(np.maximum(square - mean * mean, 0))
    share, lowest, highest = SIMILAR
    return np.asarray(compensated < np.clip(share * contrast, lowest, highest))


def _still(backward: Field, static: Field, compensated: Field) -> NDArray[np.bool_]:
    """Where no motion explains a frame as well as the flow does: there the flow follows grain.

    In a flat sky, or with a camera on a tripod, a flow of hundredths of a pixel would smear the
    carried dream, and its inconsistencies would punch holes into it.

    Args:
        static: (H, W), how much the two frames differ, levels.
        compensated: (H, W), how much they differ after motion compensation, levels.
    """
    height, width = static.shape
    usual = np.median(compensated[::2, ::2])  # every fourth pixel is enough, and quicker
    alike = (static <= 1.1 * compensated + 0.25) & (static <= 2 * usual + 1)
    # Motion that is uniform over a larger neighborhood is a slow pan, not grain.
    u, v = split_field(backward)
    mean_u, mean_v, square = (_regional(field) for field in (u, v, u * u + v * v))
    uniform = mean_u * mean_u + mean_v * mean_v
    pan = uniform > 2 * np.maximum(square - uniform, 0) + 0.05**2
    x, y = split_field(pixel_grid(height, width) + backward)
    inside = (x > -1) & (x < width) & (y > -1) & (y < height)  # allows for grain at the edge
    return np.asarray(alike & ~pan & inside)


def _regional(field: Field) -> Field:
    """The Gaussian mean of sigma TOGETHER px, computed at a quarter of the size."""
    height, width = field.shape
    small = max(1, width // 4), max(1, height // 4)
    coarse = cv2.resize(field, small, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), TOGETHER / 4)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR))


def consistent(forward: Field, backward: Field, lenience: float = 1.0) -> NDArray[np.bool_]:
    """Where a flow passes Ruder's checks, (H, W).

    Args:
        forward: (H, W, 2) px, from the frame before to this one.
        backward: (H, W, 2) px, from this one to the frame before.
        lenience: factor of the constants of the bounds.
    """
    forward_there = cv2.remap(
        forward,
        pixel_grid(*backward.shape[:2]) + backward,
        NOTHING,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    size = _square(backward)
    agree = _square(forward_there + backward) <= (
        0.01 * (_square(forward_there) + size) + lenience * 0.5
    )
    smooth = _slopes(backward) <= 0.01 * size + lenience * 0.002
    return np.asarray(agree & smooth & _inside(backward))


def _slopes(flow: Field) -> Field:
    """|∇u|² + |∇v|² of a flow (u, v), (H, W)."""
    across, down = (
        cv2.sepFilter2D(flow, -1, kernel_x, kernel_y, borderType=cv2.BORDER_REPLICATE)
        for kernel_x, kernel_y in ((SLOPE, UNIT), (UNIT, SLOPE))
    )
    return _square(across) + _square(down)


def _inside(backward: Field) -> NDArray[np.bool_]:
    """Whether the flow leads to a position within the previous frame, (H, W)."""
    height, width = backward.shape[:2]
    x, y = split_field(pixel_grid(height, width) + backward)
    return np.asarray((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))


@lru_cache(2)
def pixel_grid(height: int, width: int) -> Field:
    """The position (x, y) of each pixel, (H, W, 2)."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)


def split_field(field: Any) -> tuple[Field, Field]:
    """The two channels of (H, W, 2), (H, W) each."""
    across, down = cv2.split(field)
    return np.asarray(across), np.asarray(down)


def _square(field: Any) -> Field:
    """u² + v² of a field (u, v), (H, W)."""
    u, v = split_field(field)
    return np.asarray(u * u + v * v)


def _soften(reliable: NDArray[np.bool_]) -> Field:
    """Confidence: 0 where not reliable, rising to 1 around that; a hard edge would be visible."""
    unreliable = cv2.GaussianBlur(
        (~reliable).astype(np.float32), (0, 0), SOFT, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(np.where(reliable, np.clip(1 - 2 * unreliable, 0, 1), 0), np.float32)


@dataclass(frozen=True)
class SourceFrame:
    """A frame of the source.

    Attributes:
        t: index in its shot.
        picture: (H, W, 3).
        flow: from the frame before to this one; None at a shot's first frame or where flow is not
            used.
        flow_back: the flow reversed in time, from this frame to the one before; None where it is
            not used.
    """

    t: int
    picture: Frame
    flow: Flow | None = None
    flow_back: Flow | None = None


def with_flow(
    shots: Generator[tuple[int, Frame]],
    both: bool,
    before: Frame | None = None,
    parts: Iterator[Part] | None = None,
) -> Generator[SourceFrame]:
    """Frames of shots with their flows; closing it closes `shots`.

    Args:
        shots: each frame and its index in its shot.
        both: whether to compute the flows reversed in time too.
        before: the frame before the first one, where that lies in the middle of a shot.
        parts: the part of each frame whose flow is needed; None: all of it. Each is asked for after
            its frame.
    """
    with closing(shots):
        for t, frame in shots:
            flow = flow_back = None
            part = next(parts) if parts else Part.whole(Size.of(frame))
            if t:
                assert before is not None
                flow = Flow.within(part, before, frame)
                flow_back = Flow.within(part, frame, before) if both else None
            before = frame
            yield SourceFrame(t, frame, flow, flow_back)
