"""A dreamed film and the clip it was dreamed from, opened so that they can be laid side by side."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from dreamvid.errors import MediaError
from dreamvid.frame import Frame
from dreamvid.media.probe import Clip, probe
from dreamvid.media.read import read_clip
from dreamvid.recipe import Recipe, VideoRecipe
from dreamvid.source import open_source


@dataclass(frozen=True)
class Films:
    """A film and its source, opened such that frame i of the one is of frame i of the other.

    Attributes:
        size: (width, height) that they are compared at.
        rate: frames a second.
        source_frames: how many the source has from where the film begins; None: not known.
        dreamed_frames: how many the film has.
        notes: in words, what had to be done to make them meet.
        open_source: begins reading the source.
        open_dreamed: begins reading the film.
    """

    size: tuple[int, int]
    rate: Fraction
    source_frames: int | None
    dreamed_frames: int | None
    notes: tuple[str, ...]
    open_source: Callable[[], Generator[Frame]]
    open_dreamed: Callable[[], Iterator[Frame]]

    @contextmanager
    def opened(self) -> Generator[tuple[Generator[Frame], Iterator[Frame]]]:
        """Begin reading both, the source first; their files are released at the end."""
        with ExitStack() as stack:
            source, dreamed = self.open_source(), self.open_dreamed()
            for reading in (source, dreamed):
                if isinstance(reading, Generator):
                    stack.callback(reading.close)
            yield source, dreamed

    def lengths(self, compared: int) -> Iterator[str]:
        """In words, which of the two goes on after `compared` frames."""
        for name, frames in (("source", self.source_frames), ("film", self.dreamed_frames)):
            if frames is not None and compared < frames:
                yield f"the first {compared} of the {name}'s {frames} frames are compared"

    @property
    def frames(self) -> int | None:
        """How many frames both have, as far as they tell."""
        told = [n for n in (self.source_frames, self.dreamed_frames) if n is not None]
        return min(told, default=None)


def open_films(
    dreamed: Path,
    source: Path,
    *,
    start: Fraction | None = None,
    fps: Fraction | None = None,
    frames: int | None = None,
    said: Recipe | None = None,
) -> Films:
    """Open a film and the clip it was dreamed from; the clip is brought to the film's size and rate
    as a render does it.

    Args:
        start: seconds into the clip at which the film begins.
        fps: frames a second that were rendered, where the film's own are not quite those.
        frames: compare at most so many.
        said: the recipe that the film carries, if it does: it tells of the clip what the others
            do not.

    Raises:
        MediaError: a file cannot be read, the clip has no frame from `start` on, or the film is
            a line of pixels, in which no motion can be told.
    """
    film, clip = probe(dreamed), probe(source)
    size = _rendered_size(film, clip)
    if min(size) < 2:
        raise MediaError(f"{dreamed}: {_shown(size)} is too small to tell a motion in")
    own = _part(said, film.rate)
    notes = []
    if start is None and own.start:
        notes.append(f"the film says that it begins at {float(own.start):g} s of its source")
    if fps is None and own.fps:
        notes.append(f"the film says that it was rendered at {own.fps} fps")
    rate = fps or own.fps or film.rate
    recipe = VideoRecipe(
        source=(source,),
        size=size,
        start=own.start if start is None else start,
        end=own.end if start is None else None,
        fps=rate,
        frames=frames or own.frames,
    )
    try:
        opened = open_source(recipe)
    except MediaError as error:
        if start is None and own.start:
            raise MediaError(
                f"{error}; so the film says, and --start TIME says otherwise"
            ) from None
        raise
    if size != clip.size:
        notes.append(f"the source, {_shown(clip.size)}, is fitted to {_shown(size)}")
    if rate != clip.rate:
        notes.append(f"the source, {clip.rate} fps, is read at {rate} fps")

    def read() -> Iterator[Frame]:
        for frame in read_clip(film, frames=frames):
            yield frame[: size[1], : size[0]]

    told = [n for n in (film.frames, frames) if n is not None]
    return Films(
        size, rate, opened.frames, min(told, default=None), tuple(notes), opened.open, read
    )


class _Part(NamedTuple):
    """Which part of its clip a film says that it is of, and at what rate."""

    start: Fraction | None = None
    end: Fraction | None = None
    fps: Fraction | None = None
    frames: int | None = None


def _part(said: Recipe | None, rate: Fraction) -> _Part:
    """What a film says of its clip, but for what its own frames a second, `rate`, tell as well."""
    if said is None:
        return _Part()
    fps = getattr(said, "fps", None)
    fps = None if fps == rate else fps
    if isinstance(said, VideoRecipe):
        return _Part(said.start, said.end, fps, said.frames)
    return _Part(fps=fps)


def _rendered_size(film: Clip, clip: Clip) -> tuple[int, int]:
    """The film's size, or the clip's, where the film is that with an odd side grown by a pixel."""
    grown = clip.size[0] + clip.size[0] % 2, clip.size[1] + clip.size[1] % 2
    return clip.size if film.size == grown else film.size


def _shown(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
