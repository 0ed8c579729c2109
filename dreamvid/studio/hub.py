"""Telling pages what changed, by server-sent events; a slow page misses nothing but what is old."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any

KEEPALIVE = 15.0
"""Seconds after which a line is sent where nothing changed, so that a page that is gone is
noticed."""


class Hub:
    """What pages are told. Each page reads the newest state, so nothing piles up for a slow one.

    Args:
        states: what is told of each event when it changes, by its name.
    """

    def __init__(self, states: dict[str, Callable[[], Any]]) -> None:
        self._states = states
        self._pages: set[_Page] = set()
        self._closed = False

    def close(self) -> None:
        """End what pages listen to."""
        self._closed = True
        self.changed()

    @property
    def pages(self) -> int:
        """How many pages listen."""
        return len(self._pages)

    def changed(self, *names: str) -> None:
        """Tell all pages what changed."""
        for page in self._pages:
            page.changed.update(names)
            page.woken.set()

    async def listen(self) -> AsyncGenerator[bytes]:
        """The events of a page: all states at first, then those that change."""
        page = _Page(set(self._states))
        self._pages.add(page)
        try:
            yield b"retry: 1000\n\n"
            while not self._closed:
                names, page.changed = page.changed, set()
                page.woken.clear()
                for name in self._states:
                    if name in names and (state := self._states[name]()) is not None:
                        yield f"event: {name}\ndata: {json.dumps(state)}\n\n".encode()
                if not page.changed:
                    try:
                        await asyncio.wait_for(page.woken.wait(), KEEPALIVE)
                    except TimeoutError:
                        yield b": still here\n\n"
        finally:
            self._pages.discard(page)


class _Page:
    def __init__(self, changed: set[str]) -> None:
        self.changed = changed
        self.woken = asyncio.Event()
