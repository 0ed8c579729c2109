"""The checkpoint that a film goes on from, worked out from the film itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from dreamvid.blend import Carried
from dreamvid.color import anchor_at, covariance
from dreamvid.errors import StateError
from dreamvid.machine import Machine
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.sink import to_uint8
from dreamvid.motion.camera import CameraWalk
from dreamvid.motion.flow import SourceFrame
from dreamvid.recipe import Recipe
from dreamvid.recipe.timeline import Timeline
from dreamvid.recurrence import Checkpoint, ShotState, source_digest
from dreamvid.resolve import resolve
from dreamvid.shots import split_shots
from dreamvid.source import Source


def recovered(
    film: Path, recipe: Recipe, source: Source, done: int, kept: FrameStore, tail: range
) -> Checkpoint:
    """The checkpoint after a film's first `done` frames, as nearly as its compressed pictures give
    it.

    Args:
        recipe: what the film was made with.
        source: what it was made of.
        kept: takes those of the frames that are in `tail`, grown to even sides as they were coded.

    Raises:
        RunError: film or source end before.
        MediaError: the film cannot be read.
    """
    job = resolve(recipe, source.size, Machine.here())
    walk = CameraWalk(job, Timeline(source.rate, source.frames))
    high, wide = source.size.shape
    shot: ShotState | None = None
    with (
        closing(read_clip(probe(film), frames=done)) as pictures,
        closing(split_shots(source.open(), job.cuts)) as shots,
    ):
        for index, (picture, (t, frame)) in enumerate(zip(pictures, shots, strict=False)):
            if index in tail:
                kept.add(index, to_uint8(picture))
            dream = picture[:high, :wide]
            view = walk.view(SourceFrame(t, frame))
            if t == 0:
                anchor = anchor_at(job.still, dream, view.source)
                shot = ShotState(anchor, covariance(view.source), {})
            if index == done - 1:
                assert shot
                carried = Carried(dream, view.source, np.zeros((high, wide), np.float32))
                digest = source_digest(job, frame)
                return Checkpoint(done, t, carried, shot, walk.camera, digest)
    raise StateError(f"{film}: it or its source ends before frame {done}")
