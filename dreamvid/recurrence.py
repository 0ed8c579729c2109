"""The recurrence that every film is, without disk.

canvas_t = blend(source_t, x_{t−1}, motion_t)      what the last dream leaves on this frame
x_t      = dream(shift(canvas_t), t)               gradient ascent over octaves
x_t      = anchor(x_t)                             is shown, and carried
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sized
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice, tee, zip_longest
from typing import Any

import numpy as np

from dreamvid.blend import Carried, Coverage, canvas, crossfade, no_motion
from dreamvid.color import Anchor, anchor_at, covariance, shift
from dreamvid.errors import StateError
from dreamvid.frame import Colors, Frame, Notes, Size, as_frame
from dreamvid.motion.affine import Affine
from dreamvid.motion.camera import CameraWalk, View
from dreamvid.motion.flow import SourceFrame, with_flow
from dreamvid.pipeline import read_ahead
from dreamvid.recipe import Recipe
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import Job, film_timeline, resolve
from dreamvid.shots import split_shots
from dreamvid.task import AnyDreamer, DreamTask


@dataclass(frozen=True)
class ShotState:
    """What the frames of a shot have in common.

    Attributes:
        anchor: holds their color.
        colors: of the first source frame, which the palette `source` keeps to.
        notes: the dreamer's, as they were left by the last dream.
    """

    anchor: Anchor
    colors: Colors
    notes: Notes


@dataclass(frozen=True)
class Checkpoint:
    """All that the frames to come depend on, but for their sources: what a render resumes from.

    Attributes:
        done: how many frames of the film are done.
        t: the last one's index in its shot.
        carried: what it leaves to the next.
        shot: what its shot's frames have in common.
        camera: where the camera stands.
        source_digest: of its source frame as it was read, by which a changed source is noticed.
    """

    done: int
    t: int
    carried: Carried
    shot: ShotState
    camera: Affine
    source_digest: str


@dataclass(frozen=True)
class DreamedGroup:
    """The frames that one dream of the film brings, float32 within 0..255, and the checkpoint
    after them."""

    frames: list[Frame]
    checkpoint: Checkpoint


def frames(recipe: Recipe, sources: Iterable[Any], dreamer: AnyDreamer) -> Generator[Frame]:
    """The dreamed frames, one for each of `sources`, float32 within 0..255, not yet rounded.

    `recipe` says how they are connected; its source and output are not looked at. Nothing passes a
    cut: a shot's frames are the same alone and in their film. Each frame is the caller's to change.

    Args:
        sources: pictures of one size, (H, W, 3), uint8 or float on the 0–255 scale.
        dreamer: `Dreamer(…)`, or any function of a `DreamTask`.

    Raises:
        MediaError: a source is no such picture.
        RecipeError: a schedule leaves its bounds.
    """
    count = len(sources) if isinstance(sources, Sized) else None
    pictures = (as_frame(picture) for picture in sources)
    first = next(pictures, None)
    if first is None:
        return
    job = resolve(recipe, Size.of(first))
    timeline = film_timeline(recipe, count)
    with closing(dreamed_groups(job, timeline, _chained(first, pictures), dreamer)) as groups:
        for group in groups:
            yield from (frame.copy() for frame in group.frames)


def _chained(first: Frame, others: Iterator[Frame]) -> Generator[Frame]:
    yield first
    yield from others


def dreamed_groups(
    job: Job,
    timeline: Timeline,
    sources: Generator[Frame],
    dreamer: AnyDreamer,
    since: Checkpoint | None = None,
) -> Generator[DreamedGroup]:
    """The film, dream by dream. The frames are the recurrence's own: not to be changed.

    Args:
        sources: (H, W, 3) float32 RGB 0..255, always all of them; closed at the end.
        since: what an earlier run left; its frames are not dreamed again.

    Raises:
        RecipeError: a schedule leaves its bounds.
        RunError: the sources are not those that `since` was made of.
    """
    carried, shot, walk, done = None, None, CameraWalk(job, timeline), 0
    if since is not None:
        carried, shot, done = since.carried, since.shot, since.done
        walk = CameraWalk(job, timeline, index=done, camera=since.camera)
    with closing(_source_frames(job, sources, since)) as source_frames:
        for group in _groups(job, source_frames):
            if group[0].t == 0:
                carried, shot = None, None
            *views, keyframe = [walk.view(frame) for frame in group]
            inbetweens = _Inbetweens(views, carried)
            carried = inbetweens.carried
            for number, view in _rounds(keyframe):
                carried, shot = _dreamed(dreamer, number, view, carried, shot)
            assert carried
            assert shot
            done += len(group)
            digest = source_digest(job, group[-1].picture)
            checkpoint = Checkpoint(done, keyframe.t, carried, shot, walk.camera, digest)
            crossed = inbetweens.crossfaded(keyframe, carried)
            yield DreamedGroup([*crossed, carried.dream], checkpoint)


def _rounds(keyframe: View) -> Iterator[tuple[int, View]]:
    """The dreams of one frame, each with its number in the shot: one, but for a shot's first frame,
    which is warmed up by dreaming it again where it is."""
    job = keyframe.job
    warmup = job.blend.warmup if job.blend.share else 0
    if keyframe.t == 0:
        keyframe = replace(keyframe, to_here=no_motion, strain=None)
        yield from ((number, keyframe) for number in range(warmup))
    yield warmup + -(-keyframe.t // job.cadence), keyframe


def _dreamed(
    dreamer: AnyDreamer,
    number: int,
    view: View,
    carried: Carried | None,
    shot: ShotState | None,
) -> tuple[Carried, ShotState]:
    """One step of the recurrence: the shot's dream of that number."""
    job, source = view.job, view.source
    start, fresh = canvas(source, carried, view.to_here, job.blend, view.strain)
    start = shift(start, job.color.shift)
    colors = shot.colors if shot else covariance(source)
    notes = dict(shot.notes) if shot else {}
    task = DreamTask(start, number, fresh, job.dream, colors, notes)
    dream = np.clip(dreamer(task), 0, 255)
    anchor = shot.anchor if shot else anchor_at(job.still, dream, source)
    # Where nothing was dreamed there is nothing to hold back: the camera's path shows as it is.
    if not np.array_equal(dream, np.clip(start, 0, 255)):
        dream = anchor.pull(dream, source, job.color.anchor)
    return Carried(dream, source, fresh), ShotState(anchor, colors, notes)


class _Inbetweens:
    """The frames between two dreamed ones: what the two leave on them, crossfaded.

    Attributes:
        carried: the earlier dream, on the last of them.
    """

    def __init__(self, views: list[View], carried: Carried | None) -> None:
        self.carried = carried
        self._views = views
        self._past: list[Coverage] = []
        coverage = Coverage.full(carried) if carried and views else None
        for view in views:
            assert self.carried, "a shot's first frame is dreamed"
            assert coverage
            self.carried = self.carried.onto(view.source, view.to_here, view.strain)
            coverage = coverage.warped(view.to_here)
            self._past.append(coverage)

    def crossfaded(self, keyframe: View, dreamed: Carried) -> list[Frame]:
        """The frames, once the keyframe after them is dreamed."""
        if not self._views:
            return []
        found: list[Frame] = []
        after, coming = keyframe, Coverage.full(dreamed)
        for index in range(len(self._views) - 1, -1, -1):
            assert after.to_previous is not None, "flow is found both ways"
            coming = coming.warped(after.to_previous)
            share = (index + 1) / (len(self._views) + 1)
            found.append(crossfade(self._views[index].source, self._past[index], coming, share))
            after = self._views[index]
        return found[::-1]


def _source_frames(
    job: Job, sources: Generator[Frame], since: Checkpoint | None
) -> Generator[SourceFrame]:
    """Each source frame to come with its index in its shot, and its flow if the blend asks for it.

    A clip is read forward from its beginning: to seek by a frame's number is not exact.
    """
    shots = split_shots(sources, job.cuts)
    before: Frame | None = None
    if since is not None:
        t, before = next(islice(shots, since.done - 1, None), (-1, None))
        if before is None or (t, source_digest(job, before)) != (since.t, since.source_digest):
            shots.close()
            raise StateError(
                f"frame {since.done - 1} of the source is not the one that was dreamed; "
                "--restart begins anew"
            )
    if job.still:
        return _without_flow(shots)
    # Read, and their flows found, while the ones before them are dreamed.
    flows = job.blend.follow == "flow" and bool(job.blend.share)
    found = with_flow(shots, job.cadence > 1, before) if flows else _without_flow(shots)
    return read_ahead(found, job.cadence)


def _without_flow(shots: Generator[tuple[int, Frame]]) -> Generator[SourceFrame]:
    with closing(shots):
        yield from (SourceFrame(t, picture) for t, picture in shots)


def source_digest(job: Job, picture: Frame) -> str:
    """What a clip's frame is known by; a still is known by its file."""
    if job.still:
        return ""
    return hashlib.blake2b(np.ascontiguousarray(picture).data, digest_size=16).hexdigest()


def _groups(job: Job, source_frames: Iterator[SourceFrame]) -> Iterator[list[SourceFrame]]:
    """Each frame to be dreamed, after those since the last one that are not: a shot's first, every
    `cadence`-th and its last are dreamed."""
    if job.cadence == 1:  # without waiting for the next frame
        yield from ([frame] for frame in source_frames)
        return
    group: list[SourceFrame] = []
    these, following = tee(source_frames)
    next(following, None)
    for frame, coming in zip_longest(these, following):
        group.append(frame)
        if frame.t % job.cadence == 0 or coming is None or coming.t == 0:
            yield group
            group = []
