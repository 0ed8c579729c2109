"""What the driver of a cluster tells while films are rendered."""

from __future__ import annotations

from dataclasses import dataclass

from dreamvid.farm.cluster import NO_ROOM
from dreamvid.farm.units import Film, Unit

RETRIES = 20
"""How often a shot is begun again whose worker or machine was lost."""


@dataclass(frozen=True)
class Failure:
    """What could not be rendered.

    Attributes:
        film: of which it is.
        message: why, in one line.
        retry: whether it may succeed later.
    """

    film: Film
    message: str
    retry: bool

    @classmethod
    def of(cls, unit: Unit, message: str, *, retry: bool) -> Failure:
        """That of a shot, which the message names if there are several."""
        one = len(unit.film.shots.shots) == 1
        return cls(unit.film, message if one else f"shot {unit.number}: {message}", retry)


@dataclass(frozen=True)
class Event:
    """What the driver tells while films are rendered.

    Attributes:
        done: how many frames of all films are done.
        finished: a film that is there now.
        failure: of a shot or a film.
    """

    done: int
    finished: Film | None = None
    failure: Failure | None = None


def said(error: BaseException) -> str:
    """What an error of Ray's says, in one line that a person can act on."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    if "ObjectStoreFull" in name + text or "OutOfDisk" in name + text:
        return NO_ROOM.format(what="a shot")
    if name in ("WorkerCrashedError", "NodeDiedError", "ObjectLostError", "OwnerDiedError"):
        return f"its worker was lost more than {RETRIES} times, or its node; see Ray's own logs"
    if name == "OutOfMemoryError":
        return "its node ran out of memory; a smaller --size or --tile, or fewer workers need less"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else name
