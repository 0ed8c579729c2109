"""Recovering a checkpoint from the frames of a film."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from dreamvid.blend import Carried
from dreamvid.channels import ChannelTrack
from dreamvid.checkpoint import Checkpoint, ShotState
from dreamvid.color import anchor_at
from dreamvid.errors import StateError
from dreamvid.inside import covariance
from dreamvid.machine import Machine
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.motion.camera import CameraWalk
from dreamvid.motion.flow import SourceFrame
from dreamvid.recipe import Recipe
from dreamvid.recurrence import source_digest
from dreamvid.resolve import resolve
from dreamvid.seen import Seen
from dreamvid.shots import split_shots
from dreamvid.source import Source


def recovered(film: Path, recipe: Recipe, source: Source, done: int) -> Checkpoint:
    """The checkpoint after a film's first `done` frames, up to the loss of its compression.

    Args:
        recipe: the recipe of the film.
        source: the source of the film.

    Raises:
        StateError: the film or its source ends before frame `done`.
        MediaError: the film cannot be read.
    """
    job = resolve(recipe, source.size, Machine.here())
    walk = CameraWalk(job, source.timeline)
    height, width = source.size.shape
    channels = ChannelTrack()
    shot: ShotState | None = None
    with (
        closing(read_clip(probe(film), frames=done, alpha=source.alpha)) as pictures,
        closing(split_shots(channels.colors(source.open()), job.cuts, source.cuts)) as shots,
    ):
        for index, (picture, (t, frame)) in enumerate(zip(pictures, shots, strict=False)):
            dream = np.ascontiguousarray(picture[:height, :width, :3])
            view = walk.view(SourceFrame(t, frame))
            beside = channels.next()
            if t == 0:
                seen = Seen.of(view, beside, {})
                inside = seen.masks.inside if seen.masks else None
                start, shown = seen.part.cut(view.source), seen.part.cut(dream)
                anchor = anchor_at(job.still, shown, start, inside)
                shot = ShotState(anchor, covariance(start, inside), {})
            if index == done - 1:
                assert shot
                carried = Carried(dream, view.source, np.zeros((height, width), np.float32))
                digest = source_digest(job, frame)
                return Checkpoint(done, t, carried, shot, walk.camera, digest)
    raise StateError(f"it or its source ends before frame {done}", path=film)
