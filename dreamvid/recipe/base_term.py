"""`BaseTerm`: what all terms of an objective have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import Varies
from dreamvid.recipe.paths import recipe_files

MAX_NAME = 1000
"""Longest name of a network, a layer or a class, in characters."""

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


class BaseTerm(Section):
    """Base class of all kinds of term."""

    telling: ClassVar[str]
    """The key that identifies this kind of term; the first kind in `TERMS` whose key is there."""

    weight: Annotated[float, Field(ge=-1e6, le=1e6), Varies()] = Field(
        1.0, description="Weight of the term; a negative one subdues it."
    )

    @classmethod
    def parse(cls, name: str) -> dict[str, Any] | None:
        """Parse a name into the term's data without its weight; None if it is of another kind."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """The term without its weight, in the form that `parse` reads."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """The term as typed on the command line: `heads=0.5`."""
        if self.weight == 1:
            return self.name
        weight = self.weight
        return f"{self.name}={f'{weight:g}' if isinstance(weight, int | float) else weight}"

    @property
    def layers(self) -> tuple[str, ...]:
        """The network's layers whose features the term is computed from."""
        return ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The input files of the term."""
        return tuple(path for _, path in recipe_files(self))
