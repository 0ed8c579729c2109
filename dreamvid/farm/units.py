"""What a farm's worker renders at a time: a shot of a film, or a film of one shot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dreamvid.machine import Machine
from dreamvid.recipe import Recipe
from dreamvid.rendering.output import output_of
from dreamvid.rendering.plan import Plan, plan
from dreamvid.rendering.shot_runs import ShotRuns
from dreamvid.shot_list import ShotList
from dreamvid.shots import Shot


@dataclass(frozen=True)
class Film:
    """A film that a farm renders.

    Attributes:
        recipe: with its output.
        words: those of a `dreamvid render` of it, with all that differs from the recipe's file.
        planned: its plan, by which the runs of its shots were begun, if it has several.
        shots: its shots; of a film that is no clip one.
    """

    recipe: Recipe
    words: tuple[str, ...]
    planned: Plan
    shots: ShotList

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        words: Sequence[str],
        *,
        machine: Machine | None = None,
        overwrite: bool = False,
        whole: bool = False,
    ) -> Film:
        """Plan a film, find its shots, and begin their runs, or join in.

        Args:
            whole: whether one worker renders all of it, as if it were one shot.
            machine: what all workers compute with; None: this machine's. The runs' own, where
                they have begun.

        Raises:
            DreamvidError: it cannot be rendered; one line.
        """
        runs = ShotRuns(output_of(recipe))
        begun = runs.manifest
        planned = plan(recipe, overwrite=overwrite, machine=begun.machine if begun else machine)
        if not recipe.is_film:
            return cls(recipe, tuple(words), planned, ShotList((Shot(0, 1),)))
        one = ShotList((Shot(0, planned.source.count()),)) if whole else None
        return cls(recipe, tuple(words), planned, runs.begin(planned, one))

    @property
    def output(self) -> Path:
        """Its path."""
        return self.planned.output

    @property
    def runs(self) -> ShotRuns:
        """The runs of its shots."""
        return ShotRuns(self.output)

    @property
    def units(self) -> list[Unit]:
        """Its shots, those that last longest first, so that none is waited for in the end."""
        units = [Unit(self, n, shot) for n, shot in enumerate(self.shots.shots, 1)]
        return sorted(units, key=lambda unit: -unit.shot.count)


@dataclass(frozen=True)
class Unit:
    """What a worker renders at a time.

    Attributes:
        film: of which it is.
        number: of the shot, from 1 on.
        shot: its frames.
    """

    film: Film
    number: int
    shot: Shot

    @property
    def words(self) -> list[str]:
        """The words of a `dreamvid render` that renders it; the last one joins the film."""
        shot = ["--shot", str(self.number), "--join"] if self.film.recipe.is_film else []
        return [*self.film.words, *shot]
