"""The camera's path over a film: its view of each source frame, and the warps between frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreamvid.blend import Movement, needs_source
from dreamvid.frame import Field, Frame, Size
from dreamvid.motion.affine import Affine
from dreamvid.motion.flow import SourceFrame
from dreamvid.motion.flow_warp import FlowMovement, strain_seen
from dreamvid.motion.round import Round
from dreamvid.motion.steps import CameraSteps
from dreamvid.motion.warp import AffineMovement, fill_ground, warp
from dreamvid.recipe import Motion
from dreamvid.recipe.at_frame import at_frame
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import Job

Look = Callable[[Field], Field]
"""How a camera sees a field (H, W, C) of a source frame; values may overshoot a little."""


@dataclass(frozen=True)
class View:
    """A source frame as the camera sees it.

    Attributes:
        t: the frame's index in its shot.
        picture: (H, W, 3), the source frame itself.
        job: the job with its values at this frame.
        source: (H, W, 3), the source under the camera.
        camera: the camera's position: the map from the source's frame to this one.
        to_here: movement from the previous frame to this one.
        to_previous: movement from this frame back to the previous one; None where a clip's reversed
            flow is not computed.
        strain: (H, W), how far the carried dream is stretched, turned or sheared from the previous
            frame to this one, as a share of its size; None: not at all.
        sees: whether `source` is the picture as the camera sees it, and not another that only fills
            disocclusions.
        look: how the camera sees a field of the source frame, sampled once.
    """

    t: int
    picture: Frame
    job: Job
    source: Frame
    camera: Affine
    to_here: Movement
    to_previous: Movement | None
    look: Look
    strain: Field | None = None
    sees: bool = False

    @cached_property
    def pictured(self) -> Frame:
        """(H, W, 3), 0..255: the source frame as the camera sees it, sampled once."""
        return np.clip(self.source, 0, 255) if self.sees else self.seen(self.picture)

    def seen(self, field: Field) -> Field:
        """A field of the source frame, (H, W, C), as the camera sees it, sampled once; 0..255."""
        return np.clip(self.look(field), 0, 255)


class CameraWalk:
    """The camera of a film, frame by frame. At the start of each shot it is reset to the identity,
    or to where its path and its shake have it; in a film that closes it begins where it comes from
    to frame 0.

    Attributes:
        index: number of the film's next frame, below 0 for those that lead into it.
        camera: the camera's position (`View.camera`).
    """

    def __init__(
        self,
        job: Job,
        timeline: Timeline,
        *,
        index: int | None = None,
        camera: Affine | None = None,
    ) -> None:
        """
        Args:
            index: number of the film's frame to begin at; None: the first that is dreamed.
            camera: the camera's position there, from a checkpoint; None: the identity.

        Raises:
            RecipeError: the path leads nowhere; see `CameraPath`.
        """
        self.index = -timeline.lead if index is None else index
        self.camera = camera or Affine()
        self._job, self._timeline, self._steps = job, timeline, CameraSteps(job, timeline)
        self._round: Round | None = None
        self._shows_sources = not job.still or needs_source(job.blend) or bool(job.regions)

    def view(self, frame: SourceFrame) -> View:
        """The view of the next frame, after one step of the camera.

        Raises:
            RecipeError: a schedule leaves its bounds at this frame.
        """
        index, job = self.index, at_frame(self._job, self._timeline[self.index])
        self.index += 1
        source, motion, size = frame.picture, job.motion, Size.of(frame.picture)
        if self._timeline.loop and self._round is None:
            self._round = Round.of(self._job, self._timeline, size)
        closes = self._round
        step, previous = self._steps.step(index, size), self.camera
        moves = motion.moves == "camera"
        if frame.t == 0:
            self.camera = Affine()
        if moves:
            start = closes.start if closes else self._steps.start(index, size)
            self.camera = (previous.then(step) if frame.t else start).bounded()
        camera = self.camera

        def look(field: Field) -> Field:
            if closes:
                return closes.seen(field, camera, index, motion)
            return warp(field, camera, motion.beyond)

        if moves:
            reveals = frame.t > 0 and motion.border == "source" and step.reveals(size)
            if self._shows_sources or (closes and (reveals or not frame.t)):
                source = look(source)
            elif reveals:
                source = fill_ground(source, camera)
        warps = _warps(frame, motion, step, previous, camera)
        return View(
            *(frame.t, frame.picture, job, source, camera, *warps[:2], look),
            *(warps[2], self._shows_sources),
        )


def _warps(
    frame: SourceFrame, motion: Motion, step: Affine, previous: Affine, camera: Affine
) -> tuple[Movement, Movement | None, Field | None]:
    """`View.to_here`, `to_previous` and `strain`.

    Args:
        step: the camera's movement from the previous frame to this one.
        previous: the camera's position at the previous frame.
        camera: its position at this frame.
    """
    if frame.flow is None:
        border = None if motion.border == "source" else motion.border
        return AffineMovement(step, border), AffineMovement(step.inverse, border), None
    # A camera that moves only the dream moves it by one step a frame over the unmoved clip.
    now, before = (camera, previous) if motion.moves == "camera" else (step, Affine())
    to_here = FlowMovement(frame.flow, now, before)
    to_previous = FlowMovement(frame.flow_back, before, now) if frame.flow_back else None
    return to_here, to_previous, strain_seen(frame.flow, now)
