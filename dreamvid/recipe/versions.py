"""Recipes of version 1: the new names of their keys and options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

VERSION = 2
"""The current version of recipes."""

RENAMED = {
    "dream.smooth": "dream.gradient_blur",
    "dream.margin": "dream.tile_margin",
    "motion.on": "motion.moves",
    "blend.what": "blend.carry",
    "blend.by": "blend.follow",
    "blend.settle": "blend.warmup",
    "film": "encode",
}
"""Keys of version 1, and their names in version 2."""

VALUES = {"motion.moves": {"frame": "camera"}}
"""Renamed values, by their key's name in version 2."""

FLAGS = {
    "--smooth": "--gradient-blur",
    "--margin": "--tile-margin",
    "--on": "--moves",
    "--what": "--carry",
    "--by": "--follow",
    "--settle": "--warmup",
    "--shift": "--color-shift",
    "--anchor": "--color-anchor",
}
"""Options of version 1, and their names in version 2."""


def old_keys(data: Mapping[str, Any]) -> Iterator[str]:
    """The renamed keys in a recipe's data, each as `film is now encode`."""
    for old, new in RENAMED.items():
        section, _, key = old.partition(".")
        value = data.get(section)
        inner = value if isinstance(value, Mapping) else {}
        if section in data and (not key or key in inner):
            changed = VALUES.get(new, {}).get(str(inner.get(key)))
            yield f"{old} is now {new}" + (f": {changed}" if changed else "")


def upgraded(data: Mapping[str, Any]) -> dict[str, Any]:
    """Convert the data of a recipe of any version to this version; unknown keys are left as they
    are."""
    result = {key: dict(each) if isinstance(each, Mapping) else each for key, each in data.items()}
    for old, new in RENAMED.items():
        section, _, key = old.partition(".")
        if not key and section in result:
            result[new] = result.pop(section)
        elif key and isinstance(result.get(section), dict) and key in result[section]:
            value = result[section].pop(key)
            renamed = VALUES.get(new, {})
            value = renamed.get(value, value) if isinstance(value, str) else value
            result[section].setdefault(new.partition(".")[2], value)
    return {**result, "version": VERSION} if "version" in result else result
