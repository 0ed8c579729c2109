"""A render's manifest: what identifies it, and how it differs from another."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dreamvid.errors import StateError
from dreamvid.machine import Machine, processor
from dreamvid.media.files import digest
from dreamvid.media.picture_list import find_pictures
from dreamvid.networks.registry import packaged_weights
from dreamvid.recipe import USUAL_FRAMES, Network, Recipe, recipe_files
from dreamvid.recipe.at_frame import schedules
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.paths import names_several, with_files
from dreamvid.task import AnyDreamer, Identified

if TYPE_CHECKING:
    from dreamvid.source import Source  # which imports OpenCV, and help does without

FORM = 4
"""Version of a run's folder; a run of another version cannot be resumed."""

NO_KEYS = ("network", "dreamer")
"""Entries of files that no key of the recipe names."""

MODEL = "network.name"
"""The key of a network that is a file with a whole model."""

WEIGHTS = "network.weights"
"""The key of a network's weights in a recipe, and of their file in a manifest."""

PACKAGES = ("dreamvid", "tensorflow", "keras", "numpy", "opencv-python", "imageio-ffmpeg")

CHANGEABLE = ("frames", "end", "strict")
"""Keys that an unfinished render may be given anew."""

OF_THE_FILM = ("frames", "encode")
"""Keys that change a film, but none of its pictures."""


@dataclass(frozen=True)
class Manifest:
    """A render's identity.

    Attributes:
        recipe: the complete recipe as JSON, files by their names without folders.
        files: each input file: `key` in the recipe, `path` and `sha256`; the key of weights that
            were installed with dreamvid is "network".
        segment: the most frames in a closed segment of film.
        machine: threads, precision and tile size.
        made_with: versions and machine type, on which a film's last bits may depend.
        form: version of the run's folder.
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
        dreamer: AnyDreamer | None = None,
        source: Source | None = None,
    ) -> Manifest:
        """Make the manifest of a recipe with its network's values filled in; hashes its files.

        Args:
            dreamer, source: the caller's, each with an identity, used in place of the recipe's.
        """
        inputs = list(recipe_files(recipe))
        if source is not None:
            files = [_named("source", f"{source.identity} {source.size} {source.rate}")]
        else:
            files = [identity(key, path) for key, path in inputs if key == "source"]
        if isinstance(dreamer, Identified):
            files.append(_named("dreamer", dreamer.identity))
            files += [identity(key, path) for key, path in inputs if not _of_dreamer(key)]
        else:
            files += [identity(key, path) for key, path in inputs if key != "source"]
            packaged = packaged_weights(recipe.network)
            files += [identity("network", packaged)] if packaged else []
        return cls(described(recipe), files, segment, machine, _made_with())

    @classmethod
    def read(cls, path: Path) -> Manifest | None:
        """Read a manifest; None if there is no file. Raises StateError if it is invalid."""
        try:
            saved = json.loads(path.read_text(encoding="utf-8", errors="surrogateescape"))
            values = {field.name: saved[field.name] for field in fields(cls)}
            return cls(**{**values, "machine": Machine(**saved["machine"])})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StateError(
                f"cannot be read ({error}); --restart begins anew", path=path
            ) from None

    def text(self) -> str:
        """The manifest as JSON, with its two hashes for inspection."""
        hashes = {"dream": self.dream, "film": _hash([self.dream, self.recipe, self.segment])}
        return json.dumps({**asdict(self), **hashes}, indent=1, ensure_ascii=False)

    @property
    def dream(self) -> str:
        """The hash of what determines the pictures: films that share it differ in length or
        encoding."""
        pictures = {k: v for k, v in self.recipe.items() if k not in OF_THE_FILM}
        return _hash([pictures, [each["sha256"] for each in self.files], self.form])

    def differences(self, other: Manifest) -> list[str]:
        """The differences to another render: keys with both values, and files."""
        listed = {each["key"] for each in [*self.files, *other.files]}
        differing = [
            f"{key} ({_shown(old)}, now {_shown(new)})"
            for key, old, new in compared(self.recipe, other.recipe)
            if key not in listed  # compared by their hashes below
        ]
        mine, theirs = self._hashes(), other._hashes()
        keys = dict.fromkeys([*mine, *theirs])
        differing += [f"what is in {key}" for key in keys if mine.get(key) != theirs.get(key)]
        if (self.segment, self.form) != (other.segment, other.form):
            differing.append("the form of its folder")
        return differing

    def continues_as(self, other: Manifest, done: int) -> bool:
        """Whether another render differs from this one only in its length or in what it does about
        broken pictures, and its first `done` frames are the same. They are not if the film closes,
        if a schedule uses its length, or if with a `cadence` over 1 they include the last frame of
        either, which is always dreamed."""
        same = {key: self.recipe[key] for key in CHANGEABLE if key in self.recipe}
        if replace(other, recipe=other.recipe | same).differences(self):
            return False
        varying = schedules(make_recipe({**self.recipe, "source": ()}))
        if self.recipe.get("loop") or any(schedule.uses_length for _, schedule in varying):
            return False
        (before, until), (now, end) = self._limits, other._limits
        if math.isnan(before + now):
            return False
        if self.recipe.get("cadence", 1) > 1:
            return until == end and done < min(before, now)
        return done <= now and (until <= end)

    @property
    def _limits(self) -> tuple[float, float]:
        """The most frames of the film, and the time in its source at which it ends."""
        frames, end = self.recipe.get("frames"), self.recipe.get("end")
        sound = self.recipe.get("audio", {}).get("file")
        if frames is None and self.recipe.get("kind") == "zoom" and not sound:
            frames = USUAL_FRAMES
        if isinstance(frames, str):  # beats, of which nothing is known here
            frames = math.nan
        return (
            math.inf if frames is None else frames,
            math.inf if end is None else float(Fraction(str(end))),
        )

    def _hashes(self) -> dict[str, list[str]]:
        keys = dict.fromkeys(each["key"] for each in self.files)
        return {key: [f["sha256"] for f in self.files if f["key"] == key] for key in keys}

    def other_machine(self, other: Manifest) -> list[str]:
        """Versions and machine types that differ, so that last bits of the film may differ."""
        return [
            f"{key} ({old}, now {new})"
            for key, old, new in compared(self.made_with, other.made_with)
            if old is not None  # a run that does not say
        ]


def described(recipe: Recipe) -> dict[str, Any]:
    """A recipe as JSON, without its output, files by their names without folders."""
    data = recipe.model_dump(mode="json", exclude={"output"})
    data["source"] = [path.name for path in recipe.source]
    names = {key: path.name for key, path in recipe_files(recipe) if key != "source"}
    return with_files(data, names)


def _of_dreamer(key: str) -> bool:
    """Whether a key's file is none of the recipe's where it is the caller's dreamer that dreams, or
    is the source."""
    return key.partition(".")[0] in ("source", "network", "dream")


def weights_file(network: Network) -> Path | None:
    """The file of weights that a recipe names; None if it names none."""
    return next((path for key, path in recipe_files(network) if key == "weights"), None)


def identity(key: str, path: Path) -> dict[str, Any]:
    """The entry of an input file, or of numbered pictures: `key`, `path` and `sha256`. Raises
    MediaError if it cannot be read."""
    if not names_several(path):
        return {"key": key, "path": str(path.absolute()), "sha256": digest(path)}
    whole = hashlib.sha256()
    for number, file in find_pictures(path).pictures:
        whole.update(f"{number} {digest(file)}\n".encode())
    return {"key": key, "path": str(path.absolute()), "sha256": whole.hexdigest()}


def _named(key: str, identity: str) -> dict[str, Any]:
    """The entry of the caller's dreamer or source: the hash of its `identity`."""
    return {"key": key, "path": "", "sha256": hashlib.sha256(identity.encode()).hexdigest()}


def _made_with() -> dict[str, str]:
    versions = {"python": platform.python_version(), "machine": platform.machine()}
    versions["processor"] = processor()
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    return versions


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def compared(old: Any, new: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The keys in which two nested mappings differ, such as `a.b`, with both values. Lists of
    as many mappings are compared one by one: `a.0.b`."""
    old, new = (_numbered(each) for each in (old, new)) if _alike(old, new) else (old, new)
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys([*old, *new]):
            inner = f"{key}.{name}" if key else str(name)
            yield from compared(old.get(name), new.get(name), inner)
    elif old != new:
        yield key, old, new


def _alike(old: Any, new: Any) -> bool:
    """Whether two values are lists of as many mappings."""
    lists = isinstance(old, list) and isinstance(new, list) and len(old) == len(new)
    return lists and all(isinstance(each, dict) for each in (*old, *new))


def _numbered(values: list[Any]) -> dict[str, Any]:
    return {str(number): value for number, value in enumerate(values)}


def _shown(value: Any) -> str:
    text = "none" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"
