"""Masks: where a frame is dreamed on, and where it stays its source to the bit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dreamvid.frame import Field, Frame, Notes, Size
from dreamvid.inside import Inside
from dreamvid.media.opencv import cv2
from dreamvid.motion.camera import View
from dreamvid.part import Part
from dreamvid.recipe.mask import Region
from dreamvid.resolve import DreamSettings, Job

BLUR_REACH = 4
"""Radius of a blur's kernel in sigmas, as OpenCV has it."""

NEARLY = 1 / 512
"""What is nearer to black or white than this is black or white: half a level of 8 bits, more than
resampling rounds."""


MARGIN, ALIGN = 24, 8
"""Px: a frame is blended, anchored and laid in the part that is so far around what is dreamed on.
The bands of detail that the color anchor looks at reach 22 px; the pixels of the coarsest one lie
at multiples of ALIGN, and so do the edges of the part."""

AROUND_FLOW = 24
"""Px around that part that a clip's flow is estimated in too."""

SOFT_EDGE = 2.0
"""Px, sigma of the softening of a mask's edge to black, which lies within the edge."""


@dataclass(frozen=True)
class Masks:
    """The masks of one frame.

    Attributes:
        regions: what is dreamed where, in order; at least one.
        fields: (H, W) each, 0..1: 0 where nothing is dreamed, 1 where all of the dream shows.
    """

    regions: tuple[Region, ...]
    fields: tuple[Field, ...]

    @classmethod
    def of(cls, view: View, fields: Field) -> Masks:
        """The masks of a frame as the camera sees it.

        Args:
            fields: (H, W, n) 0..255, one for each region of the job, on the source frame.
        """
        regions = view.job.regions
        made = []
        for region, field in zip(regions, np.moveaxis(fields, 2, 0), strict=True):
            mask = region.mask
            if mask.follow == "camera":
                field = view.seen(field[..., None])[..., 0]
            level = field / np.float32(255)
            if mask.blur:
                level = np.asarray(cv2.GaussianBlur(level, (0, 0), mask.blur))
            level = snapped(1 - level if mask.invert else level)
            made.append(level * np.float32(mask.amount))
        return cls(regions, tuple(made))

    def __iter__(self) -> Iterator[tuple[Region, Field]]:
        return zip(self.regions, self.fields, strict=True)

    @cached_property
    def part(self) -> Part:
        """The part of the frame around what is dreamed on; all of it where that is nothing."""
        dreamed = np.logical_or.reduce([field > 0 for field in self.fields])
        if not dreamed.any():
            return Part.whole(Size.of(dreamed))
        return Part.around(dreamed, MARGIN, ALIGN)

    @cached_property
    def union(self) -> Field:
        """(h, w), of the part: how much of any dream shows: 1 − Π(1 − m)."""
        first, *others = (self.part.of(field) for field in self.fields)
        if not others:
            return first
        kept = 1 - first
        for field in others:
            kept = kept * (1 - field)
        return np.asarray(1 - kept, np.float32)

    @cached_property
    def inside(self) -> Inside | None:
        """Where the frame is dreamed on at all; None: nowhere."""
        mask = np.where(self.union > 0, np.uint8(255), np.uint8(0))
        return Inside(mask, self.part) if mask.any() else None

    def dreams(
        self, settings: DreamSettings, notes: Notes
    ) -> Iterator[tuple[DreamSettings, Field, Notes]]:
        """The dreams of a frame, one in each region that is not black: its settings, its mask, and
        its own notes, which are entered among `notes` after it."""
        for number, (region, field) in enumerate(self):
            if not field.any():
                continue
            mark = f"{number}:"
            own = {
                name.removeprefix(mark): note
                for name, note in notes.items()
                if name.startswith(mark)
            }
            objective = region.objective or settings.objective
            yield settings.model_copy(update={"objective": objective}), field, own
            notes.update({mark + name: note for name, note in own.items()})

    @cached_property
    def shares(self) -> Field:
        """(h, w), of the part: how much of the dream shows: the union, softened some px within its
        edge to black, so that a hard edge leaves no seam."""
        inside = self.inside
        if inside is None or inside.mask.all():
            return self.union
        soft = cv2.GaussianBlur(inside.mask, (0, 0), SOFT_EDGE).astype(np.float32)
        return np.asarray(self.union * (soft / np.float32(255)) ** 2)

    def laid(self, dream: Frame, source: Frame) -> Frame:
        """The dream over its source, by the masks: exactly the source where they are 0, and the
        dream where one is 1. All are of the whole frame."""
        over, under = self.part.cut(dream), self.part.cut(source)
        share = repeated(self.shares)
        laid = under + share * (over - under)
        np.copyto(laid, over, where=share == 1)
        return self.part.pasted(laid, source)

    def cut_out(self, dream: Frame, source: Frame) -> Frame:
        """What is carried on: a dream of the part wherever the masks are not 0, and the source of
        the whole frame elsewhere."""
        laid = self.part.cut(source).copy()
        np.copyto(laid, dream, where=repeated(self.union) > 0)
        return self.part.pasted(laid, source)


def flow_parts(job: Job, channels: Iterator[Field]) -> Iterator[Part]:
    """The part of each frame in which a clip's flow is needed, under a camera that rests.

    Args:
        channels: (H, W, n) 0..255 of each frame, the last ones its masks, as in `Masks.of`.
    """
    masks = [region.mask for region in job.regions]
    margin = MARGIN + AROUND_FLOW + math.ceil(BLUR_REACH * max(mask.blur for mask in masks))
    for fields in channels:
        first = fields.shape[2] - len(masks)
        levels = (
            255 - f if m.invert else f
            for m, f in zip(masks, np.moveaxis(fields[..., first:], 2, 0), strict=True)
        )
        wanted = np.logical_or.reduce([level > 0 for level in levels])
        whole = Part.whole(Size.of(wanted))
        yield Part.around(wanted, margin, ALIGN) if wanted.any() else whole


def repeated(field: Field) -> Frame:
    """A field (H, W) for each of R, G and B, (H, W, 3); NumPy is slow at broadcasting along an axis
    as short as that."""
    return np.asarray(cv2.merge([field] * 3))


def snapped(level: Field) -> Field:
    """A field within 0..1, what is nearly black or white made so."""
    snapped = level.copy()
    np.copyto(snapped, 0, where=level < NEARLY)
    np.copyto(snapped, 1, where=level > 1 - NEARLY)
    return snapped
