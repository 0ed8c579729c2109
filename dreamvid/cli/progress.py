"""A render as it is watched: its bar, the wish to stop, what is left when it ends early."""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from tqdm import tqdm

from dreamvid.cli.messages import say, written_by
from dreamvid.errors import DreamvidError
from dreamvid.media.sink import recorded_partial
from dreamvid.rendering.estimate import Pace, foreseen, lasting, warn_of_early_end
from dreamvid.rendering.preview import Preview
from dreamvid.rendering.render import Plan, Step
from dreamvid.rendering.run import done_frames, folder_of

Item = TypeVar("Item")


def follow(planned: Plan, steps: Generator[Step], *, quiet: bool, restart: bool = False) -> None:
    """Let a render run to its end, its progress on standard error.

    Args:
        restart: whether what an earlier run left does not count.

    Raises:
        DreamvidError: it failed.
        KeyboardInterrupt: it was asked to stop. The notes of both say what is left to resume from.
    """
    output, total = planned.output, planned.source.frames
    begun = 0 if restart else done_frames(output)
    done, pace, estimated = begun, Pace(), False
    try:
        with (
            stop_after_this_frame() as asked,
            bar(output, total, pace, quiet=quiet, done=done) as shown,
            closing(steps),
        ):
            for step in steps:
                if begun and done == begun and not quiet:
                    of = "" if total is None else f" of {total}"
                    say(f"{output}: resumes at frame {begun}{of}")
                done = step.index + 1
                pace.note(time.monotonic())
                shown(done)
                if not estimated and not quiet and pace.enough(total):
                    say(foreseen(planned, pace, done))
                    estimated = True
                asked.may_wait = True
                if asked.stop and done != step.total:
                    raise KeyboardInterrupt
    except (KeyboardInterrupt, DreamvidError) as error:
        error.add_note(_left(output, done))
        raise
    warn_of_early_end(planned, done)


def follow_preview(shown: Preview, *, quiet: bool) -> Iterator[str]:
    """Make a preview; what was made, line by line. Raises as `follow`."""
    follow(shown.small, shown.film(), quiet=quiet)
    yield str(shown.small.output)
    for _ in counted(shown.sheet(), shown.count, shown.sheet_path, quiet=quiet):
        pass
    yield str(shown.sheet_path)
    if not quiet:
        say(f"{shown.sheet_path}: {shown.shows}")


def counted(
    items: Iterable[Item], total: int | None, output: Path, *, quiet: bool = False
) -> Iterator[Item]:
    """The items as they come, their progress on standard error."""
    pace = Pace()
    with bar(output, total, pace, quiet=quiet) as shown:
        for done, item in enumerate(items, 1):
            pace.note(time.monotonic())
            shown(done)
            yield item


class _Shown:
    """A bar that is being drawn; called with how many frames are done."""

    def __init__(self, drawn: tqdm[Any], pace: Pace, total: int | None) -> None:
        self._drawn, self._pace, self._total = drawn, pace, total

    def __call__(self, done: int) -> None:
        if self._pace.enough(self._total):
            text = f"{self._pace.later:.2f} s a frame"
            if self._total is not None:
                text += f", {lasting((self._total - done) * self._pace.later)} left"
            self._drawn.set_postfix_str(text, refresh=False)
        self._drawn.update(done - self._drawn.n)


@contextmanager
def bar(
    output: Path, total: int | None, pace: Pace, *, quiet: bool, done: int = 0
) -> Iterator[_Shown]:
    """A progress bar; lines are written above it meanwhile.

    Args:
        pace: what is known of how long a frame takes; the bar's only clock.
        done: frames that are done already.
    """
    drawn = tqdm(total=total, initial=done, disable=quiet, **look(output))
    with drawn, written_by(lambda line: tqdm.write(line, file=sys.stderr)):
        yield _Shown(drawn, pace, total)


class _Asked:
    """Whether the user asked to stop, and whether a frame is there to stop after."""

    stop = False
    may_wait = False


@contextmanager
def stop_after_this_frame() -> Iterator[_Asked]:
    """Ctrl-C or SIGTERM: the frame in work is finished first, but for the second time, or where
    no frame is done yet, which stops at once. Off the main thread signals are left alone."""
    asked = _Asked()

    def handle(number: int, frame: FrameType | None) -> None:
        if asked.stop or not asked.may_wait:
            raise KeyboardInterrupt
        asked.stop = True

    listens = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if listens else ()
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _left(output: Path, done: int) -> str:
    """What there is after a stop, as the end of a message; "" where nothing is left."""
    name = recorded_partial(folder_of(output))
    if not done and name is None:
        return ""
    stored = max(done, done_frames(output))  # some may be that were not shown yet
    what = f"the {stored} frames done are" if done else "what was done before is"
    where = f"; {what} in {output.with_name(name)}" if name else ""
    return f"{where}; run the same command again to resume"


def look(output: Path) -> dict[str, Any]:
    """How the progress looks: a line redrawn, or, where nobody watches, a line now and then."""
    look: dict[str, Any] = {
        "unit": "frame",
        "desc": output.name,
        "bar_format": "{desc}: {n_fmt} of {total_fmt} frames |{bar}|{postfix}",
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
