"""Networks that many tests dream on, list or judge by, built once a process."""

from __future__ import annotations

import sys

import keras
import pytest

from dreamvid.dream import models
from dreamvid.dream.entry import Entry
from dreamvid.recipe import Network

LOADERS = "dreamvid.dream.networks"
LISTERS = "dreamvid.dream.layers"

_LOADED: dict[tuple[str, Network], keras.Model] = {}
_BUILT: dict[str, keras.Model] = {}

load, build = models.load, models.build


def load_once(own: Entry, network: Network) -> keras.Model:
    """As `load`, whose place it takes, for what lies in no file that a test may change."""
    if network.weights != "random" and (network.weights or own.weights != "package"):
        return load(own, network)
    key = own.name, network
    if key not in _LOADED:
        _LOADED[key] = load(own, network)
    return _LOADED[key]


def build_once(own: Entry) -> keras.Model:
    """As `build`, for those who only look at the model: one of `load_once` serves as well."""
    for (name, _), model in _LOADED.items():
        if name == own.name:
            return model
    if own.name not in _BUILT:
        _BUILT[own.name] = build(own)
    return _BUILT[own.name]


def share(patch: pytest.MonkeyPatch) -> None:
    """Whoever loads a network or lists its layers takes the one that is there already."""
    patch.setattr(sys.modules[LOADERS], "load", load_once)
    if LISTERS in sys.modules:
        patch.setattr(sys.modules[LISTERS], "build", build_once)
