"""`Objective`: a weighted sum of terms, as a value with + − ×. Does not import TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real

from dreamvid.recipe import LayerTerm, Term


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms that the ascent raises: `layer("cells") - 0.5 * layer("heads")`.

    Attributes:
        terms: as in a recipe's `objective`; each occurs once.
    """

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Objective:
        """The sum of terms; terms that differ only in weight become one."""
        summed: dict[Term, Term] = {}
        for term in terms:
            unweighted = term.model_copy(update={"weight": 1.0})
            earlier = summed.get(unweighted)
            weight = term.weight + earlier.weight if earlier else term.weight
            summed[unweighted] = term.model_copy(update={"weight": weight})
        return cls(tuple(summed.values()))

    def __add__(self, other: Objective) -> Objective:
        return Objective.of((*self.terms, *other.terms)) if _is(other) else NotImplemented

    def __sub__(self, other: Objective) -> Objective:
        return self + -other if _is(other) else NotImplemented

    def __neg__(self) -> Objective:
        return -1 * self

    def __mul__(self, factor: float) -> Objective:
        if not isinstance(factor, Real):
            return NotImplemented
        return Objective(
            tuple(t.model_copy(update={"weight": float(factor) * t.weight}) for t in self.terms)
        )

    __rmul__ = __mul__

    def __str__(self) -> str:
        """The objective as written on the command line: `cells,heads=-0.5`."""
        return ",".join(
            term.name if term.weight == 1 else f"{term.name}={term.weight:g}" for term in self.terms
        )


def layer(name: str) -> Objective:
    """The mean activation of a network's layer (or mean square, by the dream's `power`)."""
    return Objective((LayerTerm(layer=name),))


def _is(other: object) -> bool:
    return isinstance(other, Objective)
