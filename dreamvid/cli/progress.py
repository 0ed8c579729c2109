"""Progress bars, stopping by Ctrl-C, and the message when a render ends early."""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from tqdm import tqdm

from dreamvid.cli.messages import say, written_by
from dreamvid.errors import DreamvidError, StateError
from dreamvid.media.sink import recorded_partial
from dreamvid.rendering.estimate import Pace, foreseen, lasting, warn_of_early_end
from dreamvid.rendering.plan import Plan
from dreamvid.rendering.preview import Preview
from dreamvid.rendering.render import Step
from dreamvid.rendering.run import done_frames, folder_of

Item = TypeVar("Item")


def follow(
    planned: Plan,
    steps: Generator[Step],
    *,
    quiet: bool,
    restart: bool = False,
    lines: Lines | None = None,
) -> None:
    """Run a render to its end, with its progress on standard error.

    Args:
        lines: makes a line of each frame for programs, on standard output, in place of the bar.
        restart: whether an earlier unfinished run is discarded.

    Raises:
        DreamvidError: the render failed.
        KeyboardInterrupt: the user stopped it. The notes of both errors tell how to resume.
    """
    output, total = planned.output, planned.count
    resumed_at = 0 if restart else max(0, done_frames(output) - planned.first)
    # The first frames of a film that closes may be stored while those before them are dreamed.
    done, pace, estimated = resumed_at, Pace(9 if planned.timeline.loop else 2), False
    try:
        with (
            stop_after_this_frame() as stopping,
            bar(output, total, pace, quiet=quiet or lines is not None, done=done) as shown,
            closing(steps),
        ):
            for step in steps:
                if resumed_at and done == resumed_at and not quiet:
                    of = "" if total is None else f" of {total}"
                    say(f"{output}: resumes at frame {resumed_at}{of}")
                done = step.index + 1 - planned.first
                pace.note(time.monotonic())
                shown(done)
                if lines is not None and not quiet:
                    print(*lines(done, total), sep="\n", flush=True)
                if not estimated and not quiet and pace.enough(total):
                    say(foreseen(planned, pace, done).line)
                    estimated = True
                stopping.may_wait = True
                if stopping.stop and done != total:
                    raise KeyboardInterrupt
    except (KeyboardInterrupt, DreamvidError) as error:
        if not isinstance(error, StateError):  # its message says how to go on
            again = isinstance(error, KeyboardInterrupt) or error.retry
            error.add_note(_left(output, planned.first, done, again=again))
        raise
    warn_of_early_end(planned, done)


Lines = Callable[[int, int | None], Iterable[str]]
"""Makes the lines of a frame, of how many are done and of how many in all (None: unknown)."""


def _plain(done: int, total: int | None) -> Iterator[str]:
    share = "" if total is None else f" ({100 * done // total}%)"
    yield f"frame {done} of {'?' if total is None else total}{share}"


def _openjd(done: int, total: int | None) -> Iterator[str]:
    """Of the Open Job Description, `openjd_progress` and `openjd_status`."""
    if total is not None:
        yield f"openjd_progress: {100 * done / total:.1f}"
    yield f"openjd_status: frame {done} of {'?' if total is None else total}"


LINES: dict[str, Lines | None] = {"bar": None, "lines": _plain, "openjd": _openjd}
"""By the values of `--progress`."""


def follow_preview(shown: Preview, *, quiet: bool) -> Iterator[str]:
    """Make a preview; yields the paths of its files. Raises as `follow`."""
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
    """Yield the items, with their progress on standard error."""
    pace = Pace()
    with bar(output, total, pace, quiet=quiet) as shown:
        for done, item in enumerate(items, 1):
            pace.note(time.monotonic())
            shown(done)
            yield item


class _Bar:
    """A progress bar; call it with the number of frames done."""

    def __init__(self, bar: tqdm[Any], pace: Pace, total: int | None, unit: str) -> None:
        self._bar, self._pace, self._total, self._unit = bar, pace, total, unit

    def __call__(self, done: int) -> None:
        if self._pace.enough(self._total):
            text = f"{self._pace.later:.2f} s a {self._unit}"
            if self._total is not None:
                text += f", {lasting((self._total - done) * self._pace.later)} left"
            self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(done - self._bar.n)


@contextmanager
def bar(
    output: Path,
    total: int | None,
    pace: Pace,
    *,
    quiet: bool,
    done: int = 0,
    unit: str = "frame",
) -> Iterator[_Bar]:
    """A progress bar; messages are printed above it.

    Args:
        pace: the measured time a frame, shown in the bar.
        done: frames that are already done.
        unit: what is counted.
    """
    progress = tqdm(total=total, initial=done, disable=quiet, **look(output, unit))
    with progress, written_by(lambda line: tqdm.write(line, file=sys.stderr)):
        yield _Bar(progress, pace, total, unit)


class _Stop:
    """Whether the user asked to stop, and whether a frame is done, so that the next may be
    finished."""

    stop = False
    may_wait = False


@contextmanager
def stop_after_this_frame() -> Iterator[_Stop]:
    """On Ctrl-C or SIGTERM finish the current frame, then stop; stop at once on a second signal or
    before the first frame is done. Outside the main thread signals are left alone."""
    stopping = _Stop()

    def handle(number: int, frame: FrameType | None) -> None:
        if stopping.stop or not stopping.may_wait:
            raise KeyboardInterrupt
        stopping.stop = True

    with stop_signals(handle):
        yield stopping


@contextmanager
def stop_signals(handle: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle Ctrl-C and SIGTERM within the context; outside the main thread they are left alone."""
    on_main_thread = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if on_main_thread else ()
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _left(output: Path, first: int, done: int, *, again: bool) -> str:
    """The end of the message after a stop: what is done, and how to resume; "" if nothing is
    done.

    Args:
        first: the number of the first frame that is rendered.
        again: whether the same command may get further.
    """
    name = recorded_partial(folder_of(output))
    if not done and name is None:
        return ""
    stored = max(
        done, done_frames(output) - first
    )  # some stored frames may not have been yielded yet
    what = f"the {stored} frames done are" if done else "what was done before is"
    where = f"; {what} in {output.with_name(name)}" if name else ""
    return where + ("; run the same command again to resume" if again else "")


def look(output: Path, unit: str = "frame") -> dict[str, Any]:
    """tqdm's options: a redrawn line on a terminal, else a new line every 10 s."""
    look: dict[str, Any] = {
        "unit": unit,
        "desc": output.name,
        "bar_format": f"{{desc}}: {{n_fmt}} of {{total_fmt}} {unit}s |{{bar}}|{{postfix}}",
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
    """Standard error for a redirected progress bar: each update on a new line."""

    def write(self, text: str) -> int:
        if text.strip():
            sys.stderr.write(text.strip() + "\n")
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()
