"""What a worker of a cluster is asked to render, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from dreamvid.farm.parcels import Contents, Parcel
from dreamvid.machine import Machine
from dreamvid.recipe import Recipe
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.paths import with_files
from dreamvid.rendering.run import Keep
from dreamvid.shots import Shot


@dataclass(frozen=True)
class Order:
    """A shot of a film, or a film of one shot.

    Attributes:
        recipe: the film's, as data.
        output: the film's path, absolute, where the work is gathered.
        machine: threads, tile and precision, which all shots obey.
        span: the shot's first frame, and that after its last; None: the film is one shot.
        frames: of the film.
        token: a file beside the film's shots, which a worker sees if it shares their storage.
        secret: what is in that file.
        parcels: the recipe's input files.
        versions: with which it is to be rendered.
        overwrite: whether an output that exists is replaced.
        keep: what is kept of the run of a film that is one shot.
    """

    recipe: dict[str, Any]
    output: str
    machine: dict[str, Any]
    span: tuple[int, int] | None
    frames: int
    token: str
    secret: str
    parcels: list[dict[str, str]]
    versions: dict[str, str]
    overwrite: bool = False
    keep: Keep = "state"

    def text(self) -> str:
        """As JSON, which any version reads."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> Order:
        """An order from its text."""
        data = json.loads(text)
        return cls(**{**data, "span": data["span"] and tuple(data["span"])})

    @property
    def files(self) -> list[Parcel]:
        """The recipe's input files."""
        return [Parcel(**each) for each in self.parcels]

    @property
    def pinned(self) -> Machine:
        """What it is computed with."""
        return Machine(**self.machine)

    @property
    def shot(self) -> Shot | None:
        """What is rendered; None: the whole film, which is one shot."""
        return Shot(*self.span) if self.span else None

    @property
    def film(self) -> str:
        """The same for all shots of a film."""
        return replace(self, span=None, token="", secret="").text()

    @property
    def is_shared(self) -> bool:
        """Whether this machine sees the film's folder under the same path."""
        try:
            return Path(self.token).read_text(encoding="ascii") == self.secret
        except (OSError, ValueError):
            return False

    def made(self, paths: Sequence[Path], output: Path) -> Recipe:
        """The recipe, with its input files, in the order of `files`, and its film at other
        paths."""
        files: dict[str, list[str]] = {}
        for parcel, path in zip(self.parcels, paths, strict=True):
            files.setdefault(parcel["key"], []).append(str(path))
        named = {key: each if len(each) > 1 else each[0] for key, each in files.items()}
        data = with_files(self.recipe, named)
        return make_recipe({**data, "output": str(output)}, self.recipe["kind"])


State = Literal["done", "refused", "lacks", "locked", "failed"]


@dataclass(frozen=True)
class Answer:
    """What became of an order.

    Attributes:
        state: `done`; `refused`: the machine differs; `lacks`: input files are missing there;
            `locked`: another process renders it; `failed`.
        node: the machine's identity in the cluster.
        message: why it failed or is refused.
        retry: whether it may succeed later.
        lacking: the hashes of the files that are missing.
        run: of a machine that does not share the storage, the files of the finished run.
        dreamed: how many frames were made.
        memory: bytes that the process has taken at most.
    """

    state: State
    node: str = ""
    message: str = ""
    retry: bool = False
    lacking: tuple[str, ...] = ()
    run: Contents | None = None
    dreamed: int = 0
    memory: float = 0.0

    def plain(self) -> dict[str, Any]:
        """As data, which any version reads."""
        return dict(vars(self))
