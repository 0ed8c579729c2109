"""What a film would go on from, made out from the film itself."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np

from dreamvid.blend import Last, needs_source
from dreamvid.camera import Camera
from dreamvid.color import Anchor, PictureAnchor, ResidualAnchor, covariance
from dreamvid.errors import StateError
from dreamvid.flow import Moment
from dreamvid.media.kept import KeptFrames
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.sink import quantise
from dreamvid.recipe import FilmRecipe, Recipe, VideoRecipe
from dreamvid.recurrence import Shot, State, digest, numbered
from dreamvid.scheduled import in_force
from dreamvid.source import Source
from dreamvid.timeline import FrameTime


def recovered(
    film: Path, recipe: Recipe, source: Source, done: int, kept: KeptFrames, tail: range
) -> State:
    """The state after a film's first `done` frames, as nearly as its coded pictures tell it.

    Args:
        recipe: what the film was made with.
        source: what it was made of.
        kept: takes those of the frames that are in `tail`, grown to even sides as they were coded.

    Raises:
        RunError: film or source end before.
        MediaError: the film cannot be read.
    """
    assert isinstance(recipe, FilmRecipe)
    high, wide = source.size[1], source.size[0]
    camera = Camera(isinstance(recipe, VideoRecipe) or needs_source(recipe.blend))
    shot: Shot | None = None
    with closing(read_clip(probe(film), frames=done)) as pictures:
        both = zip(pictures, numbered(recipe, source.open()), strict=False)
        for index, (picture, (t, frame)) in enumerate(both):
            if index in tail:
                kept.keep(index, quantise(picture))
            dream = picture[:high, :wide]
            if t == 0:
                camera = Camera(camera.shows_sources)
            now = in_force(recipe, FrameTime(index, source.rate, source.frames))
            seen = camera.sees(Moment(t, frame), now.motion)
            if t == 0:
                by_residual = isinstance(recipe, VideoRecipe)
                anchor: Anchor = (
                    ResidualAnchor.of(dream - seen.source)
                    if by_residual
                    else PictureAnchor.of(seen.source)
                )
                shot = Shot(anchor, covariance(seen.source), {})
            if index == done - 1:
                assert shot
                bare = np.zeros((high, wide), np.float32)
                last = Last(dream, seen.source, bare)
                return State(done, t, last, shot, camera.at, digest(recipe, frame))
    raise StateError(f"{film}: it or its source ends before frame {done}")
