"""What a shot takes, which each task asks of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dreamvid.farm.units import Film
from dreamvid.rendering.estimate import tried


@dataclass(frozen=True)
class Asked:
    """What a shot takes.

    Attributes:
        memory: bytes; 0: not known.
        gpus: how many; the network computes on one where the driver's does.
    """

    memory: float = 0.0
    gpus: int = 0


def measured(films: Sequence[Film]) -> Asked:
    """What the shots of films take, measured here: two frames of each kind of film are dreamed.

    Raises:
        DreamvidError: they cannot be dreamed.
    """
    kinds = {(film.planned.job.network, film.planned.source.size): film for film in films}
    memory = max((tried(film.planned).memory for film in kinds.values()), default=0.0)
    if all(film.recipe.network.name == "none" for film in films):
        return Asked(memory)
    from dreamvid.dreaming.tensorflow import gpus

    return Asked(memory, min(1, gpus()))
