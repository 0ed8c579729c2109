"""Keyframes, and the frames between two of them, which are not dreamed but made of both."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import tee, zip_longest

from dreamvid.blend import Carried, Coverage, crossfade
from dreamvid.frame import Frame
from dreamvid.motion.camera import View
from dreamvid.motion.flow import SourceFrame


class Inbetweens:
    """The frames between two keyframes: crossfades of both keyframes' dreams warped onto them.

    Attributes:
        carried: the earlier keyframe's dream, warped onto the last inbetween frame.
    """

    def __init__(self, views: list[View], carried: Carried | None) -> None:
        self.carried = carried
        self._views = views
        self._past: list[Coverage] = []
        coverage = Coverage.full(carried) if carried and views else None
        for view in views:
            assert self.carried, "a shot's first frame is dreamed"
            assert coverage
            self.carried = self.carried.onto(view.source, view.to_here, view.strain)
            coverage = coverage.warped(view.to_here)
            self._past.append(coverage)

    def crossfaded(self, keyframe: View, dreamed: Carried) -> list[Frame]:
        """The inbetween frames; called once the keyframe after them is dreamed."""
        if not self._views:
            return []
        reversed_frames: list[Frame] = []
        after, future = keyframe, Coverage.full(dreamed)
        for index in range(len(self._views) - 1, -1, -1):
            assert after.to_previous is not None, "flow is computed both ways"
            future = future.warped(after.to_previous)
            share = (index + 1) / (len(self._views) + 1)
            source = self._views[index].source
            reversed_frames.append(crossfade(source, self._past[index], future, share))
            after = self._views[index]
        return reversed_frames[::-1]


def groups(cadence: int, source_frames: Iterator[SourceFrame]) -> Iterator[list[SourceFrame]]:
    """Each keyframe, as the last of its group, after the inbetween frames before it. A shot's first
    frame, every `cadence`-th and its last are keyframes."""
    if cadence == 1:  # yield at once; the code below reads one frame ahead
        yield from ([frame] for frame in source_frames)
        return
    group: list[SourceFrame] = []
    current, following = tee(source_frames)
    next(following, None)
    for frame, next_frame in zip_longest(current, following):
        group.append(frame)
        if frame.t % cadence == 0 or next_frame is None or next_frame.t == 0:
            yield group
            group = []
