"""Single frames of a recipe's film, undreamed; the last ones that were read are kept."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Hashable
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TypeVar

from dreamvid.errors import RecipeError
from dreamvid.frame import Frame
from dreamvid.guide_files import GuideFiles
from dreamvid.looping import film_alone
from dreamvid.mask_files import with_masks
from dreamvid.opening import open_source
from dreamvid.recipe import Recipe, VideoRecipe, recipe_files
from dreamvid.recipe.at_frame import heard_by
from dreamvid.recipe.mask import OWN_ALPHA
from dreamvid.rendering.film_source import open_film
from dreamvid.side_files import moves
from dreamvid.source import Source
from dreamvid.task import GuideFrames

Item = TypeVar("Item")

KEPT = 2
"""Films whose frame is kept, and their sources."""

OF_THE_SOURCE = (
    *("kind", "source", "size", "alpha", "mix", "frames", "fps", "start", "end"),
    *("deinterlace", "audio", "loop", "loop_blend"),
)
"""Keys that a film's undreamed frames depend on, beside its masks and what its schedules hear."""


@dataclass(frozen=True)
class FilmFrame:
    """A frame of a film, undreamed.

    Attributes:
        source: of all the film.
        picture: (H, W, n) as `dreamed_groups` takes them.
        guides: the guides' pictures at that frame.
    """

    source: Source
    picture: Frame
    guides: GuideFrames


class FilmFrames:
    """Reads frames of films."""

    def __init__(self) -> None:
        self._sources: OrderedDict[Hashable, Source] = OrderedDict()
        self._pictures: OrderedDict[Hashable, Frame] = OrderedDict()
        self._guides: OrderedDict[Hashable, GuideFrames] = OrderedDict()

    def source(self, recipe: Recipe) -> Source:
        """The source of a recipe's film, without what leads into a loop. Raises as `open_film`."""
        key = _key(recipe)
        if key not in self._sources:
            known = next((each.heard for each in self._sources.values() if each.heard), None)
            _keep(self._sources, key, film_alone(open_film(recipe, known=known)))
        return self._sources[key]

    def read(self, recipe: Recipe, index: int) -> FilmFrame:
        """Frame `index` of a recipe's film.

        Raises:
            RecipeError: the film has no such frame.
            DreamvidError: a file cannot be read.
        """
        source = self.source(recipe)
        if index < 0 or (source.frames is not None and index >= source.frames):
            raise RecipeError(f"must be from 0 to {(source.frames or 1) - 1}", key="frame")
        key = _key(recipe), 0 if source.still and not _moving_beside(recipe) else index
        if key not in self._pictures:
            _keep(self._pictures, key, _picture(recipe, source, index))
        guided = tuple((key, str(path)) for key, path in _guides(recipe)), source.size, index
        stamped = (*guided, _stamps(recipe))
        if stamped not in self._guides:
            with closing(GuideFiles.of(recipe, source).frames()) as guides:
                _keep(self._guides, stamped, next(islice(guides, index, None)))
        return FilmFrame(source, self._pictures[key], self._guides[stamped])


def _keep(items: OrderedDict[Hashable, Item], key: Hashable, item: Item) -> None:
    items[key] = item
    while len(items) > KEPT:
        items.popitem(last=False)


def _key(recipe: Recipe) -> Hashable:
    data = recipe.model_dump(mode="json", include=set(OF_THE_SOURCE))
    masks = [region.mask.file for region in recipe.masked]
    heard = [str(each) for each in heard_by(recipe)]
    return json.dumps([data, masks, heard]), _stamps(recipe)


def _stamps(recipe: Recipe) -> Hashable:
    """What changes when one of the recipe's files is replaced."""
    stamps = []
    for key, path in recipe_files(recipe):
        with suppress(OSError, ValueError):
            found = path.stat()
            stamps.append((key, str(path), found.st_mtime_ns, found.st_size))
    return tuple(stamps)


def _guides(recipe: Recipe) -> list[tuple[str, Path]]:
    return [each for each in recipe_files(recipe) if each[0].endswith(".guide")]


def _moving_beside(recipe: Recipe) -> bool:
    """Whether a mask is a clip."""
    files = [Path(region.mask.file) for region in recipe.masked if region.mask.file]
    return any(moves(file) for file in files if str(file) != OWN_ALPHA)


def _picture(recipe: Recipe, source: Source, index: int) -> Frame:
    """The source's frame `index`; a clip is read from near it on where nothing else moves."""
    skipped = index
    if isinstance(recipe, VideoRecipe) and not recipe.loop and not _moving_beside(recipe):
        start = (recipe.start or Fraction(0)) + index / source.rate
        moved = recipe.model_copy(update={"start": start, "frames": 1})
        source, skipped = with_masks(moved, open_source(moved)), 0
    elif source.still and not _moving_beside(recipe):
        skipped = 0
    with closing(source.open()) as frames:
        picture = next(islice(frames, skipped, None), None)
    if picture is None:
        raise RecipeError(f"the source ends before frame {index}", key="frame")
    return picture
