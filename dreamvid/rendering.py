"""The recurrence that every film is, and the one way from a recipe to a file.

canvas_t = blend(source_t, x_{t−1}, motion_t)      what the last dream leaves on this frame
x_t      = dream(shift(canvas_t), t)               gradient ascent over octaves
x_t      = anchor(x_t)                             is shown, and carried
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import tee, zip_longest
from pathlib import Path

import numpy as np

from dreamvid.blend import (
    Bare,
    Held,
    Last,
    Move,
    canvas,
    crossfade,
    needs_source,
    stay,
)
from dreamvid.camera import Camera, Seen
from dreamvid.color import Anchor, PictureAnchor, ResidualAnchor, shift
from dreamvid.dream.catalogue import settled
from dreamvid.errors import RecipeError
from dreamvid.flow import Moment, followed
from dreamvid.frame import Frame
from dreamvid.media.write import check_output, check_picture, open_sink, write_picture
from dreamvid.motion import camera_step
from dreamvid.recipe import Recipe, VideoRecipe, ZoomRecipe
from dreamvid.shots import marked
from dreamvid.source import Source, open_source

SEGMENT = 48
"""Frames in a closed segment of film: the most that a fault can cost."""

Dream = Callable[[Frame, int, Bare], Frame]
"""`dream(canvas, t, bare) -> Frame`: the dream of a canvas, `t` counting the dreams of its shot,
`bare` saying where no dream lies on it yet."""


@dataclass(frozen=True)
class Step:
    """One frame done: the `index`-th of `total` (None: not known), and the frame itself."""

    index: int
    total: int | None
    frame: Frame


def make_dreamer(recipe: Recipe) -> Dream:
    """The dreamer that a recipe asks for; `network: none` is one, without TensorFlow.

    Raises:
        NetworkError: its network, layers or weights cannot be had.
    """
    if recipe.network.name == "none":
        return lambda canvas, t, bare: canvas
    from dreamvid.dream import quiet

    with quiet():
        from dreamvid.dream.dreamer import Dreamer
    return Dreamer(recipe)


def dream_frames(recipe: Recipe, sources: Iterable[Frame], dream: Dream) -> Iterator[Frame]:
    """The dreamed frames, one for each of `sources`, float32 within 0..255, not yet rounded.

    `recipe` says how they hang together; its source, output and network are not looked at. Nothing
    passes a cut: a shot's frames are the same alone and in their film.
    """
    if not isinstance(recipe, ZoomRecipe | VideoRecipe):
        recipe = ZoomRecipe(color=recipe.color)  # of which an image is the first frame
    shows_sources = isinstance(recipe, VideoRecipe) or needs_source(recipe.blend)
    last: Last | None = None
    anchor: Anchor | None = None
    rounds = recipe.blend.settle if recipe.blend.share else 0
    for group in _groups(recipe, _moments(recipe, sources)):
        if group[0].t == 0:
            last, anchor, camera = None, None, Camera(recipe.motion, shows_sources)
        *between, key = (camera.sees(moment) for moment in group)
        held = [Held.of(last)] if last else []
        for one in between:
            assert last is not None
            last = last.on(one.source, one.came)
            held.append(held[-1].onward(one.came))

        if key.t == 0:
            for turn in range(rounds):
                last, anchor = _dreamed(recipe, dream, turn, key.source, last, stay, anchor)
        move = key.came if key.t else stay
        last, anchor = _dreamed(recipe, dream, key.t + rounds, key.source, last, move, anchor)
        yield from _crossfaded(between, held[1:], Held.of(last), key)
        yield last.dream


def _dreamed(
    recipe: ZoomRecipe | VideoRecipe,
    dream: Dream,
    turn: int,
    source: Frame,
    last: Last | None,
    move: Move,
    anchor: Anchor | None,
) -> tuple[Last, Anchor]:
    """One turn of the recurrence; a shot's first brings its anchor."""
    begun, bare = canvas(source, last, move, recipe.blend)
    begun = shift(begun, recipe.color.shift)
    dreamed = np.clip(dream(begun, turn, bare), 0, 255)
    if anchor is None and isinstance(recipe, VideoRecipe):
        anchor = ResidualAnchor.of(dreamed - source, recipe.color.anchor)
    elif anchor is None:
        anchor = PictureAnchor.of(source, recipe.color.anchor)
    # Where nothing was dreamed there is nothing to hold back: the camera's path shows as it is.
    if not np.array_equal(dreamed, np.clip(begun, 0, 255)):
        dreamed = anchor.pull(dreamed, source)
    return Last(dreamed, source, bare), anchor


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


def _moments(recipe: ZoomRecipe | VideoRecipe, sources: Iterable[Frame]) -> Iterator[Moment]:
    """Each source frame with its index in its shot, and its flow where the blend asks for it."""
    if not isinstance(recipe, VideoRecipe):
        return (Moment(t, source) for t, source in enumerate(sources))
    shots = marked(sources, recipe.cuts)
    if recipe.blend.by == "flow" and recipe.blend.share:
        return followed(shots, recipe.cadence)
    return (Moment(t, source) for t, source in shots)


def _groups(recipe: ZoomRecipe | VideoRecipe, moments: Iterator[Moment]) -> Iterator[list[Moment]]:
    """Each frame to be dreamed, after those since the last one that are not: a shot's first, every
    `cadence`-th and its last are dreamed."""
    cadence = getattr(recipe, "cadence", 1)
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


def output_of(recipe: Recipe) -> Path:
    """Where the result goes: as asked, else `NAME-dream.mp4` (or `.png`) in this folder."""
    if recipe.output is not None:
        return recipe.output
    return Path(f"{recipe.source[0].stem}-dream{'.png' if recipe.kind == 'image' else '.mp4'}")


@dataclass(frozen=True)
class Plan:
    """What a render will do, everything settled and looked at, nothing dreamed yet.

    Attributes:
        recipe: with what it leaves to its network filled in.
        output: where the result goes.
        source: the frames to come.
        dream: the dreamer, loaded.
        octaves: the (height, width) of each size dreamed at, smallest first; empty without network.
    """

    recipe: Recipe
    output: Path
    source: Source
    dream: Dream
    octaves: list[tuple[int, int]]

    def lines(self) -> Iterator[str]:
        """What will be made, for people."""
        width, height = self.source.size
        count = "all" if self.source.frames is None else self.source.frames
        yield f"{count} frames of {width}x{height} at {self.source.rate} fps into {self.output}"
        if self.octaves:
            yield "octaves " + ", ".join(f"{wide}x{high}" for high, wide in self.octaves)
            skipped = self.recipe.dream.octaves - len(self.octaves)
            if skipped:
                yield f"{skipped} smaller skipped: under the least size of the network"


def plan(recipe: Recipe, *, overwrite: bool = False) -> Plan:
    """Look at everything that a render needs, and refuse what cannot be before any work.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    if not recipe.source:
        raise RecipeError("source: name the picture or clip to dream on")
    output = output_of(recipe)
    check = check_picture if recipe.kind == "image" else check_output
    check(output, recipe.source, overwrite)
    source = open_source(recipe)
    if isinstance(recipe, ZoomRecipe | VideoRecipe):
        camera_step(recipe.motion, source.size)  # refuses a trim that leaves nothing
    dream = make_dreamer(recipe)
    sizes = getattr(dream, "sizes", None)  # refuses a size that is too small for the network
    octaves = sizes((source.size[1], source.size[0])) if sizes else []
    return Plan(settled(recipe), output, source, dream, octaves)


def render(recipe: Recipe, *, overwrite: bool = False) -> Generator[Step]:
    """Plan a recipe and carry it out; see `carry_out`. Nothing is looked at before the first step.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    yield from carry_out(plan(recipe, overwrite=overwrite), overwrite=overwrite)


def carry_out(made: Plan, *, overwrite: bool = False) -> Generator[Step]:
    """Render a plan into its output, one `Step` a frame; the output stands once it is exhausted.

    Closing the generator cancels. Cancelled or failed after the first frame, it leaves what is done
    as `NAME.partial.…`, playable; before it, nothing.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    recipe, source = made.recipe, made.source
    frames = dream_frames(recipe, source.open(), made.dream)
    if not isinstance(recipe, ZoomRecipe | VideoRecipe):
        still = next(frames)
        write_picture(made.output, still, overwrite)
        yield Step(0, 1, still)
        return
    sink = open_sink(
        made.output,
        size=source.size,
        rate=source.rate,
        crf=recipe.film.crf,
        overwrite=overwrite,
        sound=source.sound,
        segment=SEGMENT,
    )
    try:
        for index, frame in enumerate(frames):
            sink.write(frame)
            yield Step(index, source.frames, frame)
        sink.close()
    except BaseException:
        sink.abandon(keep=True)
        raise
