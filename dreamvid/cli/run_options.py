"""Command-line options that are not part of a recipe. The classes' docstrings are shown in the
help."""

from __future__ import annotations

from dataclasses import dataclass, fields, make_dataclass
from typing import Annotated, Any, ClassVar, Literal

import tyro

from dreamvid.errors import RecipeError, UsageError


@dataclass(frozen=True)
class RunOptions:
    """How the render is run."""

    REFUSED: ClassVar[tuple[str, ...]] = ()
    """Options that the command refuses: parsed, so that it can say why, but not in its help."""

    base: Annotated[
        str | None,
        tyro.conf.arg(
            name="recipe",
            help_behavior_hint="",
            metavar="FILE|PRESET",
            help="Recipe that the flags override.",
        ),
    ] = None
    overwrite: Annotated[bool, tyro.conf.arg(help="Replace an output that exists.")] = False
    restart: Annotated[
        bool, tyro.conf.arg(help="Start an unfinished film over instead of resuming it.")
    ] = False
    keep: Annotated[
        bool,
        tyro.conf.arg(
            help="Keep all working files of a finished film, not only its last checkpoint."
        ),
    ] = False
    no_keep: Annotated[bool, tyro.conf.arg(help="Keep nothing but the film.")] = False
    quiet: Annotated[bool, tyro.conf.arg(aliases=["-q"], help="Print nothing but errors.")] = False
    control: Annotated[
        bool,
        tyro.conf.arg(
            help="Stop as Ctrl-C does when a line `stop` comes on standard input, for programs "
            "that start dreamvid."
        ),
    ] = False
    progress: Annotated[
        Literal["bar", "lines", "openjd"],
        tyro.conf.arg(
            help="bar: a bar on standard error; lines: a line a frame on standard output, with the "
            "share that is done, as farms read it; openjd: the same in OpenJD's words."
        ),
    ] = "bar"
    dry_run: Annotated[
        bool,
        tyro.conf.arg(help="Dream two frames, print the recipe and what all would take, and stop."),
    ] = False
    preview: Annotated[
        bool, tyro.conf.arg(help="Make a small film and a sheet of pictures instead.")
    ] = False
    sheet: Annotated[
        str, tyro.conf.arg(metavar="N", help="Pictures in a preview's sheet, 1 to 100.")
    ] = "6"
    seconds: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="",
            metavar="TIME",
            help="Length of the film in seconds, in place of --frames.",
        ),
    ] = None
    range: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="",
            metavar="A-B",
            help="Frames A to B of the clip, both included, counted from 0 at the clip's own rate, "
            "in place of --start and --end.",
        ),
    ] = None

    shot: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="",
            metavar="K",
            help="Render only shot K of the clip, counted from 1, or several: 3-7. `dreamvid join` "
            "makes the film of them.",
        ),
    ] = None
    shots: Annotated[
        str | None,
        tyro.conf.arg(help_behavior_hint="", metavar="A-B", help="The same as --shot."),
    ] = None
    join: Annotated[
        bool,
        tyro.conf.arg(help="Make the film of the shots once all are rendered, wherever they were."),
    ] = False

    @property
    def asked_shots(self) -> str | None:
        """Which shots are to be rendered; None: the whole film. Raises UsageError."""
        if self.shot is not None and self.shots is not None:
            raise UsageError("--shot and --shots exclude each other")
        return self.shots if self.shot is None else self.shot

    @property
    def keeping(self) -> Literal["all", "state", "nothing"]:
        """Which working files of a finished film are kept. Raises UsageError."""
        if self.keep and self.no_keep:
            raise UsageError("--keep and --no-keep exclude each other")
        return "all" if self.keep else "nothing" if self.no_keep else "state"

    @property
    def pictures(self) -> int:
        """Number of pictures in a preview's sheet. Raises RecipeError if `sheet` is invalid."""
        if not self.sheet.isdecimal() or not 1 <= int(self.sheet) <= 100:
            raise RecipeError(
                f"must be a whole number from 1 to 100, not {self.sheet!r}", key="sheet"
            )
        return int(self.sheet)


@dataclass(frozen=True)
class ZoomOptions(RunOptions):
    """How the render is run."""

    REFUSED = ("range",)


@dataclass(frozen=True)
class StillOptions(RunOptions):
    """How the picture is made."""

    REFUSED = (
        *("restart", "keep", "no_keep", "preview", "sheet", "seconds", "range"),
        *("shot", "shots", "join"),
    )

    plot: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="",
            metavar="FILE.png",
            help="Draw how the objective rises, by octave and step.",
        ),
    ] = None


@dataclass(frozen=True)
class Several:
    """Several renders by one command; each option may be given several times."""

    each: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="",
            metavar="PATTERN",
            help="Render each of these files as the source: 'shots/*.mov' in quotes, or a folder.",
        ),
    ] = None
    variants: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="",
            metavar="KEY=V,V|FILE.csv",
            help="Render once with each value of a recipe's key, as dream.octaves=3,4,5, or with "
            "each row of a table, whose first row has the keys.",
        ),
    ] = None
    values: Annotated[
        str | None,
        tyro.conf.arg(
            name="set",
            help_behavior_hint="",
            metavar="KEY=VALUE",
            help="Set any key of the recipe, as dream.octaves=3.",
        ),
    ] = None
    table: Annotated[
        str | None,
        tyro.conf.arg(
            name="csv",
            help_behavior_hint="",
            metavar="FILE.csv",
            help="Write how each render went into a table.",
        ),
    ] = None


@dataclass(frozen=True)
class RenderOptions(RunOptions, Several):
    """How the render is run."""


@dataclass(frozen=True)
class FarmOptions(RenderOptions):
    """What the farm is told. The other options are those of `dreamvid render`."""

    form: Annotated[
        Literal["commands", "openjd"],
        tyro.conf.arg(
            name="as",
            help="commands: one a line, in any order; openjd: a job template of the Open Job "
            "Description.",
        ),
    ] = "commands"
    by: Annotated[
        Literal["shot", "film"],
        tyro.conf.arg(
            help="What a worker renders at a time: film, where there are more films than workers."
        ),
    ] = "shot"
    into: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="", metavar="FILE", help="Write it there. Default: print it."
        ),
    ] = None
    ray: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="",
            metavar="[ADDRESS]",
            help="Render on a Ray cluster: that of the address, or one of this machine alone.",
        ),
    ] = None
    threads: Annotated[
        str | None,
        tyro.conf.arg(
            help_behavior_hint="",
            metavar="N",
            help="Threads of each worker's network, which all obey. Default: this machine's cores.",
        ),
    ] = None
    status: Annotated[bool, tyro.conf.arg(help="Tell how far the films are.")] = False


@dataclass(frozen=True)
class ZoomRenderOptions(ZoomOptions, Several):
    """How the render is run."""


@dataclass(frozen=True)
class StillRenderOptions(StillOptions, Several):
    """How the picture is made."""


@dataclass(frozen=True)
class Continuation(RunOptions):
    """How the film is continued."""

    REFUSED = ("dry_run", "preview", "sheet", "range", "shot", "shots", "join")

    start: Annotated[
        str | None,
        tyro.conf.arg(
            name="from",
            help_behavior_hint="",
            metavar="K",
            help="Branch off after K frames. Default: at the end.",
        ),
    ] = None


def shown_in_help(options: type[Any]) -> type[Any]:
    """A class of options without those that its command refuses."""
    refused = [field for field in fields(options) if field.name in getattr(options, "REFUSED", ())]
    hidden = [(field.name, Annotated[Any, tyro.conf.Suppress], field.default) for field in refused]
    namespace = {"__doc__": options.__doc__}
    return make_dataclass(
        options.__name__, hidden, bases=(options,), namespace=namespace, frozen=True
    )


@dataclass(frozen=True)
class Showing:
    """`recipe show` has no further options."""


@dataclass(frozen=True)
class Drawing:
    """How the plot is made."""

    overwrite: Annotated[bool, tyro.conf.arg(help="Replace a picture that exists.")] = False
