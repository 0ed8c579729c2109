"""An objective, and the ascent that raises it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dreamvid.dreaming.ascent import Ascent
from dreamvid.dreaming.inputs import Readings
from dreamvid.dreaming.networks.activations import Power
from dreamvid.dreaming.networks.load import model_key
from dreamvid.dreaming.objectives import ObjectiveFunction, measure
from dreamvid.dreaming.octaves import Shape
from dreamvid.dreaming.tiles import Draws, tiling
from dreamvid.frame import as_frame
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Dream, Network, Term


@dataclass(frozen=True)
class Climb:
    """An objective of a dreamer, which has one, or one for each region.

    Attributes:
        terms: of the objective.
        objective: its function.
        ascent: raises it.
        measure: its value for a picture.
    """

    terms: tuple[Term, ...]
    objective: ObjectiveFunction
    ascent: Ascent
    measure: Callable[..., float]

    @classmethod
    def of(
        cls,
        spec: NetworkSpec,
        network: Network,
        terms: Sequence[Term],
        power: Power,
        dream: Dream,
        tile: int,
        function: type[ObjectiveFunction] = ObjectiveFunction,
    ) -> Climb:
        """The climb of some terms.

        Args:
            dream: gives the method, the norm and the tiles' margin.
            tile: largest side of a tile (px).
            function: the class of the objective's function.

        Raises:
            NetworkError: as `ObjectiveFunction`.
        """
        objective = function(spec, network, terms, power)
        ascent = Ascent(
            objective,
            tiling(dream, tile, spec.min_size),
            normalize=dream.normalize,
            clip=dream.method != "recursive",
        )
        return cls(tuple(terms), objective, ascent, measure(objective))

    def draws(
        self, seed: int, index: int, octave: int, shape: Shape, steps: int, jitter: int
    ) -> Draws:
        """The random offsets of an octave's steps; see `Dreamer.draws`."""
        rng = np.random.default_rng([seed, index, octave])
        return self.ascent.tiling.draws(rng, shape, steps, jitter)

    def value(self, picture: Any, readings: Readings) -> float:
        """The objective of a picture (H, W, 3), 0..255, with the terms' own weights. Raises
        MediaError as `as_frame`."""
        return self.measure(as_frame(picture), [term.weight for term in self.terms], readings)

    def fits(self, terms: Sequence[Term]) -> bool:
        """Whether terms are those of the objective, but for their weights."""
        return [term.name for term in terms] == [term.name for term in self.terms]


class Climbs:
    """The last climbs that were made, which dreamers of the same network and terms share: their
    graphs are traced once.

    Attributes:
        most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._made: OrderedDict[Hashable, Climb] = OrderedDict()

    def of(
        self,
        spec: NetworkSpec,
        network: Network,
        terms: Sequence[Term],
        power: Power,
        dream: Dream,
        tile: int,
        function: type[ObjectiveFunction] = ObjectiveFunction,
    ) -> Climb:
        """As `Climb.of`."""
        names = tuple(term.name for term in terms)
        graphs = power, dream.method, dream.normalize, dream.tile_margin, tile, function
        key = (*model_key(spec, network), names, *graphs)
        if key not in self._made:
            self._made[key] = Climb.of(spec, network, terms, power, dream, tile, function)
            while len(self._made) > self.most:
                self._made.popitem(last=False)
        self._made.move_to_end(key)
        return replace(self._made[key], terms=tuple(terms))
