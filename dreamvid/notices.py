"""Warnings and notes, sent both to Python's logging and to the log of the render at work.

Nothing here prints or adds a handler: the host program configures the logger `dreamvid`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar

log = logging.getLogger("dreamvid")

listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)
"""Writes a line to the log of the current context's render, so that two renders in one process have
separate logs; None: there is no render."""


heeded: ContextVar[Callable[[str], None] | None] = ContextVar("heeded", default=None)
"""Is given the warnings of the current context, for the host program; None: it reads the log."""


def warn(message: str) -> None:
    """Report a problem that does not stop the work, in one line."""
    log.warning("%s", message)
    write, heed = listener.get(), heeded.get()
    if write is not None:
        write(f"warning: {message}")
    if heed is not None:
        heed(message)


def inform(message: str) -> None:
    """Report something of interest, in one line, such as that a render is resumed."""
    log.info("%s", message)
    write = listener.get()
    if write is not None:
        write(message)
