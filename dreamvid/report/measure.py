"""Measures of a dreamed film against its source, frame by frame: flicker, drift, strength.

E_warp of Lai et al., "Learning Blind Video Temporal Consistency" (2018): each frame is compared
with the one before it, warped by the source's optical flow, where that flow is reliable, by the
consistency checks of Ruder et al., "Artistic Style Transfer for Videos" (2016).

The flow is Farnebäck's ("Two-Frame Motion Estimation Based on Polynomial Expansion", 2003), not
the one that carries a dream, so that no method is judged by its own estimate of the motion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2
from dreamvid.media.sink import to_uint8
from dreamvid.shots import split_shots

Floats = NDArray[np.float64]

Flow = NDArray[np.float32]
"""(H, W, 2): px right and down from each pixel of one frame to its place in another."""


@dataclass(frozen=True)
class Track:
    """The motion between two consecutive frames of the source.

    Attributes:
        backward: flow from the later frame to the earlier one.
        reliable: (H, W), where the flow is reliable; M in the formulas.
    """

    backward: Flow
    reliable: NDArray[np.bool_]

    def e_warp(self, before: Frame, after: Frame) -> float | None:
        """Σ M·(warp(before) − after)² / Σ M over pixels and channels, pictures in [0, 1].

        `before` and `after` are two frames of any film that moves as the source does, on the 0–255
        scale. None where no pixel is reliable.
        """
        if not self.reliable.any():
            return None
        difference = (warped(before, self.backward) - after)[self.reliable] / 255
        return float(np.mean(np.square(difference), dtype=np.float64))


def track(before: Frame, after: Frame) -> Track:
    """Estimate the motion from one frame of the source to the next."""
    earlier, later = _grey(before), _grey(after)
    backward = flow(later, earlier)
    return Track(backward, reliable(flow(earlier, later), backward))


def flow(here: NDArray[np.uint8], there: NDArray[np.uint8]) -> Flow:
    """Farnebäck's flow between two grey pictures (H, W): `here`(x) is found at `there`(x + flow).

    Five pyramid levels, each half the last; three iterations with a Gaussian window of 15 px.
    """
    found = cv2.calcOpticalFlowFarneback(
        here,
        there,
        None,  # type: ignore[call-overload]  # no initial flow
        pyr_scale=0.5,
        levels=5,
        winsize=15,
        iterations=3,
        poly_n=7,
        poly_sigma=1.5,
        flags=cv2.OPTFLOW_FARNEBACK_GAUSSIAN,
    )
    return np.asarray(found, np.float32)


def reliable(forward: Flow, backward: Flow) -> NDArray[np.bool_]:
    """Where the backward flow b is reliable (H, W), by Ruder et al.

    Not at disocclusions, where the forward flow at the place that b points to, f̃, does not lead
    back: |f̃ + b|² > .01·(|f̃|² + |b|²) + .5; not at motion boundaries:
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
    """`picture` (H, W, any channels) sampled at x + backward(x), with bilinear interpolation.

    Outside the frame the nearest edge pixel is used. Weights are exact: OpenCV's `remap` rounds
    positions to 1/32 px for some numbers of channels.
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
    sampled: Floats = upper * (1 - down) + lower * down
    return sampled


def _places(backward: Flow) -> tuple[Floats, Floats]:
    """The column and row that each pixel is sampled at."""
    height, width = backward.shape[:2]
    columns, rows = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)
    return columns + backward[..., 0], rows[:, np.newaxis] + backward[..., 1]


def _squared(field: Flow | Floats) -> Floats:
    """|·|² of each pixel's vector."""
    length: Floats = np.sum(np.square(field, dtype=np.float64), axis=-1)
    return length


def _grey(frame: Frame) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(to_uint8(frame), cv2.COLOR_RGB2GRAY), np.uint8)


Objective = Callable[[Frame], float]
"""J of a frame: the objective that dreaming raises."""

Triple = tuple[float, float, float]

CLIPPED = (1, 254)
"""A sample at most the first or at least the second counts as clipped."""


@dataclass(frozen=True)
class Measured:
    """The measures of one frame; None where something cannot be measured.

    Attributes:
        frame: its index in the film, from 0.
        cut: whether a shot begins here; False for the first frame.
        e_warp_source: E_warp of the source from the frame before to this one (see `flicker`).
        e_warp_dreamed: of the film, by the same flow and mask.
        reliable: share of the pixels with reliable flow, 0..1.
        objective_source: J of the source's frame, untiled and without jitter.
        objective_dreamed: J of the film's.
        residual: root mean square of film less source, in levels, over pixels and channels.
        mean_shift: R, G, B: the film's mean less the source's, in levels.
        spread_shift: R, G, B: the film's standard deviation less the source's, in levels.
        clipped_source: share of the source's samples (three a pixel) at 0, 1, 254 or 255.
        clipped_dreamed: of the film's.
    """

    frame: int
    cut: bool
    e_warp_source: float | None
    e_warp_dreamed: float | None
    reliable: float | None
    objective_source: float | None
    objective_dreamed: float | None
    residual: float
    mean_shift: Triple
    spread_shift: Triple
    clipped_source: float
    clipped_dreamed: float

    @property
    def flicker(self) -> float | None:
        """The film's E_warp minus the source's."""
        return _less(self.e_warp_dreamed, self.e_warp_source)

    @property
    def strength(self) -> float | None:
        """The film's J minus the source's."""
        return _less(self.objective_dreamed, self.objective_source)


class Compared(NamedTuple):
    """A frame: its measures and the two pictures."""

    measured: Measured
    source: Frame
    dreamed: Frame


def measure(
    source: Iterable[Frame], dreamed: Iterable[Frame], objective: Objective | None = None
) -> Iterator[Compared]:
    """Measure two films of the same size, frame by frame, up to the end of the shorter one.

    Two frames of each are in memory. Pairs across a cut of the source have no E_warp.
    """
    last: tuple[Frame, Frame] | None = None
    both = zip(split_shots(source, find=True), dreamed, strict=False)
    for index, ((within, original), film) in enumerate(both):
        moved = track(last[0], original) if last is not None and within else None
        residual = film - original
        yield Compared(
            Measured(
                frame=index,
                cut=index > 0 and within == 0,
                e_warp_source=moved.e_warp(last[0], original) if moved and last else None,
                e_warp_dreamed=moved.e_warp(last[1], film) if moved and last else None,
                reliable=float(moved.reliable.mean()) if moved else None,
                objective_source=_finite(objective(original)) if objective else None,
                objective_dreamed=_finite(objective(film)) if objective else None,
                residual=float(np.sqrt(np.mean(np.square(residual), dtype=np.float64))),
                mean_shift=_triple(_means(film) - _means(original)),
                spread_shift=_triple(_spreads(film) - _spreads(original)),
                clipped_source=_clipped(original),
                clipped_dreamed=_clipped(film),
            ),
            original,
            film,
        )
        last = original, film


def _means(frame: Frame) -> Floats:
    return np.asarray(frame.mean(axis=(0, 1), dtype=np.float64))


def _spreads(frame: Frame) -> Floats:
    return np.asarray(frame.std(axis=(0, 1), dtype=np.float64))


def _clipped(frame: Frame) -> float:
    return float(np.mean((frame <= CLIPPED[0]) | (frame >= CLIPPED[1])))


def _triple(values: Floats) -> Triple:
    red, green, blue = map(float, values)
    return red, green, blue


def _less(of: float | None, other: float | None) -> float | None:
    return None if of is None or other is None else of - other


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
