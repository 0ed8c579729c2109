"""A render as it is watched: its progress, its warnings, the wish to stop, its end in a line."""

from __future__ import annotations

import io
import logging
import signal
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tqdm import tqdm

from dreamvid.errors import DreamvidError
from dreamvid.media.sink import recorded_partial
from dreamvid.preflight import Times, foreseen
from dreamvid.rendering import Plan, Step
from dreamvid.run import folder_of


def watched(planned: Plan, steps: Generator[Step], *, quiet: bool) -> str | None:
    """Let a render run to its end, its progress on standard error.

    Returns:
        None, or why it ended before its time.

    Raises:
        KeyboardInterrupt: it was asked to stop; the message says what is left to go on from.
    """
    output, total = planned.output, planned.source.frames
    bar = tqdm(total=total, disable=quiet, **look(output))
    done, times, told = 0, Times(), False
    try:
        with stop_after_this_frame() as asked, bar, warnings(quiet), closing(steps):
            for step in steps:
                if not done and step.index:
                    bar.update(step.index)  # done by an earlier run
                done = step.index + 1
                times.note(time.monotonic())
                bar.update()
                if not told and not quiet and times.enough(total):
                    tqdm.write(f"dreamvid: {foreseen(planned, times, done)}", file=sys.stderr)
                    told = True
                asked.may_wait = True
                if asked.stop and done != step.total:
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted{_kept(output, done)}") from None
    except DreamvidError as error:
        return f"{error}{_kept(output, done)}"
    return None


class _Above(logging.Handler):
    """Says what is logged on a line of its own, above the progress."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(record.getMessage(), file=sys.stderr)


@contextmanager
def warnings(quiet: bool) -> Iterator[None]:
    """Where warnings go, if anything but errors is to be said."""
    log = logging.getLogger("dreamvid")
    above = logging.NullHandler() if quiet else _Above(logging.WARNING)
    log.addHandler(above)
    try:
        yield
    finally:
        log.removeHandler(above)


class _Asked:
    """Whether the user asked to stop, and whether a frame is there to stop after."""

    stop = False
    may_wait = False


@contextmanager
def stop_after_this_frame() -> Iterator[_Asked]:
    """Ctrl-C or SIGTERM: the frame in work is finished first, but for the second time, or where
    no frame is done yet, which stops at once."""
    asked = _Asked()

    def handle(number: int, frame: FrameType | None) -> None:
        if asked.stop or not asked.may_wait:
            raise KeyboardInterrupt
        asked.stop = True

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _kept(output: Path, done: int) -> str:
    """What there is after a stop, as the end of a message."""
    name = recorded_partial(folder_of(output))
    if not done and name is None:
        return ""
    what = f"the {done} frames done are" if done else "what was done before is"
    where = f"; {what} in {output.with_name(name)}" if name else ""
    return f"{where}; the same words again go on from there"


def look(output: Path) -> dict[str, Any]:
    """How the progress looks: a line redrawn, or, where nobody watches, a line now and then."""
    look: dict[str, Any] = {
        "unit": "frame",
        "desc": output.name,
        "bar_format": "{desc}: {n_fmt} of {total_fmt} frames |{bar}| {rate_inv_fmt}, "
        "{remaining} left",
    }
    if sys.stderr.isatty():
        return {**look, "dynamic_ncols": True}
    return {
        **look,
        "file": _Lines(),
        "mininterval": 10.0,
        "delay": 0.01,
        "ncols": 79,
        "ascii": True,
    }


class _Lines(io.TextIOBase):
    """Standard error, with what would be redrawn in place as a line of its own."""

    def write(self, text: str) -> int:
        if text.strip():
            sys.stderr.write(text.strip() + "\n")
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()
