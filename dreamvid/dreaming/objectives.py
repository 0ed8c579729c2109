"""Objective functions: the scalar that the ascent raises, a weighted sum of terms.

To add a kind of term, describe it in `recipe/terms.py` and compute it here, in one function that is
entered in `OBJECTIVES` under the kind's name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.guides import Guides, channel_match, patch_match, places_of
from dreamvid.dreaming.inputs import INPUTS, Inputs, Readings
from dreamvid.dreaming.networks.activations import (
    Activations,
    Features,
    Power,
    channel_means,
    class_key,
    rectified_key,
)
from dreamvid.dreaming.ranking import Ranking, checked_channels
from dreamvid.dreaming.tensorflow import tf
from dreamvid.frame import Frame, Notes
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import ChannelTerm, ClassTerm, DiversityTerm, GuideTerm, Network
from dreamvid.recipe.base_term import BaseTerm
from dreamvid.recipe.terms import WithChannels


class Given(NamedTuple):
    """What a term is computed from.

    Attributes:
        picture: float32 (H, W, 3) on the 0–255 scale.
        features: of all terms' layers.
        power: 1: activations are raised, 2: their squares.
        channels: of a term with channels their numbers, int32 (k,).
        guides: of a guide for each layer its channels' weights, (C,), or patches, (P, C).
        numbers: of each class its number.
    """

    picture: tf.Tensor
    features: Features
    power: Power
    channels: tf.Tensor
    guides: Sequence[tf.Tensor]
    numbers: dict[int | str, int]


def layer(term: Any, given: Given) -> tf.Tensor:
    """The mean of a layer's activations (power 1) or of their squares (power 2).

    Power 1 is the TensorFlow tutorial's; power 2 is Google's ½Σa² up to a scale, which cancels when
    the gradient is normalised.
    """
    activation = given.features[term.layer]
    if given.power == 1:
        return tf.reduce_mean(activation)
    # l2_loss because its gradient is a single product.
    return tf.nn.l2_loss(activation) * (2 / tf.cast(tf.size(activation), tf.float32))


def channels(term: ChannelTerm, given: Given) -> tf.Tensor:
    """The mean of some channels' activations, or of their squares.

    A ReLU passes no gradient to a channel that is 0 all over the picture, so nothing could wake it.
    Such a channel gets the gradient of the mean that the ReLU rectifies instead, as in Lucid's
    redirected ReLU (`misc/redirected_relu_grad.py`); its value stays 0.
    """
    means = channel_means(given.features[term.layer], given.power)
    rectified = given.features.get(rectified_key(term.layer))
    if rectified is not None:
        mean = channel_means(rectified, 1)
        means += tf.cast(means == 0, tf.float32) * (mean - tf.stop_gradient(mean))
    return tf.reduce_mean(tf.gather(means, given.channels))


def class_logit(term: ClassTerm, given: Given) -> tf.Tensor:
    """The mean of a class's logit over the places of the picture, which is the network's score."""
    return tf.reduce_mean(given.features[class_key(given.numbers[term.class_])])


def diversity(term: DiversityTerm, given: Given) -> tf.Tensor:
    """1 less the mean cosine of two channels' activations over the picture, 0..1 after a ReLU.

    C. Olah et al., "Feature Visualization", Distill 2017, keep several pictures of one channel
    apart by the cosines of their Gram matrices; here one picture has several channels, and the
    cosines of the channels themselves keep them in different places.
    """
    activation = tf.gather(given.features[term.diversity], given.channels, axis=-1)
    places = tf.reshape(activation, (-1, tf.shape(activation)[-1]))
    unit = places / tf.sqrt(tf.reduce_sum(tf.square(places), 0) + GUARD)
    cosines = tf.matmul(unit, unit, transpose_a=True)
    count = tf.cast(tf.shape(cosines)[0], tf.float32)
    others = tf.reduce_sum(cosines) - tf.linalg.trace(cosines)
    return 1 - others / tf.maximum(count * (count - 1), 1)


def guide(term: GuideTerm, given: Given) -> tf.Tensor:
    """The mean over the layers of how well their features match the guide's."""
    matches = []
    for layer, numbers in zip(term.layers, given.guides, strict=True):
        activation = given.features[layer]
        if term.match == "channels":
            matches.append(channel_match(activation, numbers, given.power))
        else:
            matches.append(patch_match(activation, numbers))
    return tf.add_n(matches) / len(matches)


GUARD = 1e-6
"""Added to squared norms, so that a channel that is 0 everywhere has a cosine."""

Function = Callable[[tf.Tensor, Inputs], tf.Tensor]
"""What the ascent raises: from a picture (H, W, 3) float32 RGB on the 0–255 scale, and the numbers
that may change, to a float32 scalar."""

OBJECTIVES: dict[str, Callable[[Any, Given], tf.Tensor]] = {
    "layer": layer,
    "channels": channels,
    "class": class_logit,
    "diversity": diversity,
    "guide": guide,
}
"""The function of each kind of term, from the term and what it is computed from to a float32
scalar."""


class ObjectiveFunction:
    """The weighted sum of terms; each layer is computed once, however many terms use it."""

    def __init__(
        self, spec: NetworkSpec, network: Network, terms: Sequence[BaseTerm], power: Power
    ) -> None:
        """
        Raises:
            NetworkError: an unknown layer, channel or class, no classifier for a class, or weights
                that cannot be loaded.
        """
        default = tuple(name for name, _ in spec.objective)
        terms = [term.on(default) if isinstance(term, GuideTerm) else term for term in terms]
        self._power: Power = power
        self._parts = [(OBJECTIVES[term.telling], term) for term in terms]
        layers = [name for term in terms for name in term.layers]
        classes = [term.class_ for term in terms if isinstance(term, ClassTerm)]
        rectified = [term.layer for term in terms if isinstance(term, ChannelTerm)]
        self._activations: Activations | None = None
        if layers or classes:
            suited = spec.suited_to(terms)
            self._activations = Activations(suited, network, layers, classes, rectified)
            checked_channels(terms, self._activations.channels)
        self._ranking = Ranking(terms, self._channel_means, spec.min_size)
        strides = self._activations.strides if self._activations else {}
        self._guides = Guides(terms, self._features, strides, power, spec.min_size)

    def __call__(self, picture: tf.Tensor, inputs: Inputs) -> tf.Tensor:
        """The objective's value, a float32 scalar.

        Args:
            picture: float32 (H, W, 3) RGB on the 0–255 scale.
            inputs: the weights, and what was read from pictures.
        """
        known = self._activations
        features = known(picture[tf.newaxis]) if known else {}
        numbers = known.numbers if known else {}
        values, first, begin = [], 0, 0
        for n, (compute, term) in enumerate(self._parts):
            own = term if isinstance(term, WithChannels) else None
            chosen = tf.constant(own.numbers if own else (), tf.int32)
            if own and own.ranked:
                chosen, first = inputs.channels[first : first + own.count], first + own.count
            guides = []
            for shape in self._shapes(term):
                end = begin + math.prod(shape)
                guides.append(tf.reshape(inputs.guides[begin:end], shape))
                begin = end
            given = Given(picture, features, self._power, chosen, guides, numbers)
            values.append(inputs.weights[n] * compute(term, given))
        return tf.add_n(values)

    def readings(
        self, picture: Frame, notes: Notes, guides: Mapping[str, Frame] = MappingProxyType({})
    ) -> Readings:
        """What the terms take from pictures.

        Args:
            picture: (H, W, 3), on which channels are ranked that the notes lack; they are noted.
            guides: as `Guides.numbers`, which says what is raised.
        """
        return Readings(self._ranking.channels(picture, notes), self._guides.numbers(guides))

    def _shapes(self, term: BaseTerm) -> Iterator[tuple[int, ...]]:
        """The shapes of what a guide gives for each of its layers; of other terms none."""
        if not isinstance(term, GuideTerm):
            return
        assert self._activations
        for layer in term.layers:
            count = self._activations.channels[layer]
            patches = term.match == "patches"
            yield (places_of(self._activations.strides[layer]), count) if patches else (count,)

    def _features(self, picture: Frame) -> dict[str, NDArray[np.float32]]:
        """The features (h, w, C) of each layer for a picture."""
        assert self._activations
        features = self._activations(tf.constant(picture, tf.float32)[tf.newaxis])
        return {name: features[name][0].numpy() for name in self._activations.channels}

    def _channel_means(self, picture: Frame) -> dict[str, np.ndarray]:
        """The mean of each channel of each layer for a picture."""
        assert self._activations
        features = self._activations(tf.constant(picture, tf.float32)[tf.newaxis])
        return {
            name: channel_means(features[name], self._power).numpy()
            for name in self._activations.channels
        }


def measure(function: ObjectiveFunction) -> Callable[..., float]:
    """A function that evaluates an objective for a picture (H, W, 3), the terms' weights and
    the readings (without them: from that picture, and the guides' files), without jitter or tiles;
    traced once for all sizes."""
    graph = tf.function(function, input_signature=[tf.TensorSpec((None, None, 3)), INPUTS])

    def measured(
        picture: Frame, weights: Sequence[float], readings: Readings | None = None
    ) -> float:
        known = function.readings(picture, {}) if readings is None else readings
        return float(graph(tf.constant(picture, tf.float32), Inputs.of(weights, known)))

    return measured
