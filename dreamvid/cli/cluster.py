"""Rendering on a Ray cluster: one bar for all films, and what is said when it ends early."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from dreamvid.cli.messages import FAILED, TRY_AGAIN, error_line, say, warnings_shown
from dreamvid.cli.progress import bar, stop_signals
from dreamvid.cli.run_options import RunOptions
from dreamvid.errors import DreamvidError
from dreamvid.rendering.estimate import Pace

if TYPE_CHECKING:
    from dreamvid.farm.driver import Driver
    from dreamvid.farm.events import Failure
    from dreamvid.farm.units import Film
    from dreamvid.recipe import Recipe


class OnRay:
    """The films of one command that a cluster renders."""

    def __init__(self, address: str) -> None:
        """Raises DreamvidError: Ray is not installed, or the address does not answer."""
        from dreamvid.farm.asked import Asked
        from dreamvid.farm.cluster import require_answer, require_ray

        require_ray()
        require_answer(address)
        self._address, self._asked = address, Asked()
        self._films: list[Film] = []
        self._models: dict[Hashable, Any] = {}
        self._options = RunOptions()

    def add(self, recipe: Recipe, options: RunOptions, make: Callable[[], Film]) -> None:
        """Add a film. Raises DreamvidError: it cannot be rendered.

        Args:
            make: plans it.
        """
        from dreamvid.farm.asked import network_kept

        self._options = options
        with network_kept(recipe, self._models), warnings_shown(options.quiet):
            self._films.append(self._asked.measured(make()))

    def render(self) -> int:
        """Render the films. Returns the exit status.

        Raises:
            DreamvidError: the cluster cannot be used.
            KeyboardInterrupt: the user stopped it.
        """
        if not self._films:
            return 0
        from dreamvid.farm.cluster import connected
        from dreamvid.farm.driver import Driver

        films, options = self._films, self._options
        self._models.clear()
        machines = [begun.machine for film in films if (begun := film.runs.manifest)]
        threads = max(machine.threads for machine in machines)
        with warnings_shown(options.quiet), stop_signals(_interrupt):
            try:
                with _stdout_closed(), connected(self._address, threads):
                    driver = Driver(
                        films, self._asked, overwrite=options.overwrite, keep=options.keeping
                    )
                    failures = _follow(driver, films, quiet=options.quiet)
            except (KeyboardInterrupt, DreamvidError) as error:
                if isinstance(error, KeyboardInterrupt) or error.retry:
                    error.add_note("; what is done stays; run the same command again to go on")
                raise
        if not options.quiet:
            failed = {failure.film.output for failure in failures}
            for passes in (film.planned.passes for film in films if film.output not in failed):
                print(*map(passes.path, passes.names), sep="\n")
        return _tell(failures, len(films), quiet=options.quiet)


@contextmanager
def _stdout_closed() -> Iterator[None]:
    """Print nothing on standard output within the context, where Ray tells of each worker that it
    has lost."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _follow(driver: Driver, films: Sequence[Film], *, quiet: bool) -> list[Failure]:
    """Render, with a bar over the frames of all films. Returns what failed."""
    name = films[0].output if len(films) == 1 else Path(f"{len(films)} films")
    failures, done, pace = [], driver.done, Pace()
    with (
        bar(name, driver.frames, pace, quiet=quiet, done=done) as shown,
        closing(driver.render()) as events,
    ):
        for event in events:
            if event.failure is not None:
                failures.append(event.failure)
            if event.finished is not None and not quiet:
                say(f"{event.finished.output}: done")
            for _ in range(event.done - done):
                pace.note(time.monotonic())
            if event.done != done:
                done = event.done
                shown(done)
    return failures


def _tell(failures: Sequence[Failure], count: int, *, quiet: bool) -> int:
    """Tell what failed: of each film the reasons, each once. Returns the exit status."""
    reasons = dict.fromkeys((failure.film.output, failure.message) for failure in failures)
    for output, message in reasons:
        print(error_line(DreamvidError(message), str(output)), file=sys.stderr)
    failed = dict.fromkeys(str(output) for output, _ in reasons)
    if count > 1 and (failed or not quiet):
        which = f"; failed: {', '.join(failed)}" if failed else ""
        say(f"{count - len(failed)} of {count} done{which}")
    return max((TRY_AGAIN if failure.retry else FAILED for failure in failures), default=0)
