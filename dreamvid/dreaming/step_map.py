"""Step maps: the number of ascent steps of each pixel in each octave of a frame.

A dream that is carried from frame to frame needs one step to persist. A disocclusion has no dream
yet and needs a burst of steps, or it shows as a hole in the dream. Disocclusions are usually small,
so their extra steps are taken in boxes around them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.frame import Field, Fresh
from dreamvid.media.opencv import cv2

CELL = 16
"""Px: boxes are aligned to a grid of squares of this size."""
CONTEXT = 32
"""Px of the picture around a box that the network sees too."""
BUDGET = 1.0
"""Bound of the cost of a frame's extra steps, in steps of the whole picture at all octaves. It is
shared evenly between octaves, so that the small and cheap ones, where creatures begin, get most
steps. Pixels that need more get them in the next frames. There is no bound where most of a picture
is fresh, as after a flash.
"""

GAIN = 0.66
"""Exponent of the number of octaves in the factor that enlarges steps where only one octave steps
in each frame. Measured on zooms of 480×270: the film is then .97 to 1.1 times as strong as one
where all octaves step, and no further from its seed."""

ROUNDED = 1e-5
"""More than resizing rounds a mask."""

Box = tuple[int, int, int, int]
"""Top, left, bottom, right: px, half-open."""


class Turn(NamedTuple):
    """Which octaves take the base steps in one frame of a carried dream: all, or one in turn.

    The largest octave, which costs as much as all others together and shows most, steps in every
    `stagger`-th frame; the others take turns in the frames between, from large to small.

    Attributes:
        number: the dream's number in its shot.
        octaves: number of octaves.
        stagger: interval of the largest octave's steps, in frames; 1: all octaves step in every
            frame.
    """

    number: int
    octaves: int
    stagger: int

    @property
    def every_octave(self) -> bool:
        """Whether all octaves step in every frame."""
        return self.stagger == 1 or self.octaves == 1

    def includes(self, octave: int) -> bool:
        """Whether an octave, counted from 0, the smallest, takes the base steps."""
        if self.every_octave:
            return True
        turns, since = divmod(self.number, self.stagger)
        if since == 0:
            return octave == self.octaves - 1
        between = turns * (self.stagger - 1) + since - 1
        return octave == self.octaves - 2 - between % (self.octaves - 1)

    @property
    def gain(self) -> float:
        """Factor that enlarges the steps, so that a film with stagger is as strong as one
        without."""
        return 1.0 if self.every_octave else float(self.octaves**GAIN)


@dataclass(frozen=True)
class StepMap:
    """The steps of one octave of one frame.

    Attributes:
        size: (height, width) of the octave.
        base_steps: steps of the whole picture.
        gain: factor that enlarges the base steps.
        extra: (H, W) float32: the steps that each pixel needs beyond the base steps.
        boxes: where extra steps are taken; one box of the whole picture, where smaller ones would
            cost too much.
        extra_steps: number of extra steps that are taken in each box.
        mask: (H, W) float32, 0..1: how much of each step a pixel takes; None: all of it.
    """

    size: tuple[int, int]
    base_steps: int
    gain: float
    extra: NDArray[np.float32]
    boxes: tuple[Box, ...]
    extra_steps: int
    mask: NDArray[np.float32] | None = None

    @property
    def everywhere(self) -> bool:
        """Whether extra steps, too, compute the gradient of the whole picture."""
        return self.boxes == ((0, 0, *self.size),)

    @property
    def whole_steps(self) -> int:
        """Number of steps that compute the gradient of the whole picture."""
        return self.base_steps + (self.extra_steps if self.everywhere else 0)

    @property
    def parts(self) -> tuple[Box, ...]:
        """The boxes that are smaller than the picture."""
        return () if self.everywhere else self.boxes

    @property
    def count(self) -> int:
        """Number of all steps, each box's counted separately."""
        return self.whole_steps + len(self.parts) * self.extra_steps

    @property
    def idle(self) -> bool:
        """Whether the octave takes no step in this frame."""
        return self.base_steps == self.extra_steps == 0


def step_maps(
    fresh: Fresh,
    sizes: list[tuple[int, int]],
    steps: int,
    burst: int,
    largest: int,
    turn: Turn,
    mask: Field | None = None,
) -> list[StepMap]:
    """The step map of each octave.

    Args:
        fresh: (H, W), the freshness mask: a pixel takes `burst` steps where it is 1, `steps` where
            it is 0.
        sizes: (height, width) of the octaves.
        steps: base steps an octave, where it is its turn.
        burst: steps an octave, where there is no dream yet.
        largest: px, the largest width or height of a box with its context.
        turn: which octaves take `steps` in this frame.
        mask: (H, W), 0..1: how much of each step a pixel takes; None: all of it.
    """
    if mask is not None:
        # What is hidden needs no extra steps.
        maps = step_maps(np.where(mask > 0, fresh, fresh.min()), sizes, steps, burst, largest, turn)
        return [
            one if one.idle else replace(one, mask=_resized_mask(mask, one.size)) for one in maps
        ]
    lowest, highest = float(fresh.min()), float(fresh.max())
    base = [steps if turn.includes(octave) else 0 for octave in range(len(sizes))]
    gain = turn.gain
    if lowest == 1:  # no dream is carried, as in a first frame
        return [StepMap(size, burst, 1.0, np.zeros(size, np.float32), (), 0) for size in sizes]
    if highest == 0:  # the dream is carried everywhere, as in most frames of a zoom
        no_extra = [np.zeros(size, np.float32) for size in sizes]
        octaves = zip(sizes, base, no_extra, strict=True)
        return [StepMap(size, count, gain, extra, (), 0) for size, count, extra in octaves]
    areas = [high * wide for high, wide in sizes]
    allowance = BUDGET * sum(areas) / len(areas)
    return [
        _step_map(fresh, size, base_steps, gain, burst - steps, largest, allowance)
        for size, base_steps in zip(sizes, base, strict=True)
    ]


def _resized_mask(mask: Field, size: tuple[int, int]) -> Field:
    """A mask in the size of an octave (height, width); what is white stays exactly 1."""
    resized = cv2.resize(mask, size[::-1], interpolation=cv2.INTER_AREA)
    resized[resized > 1 - ROUNDED] = 1
    return np.asarray(resized, np.float32)


def _step_map(
    fresh: Fresh,
    size: tuple[int, int],
    base_steps: int,
    gain: float,
    max_extra: int,
    largest: int,
    allowance: float,
) -> StepMap:
    """The step map of one octave.

    Args:
        max_extra: extra steps where a pixel is wholly fresh.
        allowance: bound of the extra steps' cost: pixels, summed over the steps.
    """
    wanted = max_extra * cv2.resize(fresh, size[::-1], interpolation=cv2.INTER_AREA)
    extra = np.clip(wanted, 0, None).astype(np.float32)
    longest = round(float(extra.max()))
    boxes = _boxes(extra > 0.5)
    contexts = [around(box, size) for box in boxes]
    whole_cost = area((0, 0, *size))
    cost = sum(map(area, contexts))
    # Boxes that cover half the picture save little, and a box must fit a tile.
    if 2 * cost > whole_cost or any(
        b - t > largest or r - le > largest for t, le, b, r in contexts
    ):
        boxes, cost = ((0, 0, *size),), whole_cost
    if extra.mean() > longest / 2:  # most of the picture is fresh
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
    """The number of a box's pixels."""
    return (box[2] - box[0]) * (box[3] - box[1])


def _boxes(wanted: NDArray[np.bool_]) -> tuple[Box, ...]:
    """Boxes around the connected patches of `wanted`, (H, W), without overlap. Near boxes are
    merged where that saves context."""
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
    """Merges two boxes where they overlap or where one costs no more, context included."""
    merged = True
    while merged:
        merged = False
        for one, other in combinations(boxes, 2):
            (top, left), (bottom, right) = (
                map(min, one[:2], other[:2]),
                map(max, one[2:], other[2:]),
            )
            union = top, left, bottom, right
            separate_cost = area(around(one, size)) + area(around(other, size))
            if _overlap(one, other) or area(around(union, size)) <= separate_cost:
                boxes = [box for box in boxes if box not in (one, other)] + [union]
                merged = True
                break
    return tuple(sorted(boxes))


def _overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    tops, lefts, bottoms, rights = zip(one, other, strict=True)
    return max(tops) < min(bottoms) and max(lefts) < min(rights)
