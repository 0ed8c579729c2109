"""How far the shots are that the workers of a cluster render."""

from __future__ import annotations


class Tally:
    """An actor of a cluster, which workers tell how far they are and the driver asks."""

    def __init__(self) -> None:
        self._done: dict[int, int] = {}

    def note(self, unit: int, done: int) -> None:
        """So many frames of a unit are done."""
        self._done[unit] = done

    def all(self) -> dict[int, int]:
        """The frames that are done, by unit."""
        return self._done
