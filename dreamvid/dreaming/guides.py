"""Guides: pictures whose features are dreamed of.

`channels` follows K. Crowson (crowsonkb/deep_dream, `dream_guided`): a layer's mean features of the
guide, v, weigh its channels by v / (Σv)². `patches` follows Google (google/deepdream, "Controlling
dreams"): each place of the picture is given the guide's place with the largest dot product.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.networks.activations import Power, channel_means
from dreamvid.dreaming.ranking import shrunk
from dreamvid.dreaming.tensorflow import tf
from dreamvid.errors import RecipeError
from dreamvid.frame import Frame
from dreamvid.media.read import read_picture
from dreamvid.recipe.base_term import BaseTerm
from dreamvid.recipe.guide import GuideTerm

MOST_PLACES = 1024
"""Most places of a guide that patches are taken from: chosen at random where a layer has more, and
repeated where it has fewer."""

SHALLOW = 16
"""Places for each pixel of a layer's stride, squared: a shallow layer has more places to compare
with them, and small, simple patches of which few are as good as many."""

BLOCK = 128
"""Places of a guide that are compared at once, which bounds the memory."""

Features = Mapping[str, NDArray[np.float32]]
"""Features of layers, (h, w, C), by the layer's name."""


def places_of(stride: int) -> int:
    """The number of a guide's places for a layer of a stride (px)."""
    return min(MOST_PLACES, SHALLOW * stride**2)


def channel_match(activation: tf.Tensor, weights: tf.Tensor, power: Power) -> tf.Tensor:
    """The sum of the channels' means, or of their squares' means, weighted.

    Args:
        activation: (N, h, w, C).
        weights: `channel_weights` of the guide.
    """
    return tf.reduce_sum(channel_means(activation, power) * weights)


def channel_weights(features: NDArray[np.float32], power: Power) -> NDArray[np.float32]:
    """The weight of each channel, (C,), by a guide's features (h, w, C). Where squares are
    raised, which have no sign, a channel whose mean is negative has none."""
    means = features.mean((0, 1), dtype=np.float64)
    means = np.maximum(means, 0) if power == 2 else means
    return np.asarray(means / max(np.abs(means).sum(), TINY) ** 2, np.float32)


def patch_match(activation: tf.Tensor, patches: tf.Tensor) -> tf.Tensor:
    """The mean dot product of each place's features and of the patch that has the largest one.

    Args:
        activation: (N, h, w, C).
        patches: (P, C), `patches_of` the guide.
    """
    places = tf.reshape(activation, (-1, activation.shape[-1]))
    nearest = tf.stop_gradient(tf.gather(patches, _nearest(tf.stop_gradient(places), patches)))
    return tf.reduce_mean(tf.reduce_sum(places * nearest, -1))


def patches_of(features: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The features of that many places, (count, C), divided by their mean square norm, so that
    layers of other scales count alike."""
    places = features.reshape(-1, features.shape[-1])
    chosen = np.random.default_rng(0).permutation(len(places))[:count]
    patches = places[np.resize(chosen, count)]
    return np.asarray(patches / max(np.square(patches).sum(-1).mean(), TINY), np.float32)


TINY = 1e-12
"""Least divisor of a guide that a layer does not answer to at all."""


def _nearest(places: tf.Tensor, patches: tf.Tensor) -> tf.Tensor:
    """The number of the patch with the largest dot product of each place (N, C), int32 (N,).

    The blocks are unrolled, since a loop would change the graph's kernels (`ascent`), and wait for
    one another, so that one product at a time is in memory.
    """
    best = tf.zeros_like(places[:, 0], tf.int32)
    most = tf.fill(tf.shape(best), np.float32(-np.inf))
    for first in range(0, patches.shape[0], BLOCK):
        with tf.control_dependencies([best, most]):
            products = tf.matmul(places, patches[first : first + BLOCK], transpose_b=True)
        largest = tf.reduce_max(products, -1)
        number = first + tf.argmax(products, -1, output_type=tf.int32)
        best = tf.where(largest > most, number, best)
        most = tf.maximum(most, largest)
    return best


class Guides:
    """The numbers that an objective's guides give: weights of channels, and patches."""

    def __init__(
        self,
        terms: Sequence[BaseTerm],
        features: Callable[[Frame], Features],
        strides: Mapping[str, int],
        power: Power,
        min_size: int,
    ) -> None:
        """
        Args:
            terms: of the objective; of guides, with their layers.
            features: gives the features of a picture (h, w, 3).
            strides: of the layers (px).
            min_size: smallest width and height (px) that the network accepts.
        """
        self._terms = [term for term in terms if isinstance(term, GuideTerm)]
        self._features, self._strides = features, strides
        self._power, self._min_size = power, min_size
        self._read: dict[str, Frame] = {}
        self._pictures: list[Frame] = []
        self._numbers = np.zeros(0, np.float32)

    def numbers(self, given: Mapping[str, Frame]) -> NDArray[np.float32]:
        """The numbers of all terms, layer by layer, one after another, (k,); computed anew where a
        picture is another one than at the last call.

        Args:
            given: pictures (H, W, 3) 0..255 by the guides' files; others are read.

        Raises:
            RecipeError: a guide has no file.
            MediaError: a guide that is not given is no picture.
        """
        pictures = [self._picture(term.guide, given) for term in self._terms]
        same = len(pictures) == len(self._pictures)
        if not same or any(a is not b for a, b in zip(pictures, self._pictures, strict=True)):
            self._numbers = self._computed(pictures)
            self._pictures = pictures
        return self._numbers

    def _picture(self, file: str | None, given: Mapping[str, Frame]) -> Frame:
        if file is None:
            raise RecipeError("name the picture or clip", key="guide")
        if file in given:
            return given[file]
        if file not in self._read:
            self._read[file] = read_picture(Path(file))
        return self._read[file]

    def _computed(self, pictures: Sequence[Frame]) -> NDArray[np.float32]:
        known: dict[int, Features] = {}
        parts = [self._numbers[:0]]
        for term, picture in zip(self._terms, pictures, strict=True):
            if id(picture) not in known:
                known[id(picture)] = self._features(shrunk(picture, self._min_size))
            for layer in term.layers:
                own = known[id(picture)][layer]
                if term.match == "patches":
                    numbers = patches_of(own, places_of(self._strides[layer]))
                else:
                    numbers = channel_weights(own, self._power)
                parts.append(numbers.ravel())
        return np.concatenate(parts)
