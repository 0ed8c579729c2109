"""The classes that a network's classifier tells apart, by name and number.

A thousand classes are ImageNet's, in their usual order. Their names are WordNet's, with all
synonyms; source and licence are in `imagenet_classes.LICENCE.txt`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from dreamvid.errors import NetworkError, suggestion

IMAGENET = 1000
"""Number of ImageNet's classes."""

KEY = "dream.objective"
"""The recipe's key that names classes."""


@cache
def imagenet_classes() -> tuple[str, ...]:
    """The names of ImageNet's classes, in their order, each with its synonyms after commas."""
    listed = Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(listed.splitlines())


def class_number(wanted: int | str, count: int, names: tuple[str, ...], network: str) -> int:
    """The number of a class, from 0.

    Args:
        wanted: its number or one of its names; capitals, hyphens and underscores do not count.
        count: the number of the network's classes.
        names: of the classes, with synonyms after commas; empty: ImageNet's, if there are as many.
        network: the network's name.

    Raises:
        NetworkError: there is no such class, or several of that name.
    """
    if isinstance(wanted, int):
        if wanted >= count:
            message = f"class:{wanted}: network {network} has {count} classes, from 0"
            raise NetworkError(message, key=KEY)
        return wanted
    if not names and count == IMAGENET:
        names = imagenet_classes()
    if len(names) != count:
        message = f"class:{wanted}: the classes of network {network} have no names; give a number"
        raise NetworkError(f"{message} from 0 to {count - 1}", key=KEY)
    numbers = _numbers(names)
    found = numbers.get(_plain(wanted), ())
    if len(found) > 1:
        several = " and ".join(f"class:{number} ({names[number]})" for number in found)
        raise NetworkError(f"class:{wanted}: may be {several}; give the number", key=KEY)
    if not found:
        message = f"class:{wanted}: network {network} knows no class of that name"
        raise NetworkError(message, key=KEY, hint=suggestion(_plain(wanted), numbers))
    return found[0]


@cache
def _numbers(names: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """The numbers of the classes of each plain name."""
    numbers: dict[str, tuple[int, ...]] = {}
    for number, synonyms in enumerate(names):
        for name in dict.fromkeys(map(_plain, synonyms.split(", "))):
            numbers[name] = (*numbers.get(name, ()), number)
    return numbers


def _plain(name: str) -> str:
    """A name in small letters, with single spaces for hyphens and underscores."""
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())
