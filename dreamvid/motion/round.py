"""A camera's way once around a film that closes, and how its source comes back where it began."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreamvid.errors import RecipeError
from dreamvid.frame import Field, Size
from dreamvid.motion.affine import Affine
from dreamvid.motion.self_similar import SMALLEST, SelfSimilar
from dreamvid.motion.steps import CameraSteps
from dreamvid.motion.warp import warp
from dreamvid.recipe import Motion
from dreamvid.recipe.loop import Loop
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import Job

STEADY = 1.02
"""Largest magnification of a whole round, or its inverse, at which the camera counts as one that
does not zoom: its beginning and end are crossfaded."""


@dataclass(frozen=True)
class Round:
    """The way of a camera whose frame 0 comes after its last frame.

    Attributes:
        closing: the camera's movement over the whole round.
        start: its position at the first frame that leads into the film.
    """

    loop: Loop
    size: Size
    closing: Affine
    start: Affine

    @classmethod
    def of(cls, job: Job, timeline: Timeline, size: Size) -> Round | None:
        """The round of a film; None: the film does not close, or its source does not move.

        Raises:
            RecipeError: a schedule leaves its bounds; or a zoom has too few frames to close.
        """
        loop = timeline.loop
        if loop is None or not job.still or job.motion.moves != "camera" or job.motion.rests:
            return None
        steps, closing, lead = CameraSteps(job, timeline), Affine(), Affine()
        for index in range(1 - loop.lead, 1):
            lead = lead.then(steps.step(index, size))
        for index in (*range(1, loop.frames), 0):
            closing = closing.then(steps.step(index, size))
        found = cls(loop, size, closing, lead.inverse)
        found._check(job)
        return found

    def seen(self, field: Field, camera: Affine, index: int, motion: Motion) -> Field:
        """A field of the source (H, W, C) as the camera sees it at a frame; values may overshoot a
        little, as in `warp`.

        Where the camera zooms, the source is made self-similar, so that it comes back by itself.
        Otherwise, towards the end, it passes over into what is seen a round before.
        """
        if self._similar.possible:
            return self._similar.seen(field, camera)
        own, shown = np.float32(self.loop.own(index)), warp(field, camera, motion.beyond)
        if own == 1:
            return shown
        before = warp(field, self.closing.inverse.then(camera), motion.beyond)
        return before + own * (shown - before)

    @cached_property
    def _similar(self) -> SelfSimilar:
        return SelfSimilar(self.closing, self.size)

    def _check(self, job: Job) -> None:
        ratio, frames = self._similar.ratio, self.loop.frames
        if not STEADY < ratio < SMALLEST:
            return
        raise RecipeError(
            f"{frames} frames zoom by {ratio:.2f} in all, too little to close: they need "
            f"{SMALLEST:g}; give it more frames or a faster motion.zoom, or motion.zoom 1",
            key="loop",
        )
