"""The camera's walk over a film's sources: what it sees of each, and how what lies there moves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from dreamvid.blend import Warp, needs_source
from dreamvid.frame import Field, Frame, Size
from dreamvid.motion.affine import Affine, camera_step
from dreamvid.motion.flow import SourceFrame
from dreamvid.motion.flow_warp import flow_warp, strain_seen
from dreamvid.motion.warp import fill_ground, warp, warp_onto
from dreamvid.recipe import Motion
from dreamvid.recipe.at_frame import at_frame
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import Job


@dataclass(frozen=True)
class View:
    """A source frame as the camera sees it.

    Attributes:
        t: the frame's index in its shot.
        job: the job with the values that hold at this frame.
        source: (H, W, 3), what the camera sees of the source.
        camera: where the camera stands: what has become of the shot's first frame's pixels.
        to_here: brings what lay on the frame before to this one.
        to_previous: brings what lies on this frame back to the one before; None: not wanted.
        strain: (H, W), how far what is carried here is stretched, turned or sheared in this frame,
            as a share of its size; None: not at all.
    """

    t: int
    job: Job
    source: Frame
    camera: Affine
    to_here: Warp
    to_previous: Warp | None
    strain: Field | None = None


class CameraWalk:
    """The camera of a film, a frame at a time; each shot begins where the first one did.

    Attributes:
        index: the film's next frame.
        camera: where the camera stands.
    """

    def __init__(
        self, job: Job, timeline: Timeline, *, index: int = 0, camera: Affine | None = None
    ) -> None:
        """Begin at the film's beginning, or where another walk ended."""
        self.index, self.camera = index, camera or Affine()
        self._job, self._timeline = job, timeline
        self._shows_sources = not job.still or needs_source(job.blend)

    def view(self, frame: SourceFrame) -> View:
        """The next frame, a step of the camera further.

        Raises:
            RecipeError: a schedule leaves its bounds there.
        """
        job = at_frame(self._job, self._timeline[self.index])
        self.index += 1
        if frame.t == 0:
            self.camera = Affine()
        source, motion, size = frame.picture, job.motion, Size.of(frame.picture)
        step, before = camera_step(motion, size), self.camera
        border = None if motion.border == "source" else motion.border
        if frame.t and motion.moves == "camera":
            self.camera = before.then(step).bounded()
            if self._shows_sources:
                source = warp(source, self.camera, border or "reflect")
            elif border is None and step.reveals(size):
                source = fill_ground(source, self.camera)
        moves = _moves(frame, motion, step, before, self.camera)
        return View(frame.t, job, source, self.camera, *moves)


def _moves(
    frame: SourceFrame, motion: Motion, step: Affine, before: Affine, after: Affine
) -> tuple[Warp, Warp | None, Field | None]:
    """`View.to_here`, `to_previous` and `strain`."""
    if frame.flow is None:
        border = None if motion.border == "source" else motion.border
        to_here: Warp = partial(warp_onto, affine=step, border=border)
        return to_here, partial(warp_onto, affine=step.inverse, border=border), None
    now, then = (after, before) if motion.moves == "camera" else (step, Affine())
    to_here = flow_warp(frame.flow, now, then)
    to_previous = flow_warp(frame.flow_back, then, now) if frame.flow_back else None
    return to_here, to_previous, strain_seen(frame.flow, now)
