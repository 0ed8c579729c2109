"""Ranked channels: those of a layer that answer most or least on a shot's first picture.

They are chosen once a shot and kept in the dreamer's notes, which a checkpoint has, so that all
frames of a shot dream of the same. Neural-dream calls them `-channel_mode strong` and `weak`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dreamvid.errors import NetworkError
from dreamvid.frame import Frame, Notes
from dreamvid.media.opencv import cv2
from dreamvid.networks.classes import KEY
from dreamvid.recipe.base_term import BaseTerm
from dreamvid.recipe.terms import WithChannels

LARGEST = 512
"""Px: longest side at which channels are ranked, and guides seen, without tiles, so that no tile
changes them."""


class Ranking:
    """Chooses the channels of an objective's ranked terms."""

    def __init__(
        self,
        terms: Sequence[BaseTerm],
        means: Callable[[Frame], Mapping[str, NDArray[np.float32]]],
        min_size: int,
    ) -> None:
        """
        Args:
            means: gives the mean of each channel, (C,), by layer, for a picture (h, w, 3).
            min_size: smallest width and height (px) that the network accepts.
        """
        self._terms = [t for t in terms if isinstance(t, WithChannels) and t.ranked]
        self._means, self._min_size = means, min_size

    def channels(self, picture: Frame, notes: Notes) -> tuple[int, ...]:
        """The channels of all ranked terms, one term after another; those that the notes lack are
        chosen on the picture (H, W, 3) and noted."""
        keys = {_key(term): term for term in self._terms}
        if not notes.keys() >= keys.keys():
            means = self._means(shrunk(picture, self._min_size))
            for key, term in keys.items():
                notes.setdefault(key, _chosen(term, means[term.layers[0]]))
        return tuple(int(number) for term in self._terms for number in notes[_key(term)])


def shrunk(picture: Frame, min_size: int) -> Frame:
    """A picture (H, W, 3) at most LARGEST px wide and high, and at least what a network accepts."""
    high, wide = picture.shape[:2]
    share = min(1.0, LARGEST / max(high, wide))
    size = max(min_size, round(wide * share)), max(min_size, round(high * share))
    if size == (wide, high):
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _key(term: WithChannels) -> str:
    """The key of the note of a term's channels."""
    return f"channels.{term.layers[0]}.{term.selection}"


def _chosen(term: WithChannels, means: NDArray[np.float32]) -> NDArray[np.float64]:
    """The term's channels: of the weak ones first those that answer at all, since nothing can be
    subdued or raised where a ReLU is shut."""
    assert term.ranked
    strong, count = term.ranked
    order = np.argsort(-means if strong else np.where(means > 0, means, np.inf), kind="stable")
    return np.asarray(order[:count], np.float64)


def checked_channels(terms: Sequence[BaseTerm], counts: Mapping[str, int]) -> None:
    """Raise NetworkError where a term names a channel that its layer lacks.

    Args:
        counts: the number of channels of each layer.
    """
    for term in terms:
        if not isinstance(term, WithChannels):
            continue
        (layer,) = term.layers
        most = max(term.numbers, default=term.count - 1)
        if most >= counts[layer]:
            what = f"has {counts[layer]} channels, from 0"
            raise NetworkError(f"{term.name}: layer {layer} {what}", key=KEY)
