"""Sources: the frames that a recipe dreams on, from a still, a clip or the caller's arrays."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import InputError, RecipeError
from dreamvid.frame import Frame, Size, as_frame
from dreamvid.media.named_sound import frames_asked
from dreamvid.media.sound import Sound
from dreamvid.media.timing import snap
from dreamvid.pipeline import closing_iterator
from dreamvid.recipe import Recipe
from dreamvid.recipe.loop import Loop
from dreamvid.recipe.timeline import DEFAULT_RATE, Hearing, Timeline

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
        cuts: the frames at which shots begin, where a list of shots says so; None: it does not.
        seek: starts reading from a frame, by its number: the same frames as after `open`. None:
            those before it are read too. See `since`.
        identity: a text that changes whenever the frames do, for a source that is not a file.
            Without it a render of the source cannot be resumed. Files are identified by their hash.
        still: whether all frames are the same picture.
        notes: what was changed about the source's pictures, for people.
        alpha: whether the frames have straight alpha, (H, W, 4).
        heard: what schedules hear in the film's sound; None: nothing.
        loop: how the film closes; None: it does not. `open` then yields `loop.lead` frames before
            the film's first.
    """

    size: Size
    rate: Fraction
    frames: int | None
    sound: Sound | None
    open: Callable[[], Generator[Frame]]
    identity: str = ""
    still: bool = False
    notes: tuple[str, ...] = ()
    alpha: bool = False
    heard: Hearing | None = None
    loop: Loop | None = None
    cuts: frozenset[int] | None = None
    seek: Callable[[int], Generator[Frame]] | None = None

    def since(self, first: int) -> Generator[Frame]:
        """Start reading from a frame, by its number: the same frames as after `open`."""
        if self.seek is not None:
            return self.seek(first)
        return _without(self.open(), first)

    def count(self) -> int:
        """How many frames there are; all are read where that is not known."""
        if self.frames is not None:
            return self.frames
        with closing(self.open()) as frames:
            return sum(1 for _ in frames)

    @property
    def timeline(self) -> Timeline:
        """The times of the frames, and what schedules hear at them."""
        return Timeline(self.rate, self.frames, self.heard, self.loop, self.cuts)

    def checked(self, recipe: Recipe) -> Source:
        """A caller's source, its frames checked as they are read, and at most as many as the
        recipe asks for.

        Raises:
            RecipeError: the recipe sets a size or rate that is not the source's.
        """
        for key, own in (("size", self.size), ("fps", self.rate)):
            if key in recipe.model_fields_set and getattr(recipe, key) not in (None, own):
                raise RecipeError(f"the source has {own}; leave {key} out", key=key)
        most = frames_asked(recipe, self.rate)
        counts = [count for count in (self.frames, most) if count is not None]

        def read(first: int = 0) -> Generator[Frame]:
            with closing(checked_frames(self.since(first), self.size)) as frames:
                yield from itertools.islice(frames, None if most is None else most - first)

        return replace(self, open=read, seek=read, frames=min(counts, default=None))

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

        size, times = Size.of(still), _exact(rate)
        return cls(size, times, frames, None, lambda: held(still, frames), identity, still=True)


def held(still: Frame, frames: int | None) -> Generator[Frame]:
    """One frame so many times; None: without end."""
    yield from itertools.repeat(still, *(() if frames is None else (frames,)))


def first_of(frames: Generator[Frame], count: int) -> Generator[Frame]:
    """The first frames of some; closes them at the end."""
    with closing(frames):
        yield from itertools.islice(frames, count)


def _without(frames: Generator[Frame], first: int) -> Generator[Frame]:
    """Frames without the first ones; closes them at the end."""
    with closing(frames):
        yield from itertools.islice(frames, first, None)


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
