"""Opening the masks that a recipe names: channels beside the color of its source."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dreamvid.errors import InputError, MediaError, RecipeError
from dreamvid.frame import Field, Frame
from dreamvid.opening import open_source
from dreamvid.recipe import ImageRecipe, Recipe, VideoRecipe
from dreamvid.recipe.mask import OWN_ALPHA, Region
from dreamvid.recipe.paths import CLIP_ENDINGS, names_several
from dreamvid.source import Source

WHITE = np.float32(255)


def open_with_masks(recipe: Recipe, given: Source | None = None) -> Source:
    """The source of a recipe, its masks as further channels, 0..255, in the order of its regions.

    Args:
        given: the caller's source, in place of the one that the recipe names.

    Raises:
        RecipeError, InputError: as `open_source`, of the source or of a mask; or the source has no
            alpha to be a mask.
    """
    regions = recipe.masked
    for number, region in enumerate(recipe.regions):
        if region.mask.file is None:
            raise RecipeError("name it", key=f"regions.{number}.mask.file")
    own = any(region.mask.file == OWN_ALPHA for region in regions)
    wanted = recipe.model_copy(update={"alpha": "keep"}) if own else recipe
    source = open_source(wanted) if given is None else given
    if not regions:
        return source
    if own and not source.alpha:
        raise InputError("the source has no alpha", key="mask.file")
    masks = [None if r.mask.file == OWN_ALPHA else _Mask.of(r, source) for r in regions]
    keeps = source.alpha and recipe.alpha == "keep"

    def read() -> Generator[Frame]:
        with ExitStack() as stack:
            frames = stack.enter_context(closing(source.open()))
            levels = [
                None if mask is None else stack.enter_context(closing(mask.levels()))
                for mask in masks
            ]
            for frame in frames:
                beside = [frame[..., 3] if each is None else next(each) for each in levels]
                shown = frame if keeps or not source.alpha else _on_white(frame)
                yield np.dstack([shown, *beside])

    notes = (*source.notes, *(note for mask in masks if mask for note in mask.notes))
    return replace(source, open=read, alpha=keeps, notes=notes)


def _on_white(frame: Frame) -> Frame:
    share = frame[..., 3:] / WHITE
    return np.asarray(frame[..., :3] * share + WHITE * (1 - share))


@dataclass(frozen=True)
class _Mask:
    """A mask file, read as a source of the film's size and rate."""

    source: Source
    notes: tuple[str, ...]

    @classmethod
    def of(cls, region: Region, film: Source) -> _Mask:
        assert region.mask.file is not None
        path = Path(region.mask.file)
        moves = names_several(path) or path.suffix.lower() in (*CLIP_ENDINGS, ".gif")
        own = cls._opened(path, film, moves, fitted=False)
        notes = [f"{path}: {own.size}, fitted to {film.size}"] if own.size != film.size else []
        if moves and own.frames is not None and own.frames < (film.frames or 0):
            notes.append(f"{path}: {own.frames} frames for {film.frames}: the last one holds")
        return cls(cls._opened(path, film, moves, fitted=True), tuple(notes))

    @staticmethod
    def _opened(path: Path, film: Source, moves: bool, *, fitted: bool) -> Source:
        size = film.size if fitted else None
        recipe: Recipe = (
            VideoRecipe(source=path, size=size, fps=film.rate, cuts=False)
            if moves
            else ImageRecipe(source=path, size=size)
        )
        try:
            return open_source(recipe)
        except MediaError as error:
            raise InputError(f"the mask cannot be used: {error}") from None

    def levels(self) -> Generator[Field]:
        """The mask of each frame, (H, W) 0..255; the last one without end."""
        level: Field = np.zeros(self.source.size.shape, np.float32)
        with closing(self.source.open()) as frames:
            for frame in frames:
                # The mean, which of gray is exactly the gray.
                level = np.asarray(frame[..., :3].sum(-1) / 3, np.float32)
                yield level
        while True:
            yield level
