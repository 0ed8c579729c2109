"""The section `encode` of a recipe: codecs, quality, passes, a sequence's names, sound."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import Flag

StillCodecName = Literal["png", "png16", "tiff16", "exr", "jpeg", "webp"]
"""Codecs of pictures; those that are there, by name, stand in `dreamvid.media.codecs.table`."""

FilmCodecName = Literal[
    "h264", "h265", "av1", "prores", "ffv1", "hap", "hap_alpha", "hap_q", "gif", "webp"
]
"""Codecs of films."""

CodecName = Literal[FilmCodecName, StillCodecName]

FRAME_NAME = re.compile(
    r"(?P<before>[^%#/\\]*)(?:%(?:0(?P<digits>\d))?d|(?P<hashes>#+))(?P<after>[^%#/\\]*)"
)
"""A name with one place for a number: `%d`, `%04d` or `####`."""

USUAL_NAME = "%06d"
"""The names of a sequence's frames where nothing else is asked for."""


def _has_number(name: str) -> str:
    if not FRAME_NAME.fullmatch(name) or not name.isprintable():
        raise ValueError("must hold the frame's number once, such as shot.%04d or shot.####")
    return name


FrameName = Annotated[
    str,
    Field(max_length=200, json_schema_extra={"pattern": "^[^%#]*(%(0[0-9])?d|#+)[^%#]*$"}),
    AfterValidator(_has_number),
    Flag(metavar="NAME"),
]


PassName = Literal["dream", "source", "residual", "matte"]
"""What one render can write of each frame, each into an output of its own (`media.passes`)."""


def _parse_passes(value: Any) -> Any:
    """`"residual,matte"` or a list, in the usual order, once each; the dream is always there."""
    names = re.split(r"[,\s]+", value.strip(" ,")) if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or any(name not in get_args(PassName) for name in names):
        return names  # refused, by name
    return tuple(name for name in get_args(PassName) if name == "dream" or name in names)


Passes = Annotated[
    tuple[PassName, ...],
    BeforeValidator(_parse_passes),
    PlainSerializer(list),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {"enum": list(get_args(PassName))}},
                {"type": "string"},
            ]
        }
    ),
    Flag(metavar="PASS,…"),
]


class AnyEncode(Section):
    """What the encoding of pictures and of films has in common."""

    passes: Passes = Field(
        ("dream",),
        description="What is written of each frame, for compositing, each into an output of its "
        "own: dream, source (as the camera sees it), residual (dream less source), matte (how much "
        "was dreamed). The dream is always written.",
    )

    @property
    def beside(self) -> tuple[PassName, ...]:
        """The passes that are written beside the dream."""
        return tuple(name for name in self.passes if name != "dream")


class StillEncode(AnyEncode):
    """How a picture is encoded."""

    codec: StillCodecName | None = Field(
        None,
        description="Codec of the picture. Default: the first that its extension holds: .png png, "
        ".tif tiff16, .exr exr, .jpg jpeg, .webp webp.",
    )


class Encode(AnyEncode):
    """How the frames are encoded."""

    codec: CodecName | None = Field(
        None,
        description="Codec of the film. Default: the first that its extension holds: .mp4, .mov "
        "and .mkv h264; a folder png.",
    )
    crf: int = Field(
        18,
        ge=0,
        le=51,
        description="Quality of h264, h265, av1 and of an animated webp; lower: better, a larger "
        "file.",
    )
    frame_name: FrameName = Field(
        USUAL_NAME,
        description="Name of the frames in a folder, such as shot.%04d or shot.####.",
    )
    first_number: int = Field(
        0, ge=0, le=10**9, description="Number of the first frame in a folder."
    )
    audio: Annotated[Literal["keep", "none"], Flag("sound")] = Field(
        "keep",
        description="Put the sound into the film, that of `audio` or else a clip's own; none: a "
        "silent film, whose schedules may hear it.",
    )
