"""Planning a render: everything resolved and checked before anything is dreamed."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from dreamvid import notices
from dreamvid.checkpoint import Checkpoint
from dreamvid.errors import MediaError, RecipeError
from dreamvid.frame import Size
from dreamvid.guide_files import GuideFiles
from dreamvid.lead import LeadStore
from dreamvid.looping import around
from dreamvid.machine import Machine
from dreamvid.media.codecs.table import carries_recipe
from dreamvid.media.metadata import read_comment
from dreamvid.media.output_checks import (
    check_codec,
    is_there,
)
from dreamvid.media.passes import Passes, is_data, pass_path
from dreamvid.media.probe import probe
from dreamvid.media.sink import Sink
from dreamvid.motion.round import Round
from dreamvid.motion.steps import CameraSteps
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.opening import open_source
from dreamvid.recipe import BeatCount, FilmRecipe, Recipe, VideoRecipe
from dreamvid.recipe.at_frame import at_frame, check
from dreamvid.recipe.timeline import Hearing, Timeline
from dreamvid.recurrence import DreamedGroup, dreamed_groups
from dreamvid.rendering.dreamers import make_dreamer
from dreamvid.rendering.embedded import embed
from dreamvid.rendering.film_source import heard_before, open_film
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.output import check_outputs, output_of
from dreamvid.rendering.run import (
    finished_run,
    unfinished_run,
)
from dreamvid.resolve import Job, resolve
from dreamvid.shots import Shot
from dreamvid.soundtrack import beats_in_frames, warn_if_short
from dreamvid.source import Source, first_of
from dreamvid.task import AnyDreamer, Identified, Octaves, OnMachine

SEGMENT = 48
"""The most frames in a closed segment of film; each is encoded independently of the others."""


Load = Callable[[Job, Machine], AnyDreamer]
"""Makes the dreamer of a job."""


@dataclass(frozen=True)
class Plan:
    """A render, resolved and checked, before anything is dreamed.

    Attributes:
        recipe: with the network's defaults filled in.
        job: that recipe, resolved.
        output: where the result goes, unless `sink` is set.
        source: the frames to dream on.
        guides: beside them.
        timeline: the frames' times.
        dreamer: loaded.
        octaves: the sizes of the first frame, smallest first; empty if the dreamer has none.
        manifest: identifies the render; None: nothing is stored to resume from.
        sink: the caller's sink.
        segment: the most frames in a closed segment of the film.
        shot: the only shot of the film that is rendered; None: all.
        ends: whether the film's last frame is rendered.
    """

    recipe: Recipe
    job: Job
    output: Path
    source: Source
    guides: GuideFiles
    timeline: Timeline
    dreamer: AnyDreamer
    octaves: list[Size] = field(default_factory=list)
    manifest: Manifest | None = None
    sink: Sink | None = None
    segment: int = SEGMENT
    shot: Shot | None = None
    ends: bool = True

    @property
    def first(self) -> int:
        """The number of the first frame that is rendered."""
        return self.shot.start if self.shot else 0

    @property
    def count(self) -> int | None:
        """How many frames are rendered; None: it is not known."""
        return self.shot.count if self.shot else self.timeline.frames

    def lines(self) -> Iterator[str]:
        """A summary for people, line by line."""
        count = "all" if self.count is None else self.count
        size, rate = self.source.size, self.timeline.rate
        into = " ".join(str(self.passes.path(name)) for name in self.passes.names)
        yield f"{count} frames of {size} at {rate} fps into {into}"
        yield from self.notes
        path = CameraSteps(self.job, self.timeline).path
        if path is not None:
            yield f"points of interest in frames {', '.join(map(str, path.frames))}"
        if self.octaves:
            yield "octaves " + ", ".join(map(str, self.octaves))
            skipped = self.octaves_skipped
            if skipped:
                yield f"{skipped} smaller skipped: under the minimum size of the network"

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed about the input files, for people."""
        return (*self.source.notes, *self.guides.notes)

    @property
    def frames_requested(self) -> int | None:
        """How many frames the recipe asks for; None: all that its source has."""
        recipe = self.recipe
        if isinstance(recipe, VideoRecipe) and recipe.frames is None and recipe.end is not None:
            return math.floor((recipe.end - (recipe.start or 0)) * self.timeline.rate)
        if not isinstance(recipe, FilmRecipe):
            return None
        if isinstance(recipe.frames, BeatCount):
            return beats_in_frames(recipe.frames, self.source.heard)
        return recipe.frames

    @property
    def octaves_skipped(self) -> int:
        """How many of the requested octaves are too small for the network."""
        requested = at_frame(self.job, self.timeline[0]).dream.octaves
        return requested - len(self.octaves) if self.octaves else 0

    @cached_property
    def passes(self) -> Passes:
        """What is written of each frame, and where."""
        recipe = self.recipe
        return Passes(self.output, recipe.encode.passes, recipe.codec, recipe.is_film)

    def groups(
        self, since: Checkpoint | None = None, store: LeadStore | None = None
    ) -> Generator[DreamedGroup]:
        """Dream the frames; see `dreamed_groups`. A clip is read from where a shot begins."""
        loop, guides, first = self.timeline.loop, self.guides.frames, self.first
        if since is not None and not loop:
            first = since.done - 1 - since.t
        sources = self.source.open() if loop else self.source.since(first)
        if self.shot:
            sources = first_of(sources, self.shot.stop - first)
        return dreamed_groups(
            *(self.job, self.timeline, sources, self.dreamer, since),
            guides=around(guides, loop) if loop else guides(first),
            store=store,
            first=first,
        )

    def of_shot(self, shot: Shot, output: Path, *, ends: bool) -> Plan:
        """The plan of one of its shots.

        Args:
            output: where a partial film of it goes, and beside which its run is.
            ends: whether it is the last.
        """
        timeline = replace(self.timeline, cuts=frozenset())
        return replace(self, shot=shot, output=output, timeline=timeline, ends=ends)


def plan(
    recipe: Recipe,
    *,
    dreamer: AnyDreamer | None = None,
    source: Source | None = None,
    sink: Sink | None = None,
    overwrite: bool = False,
    restart: bool = False,
    load: Load | None = None,
    machine: Machine | None = None,
    known: Hearing | None = None,
) -> Plan:
    """Resolve and check everything that a render needs, before any work is done.

    Args:
        dreamer, source, sink: the caller's objects, used in place of what the recipe names. Of the
            caller's source at most `recipe.frames` are taken; its size and rate are the film's.
        overwrite: whether an existing output may be replaced. That of an unfinished run always may.
        restart: whether an unfinished run is discarded.
        load: makes the dreamer of a job; None: `make_dreamer`.
        machine: what it is computed with; None: that of the unfinished run, or this one.
        known: what is heard in its sound; None: what the unfinished run heard, or it is listened
            to.

    Raises:
        DreamvidError: the recipe cannot be rendered; one line.
    """
    if source is None and not recipe.source:
        raise RecipeError("name the picture or clip to dream on", key="source")
    output = output_of(recipe)
    if sink is None:
        unfinished = None if restart else _unfinished(recipe)
        machine = machine or (unfinished.machine if unfinished else None)
        known = known or (heard_before(output) if unfinished else None)
        check_outputs(recipe, output, overwrite or unfinished is not None)
    machine = machine or Machine.here()
    opened = open_film(recipe, source, known)
    warn_if_short(recipe, opened)
    if sink is None:
        for name in recipe.encode.passes:
            alpha = opened.alpha and not is_data(name)
            path = pass_path(output, name)
            check_codec(path, recipe.codec, film=recipe.is_film, alpha=alpha, size=opened.size)
    elif recipe.encode.beside:
        raise RecipeError("a sink of one's own takes the dream alone", key="encode.passes")
    guides = GuideFiles.of(recipe, opened)
    recipe = with_network_defaults(recipe)
    job = resolve(recipe, opened.size, machine)
    timeline = opened.timeline
    check(job, timeline)
    first = at_frame(job, timeline[0])
    # Raises if trim leaves nothing of the frame, or the path leads nowhere.
    CameraSteps(job, timeline).step(0, opened.size)
    Round.of(job, timeline, opened.size)  # raises if a zoom has too few frames to close
    loaded = (load or make_dreamer)(first, machine) if dreamer is None else dreamer
    # Raises if the frame is too small for the network.
    octaves = loaded.sizes(opened.size) if isinstance(loaded, Octaves) else []
    manifest = None
    if sink is None and job.film and _identified(dreamer=dreamer, source=source):
        machine = loaded.machine if isinstance(loaded, OnMachine) else machine
        manifest = Manifest.of(recipe, SEGMENT, machine, dreamer=dreamer, source=source)
    return Plan(
        *(recipe, job, output, opened, guides, timeline, loaded),
        *(octaves, manifest, sink, SEGMENT),
    )


def _unfinished(recipe: Recipe) -> Manifest | None:
    """The manifest of an unfinished run of the same output; a picture has none."""
    return unfinished_run(output_of(recipe)) if recipe.is_film else None


def _identified(**parts: object) -> bool:
    """Whether the caller's objects have an identity; if not, a notice says that resuming is off."""
    for name, part in parts.items():
        identity = part.identity if isinstance(part, Identified) else ""
        if not isinstance(identity, str):
            raise RecipeError(f"must be a text, not {identity!r}", key=f"{name}.identity")
        if part is not None and not identity:
            notices.inform(f"the {name} has no identity: nothing is kept to resume the render")
            return False
    return True


def is_done(recipe: Recipe) -> bool:
    """Whether the output of a recipe exists and was made by this recipe.

    This is known from the run's manifest or, without one, from the recipe embedded in the film. A
    still carries none, and is never known to be done.
    """
    if not recipe.is_film or not recipe.source:
        return False
    output = output_of(recipe)
    written = [pass_path(output, name) for name in recipe.encode.passes]
    if not all(map(is_there, written)) or unfinished_run(output) is not None:
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
    beats = isinstance(recipe, FilmRecipe) and isinstance(recipe.frames, BeatCount)
    opened = open_film if beats else open_source  # a length in beats is heard
    return comment == embed(manifest) and frames == opened(recipe).frames
