"""What a report is asked for; `docs/report.md` says what each number of it means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from dreamvid.errors import RecipeError
from dreamvid.recipe import MAX_NAME, Frames, NamedPath, Objective, Section
from dreamvid.recipe.fields import Flag, Moment, Rate

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
    ] = Field(None, description="The dreamed film, or a dreamed still.")
    source: Annotated[NamedPath | None, Flag(metavar="CLIP")] = Field(
        None, description="The clip or picture that it was dreamed from."
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
