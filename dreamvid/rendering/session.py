"""`Session`: looking at a recipe and rendering it, with a network that stays loaded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from contextvars import copy_context
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

import numpy as np

from dreamvid import notices
from dreamvid.errors import RecipeError, RunError
from dreamvid.frame import Frame, Size
from dreamvid.machine import Machine
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.one_frame import dreamed_alone, seen_alone
from dreamvid.recipe import Recipe
from dreamvid.recipe.at_frame import at_frame
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.dreamers import make_dreamer
from dreamvid.rendering.estimate import Pace, foreseen, warn_of_early_end, warn_of_shortfalls
from dreamvid.rendering.events import Before, Event, OctaveDone, Warning
from dreamvid.rendering.film_frames import FilmFrames
from dreamvid.rendering.plan import plan
from dreamvid.rendering.render import Step, record
from dreamvid.rendering.run import Keep
from dreamvid.rendering.small import smaller_data
from dreamvid.resolve import Job, resolve
from dreamvid.task import AnyDreamer, DreamTask, Octaves

if TYPE_CHECKING:
    from dreamvid.dreaming.climb import Climbs  # which imports TensorFlow
    from dreamvid.dreaming.dreamer import Dreamer

KEPT_OBJECTIVES = 2
"""Objectives whose graphs are kept, so that going back to one costs nothing."""

Emit = Callable[[Event], None]


class _Cancelled(KeyboardInterrupt):
    """Ends a dream as Ctrl-C does: what is done is kept."""


class Session:
    """Looks at a recipe and renders it; its network is loaded once.

    It does one thing at a time, in a thread of its own, and tells of it by events. Closing what it
    returned cancels it, and so does `cancel`, from any thread, within one gradient.
    """

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._frames = FilmFrames()
        self._models: dict[Any, Any] = {}
        self._climbs: Climbs | None = None

    def look(self, recipe: Recipe, frame: int = 0, *, side: int | None = None) -> Generator[Event]:
        """Dream one frame of a recipe as if a shot began with it: its values at that frame, its
        source as the camera sees it, and a burst of steps; nothing is carried into it.

        Yields `Before`, an `OctaveDone` after each octave, and the dream as a `Step`, which is
        missing if it was cancelled; a `Warning` where there is one.

        Args:
            frame: its index in the film, from 0.
            side: px of the longer side, at most; None: the film's own size. Creatures have a fixed
                size in px, and are larger in a smaller frame.

        Raises:
            DreamvidError: the recipe does not hold, or a file cannot be read; one line.
            RunError: the session is at work already.
        """

        def work(emit: Emit) -> None:
            if not recipe.source:
                raise RecipeError("name the picture or clip to dream on", key="source")
            machine, whole = Machine.here(), with_network_defaults(recipe)
            source = self._frames.source(whole)
            total, looked = source.frames, whole
            if side is not None and max(source.size) > side:
                first = at_frame(resolve(whole, source.size, machine), source.timeline[0])
                data = smaller_data(whole, first, source.size, side)
                looked = make_recipe(data, whole.kind)
            film = self._frames.read(looked, frame)
            job = resolve(looked, film.source.size, machine)
            timeline = film.source.timeline
            now = at_frame(job, timeline[frame])
            seen = seen_alone(job, timeline, frame, film.picture, film.guides)
            emit(Before(seen.source.copy()))
            dreamer = self._loader(emit)(now, machine)
            if isinstance(dreamer, Octaves):
                dreamer.sizes(film.source.size)  # raises if the frame is too small
            emit(Step(frame, total, dreamed_alone(seen, dreamer)))

        return self._events(work)

    def render(
        self,
        recipe: Recipe,
        *,
        overwrite: bool = False,
        restart: bool = False,
        keep: Keep = "state",
    ) -> Generator[Event]:
        """Render a recipe as `dreamvid.render` does, to the same bytes.

        Yields a `Step` for each frame that is on the disk, `OctaveDone` in between, an `Estimate`
        after the second frame, a `Warning` where there is one. Cancelled, it leaves what Ctrl-C
        leaves: a partial film, and what it can be resumed from.

        Raises:
            DreamvidError: the recipe cannot be rendered; one line.
            RunError: the session is at work already.
        """

        def work(emit: Emit) -> None:
            planned = plan(recipe, overwrite=overwrite, restart=restart, load=self._loader(emit))
            warn_of_shortfalls(planned)
            total = planned.timeline.frames
            pace, estimated, done = Pace(9 if planned.timeline.loop else 2), False, 0
            with closing(record(planned, overwrite=overwrite, restart=restart, keep=keep)) as steps:
                for step in steps:
                    done = step.index + 1
                    pace.note(time.monotonic())
                    emit(step)
                    if not estimated and pace.enough(total):
                        estimated = True
                        emit(foreseen(planned, pace, done))
            warn_of_early_end(planned, done)

        return self._events(work)

    def cancel(self) -> None:
        """Cancel what is at work, if anything is, within one gradient. What it yields ends."""
        self._stop.set()

    def _loader(self, emit: Emit) -> Callable[[Job, Machine], AnyDreamer]:
        """Makes the dreamer of a job, which tells of its octaves."""

        def load(job: Job, machine: Machine) -> AnyDreamer:
            if job.network.name == "none":
                return make_dreamer(job, machine)
            from dreamvid.dreaming.climb import Climbs
            from dreamvid.dreaming.dreamer import Dreamer
            from dreamvid.dreaming.networks.load import kept

            kept.set(self._models)
            self._climbs = self._climbs or Climbs(KEPT_OBJECTIVES)
            return _Watched(Dreamer.of(job, machine, self._climbs), emit, self._stop)

        return load

    def _events(self, work: Callable[[Emit], None]) -> Generator[Event]:
        """Run `work` in a thread, and yield what it emits."""
        if not self._busy.acquire(blocking=False):
            raise RunError("the session is at work: cancel that first, or wait")
        self._stop.clear()
        told: Queue[Event | None] = Queue(1)  # the thread waits for who listens
        failed: list[BaseException] = []

        def emit(event: Event) -> None:
            if self._stop.is_set():
                raise _Cancelled
            told.put(event)

        def run() -> None:
            notices.heeded.set(lambda line: told.put(Warning(line)))
            try:
                work(emit)
            except _Cancelled:
                pass
            except BaseException as error:
                failed.append(error)
            told.put(None)

        thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
        thread.start()
        try:
            while (event := told.get()) is not None:
                yield event
            if failed:
                raise failed[0]
        finally:
            self._stop.set()
            while thread.is_alive():
                try:
                    told.get(timeout=0.02)
                except Empty:
                    continue
            self._busy.release()


class _Watched:
    """A dreamer that tells of its octaves, and can be stopped after each step.

    Attributes:
        machine: as `Dreamer.machine`.
    """

    def __init__(self, dreamer: Dreamer, emit: Emit, stop: threading.Event) -> None:
        self._dreamer, self._emit, self._stop = dreamer, emit, stop
        self.machine = dreamer.machine

    def sizes(self, size: Size) -> list[Size]:
        """As `Dreamer.sizes`."""
        return self._dreamer.sizes(size)

    def __call__(self, task: DreamTask) -> Frame:
        """The dream of a task."""
        canvas = np.clip(task.canvas, 0, 255)
        steps = self._dreamer.steps(task)
        while True:
            if self._stop.is_set():
                steps.close()
                raise _Cancelled
            try:
                step = next(steps)
            except StopIteration as end:
                frame: Frame = end.value
                return frame
            if step.step + 1 == step.steps:
                self._emit(OctaveDone(step.octave, step.octaves, step.size, step, canvas))
