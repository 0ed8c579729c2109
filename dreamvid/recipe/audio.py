"""The section `audio` of a recipe: a film's sound, and how it is listened to."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from dreamvid.errors import FaultError
from dreamvid.limits import MAX_SOUND_SECONDS
from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import Flag, Moment
from dreamvid.recipe.heard import LONGEST
from dreamvid.recipe.paths import InputFile


def _no_word(value: Any) -> Any:
    if value in ("keep", "none"):
        raise ValueError(f"names a sound; to keep or drop a film's own, say --sound {value}")
    return value


class Audio(Section):
    """A film's sound. May be given as its file alone."""

    short = "file"

    file: Annotated[
        str | None, BeforeValidator(_no_word), Flag("audio", metavar="FILE"), InputFile()
    ] = Field(
        None,
        min_length=1,
        description="Sound, or clip with sound, that the film has and its schedules hear. A zoom "
        "is as long as it. Default: a clip's own.",
    )
    start: Annotated[Moment | None, Flag("audio-start", metavar="TIME")] = Field(
        None, description="Where in that sound the film begins, as 12.5 or 1:30."
    )
    end: Annotated[Moment | None, Flag("audio-end", metavar="TIME")] = Field(
        None, description="Where in that sound to stop, as 12.5 or 1:30."
    )
    bpm: float | None = Field(
        None, ge=1, le=1000, description="Beats a minute. Default: found by librosa."
    )
    first_beat: Annotated[
        Annotated[Moment, Field(le=MAX_SOUND_SECONDS)] | None,
        Flag("first-beat", metavar="TIME"),
    ] = Field(
        None,
        description="When in the sound a first beat of a bar is. Default: its beginning with "
        "`bpm`, else the first beat that is known.",
    )
    beats: Annotated[str | None, Flag("beats", metavar="FILE"), InputFile()] = Field(
        None,
        min_length=1,
        description="File of the times of the beats in seconds, one a line, in place of `bpm`.",
    )
    attack: float = Field(
        0.02,
        ge=0,
        le=LONGEST,
        description="Seconds in which what is heard rises before a peak.",
    )
    release: float = Field(
        0.2, ge=0, le=LONGEST, description="Seconds in which it falls after a peak."
    )

    @model_validator(mode="after")
    def _is_a_part(self) -> Audio:
        if self.end is not None and self.end <= (self.start or 0):
            raise FaultError("end", "must be after audio.start")
        return self
