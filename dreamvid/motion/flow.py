"""How a clip moves: dense optical flow, and the confidence in it at each pixel.

DIS (T. Kroeger et al., "Fast optical flow using dense inverse search", 2016) in both directions;
there is no confidence in what the two disagree on (occlusion), in what lies at a motion's edge and
in what comes from outside the frame (M. Ruder, A. Dosovitskiy, T. Brox, "Artistic style transfer
for videos", 2016, §4.1 and 4.3).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Field, Frame
from dreamvid.media.opencv import cv2

SMALLEST = 16
"""Px: in frames under this DIS finds nothing, or faults: at half size its patches do not fit."""

GRAIN = 2.0
"""Sigma (px) of the neighborhood in which it is judged whether anything moves at all."""

TOGETHER = 16.0
"""Sigma (px) of the neighborhood in which grain's flow comes to nothing, and a slow pan's does not.
"""

SOFT = 2.0
"""Sigma (px) over which confidence rises again around pixels that have none."""

LENIENCE = 8.0
"""By how many times the constants of Ruder's bounds are widened where the flow explains the
picture. The parts that grow with the motion stay: disoccluded ground disagrees by all of its
object's motion."""

SIMILAR = 0.5, 2.0, 8.0
"""A flow explains a pixel, whatever its edges, where the two frames, motion compensated, differ by
less than this share of the contrast around; by less than the second (levels) always, by more than
the third never."""

AROUND = 8.0
"""Sigma (px) of the neighborhood over which that contrast is taken."""

STRAIN_SIGMA, MAX_STRAIN = 4.0, 0.5
"""Sigma (px) over which a flow's strain is averaged; and its bound at a pixel, as at an edge."""

SLOPE, UNIT = np.array([-0.5, 0.0, 0.5]), np.array([0.0, 1.0, 0.0])
"""The kernel of a central difference along an axis, and the identity's."""

NOTHING: Any = None
"""For OpenCV, whose types know of no optional argument."""


@dataclass(frozen=True)
class Flow:
    """From one frame of a clip to the next.

    Attributes:
        backward: (H, W, 2) float32, px: what lies at (x, y) now lay at (x, y) + backward before.
        confidence: (H, W) float32, 0..1: 0 at disocclusions and where forward and backward flow
            disagree.
        strain: (H, W) float32: by what share of its size what lies there is stretched, turned or
            sheared in this frame.
    """

    backward: Field
    confidence: Field
    strain: Field

    @classmethod
    def between(cls, before: Frame, now: Frame) -> Flow:
        """The flow between two successive frames (H, W, 3) of a clip."""
        if min(now.shape[:2]) < SMALLEST:
            none = np.zeros(now.shape[:2], np.float32)
            return cls(np.zeros((*now.shape[:2], 2), np.float32), none + 1, none)
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
    """Where each pixel of `one` lies in `other`, (H, W, 2) px from where it is."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # At half size it is three times as quick, and .03 px off on even motion, the same way in every
    # frame: too far for what is carried, not for the check.
    dis.setFinestScale(0 if exact else 1)
    # Two thirds of the preset's work, and as right: .0284 px off in the median, the preset .0280.
    dis.setPatchStride(5)
    dis.setGradientDescentIterations(12)
    return np.asarray(dis.calc(one, other, NOTHING), np.float32)


def _differences(old: NDArray[np.uint8], new: NDArray[np.uint8], backward: Field) -> list[Field]:
    """How much two frames differ around each pixel, in levels: as they are, and compensated."""
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
    """Where the flow explains a frame so well that its edges, or that it does not quite lead back,
    may be the estimator's: what moves as people do is all edges."""
    levels = new.astype(np.float32)
    mean, square = (cv2.GaussianBlur(one, (0, 0), AROUND) for one in (levels, levels * levels))
    contrast = np.sqrt(np.maximum(square - mean * mean, 0))
    share, least, most = SIMILAR
    return np.asarray(compensated < np.clip(share * contrast, least, most))


def _still(backward: Field, static: Field, compensated: Field) -> NDArray[np.bool_]:
    """Where standing still explains a frame as well as the flow does: there it follows grain.

    In a flat sky, or under a camera on its tripod, a flow of hundredths of a pixel would smear what
    is carried, and its disagreements would punch holes into it. `static` and `compensated` are how
    much two frames differ as they are, and motion compensated.
    """
    height, width = static.shape
    usual = np.median(compensated[::2, ::2])  # of every fourth pixel: as good, and quicker
    alike = (static <= 1.1 * compensated + 0.25) & (static <= 2 * usual + 1)
    # What moves together over a wider place is a slow pan, and no grain.
    u, v = split_field(backward)
    mean_u, mean_v, square = (_regional(field) for field in (u, v, u * u + v * v))
    even = mean_u * mean_u + mean_v * mean_v
    together = even > 2 * np.maximum(square - even, 0) + 0.05**2
    x, y = split_field(pixel_grid(height, width) + backward)
    inside = (x > -1) & (x < width) & (y > -1) & (y < height)  # or grain leads just over the edge
    return np.asarray(alike & ~together & inside)


def _regional(field: Field) -> Field:
    """The mean over TOGETHER px, taken at a quarter of the size."""
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
        lenience: factor of the constants of his bounds.
    """
    there = cv2.remap(
        forward,
        pixel_grid(*backward.shape[:2]) + backward,
        NOTHING,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    size = _square(backward)
    agree = _square(there + backward) <= 0.01 * (_square(there) + size) + lenience * 0.5
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
    """Whether what lies at a pixel now lay within the frame before, (H, W)."""
    height, width = backward.shape[:2]
    x, y = split_field(pixel_grid(height, width) + backward)
    return np.asarray((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))


@lru_cache(2)
def pixel_grid(height: int, width: int) -> Field:
    """Each pixel's own (x, y), (H, W, 2)."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)


def split_field(field: Any) -> tuple[Field, Field]:
    """The two channels of (H, W, 2), (H, W) each."""
    across, down = cv2.split(field)
    return np.asarray(across), np.asarray(down)


def _square(field: Any) -> Field:
    u, v = split_field(field)
    return np.asarray(u * u + v * v)


def _soften(reliable: NDArray[np.bool_]) -> Field:
    """0 where not reliable, rising to 1 around it: a hard edge would show in the film."""
    doubt = cv2.GaussianBlur(
        (~reliable).astype(np.float32), (0, 0), SOFT, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(np.where(reliable, np.clip(1 - 2 * doubt, 0, 1), 0), np.float32)


@dataclass(frozen=True)
class SourceFrame:
    """A frame of the source.

    Attributes:
        t: its index in its shot.
        picture: (H, W, 3).
        flow: from the frame before to this one; None where a shot begins or no flow is wanted.
        flow_back: from this frame to the one before, reversed in time, where it is wanted.
    """

    t: int
    picture: Frame
    flow: Flow | None = None
    flow_back: Flow | None = None


def with_flow(
    shots: Generator[tuple[int, Frame]], both: bool, before: Frame | None = None
) -> Generator[SourceFrame]:
    """Frames of shots with their flows; closing it closes `shots`.

    Args:
        shots: each frame and its index in its shot.
        both: whether the flows reversed in time are wanted too.
        before: the frame before the first of them, where one begins in the middle of a shot.
    """
    with closing(shots):
        for t, frame in shots:
            flow = flow_back = None
            if t:
                assert before is not None
                flow = Flow.between(before, frame)
                flow_back = Flow.between(frame, before) if both else None
            before = frame
            yield SourceFrame(t, frame, flow, flow_back)
