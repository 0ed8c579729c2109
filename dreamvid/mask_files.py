"""Opening the masks that a recipe names: channels beside the color of its source."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from dreamvid.errors import InputError, RecipeError
from dreamvid.frame import Field, Frame
from dreamvid.media.opencv import cv2
from dreamvid.media.samples import on_white
from dreamvid.recipe import Recipe
from dreamvid.recipe.mask import OWN_ALPHA, Region
from dreamvid.side_files import SideFile
from dreamvid.source import Source


def with_masks(recipe: Recipe, source: Source) -> Source:
    """A source with the recipe's masks as further channels, 0..255, in the order of its regions.

    Raises:
        RecipeError, InputError: as `open_source`, of a mask; or the source has no alpha to be a
            mask.
    """
    regions = recipe.masked
    for number, region in enumerate(recipe.regions):
        if region.mask.file is None:
            raise RecipeError("name it", key=f"regions.{number}.mask.file")
    if not regions:
        return source
    own = any(region.mask.file == OWN_ALPHA for region in regions)
    if own and not source.alpha:
        raise InputError("the source has no alpha", key="mask.file")
    keys = [f"regions.{n}.mask.file" for n in range(len(recipe.regions))] or ["mask.file"]
    masks = [
        None if region.mask.file == OWN_ALPHA else _mask_of(region, key, source)
        for region, key in zip(regions, keys, strict=True)
    ]
    keeps = source.alpha and recipe.alpha == "keep"

    def read(first: int = 0) -> Generator[Frame]:
        with ExitStack() as stack:
            frames = stack.enter_context(closing(source.since(first)))
            levels = [
                None if mask is None else stack.enter_context(closing(_levels(mask, first)))
                for mask in masks
            ]
            held: list[Field] = []
            for frame in frames:
                beside = [frame[..., 3] if each is None else next(each) for each in levels]
                shown = frame if keeps or not source.alpha else on_white(frame)
                parts = [shown, *beside]
                if not held or any(
                    one is not other for one, other in zip(parts, held, strict=True)
                ):
                    held = parts
                    # Thrice as quick as np.dstack.
                    joined = np.asarray(cv2.merge([*cv2.split(shown), *beside]), np.float32)
                yield joined

    notes = (*source.notes, *(note for mask in masks if mask for note in mask.notes))
    return replace(source, open=read, seek=read, alpha=keeps, notes=notes)


def _mask_of(region: Region, key: str, film: Source) -> SideFile:
    assert region.mask.file is not None
    return SideFile.of(Path(region.mask.file), film, "mask", fitted=True, key=key)


def _levels(mask: SideFile, first: int) -> Generator[Field]:
    """The mask of each frame from one on, (H, W) 0..255; the last one without end."""
    held: Frame | None = None
    with closing(mask.frames(first)) as frames:
        for frame in frames:
            if frame is not held:
                held, (red, green, blue) = frame, cv2.split(frame)
                # The mean, which of gray is exactly the gray.
                level = np.asarray((red + green + blue) / 3, np.float32)
            yield level
