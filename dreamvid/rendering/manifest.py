"""What a render was made of: enough to tell whether another is the same, and what is not."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dreamvid.errors import MediaError, StateError
from dreamvid.machine import Machine
from dreamvid.media.files import require_file
from dreamvid.networks.registry import packaged_weights
from dreamvid.recipe import WORDS_FOR_WEIGHTS, Network, Recipe
from dreamvid.recipe.at_frame import schedules
from dreamvid.recipe.load import make_recipe
from dreamvid.task import Identified

FORM = 3
"""Of the folder of a run; another form cannot be resumed."""

PACKAGES = ("dreamvid", "tensorflow", "keras", "numpy", "opencv-python", "imageio-ffmpeg")

OF_THE_FILM = ("frames", "encode")
"""Keys that change a film, but no picture of it."""


@dataclass(frozen=True)
class Manifest:
    """A render's identity.

    Attributes:
        recipe: the whole recipe as JSON knows it, files by their names alone.
        files: of each file that it reads: its key in the recipe, where it was, and its SHA-256; of
            weights that were installed with dreamvid, "network".
        segment: frames of a closed segment of film.
        machine: what it is computed with.
        made_with: versions and the kind of machine, on which a film's last bits may depend.
        form: of the run's folder.
    """

    recipe: dict[str, Any]
    files: list[dict[str, Any]]
    segment: int
    machine: Machine
    made_with: dict[str, str]
    form: int = FORM

    @classmethod
    def of(
        cls,
        recipe: Recipe,
        segment: int,
        machine: Machine,
        *,
        dreamer: object = None,
        source: object = None,
    ) -> Manifest:
        """The manifest of a recipe whose network's values are filled in; reads its files.

        Args:
            dreamer, source: the caller's own, `Identified`, in the place of the recipe's.
        """
        files = []
        if isinstance(source, Identified):
            files.append(_named("source", source.identity))
        else:
            files += [identity("source", path) for path in recipe.source]
        if isinstance(dreamer, Identified):
            files.append(_named("dreamer", dreamer.identity))
        else:
            files += _weights(recipe.network)
        return cls(described(recipe), files, segment, machine, _made_with())

    @classmethod
    def read(cls, path: Path) -> Manifest | None:
        """The manifest in a file; None where there is none. Raises RunError if it is not one."""
        try:
            saved = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
            values = {field.name: saved[field.name] for field in fields(cls)}
            return cls(**{**values, "machine": Machine(**saved["machine"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StateError(f"{path}: cannot be read ({error}); --restart begins anew") from None

    def text(self) -> str:
        """As it is kept, with its two hashes for those who look."""
        hashes = {"dream": self.dream, "film": _hash([self.dream, self.recipe, self.segment])}
        return json.dumps({**asdict(self), **hashes}, indent=1, ensure_ascii=False)

    @property
    def dream(self) -> str:
        """The hash of what makes the pictures: films that share it differ in length or coding."""
        pictures = {k: v for k, v in self.recipe.items() if k not in OF_THE_FILM}
        return _hash([pictures, [each["sha256"] for each in self.files], self.form])

    def differences(self, other: Manifest) -> list[str]:
        """The keys in which another render is not this one, each with both values."""
        found = [
            f"{key} ({_shown(old)}, now {_shown(new)})"
            for key, old, new in compared(self.recipe, other.recipe)
            if key not in ("source", "network.weights")
        ]
        mine, theirs = self._contents(), other._contents()
        keys = dict.fromkeys([*mine, *theirs])
        found += [f"what is in {key}" for key in keys if mine.get(key) != theirs.get(key)]
        if (self.segment, self.form) != (other.segment, other.form):
            found.append("the form of its folder")
        return found

    def lengthened(self, longer: Manifest, done: int) -> bool:
        """Whether another render is this one with more frames, of which the first `done` are the
        same: no schedule counts with the film's length, and the last frame of a clip, which is
        always dreamed, is not among them where only every so many are (`cadence`)."""
        old, new = self.recipe.get("frames"), longer.recipe.get("frames")
        if old is None or (new is not None and new <= old):
            return False
        if self.recipe.get("cadence", 1) > 1 and done >= old:
            return False
        if replace(longer, recipe={**longer.recipe, "frames": old}).differences(self):
            return False
        varying = schedules(make_recipe({**self.recipe, "source": ()}))
        return not any(schedule.uses_length for _, schedule in varying)

    def _contents(self) -> dict[str, list[str]]:
        keys = dict.fromkeys(each["key"] for each in self.files)
        return {key: [f["sha256"] for f in self.files if f["key"] == key] for key in keys}

    def other_machine(self, other: Manifest) -> list[str]:
        """What is not as it was, so that the same recipe may give other last bits."""
        return [
            f"{key} ({old}, now {new})"
            for key, old, new in compared(self.made_with, other.made_with)
        ]


def described(recipe: Recipe) -> dict[str, Any]:
    """A recipe as JSON, without its output, its files by their names alone."""
    said = recipe.model_dump(mode="json", exclude={"output"})
    said["source"] = [path.name for path in recipe.source]
    weights = weights_file(recipe.network)
    if weights:
        said["network"]["weights"] = weights.name
    return said


def weights_file(network: Network) -> Path | None:
    """The file that a network's weights are in, where they are in one that the recipe names."""
    named = network.weights
    return Path(named) if named and named not in WORDS_FOR_WEIGHTS else None


def identity(key: str, path: Path) -> dict[str, Any]:
    """A file that a key names: where it is, and its SHA-256. Raises MediaError if it cannot be
    read."""
    require_file(path)  # a pipe would be waited for
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return {"key": key, "path": str(path.absolute()), "sha256": digest}
    except OSError as error:
        raise MediaError(f"{path}: cannot be read: {error.strerror}") from None


def _weights(network: Network) -> list[dict[str, Any]]:
    weights, packaged = weights_file(network), packaged_weights(network)
    files = [identity("network.weights", weights)] if weights else []
    return files + ([identity("network", packaged)] if packaged else [])


def _named(key: str, identity: str) -> dict[str, Any]:
    """A part of the caller's own, known by the hash of what it says it is."""
    return {"key": key, "path": "", "sha256": hashlib.sha256(identity.encode()).hexdigest()}


def _made_with() -> dict[str, str]:
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def compared(old: Any, new: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The keys in which two mappings differ, `a.b` within sections, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            inner = f"{key}.{name}" if key else str(name)
            yield from compared(old.get(name), new.get(name), inner)
    elif old != new:
        yield key, old, new


def _shown(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
