"""Whether a network is fed what it was trained on: its answers to a photograph-like picture under
the preprocessing that is stated, and under the usual others.

Two signs tell. A batch normalisation stores the mean and the variance that its input had in
training; the right preprocessing gives inputs like these. And a classifier is surer of a picture
that it is shown as it knows pictures: the entropy of its class scores is lower.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.networks.activations import preprocessed
from dreamvid.dreaming.networks.head import Head, head_of
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.tensorflow import keras, tf
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame, Size
from dreamvid.networks.network_spec import NetworkSpec, Preprocess
from dreamvid.recipe import ClassTerm, Network
from dreamvid.recipe.preprocessing import PREPROCESSING

NORMS = 4
"""How many of the first batch normalisations are looked at: later ones even out what is wrong."""

BETTER = 1.5
"""The stated preprocessing looks wrong where another one's misfit is this many times smaller."""

SURER = 0.15
"""Likewise without batch normalisations, where another one's entropy is lower by this share of the
highest possible."""

SURER_OF_ORDER = 0.05
"""Likewise of the other order of channels, which batch normalisations hardly tell."""


@dataclass(frozen=True)
class Signs:
    """How well a preprocessing fits a network.

    Attributes:
        misfit: mean of the Kullback–Leibler divergences between normal distributions, of the inputs
            of the first batch normalisations on the picture and in training; None: it has none.
        entropy: of the class scores, as a share of the highest possible; None: no classifier.
    """

    misfit: float | None
    entropy: float | None

    def __str__(self) -> str:
        parts = []
        if self.misfit is not None:
            parts.append(f"misfit {self.misfit:.2f}")
        if self.entropy is not None:
            parts.append(f"entropy {self.entropy:.2f}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Answer:
    """A layer's answer to the picture.

    Attributes:
        layer: its name.
        mean: of all activations.
        share: of the activations that are over 0.
        silent: the number of channels that are nowhere over 0.
        channels: the number of channels.
    """

    layer: str
    mean: float
    share: float
    silent: int
    channels: int


@dataclass(frozen=True)
class Check:
    """A network's answers under a preprocessing, and how well that fits.

    Attributes:
        stated: whether a preprocessing is stated; else the one that fits best is looked at.
        name: of the preprocessing that is looked at.
        answers: of the layers asked for.
        signs: of every preprocessing that was tried, by its name.
        better: the name of one that fits better; None: there is none.
    """

    stated: bool
    name: str
    answers: list[Answer]
    signs: Mapping[str, Signs]
    better: str | None

    @property
    def tells(self) -> bool:
        """Whether the network has anything that tells."""
        signs = self.signs[self.name]
        return signs.misfit is not None or signs.entropy is not None

    @property
    def verdict(self) -> str:
        """What the signs say, in one line."""
        own = self.signs[self.name]
        if not self.tells:
            return "preprocessing: cannot be told, without batch normalisations or a classifier"
        if not self.stated:
            return f"preprocessing: none is stated; {self.name} fits best ({own})"
        if self.better is None:
            return f"preprocessing: looks right ({own})"
        return (
            f"preprocessing: LOOKS WRONG ({own}); {self.better} fits better "
            f"({self.signs[self.better]})"
        )


def check(spec: NetworkSpec, network: Network, picture: Frame, names: list[str]) -> Check:
    """Compare a network's answers to a picture (H, W, 3) under several preprocessings.

    Args:
        spec: as a recipe's network gives it.
        network: the recipe's; a file without `preprocess` is not stated.
        names: of the layers whose answers are measured.

    Raises:
        NetworkError: the network or its weights are not available, or the picture is too small.
    """
    spec.check_size(Size.of(picture))
    model, head = _model(spec, network)
    norms = [each for each in model.layers if isinstance(each, keras.layers.BatchNormalization)]
    norms = [] if network.weights == "random" else norms[:NORMS]
    known = {layer.name for layer in model.layers}
    names = [name for name in names if name in known]
    outputs = [norm.input for norm in norms] + [model.get_layer(name).output for name in names]
    outputs += [head.features] if head else []
    probe = keras.Model(model.inputs, outputs or model.outputs)

    def answers_of(how: Preprocess) -> list[NDArray[np.float32]]:
        found = probe(
            preprocessed(tf.constant(picture, tf.float32)[tf.newaxis], how), training=False
        )
        found = found if isinstance(found, list | tuple) else [found]
        return [np.asarray(each, np.float32) for each in found]

    stated = spec.weights != "model" or network.preprocess is not None
    tried = dict(_candidates(spec.preprocess if stated else None))
    found = {name: answers_of(how) for name, how in tried.items()}
    signs = {name: _signs(each, norms, head) for name, each in found.items()}
    name = next(iter(signs)) if stated else _best(signs)
    answers = found[name][len(norms) : len(norms) + len(names)]
    return Check(
        stated,
        name,
        [_answer(layer, each) for layer, each in zip(names, answers, strict=True)],
        signs,
        _better(signs, tried) if stated else None,
    )


def _model(spec: NetworkSpec, network: Network) -> tuple[keras.Model, Head | None]:
    """The network, with its classifier where it has one at hand that was trained, and that."""
    suited = spec.suited_to([ClassTerm(class_=0)])
    is_fetched = network.weights is None and suited.fetched is not None
    if network.weights != "random" and (spec.weights != "imagenet" or is_fetched):
        with suppress(NetworkError):
            model = load(suited, network)
            return model, head_of(model, spec.name)
    return load(spec, network), None


def _candidates(stated: Preprocess | None) -> Iterator[tuple[str, Preprocess]]:
    """The preprocessings to try, by name; the stated one first."""
    usual = {name: Preprocess.of(section) for name, section in PREPROCESSING.items()}
    if stated is not None:
        name = next((name for name, how in usual.items() if how == stated), "as stated")
        yield name, stated
        yield f"{name}, {_swapped(stated).order}", _swapped(stated)
    for name, how in usual.items():
        if how != stated:
            yield name, how
            if how != _swapped(how) and stated is None:
                yield f"{name}, {_swapped(how).order}", _swapped(how)


def _swapped(how: Preprocess) -> Preprocess:
    """The same for the other order of channels."""
    return replace(
        how,
        mean=how.mean[::-1],
        scale=how.scale[::-1],
        order="rgb" if how.order == "bgr" else "bgr",
    )


def _signs(found: list[NDArray[np.float32]], norms: list[keras.Layer], head: Head | None) -> Signs:
    misfits = [_misfit(norm, each) for norm, each in zip(norms, found, strict=False)]
    entropy = None
    if head is not None:
        logits = found[-1].reshape(-1, found[-1].shape[-1]).mean(0) @ head.kernel + head.bias
        shares = np.exp((logits - logits.max()).astype(np.float64))
        shares /= shares.sum()
        entropy = float(-(shares * np.log(shares + 1e-300)).sum() / np.log(max(2, len(shares))))
    return Signs(float(np.mean(misfits)) if misfits else None, entropy)


def _misfit(norm: keras.layers.BatchNormalization, answers: NDArray[np.float32]) -> float:
    """The divergence of a batch normalisation's input from what it was in training: the median of
    its channels'."""
    mean, spread = np.asarray(norm.moving_mean), np.asarray(norm.moving_variance) + norm.epsilon
    axes = tuple(range(answers.ndim - 1))
    seen_mean, seen_spread = answers.mean(axes), answers.var(axes) + 1e-12
    ratio = seen_spread / spread
    return float(np.median((ratio + (seen_mean - mean) ** 2 / spread - 1 - np.log(ratio)) / 2))


def _best(signs: Mapping[str, Signs]) -> str:
    """The preprocessing that fits best; of those that fit alike the surest."""
    least = min((each.misfit for each in signs.values() if each.misfit is not None), default=None)
    alike = [
        name
        for name, each in signs.items()
        if least is None or (each.misfit is not None and each.misfit <= BETTER * least)
    ]
    return min(alike, key=lambda name: signs[name].entropy or 0)


def _better(signs: Mapping[str, Signs], tried: Mapping[str, Preprocess]) -> str | None:
    """A preprocessing that fits clearly better than the first, which is stated; None: there is
    none."""
    stated, swapped, *others = signs
    own = signs[stated]
    best = _best({name: signs[name] for name in (stated, *others)})
    if own.misfit is not None and BETTER * (signs[best].misfit or 0) < own.misfit:
        return best
    if own.entropy is None:
        return None
    if own.misfit is None and (signs[best].entropy or 0) < own.entropy - SURER:
        return best
    other = signs[swapped].entropy
    return swapped if other is not None and other < own.entropy - SURER_OF_ORDER else None


def _answer(layer: str, answers: NDArray[np.float32]) -> Answer:
    over = answers > 0
    silent = int((~over.any(axis=tuple(range(answers.ndim - 1)))).sum())
    return Answer(layer, float(answers.mean()), float(over.mean()), silent, answers.shape[-1])
