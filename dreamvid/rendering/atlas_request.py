"""The options of `dreamvid atlas`; `docs/atlas.md` describes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from dreamvid.limits import MAX_SIDE
from dreamvid.recipe import NamedPath, Network, Section
from dreamvid.recipe.base_term import MAX_NAME
from dreamvid.recipe.fields import Flag

ALL = "all"
"""Value of `--channels` and `--classes`."""


def _names(value: Any) -> Any:
    """Names separated by commas."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return value


def _numbers(value: Any) -> Any:
    """`0-31,40` as (0, …, 31, 40); `all` as None."""
    if value is None or value == ALL:
        return None
    if not isinstance(value, str):
        return value
    numbers: list[int] = []
    for part in value.split(","):
        match = re.fullmatch(r"\s*(\d{1,6})\s*(?:-\s*(\d{1,6})\s*)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first:
            raise ValueError(f"must be channels such as 0-31 or 3,17, or all, not {value!r}")
        numbers += range(first, last + 1)
    return list(dict.fromkeys(numbers))


Names = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=MAX_NAME)], ...], BeforeValidator(_names)
]


class AtlasRequest(Section):
    """The options of `dreamvid atlas`."""

    network: Network = Field(default_factory=Network, description="The network.")
    layers: Annotated[Names, Flag(metavar="NAME,…")] = Field(
        (), description="Layers of whose channels pictures are made. Without it: of each layer."
    )
    channels: Annotated[
        tuple[int, ...] | None, BeforeValidator(_numbers), Flag(metavar="A-B|A,B|all")
    ] = Field(None, description="Which channels of these layers. Default: all.")
    classes: Annotated[Names, Flag(metavar="NAME,…|all")] = Field(
        (), description="Classes of which pictures are made, by name or number; all: every one."
    )
    source: Annotated[NamedPath | None, Flag(metavar="PICTURE")] = Field(
        None, description="Picture that is dreamed on, cropped to a square. Default: noise."
    )
    size: int = Field(128, ge=16, le=MAX_SIDE, description="Side of each picture, in px.")
    octaves: int = Field(3, ge=1, le=32, description="How many sizes to dream at.")
    steps: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Steps per octave. Default: the network's (lite0: 12; 48 for classes).",
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Of the noise and all random draws.")
    output: Annotated[NamedPath, Flag(short="-o", metavar="FILE")] = Field(
        Path("atlas.png"),
        description="Sheet as a picture (.png, .jpg), in several pages where there are many, or a "
        "page for a browser (.html).",
    )
    overwrite: bool = Field(False, description="Replace a sheet that exists.")
    restart: bool = Field(False, description="Start an unfinished sheet over.")
    quiet: Annotated[bool, Flag(short="-q")] = Field(False, description="Print only errors.")
