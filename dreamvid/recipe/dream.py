"""The section `dream`: keys, descriptions, bounds and defaults.

A value of None is taken from the network and the objective.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from dreamvid.errors import FaultError
from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import Varies
from dreamvid.recipe.objective import Objective
from dreamvid.recipe.schedule import Schedule

MAX_GROWTH = 16
"""Largest ratio of the largest octave's size to the frame's size."""


def _as_int(value: Any) -> Any:
    return int(value) if value in ("1", "2") else value  # the command line passes strings


Steps = Annotated[int, Field(ge=1, le=100_000)]
StepSize = Annotated[float, Field(gt=0, le=255)]
Sigma = Annotated[float, Field(ge=0, le=32)]
Amount = Annotated[float, Field(ge=0, le=1)]
Bands = Annotated[int, Field(ge=0, le=8)]
Above = Annotated[int, Field(ge=0, le=8)]
Turns = Annotated[int, Field(ge=1, le=32)]
Angle = Annotated[float, Field(ge=0, le=180)]
Noise = Annotated[float, Field(ge=0, le=255)]
Penalty = Annotated[float, Field(ge=0, le=10)]


class Dream(Section):
    """Gradient ascent over octaves."""

    objective: Objective = Field(
        None,
        description="What to dream of, with weights: layers, such as heads,creatures=0.5 "
        "(`dreamvid layers` lists them), channels, such as heads:3,17 or heads:strong5, "
        "classes, such as class:peacock, and guides, such as guide:cat.jpg. Default: the "
        "network's own (lite0: heads, creatures).",
    )
    power: Annotated[Literal[1, 2] | None, BeforeValidator(_as_int)] = Field(
        None,
        description="1: raise the mean activation, 2: the mean square. Default: 2, unless the "
        "network says otherwise.",
    )
    method: Literal["detail", "resize", "recursive"] = Field(
        "detail",
        description="detail: put the source's detail back at each octave; resize: the picture "
        "itself goes through the sizes; recursive: from the smallest size up, blended.",
    )
    octaves: Annotated[int, Field(ge=1, le=32), Varies()] = Field(
        4,
        description="How many sizes to dream at; more make larger creatures. Those too small for "
        "the network are left out.",
    )
    octave_scale: Annotated[float, Field(gt=1, le=10), Varies()] = Field(
        1.4, description="Ratio of one octave's size to the next."
    )
    octave_top: Annotated[Above | None, Varies()] = Field(
        None,
        description="Octaves above the frame's own size. Default: 0; with lite0 1 for frames whose "
        "shorter side is under 300 px.",
    )
    steps: Annotated[Steps | None, Varies()] = Field(
        None,
        description="Steps per octave on a frame that carries a dream: every frame of a shot but "
        "its first. Default: 1. More: stronger, slower. Without `burst` it sets that too.",
    )
    burst: Annotated[Steps | None, Varies()] = Field(
        None,
        description="Steps per octave where nothing is dreamed yet: a still, a shot's first frame, "
        "ground that comes into view. Default: `steps` if given, else the network's own (lite0: "
        "12; four times as many for classes).",
    )
    step_size: Annotated[StepSize | None, Varies()] = Field(
        None,
        description="How far one step changes the picture, in levels of 255. Default: the "
        "network's own (lite0: 1.8); 2 for classes. More: stronger.",
    )
    normalize: Literal["std", "mean"] = Field(
        "std", description="Divide the gradient by its standard deviation or mean magnitude."
    )
    gradient_blur: Annotated[Sigma | None, Varies()] = Field(
        None,
        description="Sigma (px) of the Gaussian blurs that smooth the gradient; 0: none. Default: "
        "0; the method recursive has its own.",
    )
    decorrelate: Annotated[Amount | None, Varies()] = Field(
        None,
        description="How far the dream keeps to natural colors, 0 to 1; 0: neon. Default: 0.95; "
        "0.6 for classes; none for the method recursive.",
    )
    palette: Literal["natural", "source"] = Field(
        "natural",
        description="The colors that decorrelate keeps to. natural: those of photographs at large; "
        "source: those of the source itself.",
    )
    laplacian: Annotated[Bands | None, Varies()] = Field(
        None,
        description="Bands of detail, from the finest on, that are given equal strength, which "
        "softens the dream; 0: none. Default: 2; 4 for classes; none for the method recursive.",
    )
    stagger: Annotated[Turns | None, Varies()] = Field(
        None,
        description="Where a dream is carried, only one octave a frame takes steps, and larger "
        "ones: the largest octave on every N-th frame, the others in turn in between. 1: every "
        "octave on every frame, slower. Default: 2; 1 for the methods resize and recursive.",
    )
    sustain: Annotated[Amount | None, Varies()] = Field(
        None,
        description="Share of `step_size` and of `jitter_noise` after a shot's first frame, which "
        "sustains a carried dream. Default: 1; 0.35 for classes where the whole picture is "
        "carried, as in zooms.",
    )
    jitter: Annotated[int, Field(ge=0, le=4096), Varies()] = Field(
        32, description="Largest random shift (px) of the picture at each step."
    )
    jitter_angle: Annotated[Angle | None, Varies()] = Field(
        None,
        description="Largest random turn (degrees) of the picture at each step. Default: 0; 15 for "
        "classes.",
    )
    jitter_scale: Annotated[Amount | None, Varies()] = Field(
        None,
        description="Largest random change of the picture's size at each step, as a share of it. "
        "Default: 0; 0.25 for classes.",
    )
    jitter_noise: Annotated[Noise | None, Varies()] = Field(
        None,
        description="Standard deviation (levels) of random noise that the network sees on the "
        "picture at each step. Default: 0; 15 for classes.",
    )
    total_variation: Annotated[Penalty | None, Varies()] = Field(
        None,
        description="How much of each step goes against noise, in strengths of the gradient: a "
        "penalty on the total variation, the differences of neighbouring pixels, of what the dream "
        "adds. Default: 0; 0.1 for classes.",
    )
    source_difference: Annotated[Penalty, Varies()] = Field(
        0.0,
        description="How much of each step goes back to the source, in strengths of the gradient "
        "for a difference of 16 levels.",
    )
    tile: int | None = Field(
        None,
        ge=64,
        le=16384,
        description="Largest tile (px) dreamed at once. Default: 1280, less where memory is short.",
    )
    tile_margin: int = Field(
        32, ge=0, le=1024, description="Context (px) that the network sees around a tile."
    )

    @model_validator(mode="after")
    def _method_supports_keys(self) -> Dream:
        for key in ("decorrelate", "laplacian"):
            if self.method == "recursive" and getattr(self, key):
                raise FaultError(key, "the method recursive norms each tile by itself; leave it")
        if self.method != "detail" and self.stagger not in (None, 1):
            message = f"the method {self.method} goes through every octave; use 1"
            raise FaultError("stagger", message)
        return self

    @model_validator(mode="after")
    def _limits_growth(self) -> Dream:
        scale, top = self.octave_scale, self.octave_top or 0
        varies = isinstance(scale, Schedule) or isinstance(top, Schedule)
        if not varies and scale**top > MAX_GROWTH:
            message = f"must leave a frame at most {MAX_GROWTH} times as wide"
            raise FaultError("octave_top", message)
        return self
