"""Read-ahead and write-behind threads, so that decoding and encoding overlap the dream.

The threads change when work is done, never its result; `DREAMVID_OVERLAP=0` turns them off. Work in
a thread sees the context variables of its caller (`notices`).
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
"""Jobs that may wait in the write-behind queue; bounded, because each holds frames in memory."""


@contextmanager
def closing_iterator(items: Iterable[T]) -> Generator[Iterator[T]]:
    """An iterator over `items`; a generator is closed at the end, since it may hold an open file.

    Otherwise a generator that is not exhausted is closed only when Python collects it.
    """
    iterator = iter(items)
    try:
        yield iterator
    finally:
        if isinstance(iterator, Generator):
            iterator.close()


def overlapping() -> bool:
    """Whether read-ahead and write-behind use threads."""
    return os.environ.get("DREAMVID_OVERLAP", "1") != "0"


def read_ahead(source: Generator[T], count: int) -> Generator[T]:
    """The items of `source`; a thread computes the next `count` while the caller uses one.

    On an early close it waits for the item being computed, then closes `source`.
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
    """A bounded queue of jobs, run in order in a thread behind the caller."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "write-behind") if overlapping() else None
        self._context = copy_context()
        self._queue: deque[Future[None]] = deque()
        self._failed = False

    @property
    def waiting(self) -> int:
        """The number of jobs that are unfinished or have failed."""
        return sum(not future.done() or future.exception() is not None for future in self._queue)

    def do(self, work: Callable[..., object], *args: Any) -> None:
        """Queue `work(*args)`; waits while the queue is full.

        Raises:
            Exception: an earlier job raised it; no job runs after it.
        """
        if self._thread is None:
            work(*args)
            return
        while len(self._queue) >= MAX_WAITING or (self._queue and self._queue[0].done()):
            self._queue.popleft().result()
        self._queue.append(self._thread.submit(self._context.run, self._run, work, args))

    def wait(self, seconds: float) -> None:
        """Wait until all jobs are finished, at most `seconds`."""
        wait(self._queue, seconds)

    def finish(self) -> None:
        """Wait until all jobs are finished; none can be queued after that. Raises as `do`."""
        self.close()
        while self._queue:
            self._queue.popleft().result()

    def close(self) -> None:
        """Wait until all jobs are finished or have failed, without raising their errors."""
        if self._thread is not None:
            self._thread.shutdown()

    def _run(self, work: Callable[..., object], args: tuple[Any, ...]) -> None:
        if self._failed:
            return
        try:
            work(*args)
        except BaseException:
            self._failed = True
            raise
