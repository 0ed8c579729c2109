"""Networks that many tests dream on, list or judge by, built once a process."""

from __future__ import annotations

import sys
from typing import Any

import keras
import pytest

from dreamvid.dream import models
from dreamvid.dream.catalogue import entry
from dreamvid.dream.entry import Entry
from dreamvid.dream.networks import Activations, activations
from dreamvid.recipe import Network

LOADERS = "dreamvid.dream.networks"
LISTERS = "dreamvid.dream.layers"
JUDGES = "dreamvid.dream.objective"

_LOADED: dict[tuple[str, Network], keras.Model] = {}
_BUILT: dict[str, keras.Model] = {}
_CUT: dict[tuple[Network, tuple[str, ...]], Activations] = {}

load, build = models.load, models.build


def load_once(own: Entry, network: Network) -> keras.Model:
    """As `load`, whose place it takes, for what lies in no file that a test may change."""
    if not _is_constant(own, network):
        return load(own, network)
    key = own.name, network
    if key not in _LOADED:
        _LOADED[key] = load(own, network)
    return _LOADED[key]


def _is_constant(own: Entry, network: Network) -> bool:
    return network.weights == "random" or (not network.weights and own.weights == "package")


def activations_once(network: Network, layers: list[str]) -> Activations:
    """As `activations`, a function without a state: what is loaded, cut and folded is so once."""
    if not _is_constant(entry(network.name), network):
        return activations(network, layers)
    key = network, tuple(layers)
    if key not in _CUT:
        _CUT[key] = activations(network, layers)
    return _CUT[key]


def build_once(own: Entry) -> keras.Model:
    """As `build`, for those who only look at the model: one of `load_once` serves as well."""
    for (name, _), model in _LOADED.items():
        if name == own.name:
            return model
    if own.name not in _BUILT:
        _BUILT[own.name] = build(own)
    return _BUILT[own.name]


def share(patch: pytest.MonkeyPatch, *, never: bool = False) -> None:
    """Whoever loads a network or lists its layers takes the one that is there already; or `never`
    does."""
    once: dict[tuple[str, str], Any] = {
        (LOADERS, "load"): load if never else load_once,
        (JUDGES, "activations"): activations if never else activations_once,
        (LISTERS, "build"): build if never else build_once,
    }
    for (home, name), own in once.items():
        if home in sys.modules:
            patch.setattr(sys.modules[home], name, own)
