"""The recurrence that makes every film, frame by frame; it reads and writes no files.

canvas_t = blend(source_t, x_{t−1}, motion_t)      the previous dream, moved onto this source frame
x_t      = dream(shift(canvas_t), t)               gradient ascent over octaves
x_t      = anchor(x_t)                             the output frame, carried to the next frame
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sized
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from itertools import islice, repeat
from typing import Any

import numpy as np

from dreamvid.blend import Carried, NoMotion
from dreamvid.channels import ChannelTrack
from dreamvid.checkpoint import Checkpoint
from dreamvid.errors import RecipeError, StateError
from dreamvid.frame import Frame, Size
from dreamvid.inbetweens import Inbetweens, groups
from dreamvid.lead import InMemory, Lead, LeadStore
from dreamvid.masks import flow_parts
from dreamvid.media.named_sound import named_sound
from dreamvid.motion.camera import CameraWalk, View
from dreamvid.motion.flow import SourceFrame, with_flow
from dreamvid.one_frame import dream_step
from dreamvid.pipeline import read_ahead
from dreamvid.recipe import FilmRecipe, Recipe
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import Job, film_timeline, resolve
from dreamvid.seen import Seen
from dreamvid.shot_list import listed_cuts
from dreamvid.shots import split_shots
from dreamvid.soundtrack import listened
from dreamvid.source import checked_frames
from dreamvid.task import AnyDreamer, GuideFrames


@dataclass(frozen=True)
class DreamedGroup:
    """A keyframe and the inbetween frames before it, with the checkpoint after them.

    Attributes:
        frames: float32 0..255, (H, W, 3), or (H, W, 4) with straight alpha; none of those that lead
            into a film.
        sources: the same frames, not dreamed on: the source as the camera sees it; empty where the
            job writes no pass beside the dream.
    """

    frames: list[Frame]
    sources: list[Frame]
    checkpoint: Checkpoint


def frames(recipe: Recipe, sources: Iterable[Any], dreamer: AnyDreamer) -> Generator[Frame]:
    """The dreamed frames, one for each of `sources`, float32 within 0..255, not rounded.

    Nothing is carried across a cut: a shot's frames are the same alone and within a film. The
    caller may change the yielded arrays.

    Args:
        recipe: how each frame follows from the last; its source and output are ignored.
        sources: pictures of one size, (H, W, 3), uint8 or float on the 0–255 scale. A generator is
            closed at the end.
        dreamer: `Dreamer(…)`, or any function of a `DreamTask`.

    Raises:
        MediaError: a source has another shape, size or type, or what the dreamer returns has.
        RecipeError: a schedule leaves its bounds, or hears without a sound; or the film is to
            close.
        InputError: the recipe's sound cannot be read.
    """
    count = len(sources) if isinstance(sources, Sized) else None
    with closing(checked_frames(sources)) as pictures:
        first = next(pictures, None)
        if first is None:
            return
        if isinstance(recipe, FilmRecipe) and recipe.loop:
            raise RecipeError("closes a film that is rendered", key="loop")
        job = resolve(recipe, Size.of(first))
        timeline = film_timeline(recipe, count)
        if isinstance(recipe, FilmRecipe):
            sound = named_sound(recipe.audio)
            timeline = replace(timeline, heard=listened(recipe, sound, timeline.rate))
            timeline = replace(timeline, cuts=listed_cuts(recipe, timeline.rate))
        with closing(dreamed_groups(job, timeline, _chained(first, pictures), dreamer)) as made:
            for group in made:
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
    guides: Generator[GuideFrames] | None = None,
    store: LeadStore | None = None,
    first: int = 0,
) -> Generator[DreamedGroup]:
    """The film, one group per keyframe, after those of the frames that lead into it (`Loop`). The
    next group is computed from these arrays: the caller must not change them.

    Args:
        sources: (H, W, 3) float32 RGB 0..255, or (H, W, 4) with straight alpha, which the frames
            have then too; after that a mask, 0..255, for each region of the job. From frame `first`
            on, also when resuming; closed at the end.
        since: checkpoint of an earlier run; frames before it are not dreamed again.
        guides: for each frame, from frame `first` on, for the dreamer; closed at the end.
        first: the number of a frame at which a shot begins; the film is dreamed from there on.
        store: keeps what leads into a film that closes; None: in memory.

    Raises:
        RecipeError: a schedule leaves its bounds.
        StateError: the sources differ from those that `since` was made from, or `store` lacks
            frames that were dreamed before.
        MediaError: what the dreamer returns is not a frame of their size.
    """
    carried, shot, done = None, None, first - timeline.lead
    walk = CameraWalk(job, timeline, index=done)
    lead = Lead(timeline.loop, store or InMemory()) if timeline.loop else None
    read = 0 if since is None else since.done + timeline.lead - first
    channels = ChannelTrack(read)
    shots = split_shots(channels.colors(sources), job.cuts, timeline.cuts, first)
    if since is not None:
        carried, shot, done = since.carried, since.shot, since.done
        walk = CameraWalk(job, timeline, index=done, camera=since.camera)
    guided = islice(guides or repeat({}), read, None)
    with (
        closing(_source_frames(job, channels, shots, since, read)) as source_frames,
        closing(guides) if guides else nullcontext(),
    ):
        for group in groups(job.cadence, source_frames):
            if group[0].t == 0:
                carried, shot = None, None
            seen = [Seen.of(walk.view(f), channels.next(), next(guided)) for f in group]
            *views, keyframe = [each.view for each in seen]
            inbetweens = Inbetweens(views, carried)
            carried = inbetweens.carried
            for number, view in _rounds(keyframe):
                carried, shot = dream_step(dreamer, number, view, seen[-1], carried, shot)
            assert carried
            assert shot
            before, done = done, done + len(group)
            if lead:
                carried = lead.drawn(done - 1, before - 1, carried, keyframe.job.blend)
                carried = replace(carried, dream=seen[-1].within(carried.dream))
            digest = source_digest(job, keyframe.picture)
            checkpoint = Checkpoint(done, keyframe.t, carried, shot, walk.camera, digest)
            dreamed = DreamedGroup([], [], checkpoint)
            dreams = [*inbetweens.crossfaded(keyframe, carried), carried.dream]
            for index, (dream, each) in enumerate(zip(dreams, seen, strict=True), before):
                if lead:
                    lead.keep(index, Carried(dream, each.view.source, carried.fresh), job.blend)
                if index < 0:
                    continue
                dreamed.frames.append(each.shown(dream))
                if job.encode.beside:
                    dreamed.sources.append(each.with_alpha(each.source))
            yield dreamed


def _rounds(keyframe: View) -> Iterator[tuple[int, View]]:
    """The dreams of one keyframe, each with its number in the shot: one dream, preceded by the
    warm-up dreams where the keyframe is a shot's first frame."""
    job = keyframe.job
    warmup = job.blend.warmup if job.blend.share else 0
    if keyframe.t == 0:
        keyframe = replace(keyframe, to_here=NoMotion(), strain=None)
        yield from ((number, keyframe) for number in range(warmup))
    yield warmup + -(-keyframe.t // job.cadence), keyframe


def _source_frames(
    job: Job,
    channels: ChannelTrack,
    shots: Generator[tuple[int, Frame]],
    since: Checkpoint | None,
    read: int,
) -> Generator[SourceFrame]:
    """Each remaining source frame with its index in its shot, and its optical flow where needed;
    the first `read` are those of `since`."""
    flows = not job.still and job.blend.follow == "flow" and bool(job.blend.share)
    limited = flows and bool(job.regions) and job.motion.rests and job.cadence == 1
    # Before any frame is read: cuts are found some frames ahead.
    parts = flow_parts(job, channels.follow()) if limited else None
    before: Frame | None = None
    if since is not None:
        t, before = next(islice(shots, read - 1, None), (-1, None))
        if before is None or (t, source_digest(job, before)) != (since.t, since.source_digest):
            shots.close()
            raise StateError(
                f"frame {since.shown - 1} of the source is not the one that was dreamed; "
                "--restart begins anew"
            )
    if job.still:
        return _without_flow(shots)
    # Decode and compute flow in a thread, while earlier frames are dreamed.
    if not flows:
        return read_ahead(_without_flow(shots), job.cadence)
    return read_ahead(with_flow(shots, job.cadence > 1, before, parts), job.cadence)


def _without_flow(shots: Generator[tuple[int, Frame]]) -> Generator[SourceFrame]:
    with closing(shots):
        yield from (SourceFrame(t, picture) for t, picture in shots)


def source_digest(job: Job, picture: Frame) -> str:
    """Digest of a clip's frame; empty for a still, whose file is hashed instead."""
    if job.still:
        return ""
    return hashlib.blake2b(np.ascontiguousarray(picture).data, digest_size=16).hexdigest()
