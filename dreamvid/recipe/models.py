"""The kinds of recipe: frozen, validated models of what to render.

Names are the same on the command line, in YAML and in Python. A recipe is one of three kinds, which
differ in their keys and in a few defaults; `docs/recipes.md` lists every key. Every default is
defined here, in `sections.py` or in `dream.py`, and nowhere else. A size, rate or length of None is
taken from the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from dreamvid.errors import FaultError
from dreamvid.recipe.audio import Audio
from dreamvid.recipe.base import Section
from dreamvid.recipe.dream import Dream
from dreamvid.recipe.encode import CodecName, Encode, StillEncode
from dreamvid.recipe.fields import Flag, Moment, Rate, Size
from dreamvid.recipe.length import USUAL_FRAMES, Length
from dreamvid.recipe.loop import LOOP_SHARE, USUAL_BLEND
from dreamvid.recipe.mask import MAX_REGIONS, Mask, Region
from dreamvid.recipe.paths import InputFile, OutputFile
from dreamvid.recipe.sections import Blend, Color, Motion, Network, ZoomBlend, ZoomMotion


def _has_name(path: Path) -> Path:
    if not path.name:
        raise ValueError("must name a file")
    return path


NamedPath = Annotated[Path, AfterValidator(_has_name)]

Sources = Annotated[
    tuple[NamedPath, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str | Path) else value),
    PlainSerializer(lambda paths: [str(p) for p in paths] if len(paths) != 1 else str(*paths)),
    Flag(positional=True, metavar="SOURCE"),
    InputFile(),
]
"""One path or several."""


class Recipe(Section):
    """The keys that every kind of recipe has."""

    is_film: ClassVar[bool] = True
    """Whether a film is made, not one picture."""

    kind: Annotated[str, Flag(hidden=True)]
    version: Annotated[Literal[2], Flag(hidden=True)] = 2
    source: Sources = Field((), max_length=2, description="The picture, or two to be mixed.")
    output: Annotated[NamedPath | None, Flag(short="-o", metavar="FILE"), OutputFile()] = Field(
        None, description="The result; its extension picks the format."
    )
    size: Size | None = Field(
        None,
        description="The frame's size. Default: the source's own. A source of another shape is "
        "cropped about its center.",
    )
    alpha: Literal["white", "keep"] = Field(
        "white",
        description="What is transparent in the source. white: it is laid on white; keep: it stays "
        "transparent, in codecs that can hold it, and its color is dreamed on.",
    )
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of all random numbers.")
    network: Network = Network()
    dream: Dream = Dream()
    mask: Mask = Mask()
    regions: Annotated[tuple[Region, ...], Flag(hidden=True), Field(max_length=MAX_REGIONS)] = (
        Field(
            (),
            description="Several masks, each with what is dreamed there: a list of `mask` and "
            "`objective`, in place of `mask`.",
        )
    )
    color: Color = Color()
    encode: StillEncode | Encode = StillEncode()

    @model_validator(mode="after")
    def _one_kind_of_mask(self) -> Recipe:
        if self.regions and self.mask.file is not None:
            raise FaultError("mask", "is one of the regions: give either")
        return self

    @property
    def masked(self) -> tuple[Region, ...]:
        """What is dreamed where, in order; empty: the objective everywhere."""
        return self.regions or ((Region(mask=self.mask),) if self.mask.file else ())

    @classmethod
    def kinds(cls) -> Mapping[str, type[BaseModel]]:
        """The kinds of recipe, by name."""
        return KINDS

    @property
    def codec(self) -> CodecName | None:
        """The codec that it asks for; None: the default one of its output."""
        return self.encode.codec


WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

Cuts = Annotated[
    bool | NamedPath,
    BeforeValidator(
        lambda value: WORDS.get(value.lower(), value) if isinstance(value, str) else value
    ),
    PlainSerializer(lambda value: value if isinstance(value, bool) else str(value)),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string"}]}),
    Flag(metavar="true|false|FILE"),
    InputFile(keywords=(True, False, *WORDS)),
]
"""Whether cuts are found, or the file that lists the shots."""

Mix = Annotated[float, Field(ge=0, le=1, description="Of two pictures, the share of the second.")]


class ImageRecipe(Recipe):
    """A recipe for one dreamed picture."""

    if TYPE_CHECKING:  # what type checkers derive asks for values that have defaults

        def __init__(self, **values: Any) -> None: ...

    is_film = False
    kind: Annotated[Literal["image"], Flag(hidden=True)] = "image"
    mix: Mix = 0.5
    encode: StillEncode = StillEncode()


class FilmRecipe(Recipe):
    """The keys that zooms and videos share."""

    if TYPE_CHECKING:  # what type checkers derive asks for values that have defaults

        def __init__(self, **values: Any) -> None: ...

    frames: Length | None = Field(None, description="How many frames to make.")
    fps: Rate | None = Field(None, description="Frames a second.")
    motion: Motion = Motion()
    blend: Blend = Blend()
    audio: Audio = Audio()
    loop: bool = Field(
        False,
        description="Close the film, so that its last frame leads into its first.",
    )
    loop_blend: Annotated[Moment, Field(gt=0, le=600), Flag("loop-blend", metavar="TIME")] = Field(
        USUAL_BLEND, description="Seconds over which a loop's end passes into its beginning."
    )
    encode: Encode = Encode()

    def blend_frames(self, rate: Fraction) -> int:
        """The frames of `loop_blend` at so many a second, at least 1."""
        return max(1, round(self.loop_blend * rate))


class ZoomRecipe(FilmRecipe):
    """A recipe for an endless zoom into a picture."""

    if TYPE_CHECKING:  # what type checkers derive asks for values that have defaults

        def __init__(self, **values: Any) -> None: ...

    kind: Annotated[Literal["zoom"], Flag(hidden=True)] = "zoom"
    frames: Length | None = Field(
        None,
        description="How many frames to make, or beats, as 16b. Default: as many as the sound "
        f"lasts; {USUAL_FRAMES} without one.",
    )
    fps: Rate = Field(30, description="Frames a second.", validate_default=True)
    motion: ZoomMotion = ZoomMotion()
    blend: ZoomBlend = ZoomBlend()
    mix: Mix = 0.5

    @model_validator(mode="after")
    def _seed_comes_back(self) -> ZoomRecipe:
        if self.loop and "share" not in self.blend.model_fields_set:
            shared = self.blend.model_copy(update={"share": LOOP_SHARE})
            object.__setattr__(self, "blend", shared)
        return self


class VideoRecipe(FilmRecipe):
    """A recipe for a clip dreamed frame by frame."""

    if TYPE_CHECKING:  # what type checkers derive asks for values that have defaults

        def __init__(self, **values: Any) -> None: ...

    kind: Annotated[Literal["video"], Flag(hidden=True)] = "video"
    source: Sources = Field(
        (), max_length=2, description="The clip. At the prompt, several are dreamed one by one."
    )
    frames: Length | None = Field(
        None, description="How many frames to make, or beats, as 16b. Default: to the clip's end."
    )
    fps: Rate | None = Field(None, description="Frames a second. Default: the clip's own.")
    start: Moment | None = Field(None, description="Where in the clip to begin, as 12.5 or 1:30.")
    end: Moment | None = Field(None, description="Where in the clip to stop, as 12.5 or 1:30.")
    deinterlace: Literal["auto", "on", "off"] = Field(
        "auto",
        description="auto: deinterlace the pictures that say that they are interlaced; on: all, "
        "since some do not; off: none.",
    )
    strict: bool = Field(
        False,
        description="End at a broken picture of the clip, instead of showing the last good one in "
        "its place.",
    )
    cuts: Cuts = Field(
        True,
        description="true: find cuts, and carry no dream across them; false: the clip is one shot; "
        "a file: where they are, as `dreamvid shots` lists them.",
    )
    cadence: int = Field(
        1, ge=1, le=64, description="Dream every N-th frame, and carry the dream in between."
    )

    @model_validator(mode="after")
    def _ends_after_start(self) -> VideoRecipe:
        if self.end is not None and self.end <= (self.start or 0):
            raise FaultError("end", "must be after start")
        return self


KINDS: dict[str, type[ImageRecipe] | type[ZoomRecipe] | type[VideoRecipe]] = {
    "zoom": ZoomRecipe,
    "video": VideoRecipe,
    "image": ImageRecipe,
}
"""The kinds of recipe, by the key `kind`."""

USUAL_KIND = "zoom"
"""The kind of a recipe that states no kind and whose source is not a clip."""
