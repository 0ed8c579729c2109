"""The recurrence that every film is.

canvas_t = blend(source_t, x_{t−1}, motion_t)      what the last dream leaves on this frame
x_t      = dream(shift(canvas_t), t)               gradient ascent over octaves
x_t      = anchor(x_t)                             is shown, and carried
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count, islice, tee, zip_longest

import numpy as np

from dreamvid.blend import Held, Last, canvas, crossfade, needs_source, stay
from dreamvid.camera import Camera, Seen
from dreamvid.color import Anchor, PictureAnchor, ResidualAnchor, covariance, shift
from dreamvid.dream.catalogue import settled
from dreamvid.errors import StateError
from dreamvid.flow import Moment, followed
from dreamvid.frame import Frame
from dreamvid.motion import Affine
from dreamvid.overlap import ahead
from dreamvid.recipe import FilmRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.scheduled import in_force
from dreamvid.shots import marked
from dreamvid.task import Colors, Dreams, DreamTask, Notes
from dreamvid.timeline import FrameTime

DEFAULT_RATE = Fraction(30)
"""Frames a second of frames that come from nowhere."""


@dataclass(frozen=True)
class Shot:
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
class State:
    """All that the frames to come depend on, but for their sources: what a render goes on from.

    Attributes:
        done: how many frames of the film are done.
        t: the last one's index in its shot.
        last: its dream, and what it lies on.
        shot: what its shot's frames have in common.
        at: where the camera stands.
        seen: the digest of its source as it came, by which one that is read again is known.
    """

    done: int
    t: int
    last: Last
    shot: Shot
    at: Affine
    seen: str


@dataclass(frozen=True)
class Turn:
    """The frames that one dream of the film brings, float32 within 0..255, and where it stands."""

    frames: list[Frame]
    state: State


def dream_frames(recipe: Recipe, sources: Iterable[Frame], dream: Dreams) -> Iterator[Frame]:
    """The dreamed frames, one for each of `sources`, float32 within 0..255, not yet rounded.

    `recipe` says how they hang together; its source and output are not looked at. Nothing passes a
    cut: a shot's frames are the same alone and in their film.
    """
    for turn in turns(recipe, sources, dream):
        yield from turn.frames


def turns(
    recipe: Recipe,
    sources: Iterable[Frame],
    dream: Dreams,
    *,
    since: State | None = None,
    rate: Fraction | None = None,
    frames: int | None = None,
) -> Iterator[Turn]:
    """The film, dream by dream; the sources are always all of them.

    Args:
        recipe: settled or not; `frames` and `rate` are what its schedules count with.
        sources: (H, W, 3) float32 RGB 0..255.
        dream: the dreamer.
        since: what an earlier run left; its frames are not dreamed again.
        rate: frames a second; the recipe's own, else 30.
        frames: how many there will be; None: not known.

    Raises:
        RecipeError: a schedule leaves its bounds.
        RunError: the sources are not those that `since` was made of.
    """
    recipe = settled(recipe)
    film = (
        recipe
        if isinstance(recipe, FilmRecipe)
        else ZoomRecipe(dream=recipe.dream, color=recipe.color)  # an image is its first frame
    )
    clock = FrameTime(0, rate or film.fps or DEFAULT_RATE, frames)
    shows_sources = isinstance(film, VideoRecipe) or needs_source(film.blend)
    last: Last | None = None
    shot: Shot | None = None
    camera, done = Camera(shows_sources), 0
    if since is not None:
        last, shot, camera = since.last, since.shot, Camera(shows_sources, since.at)
        done = since.done
    with closing(_moments(film, sources, since)) as moments:
        for group in _groups(film, moments):
            if group[0].t == 0:
                last, shot, camera = None, None, Camera(shows_sources)
            seen = []
            for index, moment in zip(count(done), group, strict=False):
                now = in_force(film, FrameTime(index, clock.rate, clock.frames))
                seen.append(camera.sees(moment, now.motion))
            *between, key = seen
            held = [Held.of(last)] if between and last else []
            for one in between:
                assert last is not None
                last = last.on(one.source, one.came, one.worn)
                held.append(held[-1].onward(one.came))

            rounds = film.blend.settle if now.blend.share else 0
            if key.t == 0:
                key = replace(key, came=stay, worn=None)
                for turn in range(rounds):
                    last, shot = _dreamed(now, dream, turn, key, last, shot)
            turn = rounds + -(-key.t // getattr(film, "cadence", 1))
            last, shot = _dreamed(now, dream, turn, key, last, shot)
            done += len(group)
            state = State(done, key.t, last, shot, camera.at, digest(film, group[-1].source))
            crossed = _crossfaded(between, held[1:], Held.of(last), key) if between else []
            yield Turn([*crossed, last.dream], state)


def _dreamed(
    now: FilmRecipe,
    dream: Dreams,
    turn: int,
    seen: Seen,
    last: Last | None,
    shot: Shot | None,
) -> tuple[Last, Shot]:
    """One turn of the recurrence."""
    source = seen.source
    begun, bare = canvas(source, last, seen.came, now.blend, seen.worn)
    begun = shift(begun, now.color.shift)
    colors = shot.colors if shot else covariance(source)
    notes = dict(shot.notes) if shot else {}
    dreamed = np.clip(dream(DreamTask(begun, turn, bare, now.dream, colors, notes)), 0, 255)
    if shot:
        anchor = shot.anchor
    elif isinstance(now, VideoRecipe):
        anchor = ResidualAnchor.of(dreamed - source)
    else:
        anchor = PictureAnchor.of(source)
    # Where nothing was dreamed there is nothing to hold back: the camera's path shows as it is.
    if not np.array_equal(dreamed, np.clip(begun, 0, 255)):
        dreamed = anchor.pull(dreamed, source, now.color.anchor)
    return Last(dreamed, source, bare), Shot(anchor, colors, notes)


def _crossfaded(between: list[Seen], held: list[Held], ahead: Held, key: Seen) -> list[Frame]:
    """The frames between two dreamed ones, from what the two hold of them."""
    frames = []
    after = key
    for index in range(len(between) - 1, -1, -1):
        assert after.left is not None, "followed both ways"
        ahead = ahead.onward(after.left)
        share = (index + 1) / (len(between) + 1)
        frames.append(crossfade(between[index].source, held[index], ahead, share))
        after = between[index]
    return frames[::-1]


def _moments(film: FilmRecipe, sources: Iterable[Frame], since: State | None) -> Generator[Moment]:
    """Each source frame to come with its index in its shot, and its flow if the blend asks for it.

    A clip is read forward from its beginning: to seek by a frame's number is not exact.
    """
    shots = iter(numbered(film, sources))
    before: Frame | None = None
    if since is not None:
        t, before = next(islice(shots, since.done - 1, None), (-1, None))
        if before is None or (t, digest(film, before)) != (since.t, since.seen):
            raise StateError(
                f"frame {since.done - 1} of the source is not the one that was dreamed; "
                "--restart begins anew"
            )
    if not isinstance(film, VideoRecipe):
        return (Moment(t, source) for t, source in shots)
    # Read, and their flows found, while the ones before them are dreamed.
    if film.blend.by == "flow" and film.blend.share:
        return ahead(followed(shots, film.cadence > 1, before), film.cadence)
    return ahead((Moment(t, source) for t, source in shots), film.cadence)


def numbered(film: FilmRecipe, sources: Iterable[Frame]) -> Iterable[tuple[int, Frame]]:
    """Each source frame with its index in its shot."""
    return marked(sources, film.cuts) if isinstance(film, VideoRecipe) else enumerate(sources)


def digest(film: FilmRecipe, source: Frame) -> str:
    """What a clip's frame is known by; a still is known by its file."""
    if not isinstance(film, VideoRecipe):
        return ""
    return hashlib.blake2b(np.ascontiguousarray(source).data, digest_size=16).hexdigest()


def _groups(film: FilmRecipe, moments: Iterator[Moment]) -> Iterator[list[Moment]]:
    """Each frame to be dreamed, after those since the last one that are not: a shot's first, every
    `cadence`-th and its last are dreamed."""
    cadence = getattr(film, "cadence", 1)
    if cadence == 1:  # without waiting for the next frame
        yield from ([moment] for moment in moments)
        return
    group: list[Moment] = []
    for moment, coming in zip_longest(*_and_next(moments)):
        group.append(moment)
        if moment.t % cadence == 0 or coming is None or coming.t == 0:
            yield group
            group = []


def _and_next(moments: Iterator[Moment]) -> tuple[Iterator[Moment], Iterator[Moment]]:
    these, those = tee(moments)
    next(those, None)
    return these, those
