"""Opening the guides that a recipe's objectives name, frame by frame along the film."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import RecipeError
from dreamvid.recipe import GuideTerm, Recipe
from dreamvid.side_files import SideFile
from dreamvid.source import Source
from dreamvid.task import GuideFrames


@dataclass(frozen=True)
class GuideFiles:
    """The guides of a recipe.

    Attributes:
        files: by their names in the recipe.
    """

    files: Mapping[str, SideFile]

    @classmethod
    def of(cls, recipe: Recipe, film: Source) -> GuideFiles:
        """The guides of a recipe, for a film of its source.

        Raises:
            RecipeError: a guide has no file.
            InputError: one cannot be read.
        """
        files: dict[str, SideFile] = {}
        for key, term in _guides(recipe):
            if term.guide is None:
                raise RecipeError("name the picture or clip", key=key)
            if term.guide not in files:
                files[term.guide] = SideFile.of(Path(term.guide), film, "guide", key=key)
        return cls(files)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said about them, for people."""
        return tuple(note for file in self.files.values() for note in file.notes)

    def frames(self, first: int = 0) -> Generator[GuideFrames]:
        """The guides of each frame of the film from one on, without end. A still is the same array
        each time; none may be changed."""
        with ExitStack() as stack:
            opened = {
                name: stack.enter_context(closing(file.frames(first)))
                for name, file in self.files.items()
            }
            while True:
                yield {name: next(frames) for name, frames in opened.items()}


def _guides(recipe: Recipe) -> Iterator[tuple[str, GuideTerm]]:
    """The guides of the recipe's objective, and of its regions', each with its key."""
    objectives = {"dream.objective": recipe.dream.objective}
    for number, region in enumerate(recipe.regions):
        objectives[f"regions.{number}.objective"] = region.objective
    for key, terms in objectives.items():
        for number, term in enumerate(terms or ()):
            if isinstance(term, GuideTerm):
                yield f"{key}.{number}.{term.telling}", term
