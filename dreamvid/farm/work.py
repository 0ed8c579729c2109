"""A film in the work of a cluster: what of it is done, and what its workers are asked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dreamvid.farm.order import Order
from dreamvid.farm.parcels import Parcel, parcels_of
from dreamvid.farm.units import Film, Unit
from dreamvid.machine import Machine
from dreamvid.rendering.run import Keep, done_frames
from dreamvid.rendering.run_part import write_text


@dataclass
class Work:
    """A film in work.

    Attributes:
        film: which.
        machine: what all its shots are computed with.
        parcels: its input files.
        token, secret: a file that a worker sees if it shares the storage, and what is in it.
        left: the numbers of its shots that are not done.
        failed: whether one of them cannot be rendered.
    """

    film: Film
    machine: Machine
    parcels: list[Parcel]
    token: Path
    secret: str
    left: set[int] = field(default_factory=set)
    failed: bool = False

    @classmethod
    def of(cls, film: Film) -> Work:
        """The work of a film, the runs of whose shots have begun."""
        begun, manifest = film.runs.manifest, film.planned.manifest
        assert begun is not None  # by `Film.of`
        assert manifest is not None
        token = film.runs.folder / f"seen-{secrets.token_hex(8)}"
        parcels = parcels_of(film.recipe, manifest)
        return cls(film, begun.machine, parcels, token, secrets.token_hex(16))

    def order(
        self, unit: Unit, versions: Mapping[str, str], *, overwrite: bool, keep: Keep
    ) -> Order:
        """What a worker is asked for a unit."""
        return Order(
            recipe=self.film.recipe.model_dump(mode="json", exclude={"output"}),
            output=str(self.film.output.absolute()),
            machine=asdict(self.machine),
            span=None if is_whole(unit.film) else (unit.shot.start, unit.shot.stop),
            frames=self.film.shots.frames,
            token=str(self.token),
            secret=self.secret,
            parcels=[asdict(parcel) for parcel in self.parcels],
            versions=dict(versions),
            overwrite=overwrite,
            keep=keep,
        )


@contextmanager
def tokens(works: Sequence[Work]) -> Iterator[None]:
    """The files by which a worker finds that it shares the storage, within the context. Raises
    RunError."""
    try:
        for work in works:
            write_text(work.token, work.secret)
        yield
    finally:
        for work in works:
            with suppress(OSError):
                work.token.unlink(missing_ok=True)


def is_whole(film: Film) -> bool:
    """Whether a film is one shot, and rendered whole."""
    return len(film.shots.shots) == 1


def is_rendered(unit: Unit) -> bool:
    """Whether a unit needs no worker any more. Raises StateError."""
    if is_whole(unit.film):
        return done_frames(unit.film.output) >= unit.film.shots.frames
    return unit.film.runs.state(unit.shot) == "done"


def frames_done(unit: Unit) -> int:
    """How many frames of a unit are stored. Raises StateError."""
    if is_whole(unit.film):
        return done_frames(unit.film.output)
    return unit.film.runs.frames_done(unit.shot)
