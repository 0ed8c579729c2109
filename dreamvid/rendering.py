"""The one way from a recipe to a file."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dreamvid.dream.catalogue import settled
from dreamvid.errors import MediaError, RecipeError
from dreamvid.frame import Frame
from dreamvid.journal import Journal, logged
from dreamvid.manifest import Manifest
from dreamvid.means import Means, kept
from dreamvid.media.metadata import comment_of
from dreamvid.media.probe import probe
from dreamvid.media.write import Sink, check_output, check_picture, open_sink, write_picture
from dreamvid.motion import camera_step
from dreamvid.note import CARRIERS, note
from dreamvid.overlap import Behind
from dreamvid.recipe import Film, FilmRecipe, Recipe
from dreamvid.recurrence import State, Turn, turns
from dreamvid.run import Keep, Run, begun, finished, held
from dreamvid.scheduled import check, in_force
from dreamvid.source import Source, open_source
from dreamvid.task import Dreams
from dreamvid.timeline import FrameTime

SEGMENT = 48
"""Frames in a closed segment of film: where one begins the encoder knows of nothing before."""


@dataclass(frozen=True)
class Step:
    """One frame done: the `index`-th of `total` (None: not known), and the frame itself."""

    index: int
    total: int | None
    frame: Frame


def make_dreamer(recipe: Recipe, means: Means | None = None) -> Dreams:
    """The dreamer that a recipe asks for; `network: none` is one, without TensorFlow.

    Args:
        recipe: what it says of frame 0 is what the dreamer is made for.
        means: what it computes with; the threads only if TensorFlow has not begun yet, else all
            cores.

    Raises:
        NetworkError: its network, layers or weights cannot be had.
    """
    if recipe.network.name == "none":
        return lambda task: task.canvas
    from dreamvid.dream import pinned, quiet

    if means:
        pinned(means.threads)
    with quiet():
        from dreamvid.dream.dreamer import Dreamer
    return Dreamer(kept(recipe, means) if means else recipe)


def output_of(recipe: Recipe) -> Path:
    """Where the result goes: as asked, else `NAME-dream.mp4` (or `.png`) in this folder."""
    if recipe.output is not None:
        return recipe.output
    return Path(f"{recipe.source[0].stem}-dream{'.png' if recipe.kind == 'image' else '.mp4'}")


@dataclass(frozen=True)
class Plan:
    """What a render will do, everything settled and looked at, nothing dreamed yet.

    Attributes:
        recipe: with what it leaves to its network filled in.
        output: where the result goes.
        source: the frames to come.
        dream: the dreamer, loaded.
        octaves: the (height, width) of each size dreamed at first, smallest first; empty without a
            network.
        manifest: what the render is known by.
    """

    recipe: Recipe
    output: Path
    source: Source
    dream: Dreams
    octaves: list[tuple[int, int]]
    manifest: Manifest

    def lines(self) -> Iterator[str]:
        """What will be made, for people."""
        width, height = self.source.size
        count = "all" if self.source.frames is None else self.source.frames
        yield f"{count} frames of {width}x{height} at {self.source.rate} fps into {self.output}"
        if self.octaves:
            yield "octaves " + ", ".join(f"{wide}x{high}" for high, wide in self.octaves)
            octaves = in_force(self.recipe, FrameTime(0, self.source.rate, self.source.frames))
            skipped = octaves.dream.octaves - len(self.octaves)
            if skipped:
                yield f"{skipped} smaller skipped: under the least size of the network"


def plan(recipe: Recipe, *, overwrite: bool = False, restart: bool = False) -> Plan:
    """Look at everything that a render needs, and refuse what cannot be before any work.

    Args:
        overwrite: whether an output that exists may be replaced. One whose render was begun and
            not finished may.
        restart: a render that was begun and not finished is of no interest.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    if not recipe.source:
        raise RecipeError("source: name the picture or clip to dream on")
    output = output_of(recipe)
    before = None if restart or recipe.kind == "image" else begun(output)
    checked = check_picture if recipe.kind == "image" else check_output
    checked(output, recipe.source, overwrite or before is not None)
    source = open_source(recipe)
    recipe = settled(recipe)
    start = FrameTime(0, source.rate, source.frames)
    check(recipe, start)
    first = in_force(recipe, start)
    if isinstance(first, FilmRecipe):
        camera_step(first.motion, source.size)  # refuses a trim that leaves nothing
    means = before.means if before else Means.here()
    dream = make_dreamer(first, means)
    if chosen := getattr(dream, "means", None):
        means = replace(chosen, threads=means.threads)
    sizes = getattr(dream, "sizes", None)  # refuses a size that is too small for the network
    octaves = sizes((source.size[1], source.size[0])) if sizes else []
    manifest = Manifest.of(recipe, SEGMENT, means)
    return Plan(recipe, output, source, dream, octaves, manifest)


def is_done(recipe: Recipe) -> bool:
    """Whether the output of a recipe is there, and is what this recipe makes.

    It is known by what its run left or, where that is gone, by the recipe that the film carries. A
    still carries none, and so is never known to be done.
    """
    if recipe.kind == "image" or not recipe.source:
        return False
    output = output_of(recipe)
    if not output.exists() or begun(output) is not None:
        return False
    made = finished(output)
    if made is None and output.suffix.lower() not in CARRIERS:
        return False
    manifest = Manifest.of(settled(recipe), SEGMENT, Means.here())
    if made is not None:
        return not made.differences(manifest)
    try:
        comment, frames = comment_of(output), probe(output).frames
    except MediaError:
        return False
    return comment == note(manifest) and frames == open_source(recipe).frames


def render(
    recipe: Recipe, *, overwrite: bool = False, restart: bool = False, keep: Keep = "state"
) -> Generator[Step]:
    """Plan a recipe and carry it out; see `carry_out`. Nothing is looked at before the first step.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    made = plan(recipe, overwrite=overwrite, restart=restart)
    yield from carry_out(made, overwrite=overwrite, restart=restart, keep=keep)


def carry_out(
    made: Plan, *, overwrite: bool = False, restart: bool = False, keep: Keep = "state"
) -> Generator[Step]:
    """Render a plan into its output, one `Step` a frame; the output stands once it is exhausted.

    A film that an earlier run left unfinished is gone on with, and is in the end the same bytes.
    Closing the generator cancels. Cancelled or failed after the first frame, it leaves what is done
    as `NAME.partial.…`, playable, and its run's folder to go on from; before it, nothing.

    Args:
        restart: begin an unfinished film anew.
        keep: what stays of the run's folder when the film is done.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    recipe, source = made.recipe, made.source
    if not isinstance(recipe, FilmRecipe):
        (turn,) = turns(recipe, source.open(), made.dream)
        write_picture(made.output, turn.state.last.dream, overwrite)
        yield Step(0, 1, turn.state.last.dream)
        return
    with (
        held(made.output, made.manifest, restart=restart) as run,
        logged(run.folder),
    ):
        since = run.state
        journal = Journal(run.folder, made.output, since.done if since else 0, source.frames)
        sink, behind = None, Behind()
        frames = turns(
            recipe,
            source.open(),
            made.dream,
            since=since,
            rate=source.rate,
            frames=source.frames,
        )

        def put_away(turn: Turn) -> None:
            nonlocal since
            assert sink is not None
            for frame in turn.frames:
                sink.write(frame)
            run.save(turn.state)
            since = turn.state
            journal.frames(since.done)

        try:
            sink = _sink(made, run, since, overwrite)
            for turn in frames:
                behind.do(put_away, turn)
                for index, frame in enumerate(turn.frames, turn.state.done - len(turn.frames)):
                    yield Step(index, source.frames, frame)
            behind.settle()
            journal.ends("joining")
            sink.close()
            journal.ends("done")
            run.finish(keep)
        except BaseException as error:
            behind.close()
            stopped = isinstance(error, GeneratorExit | KeyboardInterrupt)
            journal.ends("interrupted" if stopped else "failed", "" if stopped else str(error))
            partial = sink.abandon(keep=since is not None) if sink is not None else None
            if partial is not None:
                run.left(partial)
            if since is None:
                run.forget()
            raise


def _sink(made: Plan, run: Run, since: State | None, overwrite: bool) -> Sink:
    film = made.recipe.film if isinstance(made.recipe, FilmRecipe) else Film()
    return open_sink(
        made.output,
        size=made.source.size,
        rate=made.source.rate,
        crf=film.crf,
        overwrite=overwrite or since is not None,
        sound=made.source.sound,
        segment=SEGMENT,
        note=note(made.manifest),
        folder=run.film,
        done=since.done if since else 0,
    )
