"""The sections of a recipe: keys, descriptions, bounds and defaults.

A value of None is taken from the network: its objective, steps, step size and so on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from dreamvid.errors import FaultError
from dreamvid.limits import MAX_SIDE
from dreamvid.recipe.base import Section
from dreamvid.recipe.base_term import MAX_NAME
from dreamvid.recipe.fields import Flag, InPixels, Triple, Varies
from dreamvid.recipe.loop import LOOP_SHARE
from dreamvid.recipe.paths import InputFile
from dreamvid.recipe.preprocessing import PREPROCESSING, Preprocessing, parse_preprocessing
from dreamvid.recipe.schedule import Schedule
from dreamvid.recipe.waypoints import Waypoints, path_schedules

MODEL_ENDINGS = (".keras", ".h5")
"""File extensions by which a network's name is that of a file with a whole Keras model."""

WORDS_FOR_WEIGHTS = ("imagenet", "random")
"""Values of `network.weights` that are not files."""


class Network(Section):
    """The network that dreams. May be given as its name alone."""

    short = "name"
    reset_by = "name"

    name: Annotated[str, Flag("network", metavar="NAME|FILE"), InputFile(endings=MODEL_ENDINGS)] = (
        Field(
            "lite0",
            min_length=1,
            max_length=MAX_NAME,
            description="Network that dreams; `dreamvid layers` lists them. Or a file with a Keras "
            "model (.keras, .h5), which needs `preprocess`.",
        )
    )
    preprocess: Annotated[
        Preprocessing | None,
        BeforeValidator(parse_preprocessing),
        Flag(metavar="|".join(PREPROCESSING)),
    ] = Field(
        None,
        description="What the network takes: raw (0 to 255), unit (0 to 1), tf (-1 to 1), caffe, "
        "torch, or mean, scale and order. Default: as is known of the network.",
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

    @classmethod
    def expanded(cls, data: Any) -> Any:
        """As in `Section`; a film's recipe has no path, so its network's name may be gone."""
        data = super().expanded(data)
        if isinstance(data, Mapping) and data.get("name", "") is None:
            return {key: value for key, value in data.items() if key != "name"}
        return data


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
    path: Waypoints = Field(
        (),
        description="Points of interest in the source that the camera goes to: a list of `at`, "
        "`center` and perhaps `zoom` and `angle`, in place of `center` and `translate`.",
    )
    handheld: Annotated[float, Field(ge=0, le=20), Varies()] = Field(
        0.0,
        description="How far the camera shakes as if held by hand, in percent of the frame's "
        "width.",
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

    @model_validator(mode="after")
    def _led_by_one(self) -> Motion:
        if not self.path:
            return self
        others = {"center": (0.5, 0.5), "translate": (0, 0), "trim": None}
        for key, usual in others.items():
            if getattr(self, key) != usual:
                raise FaultError("path", f"leads the camera itself; leave {key} out")
        for key in ("zoom", "angle"):
            if f"path.{key}" in self.derived and isinstance(getattr(self, key), Schedule):
                raise FaultError("path", f"its points say {key} too; leave one of the two out")
        if self.moves != "camera":
            raise FaultError("path", "leads over the source; set moves: camera")
        return self

    @property
    def derived(self) -> Mapping[str, Schedule]:
        """See `Section.derived`."""
        return path_schedules(self.path)

    @property
    def beyond(self) -> Literal["reflect", "edge", "wrap", "black"]:
        """How the source goes on beyond its edges, under a camera that sees past them."""
        return "reflect" if self.border == "source" else self.border

    @property
    def rests(self) -> bool:
        """Whether the camera never moves."""
        moved = (self.zoom, self.angle, self.handheld, *self.translate) != (1, 0, 0, 0, 0)
        return self.trim is None and not self.path and not moved


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
        description="Share of the last frame in the next one; the rest is the source. Default: "
        f"1; {LOOP_SHARE:g} in a loop.",
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
