"""Stopping a render from the program that started it, by its standard input, on any system."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STOP = b"stop"
"""The line that stops as Ctrl-C does; a second one stops at once."""


@contextmanager
def controlled() -> Iterator[None]:
    """Obey the lines of standard input within the context. Its end changes nothing: who started
    the render may end before it."""
    over = threading.Event()

    def obey() -> None:
        # Not by sys.stdin, whose lock a thread that waits would hold when Python ends.
        line = b""
        with suppress(OSError, ValueError):
            number = sys.stdin.fileno()
            while piece := os.read(number, 1):
                if piece != b"\n":
                    line = line[-len(STOP) :] + piece
                    continue
                if line.strip() == STOP and not over.is_set():
                    _interrupt()
                line = b""

    threading.Thread(target=obey, daemon=True, name="control").start()
    try:
        yield
    finally:
        over.set()


def _interrupt() -> None:
    """Do to the main thread what Ctrl-C does."""
    main = threading.main_thread().ident
    if sys.platform == "win32" or main is None:
        _thread.interrupt_main()
    else:
        signal.pthread_kill(main, signal.SIGINT)  # which also wakes it from waiting
