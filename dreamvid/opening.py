"""Opening the source that a recipe names: stills, a clip, or numbered pictures."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from dreamvid.errors import InputError, MediaError, RecipeError
from dreamvid.frame import Frame, Size
from dreamvid.media.named_sound import frames_asked
from dreamvid.media.picture_list import find_pictures
from dreamvid.media.probe import probe
from dreamvid.media.read import (
    Tell,
    count_at,
    read_clip,
    read_picture,
    read_picture_with_alpha,
)
from dreamvid.media.resize import resize_area, resize_straight
from dreamvid.media.sound import Sound
from dreamvid.media.still_writer import STILL_ENDINGS
from dreamvid.recipe import ImageRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recipe.mask import OWN_ALPHA
from dreamvid.recipe.paths import CLIP_ENDINGS, names_several
from dreamvid.recipe.timeline import DEFAULT_RATE
from dreamvid.source import Source, held

Load = Callable[[Path, Tell], Frame]
"""Reads a picture, and tells what was changed about it."""


@dataclass(frozen=True)
class Opener:
    """A kind of source.

    Attributes:
        takes: whether it is for a recipe.
        open: opens the source of such a recipe.
    """

    takes: Callable[[Recipe], bool]
    open: Callable[[Any], Source]


def open_source(recipe: Recipe) -> Source:
    """The source of a recipe, opened by the first of `OPENERS` that takes it; with alpha where
    that is kept, or is a mask.

    Raises:
        RecipeError: a video recipe has more than one source.
        InputError: a file cannot be read, or is of another kind than the recipe needs.
    """
    if any(region.mask.file == OWN_ALPHA for region in recipe.masked):
        recipe = recipe.model_copy(update={"alpha": "keep"})
    return next(opener.open(recipe) for opener in OPENERS if opener.takes(recipe))


def fit(frame: Frame, size: Size) -> Frame:
    """`frame` scaled to cover `size`, and cropped evenly to it; it may have straight alpha."""
    height, width = frame.shape[:2]
    scale = max(size.width / width, size.height / height)
    scaled = Size(max(size.width, round(width * scale)), max(size.height, round(height * scale)))
    left, top = (scaled.width - size.width) // 2, (scaled.height - size.height) // 2
    resize = resize_straight if frame.shape[2] == 4 else resize_area
    return resize(frame, scaled)[top : top + size.height, left : left + size.width]


def _open_stills(recipe: ImageRecipe | ZoomRecipe) -> Source:
    load = _loader(recipe)
    notes: list[str] = []
    pictures = [_read_still(path, load, notes.append) for path in recipe.source]
    size = Size(*recipe.size) if recipe.size else Size.of(pictures[0])
    still, *others = [fit(picture, size) for picture in pictures]
    for other in others:
        still = still + recipe.mix * (other - still)
    rate = recipe.fps if isinstance(recipe, ZoomRecipe) else Fraction(1)
    frames = frames_asked(recipe, rate) if isinstance(recipe, ZoomRecipe) else 1
    if still.shape[2] == 3 or still[..., 3].min() == 255:
        source = Source.of_picture(still[..., :3], frames, rate)
        return replace(source, notes=tuple(notes))

    return Source(
        *(size, rate, frames, None, lambda: held(still, frames)),
        still=True,
        notes=tuple(notes),
        alpha=True,
    )


def _loader(recipe: Recipe) -> Load:
    """The function that reads a recipe's pictures, with alpha where that is kept."""
    return read_picture_with_alpha if recipe.alpha == "keep" else read_picture


def _read_still(path: Path, load: Load, tell: Tell) -> Frame:
    try:
        return load(path, tell)
    except MediaError as error:
        hint = "; dreamvid video takes clips" if path.suffix.lower() in CLIP_ENDINGS else ""
        raise InputError(f"{error}{hint}", path=path) from None


def _open_clip(recipe: VideoRecipe) -> Source:
    path = _only_source(recipe)
    try:
        clip = probe(path, recipe.deinterlace)
    except MediaError as error:
        hint = (
            "; dreamvid zoom and image take pictures"
            if path.suffix.lower() in STILL_ENDINGS
            else ""
        )
        raise InputError(f"{error}{hint}", path=path) from None
    start = recipe.start or Fraction(0)
    begin, count = clip.span(start, recipe.end, None)
    rate = recipe.fps or clip.rate
    frames = None if count is None else count_at(rate, count, clip.rate)
    most = frames_asked(recipe, rate)
    if most is not None:
        frames = most if frames is None else min(frames, most)
    size = Size(*recipe.size) if recipe.size else clip.size
    alpha = recipe.alpha == "keep" and clip.track.conversion.alpha_top is not None

    def read(first: int = 0) -> Generator[Frame]:
        pictures = read_clip(
            clip,
            start=start,
            end=recipe.end,
            frames=most,
            rate=rate,
            strict=recipe.strict,
            alpha=alpha,
            skip=first,
        )
        with closing(pictures):
            for picture in pictures:
                yield fit(picture, size)

    sound = None
    if clip.has_audio:
        duration = None if frames is None else frames / rate
        sound = Sound(clip.path, begin / clip.rate, duration, clip.track.index)
    notes = tuple(f"{path}: {note}" for note in clip.track.conversion.notes)
    return Source(size, rate, frames, sound, read, notes=notes, alpha=alpha, seek=read)


def _open_sequence(recipe: VideoRecipe) -> Source:
    pictures = find_pictures(_only_source(recipe))
    rate = recipe.fps or DEFAULT_RATE
    begin = math.ceil((recipe.start or 0) * rate)
    ends = [pictures.count, *([] if recipe.end is None else [math.ceil(recipe.end * rate)])]
    count = min(*ends, pictures.count) - begin
    if count <= 0:
        lasts = float(pictures.count / rate)
        raise InputError(
            f"no frame from {float(begin / rate):g} s on; it lasts {lasts:g} s", path=pictures.name
        )
    most = frames_asked(recipe, rate)
    count = count if most is None else min(count, most)
    load = _loader(recipe)
    notes = [] if pictures.note is None else [f"{pictures.name}: {pictures.note}"]
    picture = load(next(pictures.files()), notes.append)
    size = Size(*recipe.size) if recipe.size else Size.of(picture)

    def read(first: int = 0) -> Generator[Frame]:
        for file, repeated in itertools.groupby(
            itertools.islice(pictures.files(), begin + first, begin + count)
        ):
            frame = fit(load(file, _ignored), size)
            yield from (frame for _ in repeated)

    alpha = picture.shape[2] == 4
    return Source(size, rate, count, None, read, notes=tuple(notes), alpha=alpha, seek=read)


def _ignored(note: str) -> None:
    """What is told of each picture of a sequence was told of the first."""


def _only_source(recipe: VideoRecipe) -> Path:
    if len(recipe.source) != 1:
        raise RecipeError("a video is made of one clip", key="source")
    return recipe.source[0]


def _is_sequence(recipe: Recipe) -> bool:
    return isinstance(recipe, VideoRecipe) and any(map(names_several, recipe.source))


OPENERS = (
    Opener(_is_sequence, _open_sequence),
    Opener(lambda recipe: isinstance(recipe, VideoRecipe), _open_clip),
    Opener(lambda recipe: isinstance(recipe, ImageRecipe | ZoomRecipe), _open_stills),
)
"""The kinds of source, tried in this order."""
