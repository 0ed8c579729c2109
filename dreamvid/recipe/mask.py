"""The sections `mask` and `regions` of a recipe: where is dreamed, and of what there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import Flag, InPixels
from dreamvid.recipe.objective import Objective
from dreamvid.recipe.paths import InputFile
from dreamvid.recipe.sections import Share

OWN_ALPHA = "alpha"
"""Value of `mask.file`: the source's own alpha."""


class Mask(Section):
    """Where a frame is dreamed on: white dreams, black stays the source. May be given as its file
    alone."""

    short = "file"

    file: Annotated[
        str | None, Flag("mask", metavar="FILE|alpha"), InputFile(keywords=(OWN_ALPHA,))
    ] = Field(
        None,
        description="Picture, clip or numbered pictures: white is dreamed on, black stays the "
        "source, gray by degrees; alpha: the source's own alpha. Default: all is dreamed on.",
    )
    invert: Annotated[bool, Flag("mask-invert")] = Field(
        False, description="Dream on the mask's black, and keep its white."
    )
    blur: Annotated[float, Field(ge=0, le=1000), Flag("mask-blur"), InPixels()] = Field(
        0.0, description="Sigma in px by which the mask is blurred."
    )
    amount: Annotated[Share, Flag("mask-amount")] = Field(
        1.0, description="How much of the mask counts, 0 to 1; as a schedule it fades."
    )
    follow: Annotated[Literal["camera", "frame"], Flag("mask-follow")] = Field(
        "camera",
        description="camera: the mask lies on the source, and moves with it; frame: it stands.",
    )


class Region(Section):
    """A mask, and what is dreamed there."""

    mask: Mask = Field(description="Where.")
    objective: Objective = Field(
        None, description="What is dreamed there. Default: `dream.objective`."
    )


MAX_REGIONS = 16
"""Most regions of a recipe."""
