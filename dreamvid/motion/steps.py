"""The camera's movement into each frame of a film: zoom, turn and shift, its path and shake."""

from __future__ import annotations

from dreamvid.frame import Size
from dreamvid.motion.affine import Affine, camera_step
from dreamvid.motion.handheld import shake
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
        if self.path is None:
            step = camera_step(at_frame(self._job.motion, self._timeline[index]), size)
        else:
            step = self.path.step(index, size)
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
        time = self._timeline[max(index, 0)]
        percent = at_frame(self._job.motion, time).handheld
        return shake(percent, float(time.seconds), self._job.seed, size)
