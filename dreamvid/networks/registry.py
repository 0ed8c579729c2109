"""The networks by name, without TensorFlow: those that dreamvid comes with, and others'.

An installed package adds one by an entry point of the group `dreamvid.networks`, which names a
`NetworkSpec` or a function that returns one; a script adds one with `register_network`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from dreamvid.errors import NetworkError, near
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.network_spec import AS_IT_IS, NetworkSpec
from dreamvid.recipe import Network

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
"""Dreamed by default before lite0; films and recipes may still name it."""

_log = logging.getLogger(__name__)
_lock = threading.RLock()
_registered: dict[str, NetworkSpec] = {}
_packages_loaded = False


def register_network(spec: NetworkSpec) -> None:
    """Add a network, for recipes and `Dreamer` to name.

    Raises:
        NetworkError: the name is taken.
    """
    with _lock:
        taken = {_plain(name) for name in (*BUILTIN, *_registered, NOTHING.name, RETIRED)}
        if _plain(spec.name) in taken:
            raise NetworkError(f"network {spec.name}: the name is taken")
        _registered[spec.name] = spec


def specs() -> dict[str, NetworkSpec]:
    """All networks by name, dreamvid's own first; looks for those of installed packages."""
    _load_packages()
    with _lock:
        return {**BUILTIN, **_registered}


def spec(name: str) -> NetworkSpec:
    """The network of that name, in capitals or not, with or without its hyphens.

    Raises:
        NetworkError: there is none; the message names the near ones and all.
    """
    if name == NOTHING.name:
        raise NetworkError("network none: dreams nothing, and has no layers")
    if name == RETIRED:
        raise NetworkError(
            f"network {name}: is no longer part of dreamvid; lite0 dreams in its place, on layers "
            "of its own (dreamvid layers --network lite0)"
        )
    # Installed packages are looked at only for a name that is not known without them.
    found = _find(name, {**BUILTIN, **_registered}) or _find(name, specs())
    if found is None:
        names = ", ".join([*specs(), NOTHING.name])
        raise NetworkError(f"network {name}: unknown{near(name, specs())}; there are: {names}")
    return found


def spec_of(network: Network) -> NetworkSpec:
    """What is known of a recipe's network, `none` among them. Raises NetworkError."""
    return NOTHING if network.name == NOTHING.name else spec(network.name)


def _find(name: str, known: dict[str, NetworkSpec]) -> NetworkSpec | None:
    return {_plain(own): each for own, each in known.items()}.get(_plain(name))


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _load_packages() -> None:
    """Register the networks of installed packages, once; a broken one costs a warning."""
    global _packages_loaded
    with _lock:
        if _packages_loaded:
            return
        _packages_loaded = True
        for point in entry_points(group=GROUP):
            try:
                found = point.load()
                register_network(found if isinstance(found, NetworkSpec) else _made(found()))
            except Exception as error:  # a stranger's code may raise anything
                package = point.dist.name if point.dist else "a package"
                reason = " ".join(str(error).split()) or type(error).__name__
                _log.warning("network %s of %s: left out: %s", point.name, package, reason)


def _made(found: object) -> NetworkSpec:
    if not isinstance(found, NetworkSpec):
        raise TypeError(f"gives a {type(found).__name__}, not a NetworkSpec")
    return found


def packaged_weights(network: Network) -> Path | None:
    """The file of an installed package that a network's weights are in, if they are.

    Raises:
        NetworkError: they should be, and are not installed.
    """
    if network.name == NOTHING.name or network.weights is not None:
        return None
    packaged = spec(network.name).packaged
    return packaged.path if packaged else None


ORIGINS = {
    "package": "installed with dreamvid",
    "imagenet": "fetched once, when used",
    "file": "--weights FILE",
    "build": "its package's own",
}
"""Where weights come from, for people."""


def network_lines() -> Iterator[str]:
    """All networks: where their weights come from, and what they dream on by default."""
    known = specs()
    width = max(map(len, known))
    for each in known.values():
        layers = ", ".join(layer for layer, _ in each.objective)
        yield f"{each.name:{width}}  {ORIGINS[each.weights]:23}  {layers}"
        yield f"{'':{width}}  {each.licence}; at least {each.min_size}x{each.min_size}"
