"""What a person reads on standard error: errors, warnings, and which exit status they end in."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dreamvid.errors import DreamvidError, UsageError

FAILED, USAGE, TRY_AGAIN, INTERRUPTED = 1, 2, 3, 130
"""Exit statuses: fails again; unknown arguments; may succeed when tried again; interrupted."""

LOG = logging.getLogger("dreamvid")


def status_of(error: BaseException) -> int:
    """The exit status that an error ends in."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, UsageError):
        return USAGE
    # An OSError that nobody foresaw is of a disk that fails or is full.
    again = error.retry if isinstance(error, DreamvidError) else isinstance(error, OSError)
    return TRY_AGAIN if again else FAILED


def error_line(error: BaseException, name: str = "") -> str:
    """An error as one line; its notes, what is left to resume from, stand at its end.

    Args:
        name: the recipe or clip that failed, of several; it is put first unless it stands there.
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
        named = f"{error.filename}: " if error.filename else ""
        return f"{named}{error.strerror or error}"
    return str(error) or "interrupted"


def say(line: str) -> None:
    """A line of information on standard error, above a bar that is being drawn."""
    _write[-1](f"dreamvid: {line}")


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


_write: list[Callable[[str], object]] = [_to_stderr]
"""How a line is written; the last one counts."""


@contextmanager
def written_by(write: Callable[[str], object]) -> Iterator[None]:
    """Lines are written by `write` meanwhile: by the bar, say, above itself."""
    _write.append(write)
    try:
        yield
    finally:
        _write.remove(write)


class _Shown(logging.Handler):
    """Shows what is logged as lines of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        _write[-1](f"dreamvid: warning: {record.getMessage()}")


@contextmanager
def warnings_shown(quiet: bool = False) -> Iterator[None]:
    """Show the library's warnings meanwhile; `quiet`: drop them."""
    handler = logging.NullHandler() if quiet else _Shown(logging.WARNING)
    LOG.addHandler(handler)
    try:
        yield
    finally:
        LOG.removeHandler(handler)


def each(names: Sequence[str], do: Callable[[str], None], *, quiet: bool) -> int:
    """Do one thing after another; one that fails is named and costs no other.

    Returns:
        The exit status: 3 if one that failed may succeed when tried again, else 1 if one failed.
    """
    failed: dict[str, int] = {}
    for name in names:
        try:
            do(name)
        except BrokenPipeError:
            raise
        except (DreamvidError, MemoryError, OSError) as error:
            if len(names) == 1:
                raise
            print(error_line(error, name), file=sys.stderr)
            failed[name] = status_of(error)
    if len(names) > 1 and (failed or not quiet):
        which = f"; failed: {', '.join(failed)}" if failed else ""
        say(f"{len(names) - len(failed)} of {len(names)} done{which}")
    return max(failed.values(), default=0)
