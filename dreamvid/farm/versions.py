"""What the machines of a cluster must have in common, for films to be the same bytes."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dreamvid.recipe.paths import names_several

PACKAGES = {"dreamvid": "dreamvid", "TensorFlow": "tensorflow"}


def versions() -> dict[str, str]:
    """The versions that this process runs."""
    found = {"Python": platform.python_version()}
    for name, package in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def differences(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """In which versions another machine differs, for people; "": in none."""
    names = [name for name in here if here[name] != there.get(name)]
    return ", ".join(f"{name} {there.get(name, 'none')}, not {here[name]}" for name in names)


def examined(paths: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Run on each machine when work begins: its versions, and which of some files it lacks."""
    return versions(), [path for path in paths if not _is_there(path)]


def _is_there(path: str) -> bool:
    """Whether a file is there, or the folder of numbered pictures: what is in them is looked at
    before they are used."""
    try:
        return Path(path).exists() or (names_several(Path(path)) and Path(path).parent.exists())
    except (OSError, ValueError):
        return False
