"""Asking the process that dreams previews: one at a time, the urgent before the others."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dreamvid.errors import RunError

Event = dict[str, Any]

IDLE = 600.0
"""Seconds without a request after which the process is ended, which frees its memory."""

GROWN, REST = 40e6, 60.0
"""Bytes by which the process may grow after its first preview (graphs of many objectives); over
that it is started anew once it has rested for so many seconds."""


class PreemptedError(Exception):
    """An urgent request came in between; ask again."""


class Dreams:
    """The process, started when it is first asked.

    Args:
        log: the file of what it prints.
        command: how it is started; None: `dreamvid.studio.worker`.
    """

    def __init__(self, folder: Path, log: Path, command: list[str] | None = None) -> None:
        self._folder, self._log = folder, log
        self._command = command or [sys.executable, "-m", "dreamvid.studio.worker"]
        self._process: asyncio.subprocess.Process | None = None
        self._numbers = itertools.count(1)
        self._free = asyncio.Condition()
        self._busy = False
        self._urgent = 0
        self._yield_turn: Callable[[], None] | None = None  # of what is not urgent and at work
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: asyncio.TimerHandle | None = None
        self._reading: asyncio.Task[Event] | None = None
        self._first = self._last = 0.0  # bytes, after the first and the last preview

    async def ask(
        self, data: Mapping[str, Any], frame: int, side: int | None, *, urgent: bool
    ) -> AsyncGenerator[Event]:
        """The events of a preview, pictures as `data:` addresses. Closing it cancels the preview.

        Raises:
            RunError: the process ended.
            PreemptedError: something urgent came in between, and this is not urgent.
        """
        await self._turn(urgent)
        number, preempted = next(self._numbers), asyncio.Event()
        try:
            process = await self._running()
        except BaseException:
            await self._release()
            raise

        def cancel() -> None:
            preempted.set()
            self._write(process, {"cancel": number})

        self._yield_turn = None if urgent else cancel
        over = False
        try:
            asked = {"id": number, "data": data, "frame": frame, "side": side}
            self._write(process, asked)
            while True:
                event = await self._read(process)
                if event.pop("id") != number:
                    continue
                if event["event"] == "end":
                    self._note(event)
                    over = True
                    break
                yield event
            if preempted.is_set():
                raise PreemptedError
        except (asyncio.IncompleteReadError, ConnectionError):
            over = True
            self._process = None
            code = await process.wait()
            raise RunError(
                f"the preview's process ended ({code}); change something to try again"
            ) from None
        finally:
            self._yield_turn = None
            # In a task of its own, as this one may be cancelled.
            self._begin(self._release() if over else self._drained(process, number))

    def warm(self) -> None:
        """Start the process, so that the first preview need not wait for it."""
        self._begin(self._warmed())

    async def _warmed(self) -> None:
        await self._turn(urgent=False)
        try:
            await self._running()
        finally:
            await self._release()

    async def close(self) -> None:
        """End the process."""
        for task in self._tasks - {asyncio.current_task()}:
            task.cancel()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def _turn(self, urgent: bool) -> None:
        async with self._free:
            self._urgent += urgent
            try:
                if urgent and self._yield_turn is not None:
                    self._yield_turn()
                await self._free.wait_for(lambda: not self._busy and (urgent or not self._urgent))
                self._busy = True
            finally:
                self._urgent -= urgent
                self._free.notify_all()  # one that is not urgent may be next, if this goes away
        if self._idle is not None:
            self._idle.cancel()

    async def _release(self) -> None:
        async with self._free:
            self._busy = False
            self._free.notify_all()
        grown = self._last > self._first + GROWN
        rest = REST if grown else IDLE
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(rest, lambda: self._begin(self._rested(grown)))

    async def _rested(self, grown: bool) -> None:
        if not self._busy:
            await self.close()
            self._first = self._last = 0.0
            if grown:
                self.warm()

    def _note(self, end: Event) -> None:
        self._last = end.get("memory", 0.0)
        self._first = self._first or self._last

    async def _drained(self, process: asyncio.subprocess.Process, number: int) -> None:
        """Cancel a request, and read its answers to their end."""
        try:
            self._write(process, {"cancel": number})
            while True:
                event = await self._read(process)
                if event["id"] == number and event["event"] == "end":
                    self._note(event)
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            self._process = None  # the next request starts another
            await process.wait()
        await self._release()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._reading = None  # of the process before
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    cwd=self._folder,
                    limit=2**24,
                    start_new_session=True,  # Ctrl-C at the prompt is the server's
                )
        return self._process

    def _write(self, process: asyncio.subprocess.Process, message: Mapping[str, Any]) -> None:
        assert process.stdin is not None
        with suppress(ConnectionError, RuntimeError):
            process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> Event:
        """The next answer. It is read whole, though who waits for it is cancelled in the midst: the
        next who reads gets it then."""
        if self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(_answer(process))
        reading = self._reading
        event = await asyncio.shield(reading)
        self._reading = None
        return event

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _answer(process: asyncio.subprocess.Process) -> Event:
    assert process.stdout is not None
    length = int.from_bytes(await process.stdout.readexactly(4), "big")
    event: Event = json.loads(await process.stdout.readexactly(length))
    if count := event.pop("bytes", 0):
        data = base64.b64encode(await process.stdout.readexactly(count)).decode()
        event["picture"] = f"data:image/jpeg;base64,{data}"
    return event
