"""The camera's path over its points of interest (`motion.path`).

At a point's frame the point lies in the middle of the frame, and the picture is zoomed and turned
about it alone. From point to point the middle of the frame goes along a straight line in the
source, and over the screen at a speed that rises from 0 and falls to 0 as s²(1 − s)². In the source
that is the slower the larger the magnification (J. J. van Wijk, W. A. A. Nuij, "Smooth and
efficient zooming and panning", 2003); so a zoom that beats does not jerk the path.

The whole picture is seen in frame 0, so that a point at frame 0 cannot lie in the middle there. It
stays where it is at first: the camera sets out as if to zoom about it.
"""

from __future__ import annotations

import cmath
import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from dreamvid.errors import RecipeError
from dreamvid.frame import Size
from dreamvid.motion.affine import Affine, movement
from dreamvid.motion.resample import Floats
from dreamvid.recipe import Motion
from dreamvid.recipe.schedule import Schedule
from dreamvid.recipe.timeline import Timeline

LAST = 1_000_000
"""Points of interest lie before this frame."""

FASTEST = 1.0
"""The most of its width or height that the camera may pass in a frame: faster, nothing of a frame
is seen in the next."""

MIDDLE = complex(0.5, 0.5)


@dataclass(frozen=True)
class _Leg:
    """The way from one point to the next.

    Attributes:
        start, end: the points, x + iy, as fractions of the picture.
        pace: for each step, what part of `end - start` passes over the screen, in the source's px.
        done: after each step, how much of the way lies behind, 0..1.
    """

    start: complex
    end: complex
    pace: Floats
    done: Floats


class CameraPath:
    """A path, worked out for a film.

    Attributes:
        frames: of each point of interest, the frame in which it lies in the middle: of points in
            seconds the first at that time or after it, of those in beats the one with that beat.
    """

    def __init__(self, motion: Motion, timeline: Timeline) -> None:
        """
        Args:
            motion: with a path.

        Raises:
            RecipeError: a point lies after `LAST`, or not after the one before it; its beat, or the
                film's length, is not known; or the camera would be faster than `FASTEST`.
        """
        # A loop's frame 0 is reached as its frame N: the path goes on.
        self._timeline = timeline = replace(timeline, loop=None)
        derived = motion.derived
        self._zoom = derived.get("path.zoom", motion.zoom)
        self._angle = derived.get("path.angle", motion.angle)
        self.frames = self._at = _frames(derived["path"], timeline)
        points = [complex(*point.center) for point in motion.path]
        if self._at[0] > 0:
            self._at, points = [0, *self._at], [MIDDLE, *points]
        self._points = points
        # Of each frame: the logarithm of the magnification since frame 0, and the turn in radians.
        self._logs, self._turns = [0.0], [0.0]
        self._follow(self._at[-1])
        self._legs = [self._leg(index) for index in range(len(points) - 1)]

    def step(self, index: int, size: Size) -> Affine:
        """The camera's movement from frame `index - 1` to frame `index`, for frames of `size`."""
        zoom, angle = self._rates(index)
        here = max(0, bisect_left(self._at, index) - 1)
        steps = index - self._at[here]
        center, shift, behind = MIDDLE, 0j, 0.0
        if here < len(self._legs) and steps > 0:
            leg = self._legs[here]
            behind = float(leg.done[steps - 1])
            way = _px(leg.end - leg.start, size)
            if here == 0:
                way -= self._apart(index - 1, size)
            shift = -float(leg.pace[steps - 1]) * way * cmath.exp(-1j * self._turns[index])
        if here == 0:
            center += (1 - behind) * (self._points[0] - MIDDLE)
        return movement(size, zoom, angle, (center.real, center.imag), (shift.real, shift.imag))

    def position(self, index: int, size: Size) -> Affine:
        """The map from the source to frame `index`, for frames of `size`."""
        if index <= 0:
            return Affine()
        self._follow(index)
        zoom, turn = math.exp(self._logs[index]), math.degrees(self._turns[index])
        seen = self._seen(index, size) - _px(MIDDLE, size)
        away = np.array([[1.0, 0.0, -seen.real], [0.0, 1.0, -seen.imag], [0.0, 0.0, 1.0]])
        return Affine(away).then(movement(size, zoom, turn))

    def seen(self, index: int, size: Size) -> tuple[float, float]:
        """What of the source lies in the middle of frame `index`, as fractions of it."""
        self._follow(max(index, 0))
        seen = self._seen(index, size)
        return seen.real / size.width, seen.imag / size.height

    def _seen(self, index: int, size: Size) -> complex:
        here, behind = self._place(index)
        start = _px(self._points[here], size)
        if here == 0:
            start += self._apart(max(index, 0), size)
        return (
            start
            if not behind
            else (1 - behind) * start + behind * _px(self._points[here + 1], size)
        )

    def _apart(self, index: int, size: Size) -> complex:
        """How far from the first point the middle of frame `index` would lie, zoomed about it."""
        inverse = cmath.exp(complex(-self._logs[index], self._turns[index]))
        return _px(MIDDLE - self._points[0], size) * inverse

    def _place(self, index: int) -> tuple[int, float]:
        """The point that frame `index` comes from, and how much of the way to the next lies behind,
        0 to under 1."""
        here = max(0, bisect_right(self._at, index) - 1)
        steps = index - self._at[here]
        if here == len(self._legs) or steps <= 0:
            return here, 0.0
        return here, float(self._legs[here].done[steps - 1])

    def _rates(self, index: int) -> tuple[float, float]:
        """The magnification and the degrees of a frame's step."""
        return _value(self._zoom, self._timeline, index, 0.1, 10), _value(
            self._angle, self._timeline, index, -180, 180
        )

    def _follow(self, index: int) -> None:
        """Have magnification and turn known up to a frame."""
        for each in range(len(self._logs), index + 1):
            zoom, angle = self._rates(each)
            self._logs.append(self._logs[-1] + math.log(zoom))
            self._turns.append(self._turns[-1] + math.radians(angle))

    def _leg(self, index: int) -> _Leg:
        first, last = self._at[index], self._at[index + 1]
        share = (np.arange(last - first) + 0.5) / (last - first)
        eased = 30 * share**2 * (1 - share) ** 2
        logs = np.array(self._logs[first + 1 : last + 1])
        done = np.cumsum(eased * np.exp(logs.min() - logs))
        start, end = self._points[index], self._points[index + 1]
        with np.errstate(over="ignore"):
            pace = eased * np.exp(min(logs.min(), 700.0)) / done[-1]
        if index and start == end:
            return _Leg(start, end, np.zeros_like(eased), done / done[-1])
        ways = [end - start, end - MIDDLE] if index == 0 else [end - start]
        fastest = max(max(abs(far.real), abs(far.imag)) for far in ways) * float(pace.max())
        if fastest > FASTEST:
            most = math.exp(min(logs.max(), 700.0))
            raise RecipeError(
                f"from frame {first} to {last} the camera would pass {fastest:.3g} frames in one, "
                f"with the picture magnified {most:.3g} times; take longer, or zoom out on the way",
                key="motion.path",
            )
        return _Leg(start, end, pace, done / done[-1])


def _px(point: complex, size: Size) -> complex:
    return complex(point.real * size.width, point.imag * size.height)


def _value(
    value: float | Schedule, timeline: Timeline, index: int, low: float, high: float
) -> float:
    """A number at a frame; after the film's end, where none was checked, held within its bounds."""
    if not isinstance(value, Schedule):
        return value
    return min(max(value.at(timeline[max(index, 0)]), low), high)


def _frames(places: Schedule, timeline: Timeline) -> list[int]:
    """The frame of each point."""
    try:
        keys = [key.in_film(timeline[0]) for key in places.keys]
        for one, two in pairwise(keys):
            if one.place >= two.place:
                raise RecipeError(f"its keys must rise: {two.word} is not after {one.word} here")
        frames = range(LAST)
        found = [
            bisect_left(frames, index + 1, key=lambda t: places.reached(timeline[t]))
            for index in range(len(keys))
        ]
    except (RecipeError, ArithmeticError, ValueError) as error:
        raise RecipeError(str(error), key="motion.path") from None
    for index, (frame, key) in enumerate(zip(found, keys, strict=True)):
        if frame == LAST:
            raise RecipeError(f"{key.word} is not before frame {LAST}", key="motion.path")
        if index and frame == found[index - 1]:
            message = f"{keys[index - 1].word} and {key.word} are both in frame {frame}"
            raise RecipeError(message, key="motion.path")
    return found
