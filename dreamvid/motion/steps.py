"""The camera's movement into each frame of a film: zoom, turn and shift, its path and shake."""

from __future__ import annotations

from dreamvid.frame import Size
from dreamvid.motion.affine import Affine, camera_step
from dreamvid.motion.handheld import risen, shake
from dreamvid.motion.path import CameraPath
from dreamvid.recipe.at_frame import at_frame
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import Job


class CameraSteps:
    """The camera's steps, each by its frame's number alone, in any order.

    Attributes:
        path: None: there are no points of interest.
    """

    def __init__(self, job: Job, timeline: Timeline) -> None:
        """
        Raises:
            RecipeError: as `CameraPath`.
        """
        self._job, self._timeline = job, timeline
        self.path = CameraPath(job.motion, timeline) if job.motion.path else None

    def step(self, index: int, size: Size) -> Affine:
        """The map from frame `index - 1` of a film of `size` to frame `index`.

        Raises:
            RecipeError: a schedule leaves its bounds; trim leaves nothing of the frame.
        """
        loop = self._timeline.loop
        if self.path is None:
            step = camera_step(at_frame(self._job.motion, self._timeline[index]), size)
        else:  # a loop's frame 0 comes after its last one
            step = self.path.step((index - 1) % loop.frames + 1 if loop else index, size)
        if self._job.motion.handheld == 0:
            return step
        return self._shaken(index - 1, size).inverse.then(step).then(self._shaken(index, size))

    def start(self, index: int, size: Size) -> Affine:
        """The camera's position in frame `index` if a shot begins there: on its path, else at rest;
        with its shake."""
        at_rest = Affine() if self.path is None else self.path.position(index, size)
        return (
            at_rest.then(self._shaken(index, size)) if self._job.motion.handheld != 0 else at_rest
        )

    def _shaken(self, index: int, size: Size) -> Affine:
        """The shake's position, which at a loop's end passes over into that of a round before."""
        loop = self._timeline.loop
        if loop is None:
            return self._shake(max(index, 0), size)
        here, own = self._shake(index, size), loop.own(index)
        if own == 1:
            return here
        return here.mixed(self._shake(index - loop.frames, size), 1 - own)

    def _shake(self, index: int, size: Size) -> Affine:
        percent = at_frame(self._job.motion, self._timeline[index]).handheld
        seconds = float(index / self._timeline.rate)
        if self._timeline.loop is None:
            percent *= risen(seconds)
        return shake(percent, seconds, self._job.seed, size)
