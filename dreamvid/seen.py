"""A source frame as the camera sees it, with what lies beside its color: alpha, masks, guides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreamvid.frame import Field, Frame, Size
from dreamvid.masks import Masks
from dreamvid.motion.camera import View
from dreamvid.part import Part
from dreamvid.task import GuideFrames


@dataclass(frozen=True)
class Seen:
    """A source frame as the camera sees it.

    Attributes:
        view: its color, and how it moves.
        masks: None: all of it is dreamed on.
        alpha: (H, W, 1), 0..255; None: it has none.
        guides: of the frame, which no camera moves.
    """

    view: View
    masks: Masks | None
    alpha: Field | None
    guides: GuideFrames

    @classmethod
    def of(cls, view: View, channels: Field | None, guides: GuideFrames) -> Seen:
        """Of a frame's view, its guides, and its channels after the third, (H, W, n) 0..255: alpha
        perhaps, then a mask for each region."""
        if channels is None:
            return cls(view, None, None, guides)
        first = channels.shape[2] - len(view.job.regions)
        alpha = view.seen(channels[..., :1]) if first else None
        masks = Masks.of(view, channels[..., first:]) if view.job.regions else None
        return cls(view, masks, alpha, guides)

    @cached_property
    def source(self) -> Frame:
        """(H, W, 3), 0..255: the source as the camera sees it, sampled once."""
        return self.view.pictured

    @property
    def part(self) -> Part:
        """The part of the frame that is computed: around what its masks let be dreamed on."""
        return self.masks.part if self.masks else Part.whole(Size.of(self.view.source))

    def shown(self, dream: Frame) -> Frame:
        """The frame of the film, of its dream."""
        return self.with_alpha(self.masks.laid(dream, self.source) if self.masks else dream)

    def within(self, dream: Frame) -> Frame:
        """A dream of the whole frame wherever its masks let it be, and its source elsewhere."""
        return self.masks.cut_out(self.part.cut(dream), self.source) if self.masks else dream

    def with_alpha(self, picture: Frame) -> Frame:
        """A picture with the alpha of this frame, if it has any."""
        return picture if self.alpha is None else np.concatenate([picture, self.alpha], -1)
