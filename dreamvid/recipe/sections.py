"""The sections of a recipe: keys, descriptions, bounds and defaults.

A value of None is taken from the network: its objective, steps, step size and so on.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from dreamvid.errors import FaultError
from dreamvid.limits import MAX_SIDE
from dreamvid.recipe.base import Section
from dreamvid.recipe.fields import Flag, InPixels, Triple, Varies
from dreamvid.recipe.objective import Objective
from dreamvid.recipe.paths import InputFile
from dreamvid.recipe.schedule import Schedule
from dreamvid.recipe.terms import MAX_NAME

WORDS_FOR_WEIGHTS = ("imagenet", "random")
"""Values of `network.weights` that are not files."""

MAX_GROWTH = 16
"""Largest ratio of the largest octave's size to the frame's size."""


class Network(Section):
    """The network that dreams. May be given as its name alone."""

    short = "name"
    reset_by = "name"

    name: Annotated[str, Flag("network", metavar="NAME")] = Field(
        "lite0",
        min_length=1,
        max_length=MAX_NAME,
        description="Network that dreams; `dreamvid layers` lists them.",
    )
    weights: Annotated[
        str | None, Flag(metavar="NAME|FILE"), InputFile(keywords=WORDS_FOR_WEIGHTS)
    ] = Field(
        None,
        description="imagenet, random, or a file (.h5, .keras, .npz). Default: those that come "
        "with the network, or are fetched for it.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="What the network computes in; auto: bfloat16 where the machine multiplies "
        "it and the network is known to gain. The picture stays float32.",
    )


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
        "(`dreamvid layers` lists them), channels, such as heads:3,17 or heads:strong5, and "
        "classes, such as class:peacock. Default: the network's own (lite0: heads, creatures).",
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
        "network's own (lite0: 1.8); 1 for classes. More: stronger.",
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
        "adds. Default: 0; 0.3 for "
        "classes.",
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


Zoom = Annotated[float, Field(ge=0.1, le=10), Varies()]
Degrees = Annotated[float, Field(ge=-180, le=180), Varies()]
Pixels = Annotated[float, Field(ge=0, le=MAX_SIDE), Varies()]
Shift = Annotated[float, Field(ge=-MAX_SIDE, le=MAX_SIDE), Varies()]
Place = Annotated[float, Field(ge=-10, le=10), Varies()]
Share = Annotated[float, Field(ge=0, le=1), Varies()]


class Motion(Section):
    """The camera's movement from one frame to the next."""

    zoom: Zoom = Field(1.0, description="Magnification a frame; under 1 zooms out.")
    trim: Annotated[tuple[Pixels, Pixels] | None, InPixels()] = Field(
        None, description="Instead of zoom: px cropped left and right, above and below, a frame."
    )
    angle: Degrees = Field(0.0, description="Degrees a frame, counterclockwise.")
    translate: Annotated[tuple[Shift, Shift], InPixels()] = Field(
        (0.0, 0.0), description="Px a frame by which the picture moves to the right and down."
    )
    center: tuple[Place, Place] = Field(
        (0.5, 0.5), description="The fixed point, as fractions of width and height."
    )
    border: Literal["source", "reflect", "edge", "wrap", "black"] = Field(
        "source",
        description="What comes in from outside the frame. source: the source, mirrored beyond its "
        "edges; reflect, edge, wrap: the frame's own mirror image, edge or other side; or black.",
    )
    moves: Literal["dream", "camera"] = Field(
        "dream",
        description="camera: picture and dream move together; dream: only the dream moves, and the "
        "source under it stays.",
    )


class ZoomMotion(Motion):
    """The camera of a zoom, which moves into the picture."""

    zoom: Zoom = Field(1.02, description="Magnification a frame; under 1 zooms out.")
    moves: Literal["dream", "camera"] = Field(
        "camera",
        description="camera: picture and dream move together; dream: only the dream moves, and the "
        "source under it stays.",
    )


class Blend(Section):
    """How the last dream is carried onto this frame. May be given as its share alone."""

    short = "share"

    carry: Literal["residual", "picture"] = Field(
        "residual",
        description="residual: only what was dreamed passes to the next frame; picture: the whole "
        "frame does.",
    )
    follow: Literal["flow", "still"] = Field(
        "flow",
        description="What moves the dream besides the camera. flow: the clip's optical flow; "
        "still: nothing.",
    )
    share: Annotated[Share, Flag("blend")] = Field(
        0.97,
        description="Share of the last dream that passes to the next frame; 0: each frame is "
        "dreamed alone.",
    )
    warmup: int = Field(
        6,
        ge=0,
        le=100,
        description="Extra passes over a shot's first frame, before it shows. More: a steadier "
        "start, slower.",
    )


class ZoomBlend(Blend):
    """How a zoom carries the last dream: the picture itself, without optical flow."""

    carry: Literal["residual", "picture"] = Field(
        "picture",
        description="residual: only what was dreamed passes to the next frame; picture: the whole "
        "frame does.",
    )
    follow: Literal["still"] = Field("still", description="still: only the camera moves the dream.")
    share: Annotated[Share, Flag("blend")] = Field(
        1.0,
        description="Share of the last frame in the next one; the rest is the source.",
    )
    warmup: int = Field(
        0,
        ge=0,
        le=100,
        description="Extra passes over a shot's first frame, before it shows. More: a steadier "
        "start, slower.",
    )


class Color(Section):
    """Shifting a film's color, and anchoring it to the source."""

    shift: Triple = Field(
        (0.0, 0.0, 0.0), description="Levels (of 255) added to R, G and B in each frame."
    )
    anchor: Annotated[Share, Flag("color-anchor")] = Field(
        0.5,
        description="How firmly, 0 to 1, a film is held near its source: in a zoom its brightness, "
        "contrast, tint, saturation and fine detail; in a clip the dream's mean and spread. 0: let "
        "it drift.",
    )
