"""Pictures and clips beside a film's source, such as masks and guides: read frame by frame."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import InputError, MediaError
from dreamvid.frame import Frame
from dreamvid.opening import open_source
from dreamvid.recipe import ImageRecipe, Recipe, VideoRecipe
from dreamvid.recipe.paths import CLIP_ENDINGS, names_several
from dreamvid.source import Source


def moves(path: Path) -> bool:
    """Whether a file beside a film's source is read as a clip."""
    return names_several(path) or path.suffix.lower() in (*CLIP_ENDINGS, ".gif")


@dataclass(frozen=True)
class SideFile:
    """A file, opened as a source of a film's rate.

    Attributes:
        source: one frame of a picture, or all of a clip's.
        notes: what was changed about it, for people.
    """

    source: Source
    notes: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, film: Source, what: str, *, fitted: bool = False, key: str) -> SideFile:
        """Open a file for a film.

        Args:
            what: it is for: "mask".
            fitted: whether its frames get the film's size.
            key: in the recipe.

        Raises:
            InputError: it cannot be read.
        """
        moving = moves(path)

        def opened(fitted: bool) -> Source:
            size = film.size if fitted else None
            recipe: Recipe = (
                VideoRecipe(source=path, size=size, fps=film.rate, cuts=False)
                if moving
                else ImageRecipe(source=path, size=size)
            )
            try:
                return open_source(recipe)
            except MediaError as error:
                raise InputError(f"the {what} cannot be used: {error}", key=key) from None

        own, notes = opened(fitted=False), []
        if fitted and own.size != film.size:
            notes.append(f"{path}: {own.size}, fitted to {film.size}")
            own = opened(fitted=True)
        if moving and own.frames is not None and own.frames < (film.frames or 0):
            notes.append(f"{path}: {own.frames} frames for {film.frames}: the last one holds")
        return cls(own, tuple(notes))

    def frames(self, first: int = 0) -> Generator[Frame]:
        """A frame (h, w, 3) 0..255 for each of the film's from one on; the last one without
        end."""
        frame: Frame | None = None
        with closing(self._since(first)) as frames:
            for each in frames:
                frame = each[..., :3]
                frame.flags.writeable = False
                yield frame
        while frame is not None:
            yield frame

    def _since(self, first: int) -> Generator[Frame]:
        """Its own frames from one of the film's on, or its last."""
        if self.source.frames is None:  # which is the last is known once all are read
            return _last_at_least(self.source.open(), first)
        return self.source.since(min(first, self.source.frames - 1))


def _last_at_least(frames: Generator[Frame], first: int) -> Generator[Frame]:
    """Frames from one on; the last one where there are no more."""
    last: Frame | None = None
    with closing(frames):
        for index, frame in enumerate(frames):
            last = frame
            if index >= first:
                yield frame
    if last is not None and index < first:
        yield last
