"""Read-ahead and write-behind threads, so that decoding and encoding overlap the dream.

The threads change when something is done, never what: `DREAMVID_OVERLAP=0` does without them. What
runs in them sees the context variables of whoever asked for it (`notices`).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

T = TypeVar("T")

MAX_WAITING = 2
"""Pieces of work that may wait in the write-behind queue: what they hold is memory."""


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


def overlapping() -> bool:
    """Whether there are threads."""
    return os.environ.get("DREAMVID_OVERLAP", "1") != "0"


def read_ahead(source: Generator[T], count: int) -> Generator[T]:
    """The items of `source`, the next `count` made in a thread while the last is being used.

    Closed early, it waits for the item in work, and closes `source`.
    """
    if not overlapping():
        with closing(source):
            yield from source
        return
    end, context = object(), copy_context()
    thread = ThreadPoolExecutor(1, "read-ahead")

    def submit() -> Future[T | object]:
        return thread.submit(lambda: context.run(lambda: next(source, end)))

    try:
        queue = deque(submit() for _ in range(count))
        while (item := queue.popleft().result()) is not end:
            queue.append(submit())
            yield item  # type: ignore[misc]
    finally:
        thread.shutdown(cancel_futures=True)
        source.close()


class WriteBehind:
    """A queue of work that is done in order, in a thread behind whoever asks for it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "write-behind") if overlapping() else None
        self._context = copy_context()
        self._queue: deque[Future[None]] = deque()
        self._failed = False

    @property
    def waiting(self) -> int:
        """Pieces of work that are not done yet, or failed."""
        return sum(not future.done() or future.exception() is not None for future in self._queue)

    def do(self, work: Callable[..., object], *given: Any) -> None:
        """Have `work(*given)` done; waits while the queue is full.

        Raises:
            Exception: what an earlier piece of work raised; none is done after it.
        """
        if self._thread is None:
            work(*given)
            return
        while len(self._queue) >= MAX_WAITING or (self._queue and self._queue[0].done()):
            self._queue.popleft().result()
        self._queue.append(self._thread.submit(self._context.run, self._run, work, given))

    def wait(self, seconds: float) -> None:
        """Wait until all is done, but no longer than so many seconds."""
        wait(self._queue, seconds)

    def finish(self) -> None:
        """Wait until all is done; no more may be asked for. Raises as `do`."""
        self.close()
        while self._queue:
            self._queue.popleft().result()

    def close(self) -> None:
        """Wait until all is done or has failed, whatever it raised."""
        if self._thread is not None:
            self._thread.shutdown()

    def _run(self, work: Callable[..., object], given: tuple[Any, ...]) -> None:
        if self._failed:
            return
        try:
            work(*given)
        except BaseException:
            self._failed = True
            raise
