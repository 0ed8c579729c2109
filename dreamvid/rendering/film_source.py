"""The source of a film with all that a recipe puts beside it, and what was heard, kept in a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dreamvid.looping import counted, looped
from dreamvid.mask_files import with_masks
from dreamvid.opening import open_source
from dreamvid.recipe import Recipe
from dreamvid.recipe.timeline import Hearing
from dreamvid.rendering.run import folder_of
from dreamvid.shot_list import with_cuts
from dreamvid.soundtrack import with_sound
from dreamvid.source import Source

if TYPE_CHECKING:
    from dreamvid.hearing.features import Features

HEARD = "heard.npz"
"""The file in a run's folder with what was heard."""


def open_film(recipe: Recipe, given: Source | None = None, known: Hearing | None = None) -> Source:
    """The source of a recipe with its sound, what is heard in it, its shots where a list says them,
    its masks, and how it closes.

    Args:
        given: the caller's source, in place of the one that the recipe names.
        known: what was heard before, used where it is of the same sound.

    Raises:
        RecipeError, InputError: as `open_source`, `with_sound`, `with_cuts`, `with_masks` and
            `looped`.
    """
    source = open_source(recipe) if given is None else given.checked(recipe)
    source = with_cuts(recipe, with_sound(recipe, counted(recipe, source), known))
    return looped(recipe, with_masks(recipe, source))


def heard_before(output: Path) -> Features | None:
    """What the run of an output heard; None: nothing was kept. Raises StateError."""
    return heard_in(folder_of(output))


def heard_in(folder: Path) -> Features | None:
    """What is kept in a folder of what was heard; None: nothing is. Raises StateError."""
    path = folder / HEARD
    if not path.exists():
        return None
    from dreamvid.hearing.features import Features

    return Features.load(path)


def keep_heard(folder: Path, heard: Hearing | None) -> None:
    """Keep what is heard in a run's folder. Raises RunError."""
    if heard is None:
        return
    from dreamvid.hearing.features import Features

    if isinstance(heard, Features):  # not the caller's own
        heard.store(folder / HEARD)
