"""The options of `dreamvid report`; `docs/report.md` explains its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from dreamvid.errors import RecipeError
from dreamvid.recipe import MAX_NAME, Frames, NamedPath, Objective, Section
from dreamvid.recipe.fields import Flag, Moment, Rate, the_only

STDOUT = Path("-")


class Request(Section):
    """The options of `dreamvid report`."""

    dreamed: Annotated[
        NamedPath | None, the_only("film"), Flag(positional=True, metavar="DREAMED")
    ] = Field(None, description="The dreamed film, or a dreamed still.")
    source: Annotated[NamedPath | None, Flag(metavar="CLIP")] = Field(
        None, description="The clip or picture that it was dreamed from."
    )
    start: Moment | None = Field(
        None, description="Where in the clip the film begins. Default: as embedded in the film."
    )
    frames: Frames | None = Field(None, ge=1, description="Frames to compare. Default: all.")
    fps: Rate | None = Field(
        None,
        description="Frames a second of the render. Default: as embedded in the film, or its own.",
    )
    judge: Annotated[str | None, Flag(metavar="NAME")] = Field(
        None,
        max_length=MAX_NAME,
        description="Network that measures the dream's strength, preferably one that did not "
        "dream it; none: do not measure it. Default: the one that dreamed the film.",
    )
    weights: Annotated[str | None, Flag(metavar="NAME|FILE")] = Field(
        None,
        description="Weights of the judging network. Default: those that dreamed the film, or its "
        "own.",
    )
    objective: Objective = Field(
        None,
        description="Layers of the judging network, with weights. Default: those that the film was "
        "dreamed on, if the same network judges, else its own.",
    )
    numbers: Annotated[NamedPath | None, Flag("json", metavar="FILE")] = Field(
        None, description="Write every frame's numbers as JSON; - prints them, not the table."
    )
    plot: Annotated[NamedPath | None, Flag(metavar="FILE.png")] = Field(
        None, description="Plot the numbers over time, with selected frames."
    )
    overwrite: bool = Field(False, description="Replace files that exist.")

    @property
    def named(self) -> tuple[Path, Path]:
        """The film and its source. Raises RecipeError if one is missing."""
        if self.dreamed is None:
            raise RecipeError("name the film to report on", key="dreamed")
        if self.source is None:
            raise RecipeError(
                "name the clip that it was dreamed from: --source clip.mp4", key="source"
            )
        return self.dreamed, self.source
