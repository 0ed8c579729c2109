"""Messages on standard error, and the exit statuses of errors."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from dreamvid.errors import DreamvidError, UsageError

Item = TypeVar("Item")

FAILED, USAGE, TRY_AGAIN, INTERRUPTED = 1, 2, 3, 130
"""Exit statuses: fails again; unknown arguments; may succeed when tried again; interrupted."""

LOG = logging.getLogger("dreamvid")
TOLD = tuple(
    map(logging.getLogger, ("dreamvid.dreaming.networks.download", "dreamvid.hearing.listen"))
)
"""What takes long before a render begins, and says so."""


def status_of(error: BaseException) -> int:
    """The exit status for an error."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, UsageError):
        return USAGE
    # An unexpected OSError means a full or failing disk.
    again = error.retry if isinstance(error, DreamvidError) else isinstance(error, OSError)
    return TRY_AGAIN if again else FAILED


def error_line(error: BaseException, name: str = "") -> str:
    """An error as one line, followed by its notes, which tell how to resume.

    Args:
        name: the recipe or clip that failed; prepended unless the line begins with it.
    """
    text = " ".join(_text(error).split())
    text += "".join(getattr(error, "__notes__", ()))
    if isinstance(error, KeyboardInterrupt):
        return f"dreamvid: {text}"
    if name and not text.startswith(name):
        text = f"{name}: {text}"
    return f"dreamvid: error: {text}"


def _text(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory; a smaller --size or --tile needs less"
    if isinstance(error, OSError):
        prefix = f"{error.filename}: " if error.filename else ""
        return f"{prefix}{error.strerror or error}"
    return str(error) or "interrupted"


def say(line: str) -> None:
    """Print a line of information on standard error, above the progress bar if there is one."""
    _write[-1](f"dreamvid: {line}")


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


_write: list[Callable[[str], object]] = [_to_stderr]
"""A stack of functions that write a line; the last one is used."""


@contextmanager
def written_by(write: Callable[[str], object]) -> Iterator[None]:
    """Write lines by `write` within the context: the progress bar prints them above itself."""
    _write.append(write)
    try:
        yield
    finally:
        _write.remove(write)


class _Shown(logging.Handler):
    """Prints warnings, and what `TOLD` log."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            _write[-1](f"dreamvid: warning: {record.getMessage()}")
        elif record.name in {log.name for log in TOLD}:
            _write[-1](f"dreamvid: {record.getMessage()}")


@contextmanager
def warnings_shown(quiet: bool = False) -> Iterator[None]:
    """Print the library's warnings, and what it says of long work beforehand, within the context;
    with `quiet` drop them."""
    handler = logging.NullHandler() if quiet else _Shown()
    levels = [log.level for log in TOLD]
    LOG.addHandler(handler)
    for log in TOLD:
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        for log, level in zip(TOLD, levels, strict=True):
            log.setLevel(level)


def each(
    items: Sequence[Item], do: Callable[[Item], None], named: Callable[[Item], str], *, quiet: bool
) -> int:
    """Call `do` with each item. A failure is reported by the item's name, and the others are still
    done.

    Returns:
        The exit status: 3 if a failure may succeed when tried again, else that of the failures, 1
        or 2, else 0.
    """
    failed: list[tuple[str, int]] = []
    for item in items:
        name = named(item)
        try:
            do(item)
        except BrokenPipeError:
            raise
        except (UsageError, DreamvidError, MemoryError, OSError) as error:
            if len(items) == 1:
                raise
            print(error_line(error, name), file=sys.stderr)
            failed.append((name, status_of(error)))
    if len(items) > 1 and (failed or not quiet):
        which = f"; failed: {', '.join(name for name, _ in failed)}" if failed else ""
        say(f"{len(items) - len(failed)} of {len(items)} done{which}")
    return max((status for _, status in failed), default=0)
