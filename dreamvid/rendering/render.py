"""From a recipe to its result: planned, dreamed, and recorded so that it can be resumed."""

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
from dreamvid.networks.defaults import settled
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
"""Frames in a closed segment of film: where one begins the encoder knows of nothing before."""


PATIENCE = 0.05
"""Share of a dream's time for which its storing is waited for before the next one begins."""


@dataclass(frozen=True)
class Step:
    """One frame done: the `index`-th of `total` (None: not known), and the frame, the caller's own:
    (H, W, 3) float32 within 0..255, not yet rounded."""

    index: int
    total: int | None
    frame: Frame


class NoDreamer:
    """`network: none`: changes nothing, and needs no TensorFlow."""

    identity = "none"

    def __call__(self, task: DreamTask, /) -> Frame:
        """The canvas."""
        return task.canvas


def make_dreamer(job: Job, machine: Machine | None = None) -> AnyDreamer:
    """The dreamer that a job asks for.

    Args:
        machine: what it computes with; the threads only if TensorFlow has not begun yet.

    Raises:
        NetworkError: its network, layers or weights cannot be had.
    """
    if job.network.name == "none":
        return NoDreamer()
    from dreamvid.dreaming.dreamer import Dreamer

    return Dreamer.of(job, machine or Machine.here())


def output_of(recipe: Recipe) -> Path:
    """Where the result goes: as asked, else `NAME-dream.mp4` (or `.png`) in this folder."""
    if recipe.output is not None:
        return recipe.output
    stem = recipe.source[0].stem if recipe.source else "dreamvid"
    return Path(f"{stem}-dream{'.png' if recipe.kind == 'image' else '.mp4'}")


@dataclass(frozen=True)
class Plan:
    """What a render will do, everything resolved and checked, nothing dreamed yet.

    Attributes:
        recipe: with what it leaves to its network filled in.
        job: that recipe, resolved.
        output: where the result goes, unless `sink` takes it.
        source: the frames to come.
        timeline: their times.
        dreamer: loaded.
        octaves: each size dreamed at first, smallest first; empty where the dreamer has none.
        manifest: what the render is known by; None: nothing is kept to resume.
        sink: the caller's own.
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
        """What will be made, for people."""
        count = "all" if self.timeline.frames is None else self.timeline.frames
        size, rate = self.source.size, self.timeline.rate
        yield f"{count} frames of {size} at {rate} fps into {self.output}"
        if self.octaves:
            yield "octaves " + ", ".join(map(str, self.octaves))
            skipped = self.octaves_skipped
            if skipped:
                yield f"{skipped} smaller skipped: under the least size of the network"

    @property
    def octaves_skipped(self) -> int:
        """How many of the octaves asked for are too small for the network."""
        wanted = at_frame(self.job, self.timeline[0]).dream.octaves
        return wanted - len(self.octaves) if self.octaves else 0

    def groups(self, since: Checkpoint | None = None) -> Generator[DreamedGroup]:
        """The frames, dreamed; see `dreamed_groups`."""
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
    """Look at everything that a render needs, and refuse what cannot be before any work.

    Args:
        dreamer, source, sink: the caller's own, in the place of what the recipe names.
        overwrite: whether an output that exists may be replaced. One whose render was begun and
            not finished may.
        restart: a render that was begun and not finished is of no interest.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    if source is None and not recipe.source:
        raise RecipeError("source: name the picture or clip to dream on")
    output = output_of(recipe)
    film = recipe.kind != "image"
    before = None if restart or sink is not None or not film else unfinished_run(output)
    if sink is None:
        checked = check_output if film else check_picture
        checked(output, recipe.source, overwrite or before is not None)
    own_source = source
    source = source or open_source(recipe)
    recipe = settled(recipe)
    machine = before.machine if before else Machine.here()
    job = resolve(recipe, Size(*source.size), machine)
    timeline = Timeline(source.rate, source.frames)
    check(job, timeline)
    first = at_frame(job, timeline[0])
    camera_step(first.motion, Size(*source.size))  # refuses a trim that leaves nothing
    own_dreamer = dreamer
    dreamer = dreamer or make_dreamer(first, machine)
    # Refuses a size that is too small for the network.
    octaves = dreamer.sizes(Size(*source.size)) if isinstance(dreamer, Octaves) else []
    manifest = None
    if sink is None and film and _identified(dreamer=own_dreamer, source=own_source):
        machine = getattr(dreamer, "machine", machine)
        manifest = Manifest.of(recipe, SEGMENT, machine, dreamer=own_dreamer, source=own_source)
    return Plan(recipe, job, output, source, timeline, dreamer, octaves, manifest, sink)


def _identified(**parts: object) -> bool:
    """Whether the caller's own parts say what they are; if not, it is said what that costs."""
    for name, part in parts.items():
        if part is not None and not (isinstance(part, Identified) and part.identity):
            notices.inform(f"the {name} has no identity: nothing is kept to resume the render")
            return False
    return True


def is_done(recipe: Recipe) -> bool:
    """Whether the output of a recipe is there, and is what this recipe makes.

    It is known by what its run left or, where that is gone, by the recipe that the film carries. A
    still carries none, and so is never known to be done.
    """
    if recipe.kind == "image" or not recipe.source:
        return False
    output = output_of(recipe)
    if not output.exists() or unfinished_run(output) is not None:
        return False
    made = finished_run(output)
    if made is None and not carries_recipe(output):
        return False
    manifest = Manifest.of(settled(recipe), SEGMENT, made.machine if made else Machine.here())
    if made is not None:
        return not made.differences(manifest)
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
    """Plan a recipe and record it; see `plan` and `record`. Nothing is looked at before the first
    step.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    made = plan(
        recipe, dreamer=dreamer, source=source, sink=sink, overwrite=overwrite, restart=restart
    )
    yield from record(made, overwrite=overwrite, restart=restart, keep=keep)


def record(
    made: Plan, *, overwrite: bool = False, restart: bool = False, keep: Keep = "state"
) -> Generator[Step]:
    """Render a plan into its output, one `Step` a frame; the output stands once it is exhausted.

    A frame is yielded when it and the checkpoint after it are on the disk. A film that an earlier
    run left unfinished is resumed, and is in the end the same bytes. Closing the generator cancels.
    Cancelled or failed after the first frame, it leaves what is done as `NAME.partial.…`, playable,
    and its run's folder to resume from; before it, nothing.

    Args:
        restart: begin an unfinished film anew.
        keep: what stays of the run's folder when the film is done.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    # In a context of its own, so that of two renders in one process each has its own log.
    context = copy_context()
    steps = (_filmed if made.job.film or made.sink else _pictured)(made, overwrite, restart, keep)
    end = object()
    try:
        while (step := context.run(next, steps, end)) is not end:
            assert isinstance(step, Step)
            yield step
    finally:
        context.run(steps.close)


def _pictured(made: Plan, overwrite: bool, restart: bool, keep: Keep) -> Generator[Step]:
    """One picture, which takes too little time to be resumed."""
    with closing(made.groups()) as groups:
        picture = next(groups).checkpoint.carried.dream
    write_picture(made.output, picture, overwrite)
    yield Step(0, 1, picture.copy())


def _filmed(made: Plan, overwrite: bool, restart: bool, keep: Keep) -> Generator[Step]:
    """A film; each frame is yielded once it is stored."""
    with _opened_run(made, restart) as run:
        recording = _Recording(made, run, overwrite)
        waiting: deque[DreamedGroup] = deque()
        try:
            recording.open_sink()
            with closing(made.groups(recording.saved)) as groups:
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
def _opened_run(made: Plan, restart: bool) -> Generator[Run | NoRun]:
    if made.manifest is None:
        yield NoRun()
        return
    with locked_run(made.output, made.manifest, restart=restart) as run:
        yield run


class _Recording:
    """The frames of a plan on their way into its sink, and a checkpoint after each dream.

    Attributes:
        saved: the last checkpoint that is stored.
    """

    def __init__(self, made: Plan, run: Run | NoRun, overwrite: bool) -> None:
        self._made, self._run = made, run
        self.saved = run.checkpoint
        done = self.saved.done if self.saved else 0
        self._status = run.status(made.output, done, made.timeline.frames)
        self._behind = WriteBehind()
        self._sink: Sink | None = None
        self._overwrite = overwrite or self.saved is not None

    def open_sink(self) -> None:
        """Begin the output, or take it up where an earlier run left it. Raises DreamvidError."""
        self._sink = self._made.sink or self._new_sink()

    @property
    def unstored(self) -> int:
        """How many of the groups taken are not stored yet."""
        return self._behind.waiting

    def take(self, group: DreamedGroup, seconds: float) -> None:
        """Store a group that was dreamed in so many seconds, behind whoever goes on.

        For some of those seconds it is waited for: after a long dream a frame is shown at once.
        """
        self._behind.do(self._store, group)
        self._behind.wait(PATIENCE * seconds)

    def store_all(self) -> None:
        """Wait until every group is stored."""
        self._behind.finish()

    def finish(self, keep: Keep) -> None:
        """All frames are stored: the output gets its name."""
        assert self._sink is not None
        self._status.ends("joining")
        self._sink.close()
        self._status.ends("done")
        self._run.finish(keep)

    def fail(self, error: BaseException) -> None:
        """Leave what is done, and what it can be resumed from."""
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
        """What is yielded of a group: copies, which are the caller's to change."""
        first = group.checkpoint.done - len(group.frames)
        for index, frame in enumerate(group.frames, first):
            yield Step(index, self._made.timeline.frames, frame.copy())

    def _store(self, group: DreamedGroup) -> None:
        assert self._sink is not None
        for frame in group.frames:
            self._sink.write(frame)
        self._run.save(group.checkpoint)
        self.saved = group.checkpoint
        self._status.frames(group.checkpoint.done)

    def _new_sink(self) -> Sink:
        made, manifest = self._made, self._made.manifest
        spec = FilmSpec(
            size=made.source.size,
            rate=made.timeline.rate,
            crf=made.job.encode.crf,
            sound=made.source.sound,
            segment_frames=SEGMENT,
            note=embed(manifest) if manifest else "",
        )
        return open_sink(
            made.output,
            spec,
            overwrite=self._overwrite,
            folder=self._run.film,
            done=self.saved.done if self.saved else 0,
        )
