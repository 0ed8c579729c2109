"""What to render: frozen, validated, and the one home of every default.

The same names serve at the prompt, in YAML and in Python. A recipe is one of three kinds, which
differ in what they are asked for and in a few defaults; `docs/recipes.md` lists every key.

What is left `None` belongs to another: the objective, the steps and the step size to the network
(`dream/catalogue.py`), size, rate and length to the source.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from dreamvid.schedule import Schedule
from dreamvid.values import MAX_SIDE, Flag, Moment, Rate, Size, Triple, Varies, parse_terms

MAX_NAME = 1000
"""Letters of the name of a network or a layer."""

MAX_TERMS = 1000
"""Layers of an objective."""

MAX_GROWTH = 16
"""How many times the frame's own size the largest octave may be."""


class Section(BaseModel):
    """A frozen part of a recipe; an unknown key, NaN and infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Network(Section):
    """Which network dreams. Its name alone may stand for the section."""

    name: Annotated[str, Flag("network", metavar="NAME")] = Field(
        "lite0",
        max_length=MAX_NAME,
        description="Network that dreams; `dreamvid layers` lists them.",
    )
    weights: Annotated[str | None, Flag(metavar="NAME|FILE")] = Field(
        None,
        description="imagenet, random, or a file (.h5, .keras, .npz). Default: the network's own.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="What the network computes in; auto: bfloat16 where the machine multiplies "
        "it and the network is known to gain. The picture stays float32.",
    )

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, data: Any) -> Any:
        return {"name": data} if isinstance(data, str) else data


class Term(Section):
    """One layer of the objective and its weight; a negative weight subdues the layer."""

    layer: str = Field(min_length=1, max_length=MAX_NAME)
    weight: Annotated[float, Field(ge=-1e6, le=1e6), Varies()] = 1.0


def _short(terms: tuple[Term, ...] | None) -> Any:
    weights = {term.layer: term.model_dump()["weight"] for term in terms or ()}
    if terms is not None and len(weights) < len(terms):  # a layer named twice
        return [term.model_dump() for term in terms]
    return None if terms is None else weights


def _some_weight(terms: tuple[Term, ...] | None) -> tuple[Term, ...] | None:
    if terms is not None and not any(term.weight for term in terms):
        raise ValueError("every weight is 0, which leaves nothing to dream of")
    return terms


Objective = Annotated[
    Annotated[tuple[Term, ...], Field(min_length=1, max_length=MAX_TERMS)] | None,
    BeforeValidator(parse_terms),
    AfterValidator(_some_weight),
    PlainSerializer(_short),
    Flag("layers", metavar="LAYER[=WEIGHT],…"),
]


def _whole(value: Any) -> Any:
    return int(value) if value in ("1", "2") else value  # as the prompt hands it on


Steps = Annotated[int, Field(ge=1, le=100_000)]
StepSize = Annotated[float, Field(gt=0, le=255)]
Sigma = Annotated[float, Field(ge=0, le=32)]
Amount = Annotated[float, Field(ge=0, le=1)]
Bands = Annotated[int, Field(ge=0, le=8)]
Above = Annotated[int, Field(ge=0, le=8)]
Turns = Annotated[int, Field(ge=1, le=32)]


class Dream(Section):
    """Gradient ascent over octaves."""

    objective: Objective = Field(
        None,
        description="Layers to dream on, with weights, such as heads,creatures=0.5; `dreamvid "
        "layers` lists them. Default: the network's own.",
    )
    power: Annotated[Literal[1, 2] | None, BeforeValidator(_whole)] = Field(
        None, description="1: mean activation, 2: mean square. Default: the network's own."
    )
    method: Literal["detail", "resize", "recursive"] = Field(
        "detail",
        description="detail: put the source's detail back at each octave; resize: the picture "
        "itself goes through the sizes; recursive: from the smallest size up, blended.",
    )
    octaves: Annotated[int, Field(ge=1, le=32), Varies()] = Field(
        4,
        description="Sizes to dream at; more make larger creatures. Those too small for the "
        "network are left out.",
    )
    octave_scale: Annotated[float, Field(gt=1, le=10), Varies()] = Field(
        1.4, description="Ratio of one size to the next."
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
        "12).",
    )
    step_size: Annotated[StepSize | None, Varies()] = Field(
        None,
        description="How far one step changes the picture, in levels of 255. Default: the "
        "network's own (lite0: 1.8). More: stronger.",
    )
    normalize: Literal["std", "mean"] = Field(
        "std", description="Divide the gradient by its standard deviation or mean magnitude."
    )
    smooth: Annotated[Sigma | None, Varies()] = Field(
        None,
        description="Sigma (px) of the Gaussian blurs that smooth the gradient; 0: none. Default: "
        "0; the method recursive has its own.",
    )
    decorrelate: Annotated[Amount | None, Varies()] = Field(
        None,
        description="How far the dream keeps to natural colors, 0 to 1; 0: neon. Default: 0.95; "
        "none for the method recursive.",
    )
    palette: Literal["natural", "source"] = Field(
        "natural",
        description="The colors that decorrelate keeps to. natural: those of photographs at large; "
        "source: those of the source itself.",
    )
    laplacian: Annotated[Bands | None, Varies()] = Field(
        None,
        description="Bands of detail, from the finest on, that are given equal strength, which "
        "softens the dream; 0: none. Default: 2; none for the method recursive.",
    )
    stagger: Annotated[Turns | None, Varies()] = Field(
        None,
        description="Where a dream is carried, one octave a frame takes its steps, which are "
        "larger: the largest octave on every so many frames, the others in turn between. 1: every "
        "octave on every frame, slower. Default: 2; 1 for the methods resize and recursive.",
    )
    jitter: Annotated[int, Field(ge=0, le=4096), Varies()] = Field(
        32, description="Largest random shift (px) of a step."
    )
    tile: int | None = Field(
        None,
        ge=64,
        le=16384,
        description="Largest tile (px) dreamed at once. Default: 1280, less where memory is short.",
    )
    margin: int = Field(32, ge=0, le=1024, description="Context (px) that a tile sees around it.")

    @model_validator(mode="after")
    def _whole_gradients_are_shaped(self) -> Dream:
        for key in ("decorrelate", "laplacian"):
            if self.method == "recursive" and getattr(self, key):
                raise ValueError(f"{key}: the method recursive norms each tile by itself; leave it")
        if self.method != "detail" and self.stagger not in (None, 1):
            raise ValueError(f"stagger: the method {self.method} goes through every octave; use 1")
        return self

    @model_validator(mode="after")
    def _grows_within_reason(self) -> Dream:
        both = self.octave_scale, self.octave_top or 0
        varies = any(isinstance(each, Schedule) for each in both)
        if not varies and both[0] ** both[1] > MAX_GROWTH:
            raise ValueError(f"octave_top: must leave a frame at most {MAX_GROWTH} times as wide")
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
    trim: tuple[Pixels, Pixels] | None = Field(
        None, description="Instead of zoom: px cropped left and right, above and below, a frame."
    )
    angle: Degrees = Field(0.0, description="Degrees a frame, counterclockwise.")
    translate: tuple[Shift, Shift] = Field(
        (0.0, 0.0), description="Px a frame by which the picture moves right and down."
    )
    center: tuple[Place, Place] = Field(
        (0.5, 0.5), description="The fixed point, as fractions of width and height."
    )
    border: Literal["source", "reflect", "edge", "wrap", "black"] = Field(
        "source",
        description="What comes in from outside the frame: the source, mirrored beyond its edges; "
        "or the frame's own mirror image, edge or other side; or black.",
    )
    on: Literal["dream", "frame"] = Field(
        "dream",
        description="frame: the camera moves over the picture, dream and all; dream: it moves the "
        "dream alone, and the source under it stays.",
    )


class ZoomMotion(Motion):
    """The camera of a zoom: it goes into the picture."""

    zoom: Zoom = Field(1.02, description="Magnification a frame; under 1 goes out.")
    on: Literal["dream", "frame"] = Field(
        "frame",
        description="frame: the camera moves over the picture, dream and all; dream: it moves the "
        "dream alone, and the source under it stays.",
    )


class Blend(Section):
    """What the last dream leaves on this frame. Its share alone may stand for the section."""

    what: Literal["residual", "picture"] = Field(
        "residual",
        description="residual: only what was dreamed passes to the next frame; picture: the whole "
        "frame does.",
    )
    by: Literal["flow", "still"] = Field(
        "flow",
        description="What moves the dream beside the camera. flow: the clip's own motion; still: "
        "nothing.",
    )
    share: Annotated[Share, Flag("blend")] = Field(
        0.97,
        description="Share of the last dream that passes to the next frame; 0: each frame is "
        "dreamed alone.",
    )
    settle: int = Field(
        6,
        ge=0,
        le=100,
        description="Extra passes over a shot's first frame, before it shows. More: a steadier "
        "beginning, slower.",
    )

    @model_validator(mode="before")
    @classmethod
    def _share_alone(cls, data: Any) -> Any:
        return {"share": data} if isinstance(data, int | float | str | Schedule) else data


class ZoomBlend(Blend):
    """What a zoom carries: the whole picture."""

    what: Literal["residual", "picture"] = Field(
        "picture",
        description="residual: only what was dreamed passes to the next frame; picture: the whole "
        "frame does.",
    )
    by: Literal["still"] = Field("still", description="still: only the camera moves the dream.")
    share: Annotated[Share, Flag("blend")] = Field(
        1.0,
        description="Share of the last frame that passes to the next; the rest is the source.",
    )
    settle: int = Field(
        0,
        ge=0,
        le=100,
        description="Extra passes over a shot's first frame, before it shows. More: a steadier "
        "beginning, slower.",
    )


class Color(Section):
    """What keeps the color, or moves it."""

    shift: Triple = Field((0.0, 0.0, 0.0), description="Levels added a frame to R, G and B.")
    anchor: Share = Field(
        0.5,
        description="How firmly, 0 to 1, a film is held near its source: in a zoom its brightness, "
        "contrast, tint, saturation and fine detail; in a clip the dream's mean and spread. 0: let "
        "it drift.",
    )


class Film(Section):
    """How the frames are coded."""

    crf: int = Field(18, ge=0, le=51, description="H.264 quality; lower is better and larger.")


class ClipFilm(Film):
    """How a clip's frames are coded, and its sound."""

    audio: Literal["keep", "none"] = Field("keep", description="Keep a clip's sound, or drop it.")


def _named(path: Path) -> Path:
    if not path.name:
        raise ValueError("must name a file")
    return path


NamedPath = Annotated[Path, AfterValidator(_named)]


class Recipe(Section):
    """What every kind of recipe says."""

    kind: Annotated[str, Flag(hidden=True)]
    version: Annotated[Literal[1], Flag(hidden=True)] = 1
    source: Annotated[
        tuple[NamedPath, ...],
        BeforeValidator(lambda value: (value,) if isinstance(value, str | Path) else value),
        PlainSerializer(lambda paths: [str(p) for p in paths] if len(paths) != 1 else str(*paths)),
        Flag(positional=True, metavar="SOURCE"),
    ] = Field(
        (), max_length=2, description="The picture, or two to be mixed; for a video the clip."
    )
    output: Annotated[NamedPath | None, Flag(short="-o", metavar="FILE")] = Field(
        None, description="The result; its extension picks the format."
    )
    size: Size | None = Field(
        None,
        description="The frame's size. Default: the source's own. A source of another shape is "
        "cropped about its center.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of every random draw.")
    network: Network = Network()
    dream: Dream = Dream()
    color: Color = Color()


Frames = Annotated[int, Flag(short="-n"), Field(ge=1, le=10_000_000)]
Mix = Annotated[float, Field(ge=0, le=1, description="Of two pictures: the second's share.")]


class ImageRecipe(Recipe):
    """One picture, dreamed."""

    kind: Annotated[Literal["image"], Flag(hidden=True)] = "image"
    mix: Mix = 0.5


class FilmRecipe(Recipe):
    """What every recipe of a film says."""

    frames: Frames | None = Field(None, description="Frames in all.")
    fps: Rate | None = Field(None, description="Frames a second.")
    motion: Motion = Motion()
    blend: Blend = Blend()
    film: Film = Film()


class ZoomRecipe(FilmRecipe):
    """An endless zoom into a picture."""

    kind: Annotated[Literal["zoom"], Flag(hidden=True)] = "zoom"
    frames: Frames = Field(50, description="Frames in all.")
    fps: Rate = Field(30, description="Frames a second.", validate_default=True)
    motion: ZoomMotion = ZoomMotion()
    blend: ZoomBlend = ZoomBlend()
    mix: Mix = 0.5


class VideoRecipe(FilmRecipe):
    """A clip, dreamed frame by frame."""

    kind: Annotated[Literal["video"], Flag(hidden=True)] = "video"
    frames: Frames | None = Field(None, description="Frames in all. Default: to the end.")
    fps: Rate | None = Field(None, description="Frames a second. Default: the clip's own.")
    film: ClipFilm = ClipFilm()
    start: Moment | None = Field(None, description="Where in the clip to begin.")
    end: Moment | None = Field(None, description="Where in the clip to stop.")
    cuts: bool = Field(True, description="Find cuts, and carry nothing over them.")
    cadence: int = Field(
        1, ge=1, le=64, description="Dream every so many frames, and carry the dream in between."
    )

    @model_validator(mode="after")
    def _ends_after_start(self) -> VideoRecipe:
        if self.end is not None and self.end <= (self.start or 0):
            raise ValueError("end: must be after start")
        return self


KINDS: dict[str, type[ImageRecipe] | type[ZoomRecipe] | type[VideoRecipe]] = {
    "zoom": ZoomRecipe,
    "video": VideoRecipe,
    "image": ImageRecipe,
}
"""The kinds of recipe, by the key `kind`."""
