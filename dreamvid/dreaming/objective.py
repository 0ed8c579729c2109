"""What is dreamed of, as a value: terms that add, subtract and scale. Without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real

from dreamvid.recipe import LayerTerm, Term


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms, to be raised: `layer("cells") - 0.5 * layer("heads")`.

    Attributes:
        terms: as a recipe's objective has them; none twice.
    """

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Objective:
        """The sum of terms; those that differ in nothing but their weight become one."""
        found: dict[Term, Term] = {}
        for term in terms:
            bare = term.model_copy(update={"weight": 1.0})
            before = found.get(bare)
            weight = term.weight + before.weight if before else term.weight
            found[bare] = term.model_copy(update={"weight": weight})
        return cls(tuple(found.values()))

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
        """As it is written at the prompt: `cells,heads=-0.5`."""
        return ",".join(
            name_of(term) if term.weight == 1 else f"{name_of(term)}={term.weight:g}"
            for term in self.terms
        )


def layer(name: str) -> Objective:
    """The mean activation of a network's layer (or mean square, by the dream's `power`)."""
    return Objective((LayerTerm(layer=name),))


def name_of(term: Term) -> str:
    """What a term is called, its weight apart."""
    return str(term.name if hasattr(term, "name") else term.layer)


def _is(other: object) -> bool:
    return isinstance(other, Objective)
