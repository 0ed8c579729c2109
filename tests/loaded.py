"""Networks that many tests dream on or judge by, built once."""

from __future__ import annotations

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.networks.load import load
from dreamvid.dreaming.tensorflow import keras
from dreamvid.frame import Size
from dreamvid.machine import Machine
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.recipe import Network, Recipe
from dreamvid.resolve import resolve

_LOADED: dict[tuple[str, Network], keras.Model] = {}


def load_once(own: NetworkSpec, network: Network) -> keras.Model:
    """As `load`, whose place it takes, for what lies in no file that a test may change."""
    if network.weights != "random" and (network.weights or own.weights != "package"):
        return load(own, network)
    key = own.name, network
    if key not in _LOADED:
        _LOADED[key] = load(own, network)
    return _LOADED[key]


def dreamer_of(recipe: Recipe, size: Size | None = None) -> Dreamer:
    """The dreamer of a recipe, for frames of a size."""
    return Dreamer.of(resolve(recipe, size), Machine.here())
