"""The registry: networks by name, built-in and from other packages, without TensorFlow.

An installed package adds a network by an entry point of the group `dreamvid.networks`, which names
a `NetworkSpec` or a function that returns one; a script adds one with `register_network`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

from dreamvid.errors import NetworkError, suggestion
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.network_spec import AS_IT_IS, NetworkSpec, Preprocess
from dreamvid.recipe import Network
from dreamvid.recipe.preprocessing import PREPROCESSING
from dreamvid.recipe.sections import MODEL_ENDINGS

GROUP = "dreamvid.networks"
"""The group of the entry points by which packages add networks."""

NOTHING = NetworkSpec(
    name="none",
    build="",
    preprocess=AS_IT_IS,
    objective=(),
    min_size=1,
    weights="file",
)
"""`network: none`, which dreams nothing."""

RETIRED = "pocket"
"""Name of the default network before lite0; old films and recipes may contain it."""

_log = logging.getLogger(__name__)
_lock = threading.RLock()
_registered: dict[str, NetworkSpec] = {}
_packages_loaded = False


def register_network(spec: NetworkSpec) -> None:
    """Add a network, for recipes and `Dreamer` to name.

    Raises:
        NetworkError: the name is taken, or a value of the spec makes no sense.
    """
    if not isinstance(spec, NetworkSpec):
        raise NetworkError(f"network: must be a NetworkSpec, not {type(spec).__name__}")
    with _lock:
        taken = {_plain(name) for name in (*BUILTIN, *_registered, NOTHING.name, RETIRED)}
        if _plain(spec.name) in taken:
            raise NetworkError(f"network {spec.name}: the name is taken")
        _registered[spec.name] = spec


def specs() -> dict[str, NetworkSpec]:
    """All networks by name, built-in ones first; loads those of installed packages."""
    _load_packages()
    with _lock:
        return {**BUILTIN, **_registered}


def spec(name: str) -> NetworkSpec:
    """The network of that name; case, hyphens and underscores are ignored.

    Raises:
        NetworkError: there is none; the message lists similar names and all networks.
    """
    if name == NOTHING.name:
        raise NetworkError("network none: dreams nothing, and has no layers")
    if name == RETIRED:
        raise NetworkError(
            f"network {name}: is no longer part of dreamvid; lite0 dreams in its place, on layers "
            "of its own (dreamvid layers --network lite0)"
        )
    # Installed packages are loaded only for a name that is unknown without them.
    match = _find(name, {**BUILTIN, **_registered}) or _find(name, specs())
    if match is None:
        names = ", ".join([*specs(), NOTHING.name])
        hint = suggestion(name, specs()) or f"there are: {names}"
        raise NetworkError(f"network {name}: unknown", hint=hint)
    return match


def spec_of(network: Network) -> NetworkSpec:
    """The spec of a recipe's network, also of `none` and of a file with a model.

    Raises:
        NetworkError: as `spec`, or no preprocessing is stated for a file.
    """
    if model_file(network) is not None and network.preprocess is None:
        raise NetworkError(
            f"{network.name}: say what the model takes: --preprocess {'|'.join(PREPROCESSING)}; "
            f"dreamvid layers --check --network {network.name} tries them",
            key="network.preprocess",
        )
    return looked_at(network)


def looked_at(network: Network) -> NetworkSpec:
    """As `spec_of`, where nothing is dreamed, so that a file needs no preprocessing."""
    if network.name == NOTHING.name:
        return NOTHING
    if model_file(network) is None:
        known = spec(network.name)
    else:
        known = NetworkSpec(network.name, "", AS_IT_IS, (), weights="model", bfloat16=False)
    stated = network.preprocess
    return known if stated is None else replace(known, preprocess=Preprocess.of(stated))


def model_file(network: Network) -> Path | None:
    """The file with a whole model that a recipe names as its network; None if it names none."""
    path = Path(network.name)
    return path if path.suffix.lower() in MODEL_ENDINGS else None


def _find(name: str, known: dict[str, NetworkSpec]) -> NetworkSpec | None:
    by_plain_name = {_plain(known_name): network for known_name, network in known.items()}
    return by_plain_name.get(_plain(name))


def _plain(name: str) -> str:
    """A name without case, hyphens and underscores."""
    return name.lower().replace("_", "").replace("-", "")


def _load_packages() -> None:
    """Register the networks of installed packages, once; a broken one is logged and left out."""
    global _packages_loaded
    with _lock:
        if _packages_loaded:
            return
        _packages_loaded = True
        for point in entry_points(group=GROUP):
            try:
                loaded = point.load()
                is_spec = isinstance(loaded, NetworkSpec)
                register_network(loaded if is_spec else _checked(loaded()))
            except Exception as error:  # other packages' code may raise anything
                package = point.dist.name if point.dist else "a package"
                reason = " ".join(str(error).split()) or type(error).__name__
                _log.warning("network %s of %s: left out: %s", point.name, package, reason)


def _checked(result: object) -> NetworkSpec:
    """The result of an entry point's function. Raises TypeError if it is not a NetworkSpec."""
    if not isinstance(result, NetworkSpec):
        raise TypeError(f"gives a {type(result).__name__}, not a NetworkSpec")
    return result


def packaged_weights(network: Network) -> Path | None:
    """The file of a network's weights in an installed package; None where they are elsewhere.

    Raises:
        NetworkError: the package is not installed.
    """
    if network.name == NOTHING.name or network.weights is not None:
        return None
    packaged = None if model_file(network) else spec(network.name).packaged
    return packaged.path if packaged else None


ORIGINS = {
    "package": "installed with dreamvid",
    "imagenet": "fetched once, when used",
    "file": "--weights FILE",
    "build": "its package's own",
}
"""Texts that describe the sources of weights (`NetworkSpec.weights`)."""


def network_lines() -> Iterator[str]:
    """Lines that list all networks: the source of their weights, and their default layers."""
    known = specs()
    width = max(map(len, known))
    for network in known.values():
        layers = ", ".join(layer for layer, _ in network.objective)
        yield f"{network.name:{width}}  {ORIGINS[network.weights]:23}  {layers}"
        smallest = f"{network.min_size}x{network.min_size}"
        yield f"{'':{width}}  {network.licence}; at least {smallest}"
