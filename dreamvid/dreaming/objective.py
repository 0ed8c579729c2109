"""`Objective`: a weighted sum of terms, as a value with + − × ÷. Does not import TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any, Literal

from dreamvid.recipe import ChannelTerm, ClassTerm, DiversityTerm, GuideTerm, LayerTerm, Term
from dreamvid.recipe.expression import Form
from dreamvid.recipe.schedule import Schedule, mapped


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms that the ascent raises: `layer("cells") - 0.5 * layer("heads")`.

    Attributes:
        terms: as in a recipe's `objective`. Each occurs once, or again with a weight that is a
            schedule.
    """

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: Iterable[Term]) -> Objective:
        """The sum of terms; terms that differ only in weights that are numbers become one."""
        summed: dict[Term | int, Term] = {}
        for number, term in enumerate(terms):
            if isinstance(term.weight, Schedule):
                summed[number] = term
                continue
            unweighted = term.model_copy(update={"weight": 1.0})
            weight = term.weight + (summed[unweighted].weight if unweighted in summed else 0)
            summed[unweighted] = term.model_copy(update={"weight": weight})
        return cls(tuple(summed.values()))

    def __add__(self, other: Objective) -> Objective:
        return Objective.of((*self.terms, *other.terms)) if _is(other) else NotImplemented

    def __radd__(self, other: object) -> Objective:
        return self if other == 0 else NotImplemented  # so that `sum` adds objectives

    def __sub__(self, other: Objective) -> Objective:
        return self + -other if _is(other) else NotImplemented

    def __neg__(self) -> Objective:
        return -1 * self

    def __mul__(self, factor: float) -> Objective:
        if not isinstance(factor, Real):
            return NotImplemented
        times = Form(f"x * ({float(factor)!r})")
        return Objective(
            tuple(t.model_copy(update={"weight": mapped(t.weight, times)}) for t in self.terms)
        )

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Objective:
        if not isinstance(divisor, Real):
            return NotImplemented
        return self * (1 / float(divisor))

    def __str__(self) -> str:
        """The objective as written on the command line: `cells,heads=-0.5`."""
        return ",".join(term.label for term in self.terms)


def layer(name: str) -> Objective:
    """The mean activation of a network's layer (or mean square, by the dream's `power`)."""
    return Objective((LayerTerm(layer=name),))


def channel(name: str, *channels: int | str) -> Objective:
    """The mean activation of some channels of a layer: `channel("heads", 3, 17)`, or
    `channel("heads", "strong5")`, the five that answer most on a shot's first picture."""
    return Objective((ChannelTerm(layer=name, channels=_channels(channels)),))


def class_logit(name: str | int) -> Objective:
    """A class that the network tells apart, by its logit: `class_logit("peacock")`, or its
    number."""
    return Objective((ClassTerm(class_=name),))


def diversity(name: str, *channels: int | str) -> Objective:
    """How differently several channels of a layer lie over the picture; channels as `channel`."""
    return Objective((DiversityTerm(diversity=name, channels=_channels(channels)),))


def guide(
    file: str | Path, *layers: str, match: Literal["channels", "patches"] = "channels"
) -> Objective:
    """A picture or clip whose features are dreamed of: `guide("cat.jpg", "heads", "creatures")`.

    Args:
        layers: whose features are compared; none: those that the network dreams on by default.
        match: channels: the guide's mean features weigh the channels; patches: each place of the
            picture gets the place of the guide that answers most like it.
    """
    return Objective((GuideTerm(guide=str(file), over=layers, match=match),))


def _channels(channels: tuple[int | str, ...]) -> Any:
    return channels[0] if len(channels) == 1 else channels


def _is(other: object) -> bool:
    return isinstance(other, Objective)
