"""Pictures as a clip: a folder, or a pattern such as `shot.####.png` or `shot*.png`."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from dreamvid.errors import InputError
from dreamvid.recipe.paths import PICTURE_ENDINGS, has_wildcards

_PATTERN = re.compile(r"^(.*?)(%0?\d*d|#+)([^%#]*?)(?: (\d+)-(\d+))?$")
_NUMBERED = re.compile(r"^(.*?)(\d+)(\.\w+)$")

NAMED = 5
"""How many gaps a note names."""


@dataclass(frozen=True)
class PictureList:
    """Numbered pictures, in order.

    Attributes:
        name: as it was given.
        pictures: the number and the file of each, ascending, at least one.
    """

    name: Path
    pictures: Sequence[tuple[int, Path]]

    @property
    def count(self) -> int:
        """How many frames from the first to the last, gaps included."""
        return self.pictures[-1][0] - self.pictures[0][0] + 1

    def files(self) -> Iterator[Path]:
        """The file of each frame; in a gap, that before it."""
        following = [number for number, _ in self.pictures[1:]] + [self.pictures[-1][0] + 1]
        for (number, file), until in zip(self.pictures, following, strict=True):
            yield from (until - number) * [file]

    @property
    def note(self) -> str | None:
        """What is missing, for people; None: nothing is."""
        gaps = [
            f"{before + 1}" if after == before + 2 else f"{before + 1}-{after - 1}"
            for (before, _), (after, _) in zip(self.pictures, self.pictures[1:], strict=False)
            if after > before + 1
        ]
        if not gaps:
            return None
        named = ", ".join(gaps[:NAMED]) + (", …" if len(gaps) > NAMED else "")
        return f"pictures are missing ({named}); the one before is shown instead"


def find_pictures(path: Path) -> PictureList:
    """The pictures of a folder or pattern. `shot.%04d.png 1001-1100` names a range.

    Raises:
        InputError: there are none, or a folder has several sequences.
    """
    try:
        if path.is_dir():
            pictures = _in_folder(path)
        elif has_wildcards(path):
            pictures = _of_wildcards(path)
        else:
            pictures = _of_pattern(path)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    if not pictures:
        what = "pictures of such names" if has_wildcards(path) else "numbered pictures"
        raise InputError(f"no {what} are there", path=path)
    return PictureList(path, pictures)


def _of_pattern(path: Path) -> list[tuple[int, Path]]:
    match = _PATTERN.match(path.name)
    if not match or not path.parent.is_dir():
        return []
    before, number, after, first, last = match.groups()
    digits = len(number) if number[0] == "#" else int(number[1:-1] or 0)
    # A longer number has more digits than the pattern asks for, but no zeros before it.
    digit = rf"(\d{{{digits}}}|[1-9]\d{{{digits},}})" if digits else r"(0|[1-9]\d*)"
    name = re.compile(re.escape(before) + digit + re.escape(after))
    found = [
        (int(known[1]), file)
        for file in path.parent.iterdir()
        if (known := name.fullmatch(file.name)) and file.is_file()
    ]
    bounds = (int(first), int(last)) if first else (0, max((n for n, _ in found), default=0))
    return sorted(each for each in found if bounds[0] <= each[0] <= bounds[1])


def _of_wildcards(path: Path) -> list[tuple[int, Path]]:
    """The pictures whose names a pattern of a shell matches, in the order of their numbers."""
    if not path.parent.is_dir():
        return []
    pattern = path.name.replace("[", "[[]")  # which is no wildcard here
    found = [
        (_parts(file.name), file)
        for file in path.parent.iterdir()
        if fnmatch.fnmatch(file.name, pattern)
        and file.suffix.lower() in PICTURE_ENDINGS
        and not file.name.startswith(".")
        and file.is_file()
    ]
    found.sort()
    numbers = _numbers([parts for parts, _ in found])
    return [(number, file) for number, (_, file) in zip(numbers, found, strict=True)]


def _parts(name: str) -> list[str | int]:
    """A name as text and whole numbers in turns."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _numbers(names: Sequence[Sequence[str | int]]) -> Sequence[int]:
    """The numbers of sorted names if they differ in one number alone; else they are counted."""
    counted = range(len(names))
    if len({len(parts) for parts in names}) != 1:
        return counted
    varying = [column for column in zip(*names, strict=True) if len(set(column)) > 1]
    if len(varying) != 1:
        return counted
    numbers = [part for part in varying[0] if isinstance(part, int)]
    return numbers if len(set(numbers)) == len(names) else counted


def _in_folder(folder: Path) -> list[tuple[int, Path]]:
    """The numbered pictures of a folder. Raises InputError if it has several sequences."""
    found = [
        ((match[1], match[3]), int(match[2]), file)
        for file in folder.iterdir()
        if (match := _NUMBERED.match(file.name))
        and file.suffix.lower() in PICTURE_ENDINGS
        and not file.name.startswith(".")
        and file.is_file()
    ]
    found.sort()
    sequences = [list(each) for _, each in groupby(found, key=lambda one: one[0])]
    if len(sequences) > 1:
        names = ", ".join("#".join(sequence[0][0]) for sequence in sequences)
        raise InputError(f"holds several sequences: {names}; name one as a pattern", path=folder)
    return [(number, file) for _, number, file in sequences[0]] if sequences else []
