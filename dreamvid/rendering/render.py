"""Rendering a recipe: plan, dream, and record with checkpoints to resume from."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from pathlib import Path

from dreamvid import notices
from dreamvid.errors import MediaError, RecipeError
from dreamvid.frame import Frame, Size
from dreamvid.machine import Machine
from dreamvid.media.codecs import carries_recipe
from dreamvid.media.metadata import read_comment
from dreamvid.media.outputs import check_output, check_picture, open_sink, write_picture
from dreamvid.media.probe import probe
from dreamvid.media.sink import FilmSpec, Sink
from dreamvid.motion.affine import camera_step
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.pipeline import WriteBehind
from dreamvid.recipe import Recipe
from dreamvid.recipe.at_frame import at_frame, check
from dreamvid.recipe.timeline import Timeline
from dreamvid.recurrence import Checkpoint, DreamedGroup, dreamed_groups
from dreamvid.rendering.embedded import embed
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.run import (
    Keep,
    NoRun,
    Run,
    finished_run,
    locked_run,
    unfinished_run,
)
from dreamvid.resolve import Job, resolve
from dreamvid.source import Source, open_source
from dreamvid.task import AnyDreamer, DreamTask, Identified, Octaves

SEGMENT = 48
"""Frames in a closed segment of film; each is encoded independently of the others."""


PATIENCE = 0.05
"""Share of a dream's time to wait for its storage before the next dream begins."""


@dataclass(frozen=True)
class Step:
    """A frame that is done: its `index`, the `total` (None: unknown), and a copy of the frame that
    the caller may change: (H, W, 3) float32 within 0..255, not rounded."""

    index: int
    total: int | None
    frame: Frame


class NoDreamer:
    """The dreamer of `network: none`: returns the canvas unchanged, without TensorFlow."""

    identity = "none"

    def __call__(self, task: DreamTask, /) -> Frame:
        """Return the canvas."""
        return task.canvas


def make_dreamer(job: Job, machine: Machine | None = None) -> AnyDreamer:
    """The dreamer that a job asks for.

    Args:
        machine: threads, precision and tile; threads apply only until TensorFlow has started.

    Raises:
        NetworkError: its network, layers or weights are not available.
    """
    if job.network.name == "none":
        return NoDreamer()
    from dreamvid.dreaming.dreamer import Dreamer

    return Dreamer.of(job, machine or Machine.here())


def output_of(recipe: Recipe) -> Path:
    """The output path: the recipe's, else `NAME-dream.mp4` (or `.png`) in the current folder."""
    if recipe.output is not None:
        return recipe.output
    stem = recipe.source[0].stem if recipe.source else "dreamvid"
    return Path(f"{stem}-dream{'.png' if recipe.kind == 'image' else '.mp4'}")


@dataclass(frozen=True)
class Plan:
    """A render, resolved and checked, before anything is dreamed.

    Attributes:
        recipe: with the network's defaults filled in.
        job: that recipe, resolved.
        output: where the result goes, unless `sink` is set.
        source: the frames to dream on.
        timeline: the frames' times.
        dreamer: loaded.
        octaves: the sizes of the first frame, smallest first; empty if the dreamer has none.
        manifest: identifies the render; None: nothing is stored to resume from.
        sink: the caller's sink.
    """

    recipe: Recipe
    job: Job
    output: Path
    source: Source
    timeline: Timeline
    dreamer: AnyDreamer
    octaves: list[Size] = field(default_factory=list)
    manifest: Manifest | None = None
    sink: Sink | None = None

    def lines(self) -> Iterator[str]:
        """A summary for people, line by line."""
        count = "all" if self.timeline.frames is None else self.timeline.frames
        size, rate = self.source.size, self.timeline.rate
        yield f"{count} frames of {size} at {rate} fps into {self.output}"
        if self.octaves:
            yield "octaves " + ", ".join(map(str, self.octaves))
            skipped = self.octaves_skipped
            if skipped:
                yield f"{skipped} smaller skipped: under the minimum size of the network"

    @property
    def octaves_skipped(self) -> int:
        """How many of the requested octaves are too small for the network."""
        requested = at_frame(self.job, self.timeline[0]).dream.octaves
        return requested - len(self.octaves) if self.octaves else 0

    def groups(self, since: Checkpoint | None = None) -> Generator[DreamedGroup]:
        """Dream the frames; see `dreamed_groups`."""
        return dreamed_groups(self.job, self.timeline, self.source.open(), self.dreamer, since)


def plan(
    recipe: Recipe,
    *,
    dreamer: AnyDreamer | None = None,
    source: Source | None = None,
    sink: Sink | None = None,
    overwrite: bool = False,
    restart: bool = False,
) -> Plan:
    """Resolve and check everything that a render needs, before any work is done.

    Args:
        dreamer, source, sink: the caller's objects, used in place of what the recipe names.
        overwrite: whether an existing output may be replaced. That of an unfinished run always may.
        restart: whether an unfinished run is discarded.

    Raises:
        DreamvidError: the recipe cannot be rendered; one line.
    """
    if source is None and not recipe.source:
        raise RecipeError("source: name the picture or clip to dream on")
    output = output_of(recipe)
    film = recipe.kind != "image"
    unfinished = None if restart or sink is not None or not film else unfinished_run(output)
    if sink is None:
        checked = check_output if film else check_picture
        checked(output, recipe.source, overwrite or unfinished is not None)
    custom_source = source
    source = source or open_source(recipe)
    recipe = with_network_defaults(recipe)
    machine = unfinished.machine if unfinished else Machine.here()
    job = resolve(recipe, Size(*source.size), machine)
    timeline = Timeline(source.rate, source.frames)
    check(job, timeline)
    first = at_frame(job, timeline[0])
    camera_step(first.motion, Size(*source.size))  # raises if trim leaves nothing
    custom_dreamer = dreamer
    dreamer = dreamer or make_dreamer(first, machine)
    # Raises if the frame is too small for the network.
    octaves = dreamer.sizes(Size(*source.size)) if isinstance(dreamer, Octaves) else []
    manifest = None
    if sink is None and film and _identified(dreamer=custom_dreamer, source=custom_source):
        machine = getattr(dreamer, "machine", machine)
        manifest = Manifest.of(
            recipe, SEGMENT, machine, dreamer=custom_dreamer, source=custom_source
        )
    return Plan(recipe, job, output, source, timeline, dreamer, octaves, manifest, sink)


def _identified(**parts: object) -> bool:
    """Whether the caller's objects have an identity; if not, a notice says that resuming is off."""
    for name, part in parts.items():
        if part is not None and not (isinstance(part, Identified) and part.identity):
            notices.inform(f"the {name} has no identity: nothing is kept to resume the render")
            return False
    return True


def is_done(recipe: Recipe) -> bool:
    """Whether the output of a recipe exists and was made by this recipe.

    This is known from the run's manifest or, without one, from the recipe embedded in the film. A
    still carries none, and is never known to be done.
    """
    if recipe.kind == "image" or not recipe.source:
        return False
    output = output_of(recipe)
    if not output.exists() or unfinished_run(output) is not None:
        return False
    finished = finished_run(output)
    if finished is None and not carries_recipe(output):
        return False
    manifest = Manifest.of(
        with_network_defaults(recipe), SEGMENT, finished.machine if finished else Machine.here()
    )
    if finished is not None:
        return not finished.differences(manifest)
    try:
        comment, frames = read_comment(output), probe(output).frames
    except MediaError:
        return False
    return comment == embed(manifest) and frames == open_source(recipe).frames


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
    steps = (_record_film if planned.job.film or planned.sink else _record_still)(
        planned, overwrite, restart, keep
    )
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
        picture = next(groups).checkpoint.carried.dream
    write_picture(planned.output, picture, overwrite)
    yield Step(0, 1, picture.copy())


def _record_film(planned: Plan, overwrite: bool, restart: bool, keep: Keep) -> Generator[Step]:
    """Render a film; each frame is yielded once it is stored."""
    with _opened_run(planned, restart) as run:
        recording = _Recording(planned, run, overwrite)
        waiting: deque[DreamedGroup] = deque()
        try:
            recording.open_sink()
            with closing(planned.groups(recording.saved)) as groups:
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
    with locked_run(planned.output, planned.manifest, restart=restart) as run:
        yield run


class _Recording:
    """Stores the frames of a plan in its sink, and a checkpoint after each dream.

    Attributes:
        saved: the last checkpoint that was stored.
    """

    def __init__(self, planned: Plan, run: Run | NoRun, overwrite: bool) -> None:
        self._plan, self._run = planned, run
        self.saved = run.checkpoint
        done = self.saved.done if self.saved else 0
        self._status = run.status(planned.output, done, planned.timeline.frames)
        self._behind = WriteBehind()
        self._sink: Sink | None = None
        self._overwrite = overwrite or self.saved is not None

    def open_sink(self) -> None:
        """Begin the output, or resume it. Raises DreamvidError."""
        self._sink = self._plan.sink or self._new_sink()

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
        """Finish the output after all frames are stored."""
        assert self._sink is not None
        self._status.ends("joining")
        self._sink.close()
        self._status.ends("done")
        self._run.finish(keep)

    def fail(self, error: BaseException) -> None:
        """Leave a partial film and what the run can be resumed from."""
        self._behind.close()
        stopped = isinstance(error, GeneratorExit | KeyboardInterrupt)
        reason = "" if stopped else str(error)
        self._status.ends("interrupted" if stopped else "failed", reason)
        if self._sink is not None:
            partial = self._sink.abandon(keep=self.saved is not None)
            if partial is not None:
                self._run.note_partial(partial)
        if self.saved is None:
            self._run.forget()

    def steps_of(self, group: DreamedGroup) -> Iterator[Step]:
        """The steps of a group, with copies of its frames, which the caller may change."""
        first = group.checkpoint.done - len(group.frames)
        for index, frame in enumerate(group.frames, first):
            yield Step(index, self._plan.timeline.frames, frame.copy())

    def _store(self, group: DreamedGroup) -> None:
        assert self._sink is not None
        for frame in group.frames:
            self._sink.write(frame)
        self._run.save(group.checkpoint)
        self.saved = group.checkpoint
        self._status.frames(group.checkpoint.done)

    def _new_sink(self) -> Sink:
        planned, manifest = self._plan, self._plan.manifest
        spec = FilmSpec(
            size=planned.source.size,
            rate=planned.timeline.rate,
            crf=planned.job.encode.crf,
            sound=planned.source.sound,
            segment_frames=SEGMENT,
            note=embed(manifest) if manifest else "",
        )
        return open_sink(
            planned.output,
            spec,
            overwrite=self._overwrite,
            folder=self._run.film,
            done=self.saved.done if self.saved else 0,
        )
