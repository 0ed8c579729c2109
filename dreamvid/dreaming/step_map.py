"""How many steps each pixel takes: most where it was just disoccluded and carries no dream yet.

A dream that is carried from frame to frame needs one step to stay alive; ground that a thing or the
camera has just uncovered needs a burst of them, or it shows as a hole in the dream. Such ground is
small, so that it is dreamed in boxes around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Fresh
from dreamvid.media.opencv import cv2

CELL = 16
"""Px: boxes are made of squares of this size."""
CONTEXT = 32
"""Px that a box sees around itself."""
BUDGET = 1.0
"""What extra steps may cost in one frame, in base steps; shared out evenly between the octaves,
so that the small and cheap ones, where creatures begin, get most steps. What a pixel still lacks
it gets in the next frames. Where most of a picture is fresh, as after a flash, nothing bounds it.
"""

GAIN = 0.66
"""Power of the number of octaves by which a step grows where one octave a frame takes it. Measured
on zooms of 480×270: so a film is .97 to 1.1 times as strong as one in which all take it, and no
further from its seed."""

Box = tuple[int, int, int, int]
"""Top, left, bottom, right: px, half-open."""


class Turn(NamedTuple):
    """Which octave takes a carried dream's steps in one frame: all, or one.

    The largest, which costs as much as all others and shows most, has every so many frames; the
    others have those between in turn, from large to small.

    Attributes:
        number: the dream's, in its shot.
        octaves: how many there are.
        stagger: every how many frames the largest has; 1: all octaves have every frame.
    """

    number: int
    octaves: int
    stagger: int

    @property
    def all(self) -> bool:
        """Whether every octave has every frame."""
        return self.stagger == 1 or self.octaves == 1

    def includes(self, octave: int) -> bool:
        """Whether it is the turn of an octave, counted from the smallest."""
        if self.all:
            return True
        turns, since = divmod(self.number, self.stagger)
        if since == 0:
            return octave == self.octaves - 1
        between = turns * (self.stagger - 1) + since - 1
        return octave == self.octaves - 2 - between % (self.octaves - 1)

    @property
    def gain(self) -> float:
        """How much larger steps are, so that a film in turns is as strong as one without."""
        return 1.0 if self.all else float(self.octaves**GAIN)


@dataclass(frozen=True)
class StepMap:
    """The steps of one octave of one frame.

    Attributes:
        size: the octave's (height, width).
        base_steps: that the whole picture takes.
        gain: how much larger than others those are.
        extra: (H, W) float32: the steps that each pixel wants beyond those.
        boxes: where they are taken; one that is the whole picture, where boxes would cost as much.
        extra_steps: how many are taken there.
    """

    size: tuple[int, int]
    base_steps: int
    gain: float
    extra: NDArray[np.float32]
    boxes: tuple[Box, ...]
    extra_steps: int

    @property
    def everywhere(self) -> bool:
        """Whether extra steps look at the whole picture too."""
        return self.boxes == ((0, 0, *self.size),)

    @property
    def whole_steps(self) -> int:
        """How many steps look at the whole picture."""
        return self.base_steps + (self.extra_steps if self.everywhere else 0)

    @property
    def parts(self) -> tuple[Box, ...]:
        """The boxes that are a part of the picture."""
        return () if self.everywhere else self.boxes

    @property
    def count(self) -> int:
        """All steps, those of each box by themselves."""
        return self.whole_steps + len(self.parts) * self.extra_steps

    @property
    def idle(self) -> bool:
        """Whether the octave takes no step in this frame."""
        return self.base_steps == self.extra_steps == 0


def step_maps(
    fresh: Fresh, sizes: list[tuple[int, int]], steps: int, burst: int, largest: int, turn: Turn
) -> list[StepMap]:
    """The steps at each octave of (height, width).

    Args:
        fresh: (H, W), where a picture lacks a dream: it takes `burst` steps where it is 1, `steps`
            where it is 0.
        sizes: the octaves' (height, width).
        steps: an octave, of every pixel, in its turn.
        burst: an octave, where nothing is dreamed yet.
        largest: px: no box looks at more in either direction.
        turn: which octaves take `steps`.
    """
    least, most = float(fresh.min()), float(fresh.max())
    base = [steps if turn.includes(octave) else 0 for octave in range(len(sizes))]
    gain = turn.gain
    if least == 1:  # nothing is carried, as in a first frame
        return [StepMap(size, burst, 1.0, np.zeros(size, np.float32), (), 0) for size in sizes]
    if most == 0:  # all is, as in most frames of a zoom
        none = [np.zeros(size, np.float32) for size in sizes]
        every = zip(sizes, base, none, strict=True)
        return [StepMap(size, own, gain, extra, (), 0) for size, own, extra in every]
    areas = [high * wide for high, wide in sizes]
    allowance = BUDGET * sum(areas) / len(areas)
    return [
        _step_map(fresh, size, own, gain, burst - steps, largest, allowance)
        for size, own in zip(sizes, base, strict=True)
    ]


def _step_map(
    fresh: Fresh,
    size: tuple[int, int],
    base_steps: int,
    gain: float,
    beyond: int,
    largest: int,
    allowance: float,
) -> StepMap:
    wanted = beyond * cv2.resize(fresh, size[::-1], interpolation=cv2.INTER_AREA)
    extra = np.clip(wanted, 0, None).astype(np.float32)
    longest = round(float(extra.max()))
    boxes = _boxes(extra > 0.5)
    seen = [around(box, size) for box in boxes]
    whole = area((0, 0, *size))
    cost = sum(map(area, seen))
    if 2 * cost > whole or any(b - t > largest or r - le > largest for t, le, b, r in seen):
        boxes, cost = ((0, 0, *size),), whole
    if extra.mean() > longest / 2:
        allowance = math.inf
    extra_steps = int(min(longest, allowance / cost)) if boxes else 0
    return StepMap(size, base_steps, gain, extra, boxes if extra_steps else (), extra_steps)


def around(box: Box, size: tuple[int, int]) -> Box:
    """A box with its context, within a picture of (height, width)."""
    top, left, bottom, right = box
    return (
        max(0, top - CONTEXT),
        max(0, left - CONTEXT),
        min(size[0], bottom + CONTEXT),
        min(size[1], right + CONTEXT),
    )


def area(box: Box) -> int:
    """Its pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def _boxes(wanted: NDArray[np.bool_]) -> tuple[Box, ...]:
    """Boxes around the patches of `wanted`, none over another; the fewer, the less context."""
    height, width = wanted.shape
    cells = -(-width // CELL), -(-height // CELL)
    padded = np.zeros((cells[1] * CELL, cells[0] * CELL), bool)
    padded[:height, :width] = wanted
    coarse = np.asarray(padded.reshape(cells[1], CELL, cells[0], CELL).any((1, 3)), np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(coarse, connectivity=8)
    boxes = [
        (y * CELL, x * CELL, min((y + high) * CELL, height), min((x + wide) * CELL, width))
        for x, y, wide, high, _ in stats[1:count].tolist()
    ]
    return _merged(boxes, (height, width))


def _merged(boxes: list[Box], size: tuple[int, int]) -> tuple[Box, ...]:
    """Two boxes become one where that costs no more, context included, or where they overlap."""
    merged = True
    while merged:
        merged = False
        for one, other in combinations(boxes, 2):
            (top, left), (bottom, right) = (
                map(min, one[:2], other[:2]),
                map(max, one[2:], other[2:]),
            )
            both = top, left, bottom, right
            apart = area(around(one, size)) + area(around(other, size))
            if _overlap(one, other) or area(around(both, size)) <= apart:
                boxes = [box for box in boxes if box not in (one, other)] + [both]
                merged = True
                break
    return tuple(sorted(boxes))


def _overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    tops, lefts, bottoms, rights = zip(one, other, strict=True)
    return max(tops) < min(bottoms) and max(lefts) < min(rights)
