"""A dreamed film beside its source, measured frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.flicker import track
from dreamvid.frame import Frame
from dreamvid.shots import split_shots

Objective = Callable[[Frame], float]
"""J of a frame: what its dream has raised."""

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]

CLIPPED = (1, 254)
"""A sample at or under the one, at or over the other, counts as clipped."""


@dataclass(frozen=True)
class Measured:
    """What is measured of one frame. What cannot be is None.

    Attributes:
        frame: its index in the film, from 0.
        cut: whether a shot begins here, other than the first.
        e_warp_source: E_warp of the source from the frame before to this one (see `flicker`).
        e_warp_dreamed: of the film, by the same flow and mask.
        reliable: share of the pixels that both were measured on, 0..1.
        objective_source: J of the source's frame, whole and unjittered.
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
        """What the film's E_warp is above the source's."""
        return _less(self.e_warp_dreamed, self.e_warp_source)

    @property
    def strength(self) -> float | None:
        """What the dream has raised J by."""
        return _less(self.objective_dreamed, self.objective_source)


class Compared(NamedTuple):
    """One frame: its measures, and the two pictures they are of."""

    measured: Measured
    source: Frame
    dreamed: Frame


def measure(
    source: Iterable[Frame], dreamed: Iterable[Frame], objective: Objective | None = None
) -> Iterator[Compared]:
    """Measure two films of one size, frame by frame, as far as both go.

    Two frames of each are held. Pairs across a cut of the source have no E_warp.
    """
    last: tuple[Frame, Frame] | None = None
    both = zip(split_shots(source, find=True), dreamed, strict=False)
    for index, ((within, own), film) in enumerate(both):
        moved = track(last[0], own) if last is not None and within else None
        apart = film - own
        yield Compared(
            Measured(
                frame=index,
                cut=index > 0 and within == 0,
                e_warp_source=moved.e_warp(last[0], own) if moved and last else None,
                e_warp_dreamed=moved.e_warp(last[1], film) if moved and last else None,
                reliable=float(moved.reliable.mean()) if moved else None,
                objective_source=_finite(objective(own)) if objective else None,
                objective_dreamed=_finite(objective(film)) if objective else None,
                residual=float(np.sqrt(np.mean(np.square(apart), dtype=np.float64))),
                mean_shift=_triple(_means(film) - _means(own)),
                spread_shift=_triple(_spreads(film) - _spreads(own)),
                clipped_source=_clipped(own),
                clipped_dreamed=_clipped(film),
            ),
            own,
            film,
        )
        last = own, film


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
