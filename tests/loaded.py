"""Networks that many tests dream on, list or judge by, built once a process."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import pytest

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.networks.activations import Activations
from dreamvid.dreaming.networks.load import build, load
from dreamvid.dreaming.tensorflow import keras
from dreamvid.frame import Size
from dreamvid.machine import Machine
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Network, Recipe
from dreamvid.resolve import resolve

LOADERS = "dreamvid.dreaming.networks.activations"
LISTERS = "dreamvid.dreaming.networks.layers"
OBJECTIVES = "dreamvid.dreaming.objectives"

LASTING: set[str] = set()
"""Files of weights that no test changes: what is loaded from one of them is loaded once."""

SPECS = dict(BUILTIN)
"""Those that a name stands for; not what a test makes of them."""

_LOADED: dict[tuple[str, Network], keras.Model] = {}
_BUILT: dict[str, keras.Model] = {}
_CUT: dict[tuple[Any, ...], Activations] = {}


def load_once(spec: NetworkSpec, network: Network) -> keras.Model:
    """As `load`, whose place it takes, for what lies in no file that a test may change."""
    if not _is_constant(spec, network):
        return load(spec, network)
    key = spec.name, network
    if key not in _LOADED:
        _LOADED[key] = load(spec, network)
    return _LOADED[key]


def _is_constant(spec: NetworkSpec, network: Network) -> bool:
    """Whether a spec's network has the same weights whenever it is loaded."""
    if SPECS.get(spec.name) is not spec:
        return False
    if network.weights == "random" or network.weights in LASTING:
        return True
    return not network.weights and spec.weights == "package"


def activations_once(spec: NetworkSpec, network: Network, *names: Iterable[Any]) -> Activations:
    """As `Activations`, a function without a state: a network is loaded, cut and folded once."""
    listed = tuple(map(tuple, names))
    if not _is_constant(spec, network):
        return Activations(spec, network, *listed)
    key = spec.name, network, listed
    if key not in _CUT:
        _CUT[key] = Activations(spec, network, *listed)
    return _CUT[key]


def build_once(spec: NetworkSpec) -> keras.Model:
    """As `build`, for those who only look at the model: one of `load_once` serves as well."""
    if SPECS.get(spec.name) is not spec:
        return build(spec)
    for (name, _), model in _LOADED.items():
        if name == spec.name:
            return model
    if spec.name not in _BUILT:
        _BUILT[spec.name] = build(spec)
    return _BUILT[spec.name]


def share(patch: pytest.MonkeyPatch, *, never: bool = False) -> None:
    """Whoever loads a network or lists its layers takes the one that is there already; or `never`
    does."""
    once: dict[tuple[str, str], Any] = {
        (LOADERS, "load"): load if never else load_once,
        (OBJECTIVES, "Activations"): Activations if never else activations_once,
        (LISTERS, "build"): build if never else build_once,
    }
    for (home, name), function in once.items():
        if home in sys.modules:
            patch.setattr(sys.modules[home], name, function)


def dreamer_of(recipe: Recipe, size: Size | None = None) -> Dreamer:
    """The dreamer of a recipe, for frames of a size."""
    return Dreamer.of(resolve(recipe, size), Machine.here())
