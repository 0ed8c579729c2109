"""What goes on beside the dream: what comes in is made ready ahead of it, what it made is put away
behind it, each in a thread of its own and in order.

The threads change when something is done, never what: `DREAMVID_OVERLAP=0` does without them.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

BEHIND = 2
"""Pieces of work that may wait to be put away: what they hold is memory."""


def overlapping() -> bool:
    """Whether there are threads."""
    return os.environ.get("DREAMVID_OVERLAP", "1") != "0"


@contextmanager
def closing_iterator(items: Iterable[T]) -> Generator[Iterator[T]]:
    """An iterator over `items`, closed at the end where it is a generator, which may hold a file.

    Without it, one that is not exhausted is closed when Python happens to collect it.
    """
    iterator = iter(items)
    try:
        yield iterator
    finally:
        if isinstance(iterator, Generator):
            iterator.close()


def ahead(coming: Generator[T], count: int) -> Generator[T]:
    """What `coming` gives, the next `count` made while the last is being used.

    Closed early, it waits for the one in work, and closes `coming`.
    """
    if not overlapping():
        with closing(coming):
            yield from coming
        return
    end = object()
    room = ThreadPoolExecutor(1, "ahead")
    try:
        made: deque[Future[T | object]] = deque(
            room.submit(next, coming, end) for _ in range(count)
        )
        while (one := made.popleft().result()) is not end:
            made.append(room.submit(next, coming, end))
            yield one  # type: ignore[misc]
    finally:
        room.shutdown(cancel_futures=True)
        coming.close()


class Behind:
    """Work that is done in order, behind who asks for it."""

    def __init__(self) -> None:
        self._room = ThreadPoolExecutor(1, "behind") if overlapping() else None
        self._asked: deque[Future[None]] = deque()
        self._failed = False

    def do(self, work: Callable[..., object], *given: Any) -> None:
        """Have `work(*given)` done; waits while too much is asked for already.

        Raises:
            Exception: what an earlier piece of work raised; none is done after it.
        """
        if self._room is None:
            work(*given)
            return
        while len(self._asked) >= BEHIND or (self._asked and self._asked[0].done()):
            self._asked.popleft().result()
        self._asked.append(self._room.submit(self._done, work, given))

    def settle(self) -> None:
        """Wait until all is done; no more may be asked for. Raises as `do`."""
        self.close()
        while self._asked:
            self._asked.popleft().result()

    def close(self) -> None:
        """Wait until all is done or has failed, whatever it raised."""
        if self._room is not None:
            self._room.shutdown()

    def _done(self, work: Callable[..., object], given: tuple[Any, ...]) -> None:
        if self._failed:
            return
        try:
            work(*given)
        except BaseException:
            self._failed = True
            raise
