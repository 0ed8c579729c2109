"""What a recipe dreams on, as frames: a still that stays, a clip that runs, arrays of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from dreamvid.errors import InputError, MediaError, RecipeError
from dreamvid.frame import Frame, Size, as_frame
from dreamvid.media.probe import probe
from dreamvid.media.read import count_at, read_clip, read_picture
from dreamvid.media.resize import resize_area
from dreamvid.media.sound import Sound
from dreamvid.media.still_writer import STILL_ENDINGS
from dreamvid.media.timing import snap
from dreamvid.pipeline import closing_iterator
from dreamvid.recipe import ImageRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recipe.paths import CLIP_ENDINGS
from dreamvid.recipe.timeline import DEFAULT_RATE

Pictures = Sequence[Any] | NDArray[Any] | Callable[[], Iterable[Any]]


@dataclass(frozen=True)
class Source:
    """Frames to dream on, all of one size.

    Attributes:
        size: of every frame.
        rate: frames a second, exact.
        frames: how many there will be; None where that is not known.
        sound: what of a clip's sound belongs to them, if any.
        open: begins reading, from the first frame; each call reads anew. Closing what it returns
            releases the file.
        identity: a text that changes whenever the frames do, for a source that is no file. Without
            one a render of it cannot be resumed. Files are known by their hash.
        still: whether every frame is the same.
    """

    size: Size
    rate: Fraction
    frames: int | None
    sound: Sound | None
    open: Callable[[], Generator[Frame]]
    identity: str = ""
    still: bool = False

    @classmethod
    def of_frames(
        cls, frames: Pictures, rate: Fraction | float = DEFAULT_RATE, identity: str = ""
    ) -> Source:
        """A source of arrays, (H, W, 3) RGB of one size, uint8 or float 0..255.

        Args:
            frames: all of them, or a function that begins to give them anew each time it is called;
                how many those are is then not known beforehand.
            rate: frames a second.
            identity: as above.

        Raises:
            InputError: there is none. Of a later frame it is raised while reading.
            MediaError: as `as_frame`.
        """
        start = frames if callable(frames) else lambda: frames
        with closing(_checked(start, None)) as begun:
            first = next(begun, None)
        if first is None:
            raise InputError("a source must have at least one frame")
        size = Size.of(first)
        count = None if callable(frames) else len(frames)
        return cls(size, _exact(rate), count, None, lambda: _checked(start, size), identity)

    @classmethod
    def of_picture(
        cls,
        picture: Any,
        frames: int | None,
        rate: Fraction | float = DEFAULT_RATE,
        identity: str = "",
    ) -> Source:
        """A source of one array that stays; `frames` times, None: for ever. As `of_frames`."""
        still = as_frame(picture)

        def read() -> Generator[Frame]:
            yield from itertools.repeat(still, *(() if frames is None else (frames,)))

        return cls(Size.of(still), _exact(rate), frames, None, read, identity, still=True)


@dataclass(frozen=True)
class Opener:
    """A kind of source: which recipes it is for, and how it is opened."""

    takes: Callable[[Recipe], bool]
    open: Callable[[Any], Source]


def open_source(recipe: Recipe) -> Source:
    """The source of a recipe: that of the first of `OPENERS` which takes it.

    Raises:
        RecipeError: more are named than its kind takes.
        InputError: a file is not what it should be.
    """
    return next(opener.open(recipe) for opener in OPENERS if opener.takes(recipe))


def fit(frame: Frame, size: Size) -> Frame:
    """`frame` scaled to fill `size`, what hangs over cut off evenly."""
    height, width = frame.shape[:2]
    scale = max(size.width / width, size.height / height)
    scaled = Size(max(size.width, round(width * scale)), max(size.height, round(height * scale)))
    left, top = (scaled.width - size.width) // 2, (scaled.height - size.height) // 2
    return resize_area(frame, scaled)[top : top + size.height, left : left + size.width]


def _exact(rate: Fraction | float) -> Fraction:
    return rate if isinstance(rate, Fraction) else snap(rate)


def _checked(start: Callable[[], Iterable[Any]], size: Size | None) -> Generator[Frame]:
    """The frames of a caller, each a copy; all of `size`, or of the first one's."""
    with closing_iterator(start()) as pictures:
        for index, picture in enumerate(pictures):
            frame = as_frame(picture)
            size = size or Size.of(frame)
            if Size.of(frame) != size:
                raise InputError(f"frame {index} of the source is {Size.of(frame)}, not {size}")
            yield frame


def _open_stills(recipe: ImageRecipe | ZoomRecipe) -> Source:
    pictures = [_read_still(path) for path in recipe.source]
    size = Size(*recipe.size) if recipe.size else Size.of(pictures[0])
    still, *others = [fit(picture, size) for picture in pictures]
    for other in others:
        still = still + recipe.mix * (other - still)
    frames, rate = getattr(recipe, "frames", 1), getattr(recipe, "fps", Fraction(1))
    return Source.of_picture(still, frames, rate)


def _read_still(path: Path) -> Frame:
    try:
        return read_picture(path)
    except MediaError as error:
        hint = "; dreamvid video takes clips" if path.suffix.lower() in CLIP_ENDINGS else ""
        raise InputError(f"{error}{hint}", path=path) from None


def _open_clip(recipe: VideoRecipe) -> Source:
    if len(recipe.source) != 1:
        raise RecipeError("source: a video is made of one clip", key="source")
    path = recipe.source[0]
    try:
        clip = probe(path)
    except MediaError as error:
        hint = (
            "; dreamvid zoom and image take pictures"
            if path.suffix.lower() in STILL_ENDINGS
            else ""
        )
        raise InputError(f"{error}{hint}", path=path) from None
    start = recipe.start or Fraction(0)
    first, count = clip.span(start, recipe.end, None)
    rate = recipe.fps or clip.rate
    frames = None if count is None else count_at(rate, count, clip.rate)
    if recipe.frames is not None:
        frames = recipe.frames if frames is None else min(frames, recipe.frames)
    size = Size(*recipe.size) if recipe.size else clip.size

    def read() -> Generator[Frame]:
        pictures = read_clip(clip, start=start, end=recipe.end, frames=recipe.frames, rate=rate)
        with closing(pictures):
            for picture in pictures:
                yield fit(picture, size)

    sound = None
    if clip.has_audio and recipe.encode.audio == "keep":
        duration = None if frames is None else frames / rate
        sound = Sound(clip.path, first / clip.rate, duration)
    return Source(size, rate, frames, sound, read)


OPENERS = (
    Opener(lambda recipe: isinstance(recipe, VideoRecipe), _open_clip),
    Opener(lambda recipe: isinstance(recipe, ImageRecipe | ZoomRecipe), _open_stills),
)
"""The kinds of source, in the order in which they are tried."""
