"""Serving the page, on this machine alone."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from filelock import FileLock, Timeout

from dreamvid.errors import RunError
from dreamvid.studio.folder import Folder
from dreamvid.studio.guard import Guard
from dreamvid.studio.page import Page

HOST = "127.0.0.1"

USUAL_PORT = 8642
"""The port, where it is free and no other is asked for."""

CONNECTIONS = 128
"""Most requests that are answered at a time; others are refused."""


def serve(
    folder: Folder, port: int | None, opened: Callable[[str], None], ends: threading.Event
) -> None:
    """Serve a folder's page until it ends; a render at work is then stopped after its frame.

    Args:
        port: None: `USUAL_PORT`, or any that is free.
        opened: is given each address that opens the page, once.
        ends: is set when it is to end.

    Raises:
        RunError: the port is in use, or another studio has the folder open.
        OutputError: the folder cannot be written.
    """
    lock = FileLock(folder.work / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RunError(
            "another studio has it open: use its page, or end it", path=folder.path
        ) from None
    try:
        with _bound(port) as listening:
            asyncio.run(_serve(folder, listening, opened, ends))
    finally:
        lock.release()


class _Server(uvicorn.Server):
    """Leaves signals to the command line."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(
    folder: Folder,
    listening: socket.socket,
    opened: Callable[[str], None],
    ends: threading.Event,
) -> None:
    page, port = Page(folder), listening.getsockname()[1]

    def tell(token: str) -> None:
        opened(f"http://{HOST}:{port}/?token={token}")

    guard = Guard(page.app, port, tell)
    config = uvicorn.Config(
        guard,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="critical",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    work = asyncio.create_task(page.jobs.work())
    closing = asyncio.create_task(_close(server, page, ends))
    tell(guard.token)
    try:
        await server.serve(sockets=[listening])
    finally:
        for task in (work, closing):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await page.dreams.close()
        await page.jobs.close()


async def _close(server: uvicorn.Server, page: Page, ends: threading.Event) -> None:
    """End the server, and what pages listen to, which it waits for."""
    while not ends.is_set():
        await asyncio.sleep(0.1)
    page.close()
    server.should_exit = True


def _bound(port: int | None) -> socket.socket:
    """A socket that listens on this machine. Raises RunError."""
    tried = [USUAL_PORT, 0] if port is None else [port]
    for number in tried:
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name != "nt":  # where it would take a port that another program listens on
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, number))
        except OSError as error:
            listening.close()
            if number == tried[-1]:
                raise RunError(
                    f"port {number} cannot be used ({error.strerror}); give another: --port N"
                ) from None
            continue
        listening.listen(CONNECTIONS)
        return listening
    raise AssertionError("a port is tried")
