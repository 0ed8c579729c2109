"""The source of a film that closes: what is dreamed before its first frame, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import numpy as np

from dreamvid.errors import RecipeError
from dreamvid.frame import Frame
from dreamvid.recipe import FilmRecipe, Recipe, VideoRecipe
from dreamvid.recipe.heard import BAR, BEAT_FRAMES
from dreamvid.recipe.loop import DEAREST, Loop
from dreamvid.recipe.timeline import Hearing
from dreamvid.source import Source

Item = TypeVar("Item")


def counted(recipe: Recipe, source: Source) -> Source:
    """A source whose number of frames is known, where the film closes: it is read for it."""
    if source.frames is not None or not isinstance(recipe, FilmRecipe) or not recipe.loop:
        return source
    return replace(source, frames=source.count())


def passing_over(recipe: Recipe, source: Source) -> int:
    """Frames of a clip that its loop passes over in, a third of them at most; 0: it does not
    close."""
    if not isinstance(recipe, VideoRecipe) or not recipe.loop:
        return 0
    return min(recipe.blend_frames(source.rate), (source.frames or 0) // 3)


def looped(recipe: Recipe, source: Source) -> Source:
    """The source of a film that closes, where the recipe asks for one; any other is returned as it
    is.

    A zoom's frames are preceded by its last ones, which lead into it. A clip is as many frames
    shorter as it passes over in: its first ones lead, and its last pass over into them. With beats
    a zoom is made as long as whole bars, and a clip, or the sound that a zoom is as long as, is cut
    to them.

    Args:
        source: of a known number of frames (`counted`).

    Raises:
        RecipeError: it has too few frames to close; or its camera moves over a clip.
    """
    if not isinstance(recipe, FilmRecipe) or not recipe.loop:
        return source
    if isinstance(recipe, VideoRecipe) and recipe.motion.moves == "camera":
        raise RecipeError("a clip that closes may move its dream alone: dream", key="motion.moves")
    assert source.frames is not None
    wanted = recipe.blend_frames(source.rate)
    if isinstance(recipe, VideoRecipe):
        lead = blend = passing_over(recipe, source)
        frames, note = _in_bars(source.frames - lead, source.heard, at_most=True)
    else:
        by_sound = recipe.frames is None and recipe.audio.file is not None
        frames, note = _in_bars(source.frames, source.heard, at_most=by_sound)
        lead = int(frames * DEAREST)
        blend = min(lead, wanted)
    if not lead:
        raise RecipeError(f"too few frames to close: {source.frames}", key="loop")
    notes = [note] if note else []
    if blend < wanted:
        notes.append(f"the loop passes over in {blend} frames, not {wanted}: it has too few")
    loop = Loop(frames, lead, blend)
    read = (_clip if isinstance(recipe, VideoRecipe) else _zoom)(source.open, loop)
    notes = [*source.notes, *notes]
    return replace(source, open=read, seek=None, frames=frames, loop=loop, notes=tuple(notes))


def film_alone(source: Source) -> Source:
    """A source without the frames that lead into its film."""
    if source.loop is None:
        return source
    lead = source.loop.lead
    return replace(source, open=lambda: source.since(lead), seek=None, loop=None)


def around(opened: Callable[[], Generator[Item]], loop: Loop) -> Generator[Item]:
    """The last `lead` of what a film has at each frame, then all of it. `opened` begins anew."""
    for first in (loop.frames - loop.lead, 0):
        with closing(opened()) as items:
            yield from islice(items, first, loop.frames)


Open = Callable[[], Generator[Frame]]


def _zoom(opened: Open, loop: Loop) -> Open:
    return lambda: around(lambda: _lasting(opened()), loop)


def _lasting(frames: Generator[Frame]) -> Generator[Frame]:
    """Frames, of which the last one holds: a zoom may be longer than asked, for whole bars."""
    with closing(frames):
        for frame in frames:
            yield frame
    while True:
        yield frame


def _clip(opened: Open, loop: Loop) -> Open:
    def read() -> Generator[Frame]:
        with closing(opened()) as frames, closing(opened()) as again:
            own = islice(frames, loop.frames + loop.lead)
            yield from islice(own, loop.frames)
            passing = zip(own, islice(again, loop.lead), strict=True)
            for index, (ending, leading) in enumerate(passing, loop.frames - loop.lead):
                yield leading + np.float32(loop.own(index)) * (ending - leading)

    return read


def _in_bars(
    frames: int, heard: Hearing | None, *, at_most: bool = False
) -> tuple[int, str | None]:
    """The frames of a number of whole bars, and a note of it; `frames` and None without beats."""
    try:
        bar = BAR * heard.at(BEAT_FRAMES, 0) if heard else 0.0
    except KeyError:  # nothing needed the beats
        bar = 0.0
    if not bar:
        return frames, None
    bars = max(1, int(frames / bar) if at_most else round(frames / bar))
    whole = round(bars * bar)
    if at_most and whole > frames:
        return frames, f"the loop is shorter than a bar of {bar:.0f} frames"
    if whole == frames:
        return frames, None
    return whole, f"the loop is {whole} frames long, not {frames}: {bars} bar{'s' * (bars > 1)}"
