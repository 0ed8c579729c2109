"""The folder that the page works in: what lies in it, and that nothing outside of it is used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from dreamvid.errors import InputError, OutputError
from dreamvid.recipe.load import preset_folder
from dreamvid.recipe.paths import CLIP_ENDINGS, PICTURE_ENDINGS

PACKAGE = Path(__file__).parents[1]

SEED = PACKAGE / "seeds" / "clouds.jpg"
"""The picture that is there at the first start."""

WORK = ".dreamvid-studio"
"""The hidden folder in which the page keeps its queue, logs and plots."""

SOUND_ENDINGS = (".wav", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".aiff", ".aif")
RECIPE_ENDINGS = (".yaml", ".yml")
BEAT_ENDINGS = (".txt", ".csv")

DEPTH, MOST = 3, 3000
"""How deep in the folder files are looked for, and how many are listed."""

NUMBERED = 3
"""Pictures with numbers in their names from which on their folder is offered as a clip."""

Kind = Literal["picture", "clip", "sound", "recipe"]


@dataclass(frozen=True)
class Listed:
    """A file, or a folder of numbered pictures, that a recipe can name.

    Attributes:
        path: as a recipe in the folder names it.
        kind: what it is, by its name.
        size: bytes.
        shipped: whether it came with dreamvid.
    """

    path: str
    kind: Kind
    size: int
    shipped: bool = False


class Folder:
    """A folder, whose name was given at the prompt.

    Attributes:
        path: absolute, links resolved.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))

    @property
    def work(self) -> Path:
        """The hidden folder; made where it is missing. Raises OutputError."""
        work = self.path / WORK
        if work.is_symlink():
            raise OutputError("is a symbolic link; remove it", path=work)
        try:
            work.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror}", path=self.path) from None
        return work

    def readable(self, name: str | Path) -> Path:
        """The file of a name in the folder, or of dreamvid's own. Raises InputError if it lies
        elsewhere, links resolved."""
        path = self._resolved(name)
        inside = (self.path, PACKAGE, Path(os.path.realpath(preset_folder())))
        if path is None or not any(path.is_relative_to(each) for each in inside):
            raise InputError(f"{name}: lies outside the folder {self.path}")
        return path

    def writable(self, name: str | Path) -> Path:
        """The file of a name in the folder. Raises OutputError if it lies elsewhere."""
        path = self._resolved(name)
        if path is None or path == self.path or not path.is_relative_to(self.path):
            raise OutputError(f"{name}: lies outside the folder {self.path}")
        if WORK in path.relative_to(self.path).parts:
            raise OutputError(f"{name}: lies in the studio's own folder")
        return path

    def named(self, path: Path) -> str:
        """How a recipe in the folder names a file."""
        if path.is_relative_to(self.path):
            return path.relative_to(self.path).as_posix()
        return str(path)

    def listed(self) -> list[Listed]:
        """What recipes can name, the newest first, then the shipped picture."""
        found = sorted(islice(self._files(self.path, 0), MOST), key=lambda each: -each[0])
        seed = Listed(str(SEED), "picture", SEED.stat().st_size, shipped=True)
        return [*(listed for _, listed in found), seed]

    def _resolved(self, name: str | Path) -> Path | None:
        try:
            return Path(os.path.realpath(self.path / name))
        except (OSError, ValueError):
            return None

    def _files(self, folder: Path, depth: int) -> Iterator[tuple[float, Listed]]:
        numbered = 0
        for entry in _entries(folder):
            if entry.name.startswith(".") or ".partial" in entry.name or entry.is_symlink():
                continue
            if not is_text(entry.name):
                continue
            if entry.is_dir():
                if depth + 1 < DEPTH:
                    yield from self._files(Path(entry.path), depth + 1)
                continue
            kind, name = kind_of_file(entry.name), self.named(Path(entry.path))
            if kind is None:
                continue
            numbered += kind == "picture" and any(map(str.isdecimal, entry.name))
            try:
                stat = entry.stat()
            except OSError:  # it is gone meanwhile
                continue
            yield stat.st_mtime, Listed(name, kind, stat.st_size)
            if numbered == NUMBERED and depth:
                numbered += 1
                yield stat.st_mtime, Listed(self.named(folder), "clip", 0)


def kind_of_file(name: str) -> Kind | None:
    """What a file is, by its ending; None: nothing that recipes name."""
    ending = Path(name).suffix.lower()
    kinds: dict[Kind, tuple[str, ...]] = {
        "picture": (*PICTURE_ENDINGS, ".gif"),
        "clip": CLIP_ENDINGS,
        "sound": (*SOUND_ENDINGS, *BEAT_ENDINGS),
        "recipe": RECIPE_ENDINGS,
    }
    return next((kind for kind, endings in kinds.items() if ending in endings), None)


def is_text(name: str) -> bool:
    """Whether a file's name can be told to the page: it is text, in UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
