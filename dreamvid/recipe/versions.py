"""Recipes of an earlier version: what their keys are called now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

VERSION = 2
"""Of the recipes that are read and written."""

RENAMED = {
    "dream.smooth": "dream.gradient_blur",
    "dream.margin": "dream.tile_margin",
    "motion.on": "motion.moves",
    "blend.what": "blend.carry",
    "blend.by": "blend.follow",
    "blend.settle": "blend.warmup",
    "film": "encode",
}
"""Keys of version 1, and what they are called in version 2."""

VALUES = {"motion.moves": {"frame": "camera"}}
"""Values that are called otherwise too, by their key's name in version 2."""

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
"""Flags of version 1, and what they are called in version 2."""


def old_keys(data: Mapping[str, Any]) -> Iterator[str]:
    """The keys of a recipe's data that are called otherwise now, as `film is now encode`."""
    for old, new in RENAMED.items():
        section, _, key = old.partition(".")
        found = data.get(section)
        inner = found if isinstance(found, Mapping) else {}
        if section in data and (not key or key in inner):
            changed = VALUES.get(new, {}).get(str(inner.get(key)))
            yield f"{old} is now {new}" + (f": {changed}" if changed else "")


def upgraded(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a recipe of any version as one of this version; what is strange in it stays."""
    made = {key: dict(each) if isinstance(each, Mapping) else each for key, each in data.items()}
    for old, new in RENAMED.items():
        section, _, key = old.partition(".")
        if not key and section in made:
            made[new] = made.pop(section)
        elif key and isinstance(made.get(section), dict) and key in made[section]:
            value = made[section].pop(key)
            known = VALUES.get(new, {})
            value = known.get(value, value) if isinstance(value, str) else value
            made[section].setdefault(new.partition(".")[2], value)
    return {**made, "version": VERSION} if "version" in made else made
