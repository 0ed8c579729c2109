"""Sources: the frames that a recipe dreams on, from a still, a clip or the caller's arrays."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError, MediaError, RecipeError
from dreamvid.frame import Frame, Size, as_frame
from dreamvid.media.picture_list import find_pictures
from dreamvid.media.probe import probe
from dreamvid.media.read import count_at, read_clip, read_picture
from dreamvid.media.resize import resize_area
from dreamvid.media.sound import Sound
from dreamvid.media.still_writer import STILL_ENDINGS
from dreamvid.media.timing import snap
from dreamvid.pipeline import closing_iterator
from dreamvid.recipe import ImageRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recipe.paths import CLIP_ENDINGS, names_several
from dreamvid.recipe.timeline import DEFAULT_RATE

Pictures = Iterable[Any] | NDArray[Any] | Callable[[], Iterable[Any]]

NO_FRAME = "a source must have at least one frame"


@dataclass(frozen=True)
class Source:
    """Frames to dream on, all of one size.

    Attributes:
        size: of every frame.
        rate: frames a second, exact.
        frames: number of frames; None where it is not known in advance.
        sound: the part of a clip's sound that belongs to the frames; None: there is none.
        open: starts reading from the first frame, at each call again. Closing the returned
            generator releases the file.
        identity: a text that changes whenever the frames do, for a source that is not a file.
            Without it a render of the source cannot be resumed. Files are identified by their hash.
        still: whether all frames are the same picture.
        notes: what was changed about the source's pictures, for people.
    """

    size: Size
    rate: Fraction
    frames: int | None
    sound: Sound | None
    open: Callable[[], Generator[Frame]]
    identity: str = ""
    still: bool = False
    notes: tuple[str, ...] = ()

    def checked(self, recipe: Recipe) -> Source:
        """A caller's source, its frames checked as they are read, and at most `recipe.frames`.

        Raises:
            RecipeError: the recipe sets a size or rate that is not the source's.
        """
        for key, own in (("size", self.size), ("fps", self.rate)):
            if key in recipe.model_fields_set and getattr(recipe, key) not in (None, own):
                raise RecipeError(f"the source has {own}; leave {key} out", key=key)
        most = getattr(recipe, "frames", None)
        counts = [count for count in (self.frames, most) if count is not None]

        def read() -> Generator[Frame]:
            with closing(checked_frames(self.open(), self.size)) as frames:
                yield from itertools.islice(frames, most)

        return replace(self, open=read, frames=min(counts, default=None))

    @classmethod
    def of_frames(
        cls, frames: Pictures, rate: Fraction | float = DEFAULT_RATE, identity: str = ""
    ) -> Source:
        """A source of arrays, (H, W, 3) RGB of one size, uint8 or float 0..255.

        Args:
            frames: all of them, or a function that returns an iterable from the first frame on at
                each call; the number of frames is then not known in advance.
            rate: frames a second, over 0.
            identity: as in `Source`.

        Raises:
            InputError: there is no frame; while reading, also: a later frame has another size.
            MediaError: a frame has another shape or type (`as_frame`); for later frames it is
                raised while reading.
        """
        if not callable(frames) and not isinstance(frames, Sequence | np.ndarray):
            frames = list(frames)  # a generator could be read only once
        start = frames if callable(frames) else lambda: frames
        with closing(checked_frames(start())) as checked:
            first = next(checked, None)
        if first is None:
            raise InputError(NO_FRAME)
        size = Size.of(first)
        count = None if callable(frames) else len(frames)
        return cls(size, _exact(rate), count, None, lambda: checked_frames(start(), size), identity)

    @classmethod
    def of_picture(
        cls,
        picture: Any,
        frames: int | None,
        rate: Fraction | float = DEFAULT_RATE,
        identity: str = "",
    ) -> Source:
        """A source of one picture, repeated `frames` times; None: without end. Otherwise as
        `of_frames`."""
        still = as_frame(picture)

        def read() -> Generator[Frame]:
            yield from itertools.repeat(still, *(() if frames is None else (frames,)))

        return cls(Size.of(still), _exact(rate), frames, None, read, identity, still=True)


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
    """The source of a recipe, opened by the first of `OPENERS` that takes it.

    Raises:
        RecipeError: a video recipe has more than one source.
        InputError: a file cannot be read, or is of another kind than the recipe needs.
    """
    return next(opener.open(recipe) for opener in OPENERS if opener.takes(recipe))


def fit(frame: Frame, size: Size) -> Frame:
    """`frame` scaled to cover `size`, and cropped evenly to it."""
    height, width = frame.shape[:2]
    scale = max(size.width / width, size.height / height)
    scaled = Size(max(size.width, round(width * scale)), max(size.height, round(height * scale)))
    left, top = (scaled.width - size.width) // 2, (scaled.height - size.height) // 2
    return resize_area(frame, scaled)[top : top + size.height, left : left + size.width]


def _exact(rate: Fraction | float) -> Fraction:
    if not isinstance(rate, Real) or not 0 < rate < math.inf:
        raise RecipeError(f"must be a number of frames a second, not {rate!r}", key="rate")
    return rate if isinstance(rate, Fraction) else snap(float(rate))


def checked_frames(pictures: Iterable[Any], size: Size | None = None) -> Generator[Frame]:
    """A caller's frames, checked and copied; a generator of them is closed at the end.

    Args:
        size: that all must have; None: that of the first.

    Raises:
        MediaError: a frame has another shape or type (`as_frame`), or, an InputError, another size.
    """
    with closing_iterator(pictures) as pictures:
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
    first, count = clip.span(start, recipe.end, None)
    rate = recipe.fps or clip.rate
    frames = None if count is None else count_at(rate, count, clip.rate)
    if recipe.frames is not None:
        frames = recipe.frames if frames is None else min(frames, recipe.frames)
    size = Size(*recipe.size) if recipe.size else clip.size

    def read() -> Generator[Frame]:
        pictures = read_clip(
            clip,
            start=start,
            end=recipe.end,
            frames=recipe.frames,
            rate=rate,
            strict=recipe.strict,
        )
        with closing(pictures):
            for picture in pictures:
                yield fit(picture, size)

    sound = None
    if clip.has_audio and recipe.encode.audio == "keep":
        duration = None if frames is None else frames / rate
        sound = Sound(clip.path, first / clip.rate, duration, clip.track.index)
    notes = tuple(f"{path}: {note}" for note in clip.track.conversion.notes)
    return Source(size, rate, frames, sound, read, notes=notes)


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
    count = count if recipe.frames is None else min(count, recipe.frames)
    first = read_picture(next(pictures.files()))
    size = Size(*recipe.size) if recipe.size else Size.of(first)

    def read() -> Generator[Frame]:
        for file, repeated in itertools.groupby(
            itertools.islice(pictures.files(), begin, begin + count)
        ):
            frame = fit(read_picture(file), size)
            yield from (frame for _ in repeated)

    notes = () if pictures.note is None else (f"{pictures.name}: {pictures.note}",)
    return Source(size, rate, count, None, read, notes=notes)


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
