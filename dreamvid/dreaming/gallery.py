"""Pictures of many terms, one each: layers, channels of a layer, classes.

Channels of one layer share a graph, and so do all classes: the number is an input of the graph, so
that a thousand pictures cost one trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.inputs import Inputs, Readings
from dreamvid.dreaming.networks.head import head_of
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.objectives import ObjectiveFunction
from dreamvid.dreaming.tensorflow import tf
from dreamvid.frame import Frame, Notes
from dreamvid.networks.registry import spec_of
from dreamvid.recipe import ChannelTerm, ClassTerm, Network, Term
from dreamvid.task import DreamTask

RANKED = "strong1"
"""A ranked channel, which a dreamer reads from its notes."""

NOTE = "class"
"""The note of the number of the class that is dreamed of."""


class Tile(NamedTuple):
    """A term's dream.

    Attributes:
        picture: (H, W, 3), 0..255.
        value: the objective, of that picture.
    """

    picture: Frame
    value: float


class AnyClass(ObjectiveFunction):
    """The logit of one class, whose number the notes give."""

    def __call__(self, picture: tf.Tensor, inputs: Inputs) -> tf.Tensor:
        """As in `ObjectiveFunction`."""
        assert self._activations
        number = inputs.channels[0]
        return inputs.weights[0] * self._activations.scores(picture[tf.newaxis], number)[0]

    def readings(
        self, picture: Frame, notes: Notes, guides: Mapping[str, Frame] = MappingProxyType({})
    ) -> Readings:
        """The class's number, in place of a channel's."""
        read = super().readings(picture, notes, guides)
        return read._replace(channels=tuple(int(number) for number in notes.get(NOTE, (0,))))


class ClassDreamer(Dreamer):
    """Dreams of any one class."""

    function = AnyClass


class Gallery:
    """Dreams of one term after another; terms of a kind are quick where they follow one another."""

    def __init__(self, network: Network, seed: int, **settings: Any) -> None:
        """
        Args:
            settings: keys of a recipe's section `dream`, without an objective.
        """
        self._network, self._seed, self._settings = network, seed, settings
        self._kind = ""
        self._dreamer: Dreamer | None = None

    def tile(self, term: Term, number: int | None, canvas: Frame) -> Tile:
        """The dream of a term, from a canvas (H, W, 3).

        Args:
            number: of the channel or class; None: of a layer.

        Raises:
            RecipeError, NetworkError: as `Dreamer`; the canvas is too small.
        """
        dreamer = self._of(term)
        notes: Notes = {}
        if isinstance(term, ChannelTerm):
            notes[f"channels.{term.layer}.{RANKED}"] = np.array([number], np.float64)
        elif isinstance(term, ClassTerm):
            notes[NOTE] = np.array([number], np.float64)
        picture = dreamer(DreamTask(canvas, notes=notes))
        return Tile(picture, dreamer.value(picture, notes))

    def _of(self, term: Term) -> Dreamer:
        """The dreamer of a kind of term, loaded where the last one was of another kind."""
        kind: type[Dreamer] = Dreamer
        name = term.name
        if isinstance(term, ChannelTerm):
            name = f"{term.layer}:{RANKED}"
        elif isinstance(term, ClassTerm):
            kind, name = ClassDreamer, "class:0"
        if self._dreamer is None or name != self._kind:
            self._dreamer = kind(self._network, layers=name, seed=self._seed, **self._settings)
            self._kind = name
        return self._dreamer


def class_count(network: Network) -> int:
    """The number of classes that a network tells apart. Raises NetworkError if it has no
    classifier."""
    spec = spec_of(network).suited_to([ClassTerm(class_=0)])
    return head_of(load(spec, network), spec.name).count
