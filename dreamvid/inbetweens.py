"""The frames between two keyframes, which are not dreamed but made of both."""

from __future__ import annotations

from dreamvid.blend import Carried, Coverage, crossfade
from dreamvid.frame import Frame
from dreamvid.motion.camera import View


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
