"""Flicker: what of a film does not follow the motion of its source.

E_warp of Lai et al., "Learning Blind Video Temporal Consistency" (2018): each frame is compared
with the one before it, moved by the source's own optical flow, where that flow can be trusted. What
can be trusted is said by the checks of Ruder et al., "Artistic Style Transfer for Videos" (2016).

The flow is Farnebäck's ("Two-Frame Motion Estimation Based on Polynomial Expansion", 2003), and so
not the one that a dream is carried by: no method is judged by its own idea of the motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2
from dreamvid.media.sink import to_uint8

Floats = NDArray[np.float64]

Flow = NDArray[np.float32]
"""(H, W, 2): px right and down from each pixel of one frame to where it lies in another."""


@dataclass(frozen=True)
class Track:
    """How a source's frame follows from the one before it.

    Attributes:
        backward: for each pixel of the later frame, where in the earlier one it was.
        reliable: (H, W), where that can be trusted; M of the formulas.
    """

    backward: Flow
    reliable: NDArray[np.bool_]

    def e_warp(self, before: Frame, after: Frame) -> float | None:
        """Σ M·(warp(before) − after)² / Σ M over pixels and channels, pictures in [0, 1].

        `before` and `after` are two frames of any film that moves as the source does, on the 0–255
        scale. None where no pixel can be trusted.
        """
        if not self.reliable.any():
            return None
        apart = (warped(before, self.backward) - after)[self.reliable] / 255
        return float(np.mean(np.square(apart), dtype=np.float64))


def track(before: Frame, after: Frame) -> Track:
    """The motion from one frame of the source to the next, and where it can be trusted."""
    earlier, later = _grey(before), _grey(after)
    backward = flow(later, earlier)
    return Track(backward, reliable(flow(earlier, later), backward))


def flow(here: NDArray[np.uint8], there: NDArray[np.uint8]) -> Flow:
    """Farnebäck's flow between two grey pictures (H, W): `here`(x) is found at `there`(x + flow).

    Five sizes, each half the last; three rounds over a Gaussian window of 15 px.
    """
    made = cv2.calcOpticalFlowFarneback(
        here,
        there,
        None,  # type: ignore[call-overload]  # no flow to begin from
        pyr_scale=0.5,
        levels=5,
        winsize=15,
        iterations=3,
        poly_n=7,
        poly_sigma=1.5,
        flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN,
    )
    return np.asarray(made, np.float32)


def reliable(forward: Flow, backward: Flow) -> NDArray[np.bool_]:
    """Where the backward flow b can be trusted (H, W), by Ruder et al.

    Not where the forward flow at the place that b points to, f̃, does not lead back (what was
    hidden before): |f̃ + b|² > .01·(|f̃|² + |b|²) + .5; not at an edge of the motion:
    |∇u|² + |∇v|² > .01·|b|² + .002, with b = (u, v); and not where b points out of the frame.
    """
    back = _squared(backward)
    returning = warped(forward, backward)
    hidden = _squared(returning + backward) > 0.01 * (_squared(returning) + back) + 0.5
    slopes = [np.gradient(backward[..., part], axis=axis) for part in (0, 1) for axis in (0, 1)]
    edge = sum(np.square(slope) for slope in slopes) > 0.01 * back + 0.002
    x, y = _places(backward)
    height, width = backward.shape[:2]
    outside = (x < 0) | (x > width - 1) | (y < 0) | (y > height - 1)
    trusted: NDArray[np.bool_] = ~(hidden | edge | outside)
    return trusted


def warped(picture: NDArray[np.float32], backward: Flow) -> Floats:
    """`picture` (H, W, any channels) looked up at x + backward(x), linearly in between.

    Outside is the nearest pixel of the edge. Weighed by the exact position: OpenCV's `remap` rounds
    it to 1/32 px, on some numbers of channels.
    """
    height, width = backward.shape[:2]
    x, y = (
        np.clip(at, 0, end - 1) for at, end in zip(_places(backward), (width, height), strict=True)
    )
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    across, down = (x - left)[..., np.newaxis], (y - top)[..., np.newaxis]
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    upper = picture[top, left] * (1 - across) + picture[top, right] * across
    lower = picture[bottom, left] * (1 - across) + picture[bottom, right] * across
    looked: Floats = upper * (1 - down) + lower * down
    return looked


def _places(backward: Flow) -> tuple[Floats, Floats]:
    """Where each pixel looks: its column and its row, moved."""
    height, width = backward.shape[:2]
    columns, rows = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    return columns + backward[..., 0], rows[:, np.newaxis] + backward[..., 1]


def _squared(field: Flow | Floats) -> Floats:
    """|·|² of each pixel's vector."""
    length: Floats = np.sum(np.square(field, dtype=np.float64), axis=-1)
    return length


def _grey(frame: Frame) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(to_uint8(frame), cv2.COLOR_RGB2GRAY), np.uint8)
