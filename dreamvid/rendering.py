"""The recurrence that every film is, and the one way from a recipe to a file.

canvas_t = blend(source_t, x_{t−1}, camera)        what the last dream leaves on this frame
x_t      = dream(shift(canvas_t), t)               gradient ascent over octaves
x_t      = anchor(x_t)                             is shown, and carried
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from dreamvid.blend import Last, canvas, needs_source
from dreamvid.color import Anchor, PictureAnchor, ResidualAnchor, shift
from dreamvid.dream.catalogue import settled
from dreamvid.errors import RecipeError
from dreamvid.frame import Frame
from dreamvid.media.write import check_output, check_picture, open_sink, write_picture
from dreamvid.motion import Affine, camera_step, carry, new_ground, warp
from dreamvid.recipe import Recipe, VideoRecipe, ZoomRecipe
from dreamvid.source import Source, open_source

SEGMENT = 48
"""Frames in a closed segment of film: the most that a fault can cost."""

Dream = Callable[[Frame, int], Frame]
"""`dream(canvas, t) -> Frame`: the dream of a canvas, `t` being the frame's index in its shot."""


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
        return lambda canvas, t: canvas
    from dreamvid.dream import quiet

    with quiet():
        from dreamvid.dream.ascent import Dreamer
    return Dreamer(recipe)


def dream_frames(recipe: Recipe, sources: Iterable[Frame], dream: Dream) -> Iterator[Frame]:
    """The dreamed frames, one for each of `sources`, float32 within 0..255, not yet rounded.

    `recipe` says how they hang together; its source, output and network are not looked at.
    """
    if not isinstance(recipe, ZoomRecipe | VideoRecipe):
        recipe = ZoomRecipe(color=recipe.color)  # of which an image is the first frame
    motion, blend, color = recipe.motion, recipe.blend, recipe.color
    last: Last | None = None
    anchor: Anchor | None = None
    camera = Affine()
    border = None if motion.border == "source" else motion.border
    for t, source in enumerate(sources):
        size = source.shape[1], source.shape[0]
        step = camera_step(motion, size)
        if t and motion.on == "frame":
            camera = camera.then(step)
            if needs_source(blend) or isinstance(recipe, VideoRecipe):
                source = warp(source, camera, border or "reflect")
            elif border is None and step.reveals(size):
                source = new_ground(source, camera)
        move = partial(carry, affine=step, border=border)
        began = shift(canvas(source, last, move, blend), color.shift)
        dreamed = np.clip(dream(began, t), 0, 255)
        if anchor is None:
            if isinstance(recipe, VideoRecipe):
                anchor = ResidualAnchor.of(dreamed - source, color.anchor)
            else:
                anchor = PictureAnchor.of(source, color.anchor)
        # Where nothing was dreamed there is nothing to hold back: the camera's path shows as it is.
        if not np.array_equal(dreamed, np.clip(began, 0, 255)):
            dreamed = anchor.pull(dreamed, source)
        yield dreamed
        last = Last(dreamed, source)


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
