"""What a library says while it works: a warning reaches the host's log and the render's own.

Nothing here prints or adds a handler: a host decides what becomes of the logger `dreamvid`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar

log = logging.getLogger("dreamvid")

listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)
"""The log of the render that this context works for; of two renders in one process, each its own.
"""


def warn(message: str) -> None:
    """Say that something is not as it should be, in one line."""
    log.warning("%s", message)
    write = listener.get()
    if write is not None:
        write(f"warning: {message}")


def inform(message: str) -> None:
    """Say what a user may want to know, in one line, as that a render is resumed."""
    log.info("%s", message)
    write = listener.get()
    if write is not None:
        write(message)
