"""How a clip moves: dense optical flow, and how far it can be believed.

DIS (T. Kroeger et al., "Fast optical flow using dense inverse search", 2016) in both directions;
what the two disagree on, what lies at a motion's edge and what comes from outside the frame is not
to be believed (M. Ruder, A. Dosovitskiy, T. Brox, "Artistic style transfer for videos", 2016, §4.1
and 4.3).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.blend import Move
from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2
from dreamvid.motion import Affine
from dreamvid.spline import Field, look_up

SMALLEST = 16
"""Px: in frames under this DIS finds nothing, or faults: at half size its patches do not fit."""

GRAIN = 2.0
"""Sigma (px) of the neighborhood in which it is judged whether anything moves at all."""

TOGETHER = 16.0
"""Sigma (px) of the neighborhood in which grain's flow comes to nothing, and a slow pan's does not.
"""

SOFT = 2.0
"""Sigma (px) over which belief comes back around what is not to be believed."""

LENIENT = 8.0
"""How many times the least of Ruder's bounds a flow may be off where it explains the picture. The
parts that grow with the motion stay: ground that was hidden disagrees by all of its thing's motion.
"""

ALIKE = 0.5, 2.0, 8.0
"""Where two frames differ, the flow undone, by less than this share of the contrast around, it is
believed whatever its edges; by less than the second (levels) always, by more than the third never.
"""

AROUND = 8.0
"""Sigma (px) of the neighborhood of which that is the contrast."""

STRAIN, TORN = 4.0, 0.5
"""Sigma (px) over which a flow's strain is taken; and the most of it at a pixel, as at an edge."""

SLOPE, ITSELF = np.array([-0.5, 0.0, 0.5]), np.array([0.0, 1.0, 0.0])
"""A difference's kernel along an axis, and none."""

NOTHING: Any = None
"""For OpenCV, whose types know of no optional argument."""


@dataclass(frozen=True)
class Flow:
    """From one frame of a clip to the next.

    Attributes:
        back: (H, W, 2) float32, px: what lies at (x, y) now lay at (x, y) + back before.
        trust: (H, W) float32, 0..1: 0 where it was not there before, or cannot be told.
        strain: (H, W) float32: by what share of its size a thing is stretched, turned or sheared
            in this frame.
    """

    back: Field
    trust: Field
    strain: Field

    @classmethod
    def between(cls, before: Frame, now: Frame) -> Flow:
        """The flow between two frames (H, W, 3) of a clip, one after the other."""
        if min(now.shape[:2]) < SMALLEST:
            none = np.zeros(now.shape[:2], np.float32)
            return cls(np.zeros((*now.shape[:2], 2), np.float32), none + 1, none)
        old, new = _grey(before), _grey(now)
        forth = _estimate(old, new, exact=False)
        back = _estimate(new, old, exact=True)
        slopes = _slopes(back)
        here, there = _differences(old, new, back)
        explained = _explained(new, there) & believable(forth, back, LENIENT)
        trust = _soften(believable(forth, back) | explained)
        still = _still(back, here, there)
        back[still] = 0
        trust[still] = 1
        slopes[still] = 0
        strain = cv2.GaussianBlur(np.minimum(slopes, TORN**2) * (trust > 0.5), (0, 0), STRAIN)
        return cls(back, trust, np.sqrt(strain))


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


def _differences(old: NDArray[np.uint8], new: NDArray[np.uint8], back: Field) -> list[Field]:
    """How much two frames differ around each pixel, in levels: as they are, and the flow undone."""
    came = _grid(*old.shape) + back
    moved = cv2.remap(old, came, NOTHING, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return [
        np.asarray(cv2.GaussianBlur(cv2.absdiff(new, one).astype(np.float32), (0, 0), GRAIN))
        for one in (old, moved)
    ]


def _explained(new: NDArray[np.uint8], there: Field) -> NDArray[np.bool_]:
    """Where the flow explains a frame so well that its edges, or that it does not quite lead back,
    may be the estimator's: what moves as people do is all edges."""
    levels = new.astype(np.float32)
    mean, square = (cv2.GaussianBlur(one, (0, 0), AROUND) for one in (levels, levels * levels))
    contrast = np.sqrt(np.maximum(square - mean * mean, 0))
    share, least, most = ALIKE
    return np.asarray(there < np.clip(share * contrast, least, most))


def _still(back: Field, here: Field, there: Field) -> NDArray[np.bool_]:
    """Where standing still explains a frame as well as the flow does: there it follows grain.

    In a flat sky, or under a camera on its tripod, a flow of hundredths of a pixel would smear what
    is carried, and its disagreements would punch holes into it. `here` and `there` are how much two
    frames differ as they are, and the flow undone.
    """
    height, width = here.shape
    came = _grid(height, width) + back
    usual = np.median(there[::2, ::2])  # of every fourth pixel: as good, and quicker
    alike = (here <= 1.1 * there + 0.25) & (here <= 2 * usual + 1)
    # What moves together over a wider place is a slow pan, and no grain.
    u, v = _split(back)
    mean_u, mean_v, square = (_wide(field) for field in (u, v, u * u + v * v))
    even = mean_u * mean_u + mean_v * mean_v
    together = even > 2 * np.maximum(square - even, 0) + 0.05**2
    x, y = _split(came)
    inside = (x > -1) & (x < width) & (y > -1) & (y < height)  # or grain leads just over the edge
    return np.asarray(alike & ~together & inside)


def _wide(field: Field) -> Field:
    """The mean over TOGETHER px, taken at a quarter of the size."""
    height, width = field.shape
    small = max(1, width // 4), max(1, height // 4)
    coarse = cv2.resize(field, small, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(coarse, (0, 0), TOGETHER / 4)
    return np.asarray(cv2.resize(blurred, (width, height), interpolation=cv2.INTER_LINEAR))


def believable(forth: Field, back: Field, lenient: float = 1.0) -> NDArray[np.bool_]:
    """Ruder's checks, (H, W); both flows (H, W, 2), `forth` from before to now, `back` reversed;
    `lenient` times the least of his bounds."""
    came = _grid(*back.shape[:2]) + back
    there = cv2.remap(forth, came, NOTHING, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    size = _square(back)
    agree = _square(there + back) <= 0.01 * (_square(there) + size) + lenient * 0.5
    smooth = _slopes(back) <= 0.01 * size + lenient * 0.002
    return np.asarray(agree & smooth & _inside(back))


def _slopes(back: Field) -> Field:
    """|∇u|² + |∇v|² of a flow (u, v), (H, W)."""
    across, down = (
        cv2.sepFilter2D(back, -1, kernel_x, kernel_y, borderType=cv2.BORDER_REPLICATE)
        for kernel_x, kernel_y in ((SLOPE, ITSELF), (ITSELF, SLOPE))
    )
    return _square(across) + _square(down)


def _inside(back: Field) -> NDArray[np.bool_]:
    """Whether what lies at a pixel now lay within the frame before, (H, W)."""
    height, width = back.shape[:2]
    x, y = _split(_grid(height, width) + back)
    return np.asarray((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))


@lru_cache(2)
def _grid(height: int, width: int) -> Field:
    """Each pixel's own (x, y), (H, W, 2)."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)


def _split(field: Any) -> tuple[Field, Field]:
    across, down = cv2.split(field)
    return np.asarray(across), np.asarray(down)


def _square(field: Any) -> Field:
    u, v = _split(field)
    return np.asarray(u * u + v * v)


def _soften(believed: NDArray[np.bool_]) -> Field:
    """0 where not believed, rising to 1 around it: a hard edge would show in the film."""
    doubt = cv2.GaussianBlur(
        (~believed).astype(np.float32), (0, 0), SOFT, borderType=cv2.BORDER_REPLICATE
    )
    return np.asarray(np.where(believed, np.clip(1 - 2 * doubt, 0, 1), 0), np.float32)


def ride(flow: Flow, after: Affine, before: Affine) -> Move:
    """The move of what lies on a clip, with the clip, seen by a camera.

    What is at p on the screen lay in the clip at after⁻¹(p), a frame ago at that plus the flow, and
    was seen at before(…) then. A camera that moves only the dream is `after` alone.
    """
    height, width = flow.trust.shape
    x, y = _split(_grid(height, width))
    back, trust = flow.back, flow.trust
    if not after.identity:
        x, y = _mapped(after.inverse, x, y)
        back, trust = (
            np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR), np.float32)
            for field in (back, trust)
        )
    still = after.identity and not back.any()
    x, y = x + back[..., 0], y + back[..., 1]
    if not before.identity:
        x, y = _mapped(before, x, y)
        inside = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
        trust = trust * inside

    def move(frame: Frame, ground: Frame | float) -> Frame:
        moved = frame if still else look_up(frame, x, y)
        channels = frame.shape[2]
        lies = np.broadcast_to(np.asarray(ground, np.float32), frame.shape)
        share = cv2.merge([trust] * channels).reshape(frame.shape)  # as NumPy would, but quicker
        return lies + share * (moved - lies)

    return move


def worn(flow: Flow, after: Affine) -> Field:
    """The flow's strain as a camera sees it, (H, W)."""
    if after.identity:
        return flow.strain
    x, y = _mapped(after.inverse, *_split(_grid(*flow.strain.shape)))
    return np.asarray(cv2.remap(flow.strain, x, y, cv2.INTER_LINEAR), np.float32)


def _mapped(affine: Affine, x: Field, y: Field) -> tuple[Field, Field]:
    (a, b, c), (d, e, f) = affine.matrix[:2].astype(np.float32)
    return a * x + b * y + c, d * x + e * y + f


@dataclass(frozen=True)
class Moment:
    """A frame of a clip.

    Attributes:
        t: its index in its shot.
        source: the frame.
        came: the flow from the frame before; None where a shot begins or nothing is followed.
        left: the flow from this frame back to the one before, where it is asked for.
    """

    t: int
    source: Frame
    came: Flow | None = None
    left: Flow | None = None


def followed(
    shots: Iterable[tuple[int, Frame]], both: bool, last: Frame | None = None
) -> Generator[Moment]:
    """Frames of shots with their flows, and if `both` those backwards in time.

    `last` is the frame before the first of them, where one begins in the middle of a film.
    """
    for t, frame in shots:
        came = left = None
        if t:
            assert last is not None
            came = Flow.between(last, frame)
            left = Flow.between(frame, last) if both else None
        last = frame
        yield Moment(t, frame, came, left)
