"""How long a film is: a number of frames, or of beats of its sound."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from dreamvid.recipe.fields import Flag

Frames = Annotated[int, Flag(short="-n"), Field(ge=1, le=10_000_000)]

USUAL_FRAMES = 50
"""Frames of a zoom without sound that is not given a length."""

MOST_BEATS = 100_000

_BEATS = re.compile(r"(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})b")


@dataclass(frozen=True)
class BeatCount:
    """A number of beats, over 0, as a film's length: `16b`."""

    beats: Fraction

    def __str__(self) -> str:
        return f"{float(self.beats):.6f}".rstrip("0").rstrip(".") + "b"

    def frames(self, beat: float) -> int:
        """The nearest number of frames, at least 1, where a beat lasts `beat` of them."""
        return max(1, round(float(self.beats) * beat))


class _InBeats:
    """Marks a number of frames that may be a `BeatCount`."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def read(value: Any, plain: Any) -> Any:
            if isinstance(value, BeatCount):
                return value
            match = _BEATS.fullmatch(value.strip()) if isinstance(value, str) else None
            if match is None:
                return plain(value)
            if not 0 < Fraction(match[1]) <= MOST_BEATS:
                raise ValueError(f"must be more than 0 beats, and at most {MOST_BEATS}")
            return BeatCount(Fraction(match[1]))

        return core_schema.no_info_wrap_validator_function(
            read,
            handler.generate_schema(Frames),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: str(value) if isinstance(value, BeatCount) else value
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        beats = {"type": "string", "pattern": f"^\\s*{_BEATS.pattern}\\s*$"}
        return {"anyOf": [handler(schema["schema"]), beats]}


Length = Annotated[int | BeatCount, _InBeats(), Flag(short="-n", metavar="N|Nb")]
"""Frames, or beats."""
