"""Rendering a plan: dreamed, and recorded with checkpoints to resume from."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from itertools import zip_longest

from dreamvid.errors import InputError, StateError
from dreamvid.frame import Frame
from dreamvid.media.film import FilmSink
from dreamvid.media.frame_names import is_pattern
from dreamvid.media.outputs import made_folder, open_sink, write_picture
from dreamvid.media.passes import is_data
from dreamvid.media.sink import FilmSpec, Sink
from dreamvid.notices import inform
from dreamvid.pipeline import WriteBehind
from dreamvid.recipe import Recipe
from dreamvid.recipe.encode import PassName
from dreamvid.recurrence import DreamedGroup
from dreamvid.rendering.embedded import embed
from dreamvid.rendering.film_source import keep_heard
from dreamvid.rendering.plan import Plan, plan
from dreamvid.rendering.run import (
    Keep,
    NoRun,
    Run,
    locked_run,
)
from dreamvid.shots import Shot
from dreamvid.source import NO_FRAME, Source
from dreamvid.task import AnyDreamer

PATIENCE = 0.05
"""Share of a dream's time to wait for its storage before the next dream begins."""


@dataclass(frozen=True)
class Step:
    """A frame that is done: its `index`, the `total` (None: unknown), and a copy of the frame that
    the caller may change: (H, W, 3) float32 within 0..255, not rounded, or with straight alpha
    (H, W, 4)."""

    index: int
    total: int | None
    frame: Frame


def render(
    recipe: Recipe,
    *,
    dreamer: AnyDreamer | None = None,
    source: Source | None = None,
    sink: Sink | None = None,
    overwrite: bool = False,
    restart: bool = False,
    keep: Keep = "state",
) -> Generator[Step]:
    """Plan a recipe and record it; see `plan` and `record`. Nothing is opened before the first
    step.

    Raises:
        DreamvidError: the recipe cannot be rendered; one line.
    """
    planned = plan(
        recipe, dreamer=dreamer, source=source, sink=sink, overwrite=overwrite, restart=restart
    )
    yield from record(planned, overwrite=overwrite, restart=restart, keep=keep)


def record(
    planned: Plan, *, overwrite: bool = False, restart: bool = False, keep: Keep = "state"
) -> Generator[Step]:
    """Render a plan, one `Step` a frame; the output exists once the generator is exhausted.

    A frame is yielded when it and the checkpoint after it are on the disk. An unfinished film is
    resumed, with the same bytes as a film rendered in one run. Closing the generator cancels. When
    cancelled or failed after the first frame, it leaves a playable partial film `NAME.partial.…`
    and the run's folder to resume from; before the first frame, nothing.

    Args:
        overwrite: whether an existing output may be replaced.
        restart: whether an unfinished film is started over.
        keep: what is kept of the run's folder when the film is done.

    Raises:
        DreamvidError: the render failed; one line.
    """
    # In a separate context, so that two renders in one process keep separate logs.
    context = copy_context()
    is_film = planned.job.film or planned.sink is not None
    steps = (_record_film if is_film else _record_still)(planned, overwrite, restart, keep)
    end = object()
    try:
        while (step := context.run(next, steps, end)) is not end:
            assert isinstance(step, Step)
            yield step
    finally:
        context.run(steps.close)


def _record_still(planned: Plan, overwrite: bool, restart: bool, keep: Keep) -> Generator[Step]:
    """Render a still, which is too quick to need a run to resume."""
    with closing(planned.groups()) as groups:
        group = next(groups, None)
    if group is None:
        raise InputError(NO_FRAME)
    dream, source = group.frames[-1], next(iter(group.sources), None)
    passes, codec = planned.passes, planned.job.encode.codec
    for name in reversed(passes.names):  # the dream last
        frame = passes.frame(name, dream, source)
        write_picture(passes.path(name), frame, overwrite, codec, data=is_data(name))
    yield Step(0, 1, dream.copy())


def _record_film(planned: Plan, overwrite: bool, restart: bool, keep: Keep) -> Generator[Step]:
    """Render a film; each frame is yielded once it is stored."""
    with _opened_run(planned, restart) as run:
        recording = _Recording(planned, run, overwrite)
        waiting: deque[DreamedGroup] = deque()
        try:
            recording.open_sinks()
            store = run.lead(planned.source.size)
            with closing(planned.groups(recording.saved, store)) as groups:
                dreamed = time.monotonic()
                for group in groups:
                    recording.take(group, time.monotonic() - dreamed)
                    waiting.append(group)
                    while len(waiting) > recording.unstored:
                        yield from recording.steps_of(waiting.popleft())
                    dreamed = time.monotonic()
            recording.store_all()
            for group in waiting:
                yield from recording.steps_of(group)
            recording.finish(keep)
        except BaseException as error:
            recording.fail(error)
            raise


@contextmanager
def _opened_run(planned: Plan, restart: bool) -> Generator[Run | NoRun]:
    if planned.manifest is None:
        yield NoRun()
        return
    output = planned.output
    with ExitStack() as stack:
        if is_pattern(output):
            stack.enter_context(made_folder(output.parent))
        run = stack.enter_context(locked_run(output, planned.manifest, restart=restart))
        keep_heard(run.folder, planned.source.heard)
        yield run


class _Recording:
    """Stores the frames of a plan in the sinks of its passes, and a checkpoint after each dream.

    Attributes:
        saved: the last checkpoint that was stored.
    """

    def __init__(self, planned: Plan, run: Run | NoRun, overwrite: bool) -> None:
        self._plan, self._run = planned, run
        self.saved = run.checkpoint
        done = self.saved.shown - planned.first if self.saved else 0
        lead = planned.timeline.lead
        if lead and not done:
            inform(f"{planned.output}: first, {lead} frames are dreamed that lead into it")
        self._status = run.status(planned.output, done, planned.count)
        self._behind = WriteBehind()
        self._sinks: dict[PassName, Sink] = {}
        self._overwrite = overwrite or self.saved is not None

    def open_sinks(self) -> None:
        """Begin the outputs, or resume them. Raises DreamvidError."""
        if self._plan.sink is not None:
            self._sinks["dream"] = self._plan.sink
            return
        for name in self._plan.passes.names:
            self._sinks[name] = self._new_sink(name)

    @property
    def unstored(self) -> int:
        """How many groups are queued but not stored yet."""
        return self._behind.waiting

    def take(self, group: DreamedGroup, seconds: float) -> None:
        """Queue a group to be stored in the background; it took `seconds` to dream.

        Waits for a share of that time (`PATIENCE`), so that a slow dream is yielded at once.
        """
        self._behind.do(self._store, group)
        self._behind.wait(PATIENCE * seconds)

    def store_all(self) -> None:
        """Wait until every group is stored."""
        self._behind.finish()

    def finish(self, keep: Keep) -> None:
        """Finish the outputs after all frames are stored, the dream last; or leave the segments of
        a shot, to be joined."""
        if self._plan.shot is not None:
            self._finish_shot(self._plan.shot)
            return
        self._status.ends("joining")
        for sink in reversed(self._sinks.values()):
            sink.close()
        self._status.ends("done")
        self._run.finish(keep)

    def _finish_shot(self, shot: Shot) -> None:
        if self.saved is None or self.saved.done != shot.stop:
            done = self.saved.done if self.saved else shot.start
            raise StateError(
                f"the clip ends before frame {done}, the shot before {shot.stop}",
                path=self._plan.output,
            )
        for sink in self._sinks.values():
            if isinstance(sink, FilmSink) and not self._plan.ends:
                sink.end_segment()
            sink.abandon(keep=False)
        self._status.ends("done")
        self._run.finish("shot")

    def fail(self, error: BaseException) -> None:
        """Leave a partial film and what the run can be resumed from."""
        self._behind.close()
        stopped = isinstance(error, GeneratorExit | KeyboardInterrupt)
        reason = "" if stopped else str(error)
        self._status.ends("interrupted" if stopped else "failed", reason)
        for name, sink in self._sinks.items():
            partial, part = sink.abandon(keep=self.saved is not None), self._run.part(name)
            if partial is not None and part is not None:
                part.note_partial(partial)
        if self.saved is None:
            self._run.forget()

    def steps_of(self, group: DreamedGroup) -> Iterator[Step]:
        """The steps of a group, with copies of its frames, which the caller may change."""
        first = group.checkpoint.shown - len(group.frames)
        for index, frame in enumerate(group.frames, first):
            yield Step(index, self._plan.timeline.frames, frame.copy())

    def _store(self, group: DreamedGroup) -> None:
        if group.checkpoint.t == 0:  # a shot begins, whose first frame is a group of its own
            for sink in self._sinks.values():
                if isinstance(sink, FilmSink):
                    sink.end_segment()
        for dream, source in zip_longest(group.frames, group.sources):
            for name, sink in self._sinks.items():
                # A copy: the caller's sink may change it.
                sink.write(self._plan.passes.frame(name, dream, source).copy())
        self._run.save(group.checkpoint)
        self.saved = group.checkpoint
        self._status.frames(group.checkpoint.shown - self._plan.first)

    def _new_sink(self, name: PassName) -> Sink:
        planned, manifest, data = self._plan, self._plan.manifest, is_data(name)
        whole = name == "dream"
        spec = FilmSpec.of(
            planned.job.encode,
            planned.source.size,
            planned.timeline.rate,
            planned.segment,
            sound=planned.source.sound if whole and not planned.shot else None,
            note=embed(manifest) if manifest and whole else "",
            alpha=planned.source.alpha and not data,
            data=data,
            closes_after=planned.timeline.frames if planned.timeline.loop else None,
            first=planned.first,
        )
        part = self._run.part(name)
        if part is not None:
            part.prepare()
        return open_sink(
            planned.passes.path(name),
            spec,
            overwrite=self._overwrite,
            folder=part.film if part else None,
            done=self.saved.shown if self.saved else None,
        )
