"""What a shot takes, which each task asks of a cluster."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from dreamvid.farm.units import Film
from dreamvid.recipe import Recipe
from dreamvid.rendering.dreamers import NoDreamer
from dreamvid.rendering.estimate import tried


class Asked:
    """What a shot takes.

    Attributes:
        memory: bytes; 0: not known.
        gpus: how many; the network computes on one where the driver's does.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.memory, self.gpus = 0.0, 0
        self._kinds: set[Hashable] = set()

    def measured(self, film: Film) -> Film:
        """Measure what a film's shots take: two frames of each kind of film are dreamed here.

        Returns:
            The film, without its network, whose memory is free for those of others.

        Raises:
            DreamvidError: they cannot be dreamed.
        """
        planned = film.planned
        kind = (planned.job.network, planned.source.size)
        if kind not in self._kinds:
            self._kinds.add(kind)
            self.memory = max(self.memory, tried(planned).memory)
            if film.recipe.network.name != "none":
                from dreamvid.dreaming.tensorflow import gpus

                self.gpus = max(self.gpus, min(1, gpus()))
        return replace(film, planned=replace(planned, dreamer=NoDreamer()))


@contextmanager
def network_kept(recipe: Recipe, models: dict[Hashable, Any]) -> Iterator[None]:
    """Within the context, the network of a recipe is taken from `models` if it is there, and put
    there if it is not."""
    if recipe.network.name == "none":
        yield
        return
    from dreamvid.dreaming.networks.load import kept

    before = kept.set(models)
    try:
        yield
    finally:
        kept.reset(before)
