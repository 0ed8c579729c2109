"""One frame of a film: blended, dreamed, anchored; or alone, as the first of a shot."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np

from dreamvid.blend import Carried, NoMotion, canvas, unmoved
from dreamvid.channels import ChannelTrack
from dreamvid.checkpoint import ShotState
from dreamvid.color import anchor_at, shift
from dreamvid.errors import MediaError
from dreamvid.frame import Frame, Size, as_frame
from dreamvid.inside import covariance
from dreamvid.masks import repeated
from dreamvid.motion.camera import CameraWalk, View
from dreamvid.motion.flow import SourceFrame
from dreamvid.part import Part
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import Job
from dreamvid.seen import Seen
from dreamvid.task import AnyDreamer, DreamTask, GuideFrames


def dream_step(
    dreamer: AnyDreamer,
    number: int,
    view: View,
    seen: Seen,
    carried: Carried | None,
    shot: ShotState | None,
) -> tuple[Carried, ShotState]:
    """One step of the recurrence. All is computed in the part of the frame that its masks leave;
    the rest is its source.

    Args:
        number: of the dream in its shot, from 0.
        carried: from the last frame; None: a shot begins.
        shot: what is remembered of the shot; None: it begins.

    Raises:
        MediaError: what the dreamer returns is not a frame of their size.
    """
    job, masks, part = view.job, seen.masks, seen.part
    reads, warp = view.to_here.onto(part)
    source, strain = part.cut(view.source), view.strain
    start, fresh = canvas(
        *(source, carried.of(reads) if carried else None, warp, job.blend),
        None if strain is None else part.cut(strain),
    )
    fresh = part.pasted(fresh, unmoved(view.source, carried, job.blend))
    start = dream = shift(start, job.color.shift)
    inside = masks.inside if masks else None
    colors = shot.colors if shot else covariance(source, inside)
    notes = dict(shot.notes) if shot else {}
    for settings, mask, own in (
        masks.dreams(job.dream, notes) if masks else [(job.dream, None, notes)]
    ):
        # Copies: the dreamer may change them, and the canvas may be the source itself.
        task = DreamTask(
            *(part.pasted(dream, view.source), number, fresh.copy(), settings, colors, own),
            source=view.source.copy(),
            mask=mask,
            guides=seen.guides,
        )
        made = np.clip(_checked(dreamer(task), part), 0, 255)
        if mask is not None:  # outside of a region another one, or the source, stays as it is
            made = np.where(repeated(part.of(mask)) > 0, made, dream)
        dream = made
    anchor = shot.anchor if shot and shot.anchor.formed else None
    anchor = anchor or anchor_at(job.still, dream, source, inside)
    # A dreamer that changed nothing (`network: none`) needs no anchor: it would alter the picture.
    if not np.array_equal(dream, np.clip(start, 0, 255)):
        dream = anchor.pull(dream, source, job.color.anchor, inside)
    if masks:
        dream = masks.cut_out(dream, seen.source)
    return Carried(dream, view.source, fresh), ShotState(anchor, colors, notes)


def _checked(dream: Any, part: Part) -> Frame:
    """A part of what a dreamer returned, copied: it may return one buffer again and again."""
    array = np.asarray(dream)
    fits = array.shape[:2] == part.frame.shape
    try:
        frame = as_frame(part.of(array) if fits else array)
    except MediaError as error:
        raise MediaError(f"the dreamer returned no frame: {error}") from None
    if not fits:
        raise MediaError(f"the dreamer returned a frame of {Size.of(frame)}, not {part.frame}")
    return frame


def seen_alone(job: Job, timeline: Timeline, index: int, frame: Frame, guides: GuideFrames) -> Seen:
    """A frame of a film, as the camera sees it where a shot begins with it.

    Args:
        frame: the source's frame `index`, as `dreamed_groups` takes them.

    Raises:
        RecipeError: a schedule leaves its bounds.
    """
    channels, walk = ChannelTrack(), CameraWalk(job, timeline, index=index)
    with closing(channels.colors(item for item in (frame,))) as colors:
        view = walk.view(SourceFrame(0, next(colors)))
    seen = Seen.of(view, channels.next(), guides)
    return replace(seen, view=replace(seen.view, to_here=NoMotion(), strain=None))


def dreamed_alone(seen: Seen, dreamer: AnyDreamer) -> Frame:
    """The dream of a shot's first frame, without warm-up dreams: (H, W, 3), or (H, W, 4) with
    straight alpha. Raises MediaError as `dreamed_groups`."""
    carried, _ = dream_step(dreamer, 0, seen.view, seen, None, None)
    return seen.shown(carried.dream)
