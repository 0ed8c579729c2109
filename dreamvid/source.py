"""What a recipe dreams on, as frames: a still that stays, or a clip that runs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from dreamvid.errors import InputError, MediaError, RecipeError
from dreamvid.frame import Frame
from dreamvid.media.picture_ops import resize
from dreamvid.media.pictures import ENDINGS
from dreamvid.media.probe import probe
from dreamvid.media.read import count_at, read_clip, read_picture
from dreamvid.media.sound import Sound
from dreamvid.recipe import ImageRecipe, Recipe, VideoRecipe, ZoomRecipe

CLIP_ENDINGS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".wmv")
"""By which a clip is known that was given in place of a picture."""


@dataclass(frozen=True)
class Source:
    """Frames to dream on, all of one size.

    Attributes:
        size: (width, height) of every frame.
        rate: frames a second, exact.
        frames: how many there will be; None where a clip does not tell.
        sound: what of a clip's sound belongs to them, if any.
        open: begins reading; closing the iterator releases the file.
    """

    size: tuple[int, int]
    rate: Fraction
    frames: int | None
    sound: Sound | None
    open: Callable[[], Iterator[Frame]]


def open_source(recipe: Recipe) -> Source:
    """The source of a recipe.

    Raises:
        RecipeError: more are named than its kind takes.
        MediaError: a file is not what it should be.
    """
    if isinstance(recipe, VideoRecipe):
        return _clip_source(recipe)
    assert isinstance(recipe, ImageRecipe | ZoomRecipe)
    return _still_source(recipe)


def fit(frame: Frame, size: tuple[int, int]) -> Frame:
    """`frame` scaled to fill `size` (width, height), what hangs over cut off evenly."""
    height, width = frame.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    scaled = max(size[0], round(width * scale)), max(size[1], round(height * scale))
    left, top = (scaled[0] - size[0]) // 2, (scaled[1] - size[1]) // 2
    return resize(frame, scaled)[top : top + size[1], left : left + size[0]]


def _still_source(recipe: ImageRecipe | ZoomRecipe) -> Source:
    pictures = [_read_still(path) for path in recipe.source]
    size = recipe.size or (pictures[0].shape[1], pictures[0].shape[0])
    still, *others = [fit(picture, size) for picture in pictures]
    for other in others:
        still = still + recipe.mix * (other - still)
    frames, rate = getattr(recipe, "frames", 1), getattr(recipe, "fps", Fraction(1))
    return Source(size, rate, frames, None, lambda: itertools.repeat(still, frames))


def _read_still(path: Path) -> Frame:
    try:
        return read_picture(path)
    except MediaError as error:
        hint = "; dreamvid video takes clips" if path.suffix.lower() in CLIP_ENDINGS else ""
        raise InputError(f"{error}{hint}", path=path) from None


def _clip_source(recipe: VideoRecipe) -> Source:
    if len(recipe.source) != 1:
        raise RecipeError("source: a video is made of one clip")
    path = recipe.source[0]
    try:
        clip = probe(path)
    except MediaError as error:
        hint = "; dreamvid zoom and image take pictures" if path.suffix.lower() in ENDINGS else ""
        raise InputError(f"{error}{hint}", path=path) from None
    start = recipe.start or Fraction(0)
    first, count = clip.span(start, recipe.end, None)
    rate = recipe.fps or clip.rate
    frames = None if count is None else count_at(rate, count, clip.rate)
    if recipe.frames is not None:
        frames = recipe.frames if frames is None else min(frames, recipe.frames)
    size = recipe.size or clip.size

    def read() -> Iterator[Frame]:
        pictures = read_clip(clip, start=start, end=recipe.end, frames=recipe.frames, rate=rate)
        yield from (fit(picture, size) for picture in pictures)

    sound = None
    if clip.has_audio and recipe.film.audio == "keep":
        duration = None if frames is None else frames / rate
        sound = Sound(clip.path, first / clip.rate, duration)
    return Source(size, rate, frames, sound, read)
