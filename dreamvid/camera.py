"""What the camera sees of a film's sources, and how what lies on them moves under it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from dreamvid.blend import Move
from dreamvid.flow import Moment, ride, worn
from dreamvid.frame import Frame
from dreamvid.motion import Affine, camera_step, carry, new_ground, warp
from dreamvid.recipe import Motion
from dreamvid.task import Bare


@dataclass(frozen=True)
class Seen:
    """A moment on the screen.

    Attributes:
        t: the frame's index in its shot.
        source: the source as the camera sees it.
        came: brings what lay on the frame before to this one.
        left: brings what lies on this frame back to the one before; None where no one asks for it.
        worn: (H, W), how far what came is stretched, turned or sheared in this frame, as a share of
            its size; None: not at all.
    """

    t: int
    source: Frame
    came: Move
    left: Move | None
    worn: Bare | None = None


class Camera:
    """The camera of one shot; it stands at the beginning and moves on with each frame.

    Attributes:
        at: where it stands: what has become of the first frame's pixels.
        shows_sources: whether each frame's own source shows, not its new ground alone.
    """

    def __init__(self, shows_sources: bool, at: Affine | None = None) -> None:
        """A camera at its beginning, or where another has been left."""
        self.shows_sources = shows_sources
        self.at = at or Affine()

    def sees(self, moment: Moment, motion: Motion) -> Seen:
        """The next frame, a step of `motion` further."""
        source = moment.source
        size = source.shape[1], source.shape[0]
        step, before = camera_step(motion, size), self.at
        border = None if motion.border == "source" else motion.border
        if moment.t and motion.on == "frame":
            self.at = before.then(step).bounded()
            if self.shows_sources:
                source = warp(source, self.at, border or "reflect")
            elif border is None and step.reveals(size):
                source = new_ground(source, self.at)
        return Seen(moment.t, source, *self._moves(moment, motion, step, before))

    def _moves(
        self, moment: Moment, motion: Motion, step: Affine, before: Affine
    ) -> tuple[Move, Move | None, Bare | None]:
        if moment.came is None:
            border = None if motion.border == "source" else motion.border
            came: Move = partial(carry, affine=step, border=border)
            return came, partial(carry, affine=step.inverse, border=border), None
        now, then = (self.at, before) if motion.on == "frame" else (step, Affine())
        came = ride(moment.came, now, then)
        left = ride(moment.left, then, now) if moment.left else None
        return came, left, worn(moment.came, now)
