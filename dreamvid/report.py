"""`dreamvid report DREAMED --source CLIP`: how steady a dreamed film is, from words to files.

`docs/report.md` says what each number means. What opens films is imported when it is needed, so
that the help answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from dreamvid.errors import MediaError, RecipeError
from dreamvid.recipe import MAX_NAME, Frames, NamedPath, Objective, Section
from dreamvid.values import Flag, Moment, Rate

if TYPE_CHECKING:
    from dreamvid.comparison import Compared, Measured
    from dreamvid.plot import Gallery
    from dreamvid.summary import Report

Watch = Callable[["Iterator[Compared]", int | None], "Iterable[Compared]"]
"""Stands between the frames and who measures them: a bar. The number is how many will come."""

STDOUT = Path("-")


def _one(words: Any) -> Any:
    if isinstance(words, list | tuple):
        if len(words) > 1:
            raise ValueError("takes one film")
        return words[0] if words else None
    return words


class Request(Section):
    """What `dreamvid report` is asked for."""

    dreamed: Annotated[
        NamedPath | None, BeforeValidator(_one), Flag(positional=True, metavar="DREAMED")
    ] = Field(None, description="The dreamed film.")
    source: Annotated[NamedPath | None, Flag(metavar="CLIP")] = Field(
        None, description="The clip that it was dreamed from."
    )
    start: Moment | None = Field(
        None, description="Where in the clip the film begins; else where the film says."
    )
    frames: Frames | None = Field(None, ge=1, description="Frames to compare; else all.")
    fps: Rate | None = Field(
        None, description="Frames a second that were rendered; else what the film says, or its own."
    )
    judge: Annotated[str | None, Flag(metavar="NAME")] = Field(
        None,
        max_length=MAX_NAME,
        description="Network that judges the dream's strength, best one that did not dream; none: "
        "it is not measured; else the one that dreamed the film.",
    )
    weights: Annotated[str | None, Flag(metavar="NAME|FILE")] = Field(
        None,
        description="Weights of the network that judges, be it named or the one that dreamed; else "
        "its own.",
    )
    objective: Objective = Field(
        None,
        description="Layers of the network that judges, with weights; else its own or, where the "
        "one that dreamed judges, those that it dreamed on.",
    )
    numbers: Annotated[NamedPath | None, Flag("json", metavar="FILE")] = Field(
        None, description="Write every frame's numbers as JSON; - prints them, not the table."
    )
    plot: Annotated[NamedPath | None, Flag(metavar="FILE.png")] = Field(
        None, description="Draw them over time, with the frames that matter."
    )
    overwrite: bool = Field(False, description="Replace files that exist.")

    @property
    def named(self) -> tuple[Path, Path]:
        """The film and its source. Raises RecipeError where one is not named."""
        if self.dreamed is None:
            raise RecipeError("dreamed: name the film to report on")
        if self.source is None:
            raise RecipeError("source: name the clip that it was dreamed from: --source clip.mp4")
        return self.dreamed, self.source


def report(
    request: Request, watch: Watch = lambda steps, total: steps
) -> tuple[Report, Gallery | None]:
    """Measure a film against its source; with `plot`, the pictures to be drawn are kept.

    Raises:
        DreamvidError: in one line, what cannot be done.
    """
    from dreamvid.comparison import measure
    from dreamvid.films import open_films
    from dreamvid.judge import find_judge
    from dreamvid.note import found_note
    from dreamvid.summary import Report

    dreamed, source = request.named
    _check_places(request)
    noted = found_note(dreamed)
    films = open_films(
        dreamed,
        source,
        start=request.start,
        fps=request.fps,
        frames=request.frames,
        said=noted.recipe if noted else None,
    )
    judge = find_judge(
        noted,
        films.size,
        name=request.judge,
        weights=request.weights,
        layers=request.objective,
    )
    gallery: Gallery | None = None
    if request.plot is not None:
        from dreamvid.plot import Gallery

        gallery = Gallery()
    frames: list[Measured] = []
    with films.opened() as (own, film):
        for measured, before, after in watch(measure(own, film, judge.objective), films.frames):
            frames.append(measured)
            if gallery is not None:
                gallery.offer(measured, before, after)
    if not frames:
        raise MediaError(f"{dreamed}: has no frame in common with {source}")
    made = Report(
        dreamed=dreamed.name,
        source=source.name,
        size=films.size,
        rate=films.rate,
        judge=judge.name,
        judge_dreamed=judge.dreamed,
        notes=(*films.notes, *films.lengths(len(frames)), *judge.notes),
        frames=tuple(frames),
    )
    return made, gallery


def written(request: Request, made: Report, gallery: Gallery | None) -> Iterator[str]:
    """Leave the files that were asked for, then tell what belongs on standard output."""
    from dreamvid.media.outputs import write_json, write_picture
    from dreamvid.table import lines

    if request.plot is not None and gallery is not None:
        from dreamvid.plot import draw

        write_picture(request.plot, draw(made, gallery), request.overwrite)
    if request.numbers is None:
        yield from lines(made)
    elif request.numbers == STDOUT:
        yield made.json()
    else:
        write_json(request.numbers, made.json() + "\n", request.overwrite)
        yield from lines(made)


def _check_places(request: Request) -> None:
    from dreamvid.media.outputs import check_json, check_picture

    if request.numbers not in (None, STDOUT):
        check_json(request.numbers, request.named, request.overwrite)
    if request.plot is not None:
        check_picture(request.plot, request.named, request.overwrite)
