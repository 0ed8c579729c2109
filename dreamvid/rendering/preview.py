"""A preview: the whole film, small, and a sheet of some of its frames at full size."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid import notices
from dreamvid.errors import RecipeError
from dreamvid.frame import Frame, Size
from dreamvid.machine import Machine
from dreamvid.media.outputs import check_picture, write_picture
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.resize import resize_area
from dreamvid.motion.camera import CameraWalk
from dreamvid.motion.flow import SourceFrame
from dreamvid.motion.warp import warp
from dreamvid.networks.registry import spec
from dreamvid.recipe import FilmRecipe, Recipe, VideoRecipe
from dreamvid.recipe.at_frame import at_frame
from dreamvid.recipe.expression import Form
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.schedule import mapped
from dreamvid.recurrence import frames
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.render import SEGMENT, Plan, Step, output_of, plan, record
from dreamvid.resolve import resolve
from dreamvid.shots import split_shots
from dreamvid.source import open_source

SIDE = 320
"""Px of the longer side of the small film, unless its network wants more of the shorter one."""

CRF = 23
"""The small film's quality, x264's own default."""

MOST = 60_000_000
"""Pixels of the largest sheet."""

GAP, GROUND = 8, 64.0
"""Px between a sheet's pictures, and the level of the gray there."""


@dataclass(frozen=True)
class Preview:
    """A preview, planned: a small film, then a sheet of pictures.

    Attributes:
        whole: the plan of the film itself.
        small: the plan of the small one.
        sheet_path: where the sheet goes.
        asked: pictures that were asked for in the sheet.
    """

    whole: Plan
    small: Plan
    sheet_path: Path
    asked: int
    overwrite: bool
    _uncoded: dict[int, Frame] = field(default_factory=dict)

    def film(self) -> Generator[Step]:
        """Render the small film, frame by frame; it can be interrupted and resumed, as any."""
        wanted = spread(self.asked, self.small.source.frames)
        steps = record(self.small, overwrite=self.overwrite, keep="nothing")
        with closing(steps):
            for step in steps:
                if step.index in wanted:
                    self._uncoded[step.index] = step.frame.copy()
                yield step

    @property
    def count(self) -> int:
        """How many pictures the sheet has, once the small film is made: a shorter one shows all."""
        return len(spread(self.asked, probe(self.small.output).frames))

    def sheet(self) -> Iterator[Step]:
        """Make the sheet from the small film, picture by picture; then it is there."""
        wanted = spread(self.asked, probe(self.small.output).frames)
        grid = Grid(len(wanted), self.whole.source.size)
        cells = _cells(self.whole, self.small.output, wanted, self._uncoded)
        for index, cell in enumerate(cells):
            grid.put(index, cell)
            yield Step(index, len(wanted), cell)
        write_picture(self.sheet_path, grid.picture, self.overwrite)

    @property
    def shows(self) -> str:
        """In words, what the sheet's pictures are."""
        if isinstance(self.whole.recipe, VideoRecipe):
            return (
                "frames of the clip, each dreamed as the first of a shot; in the film, later "
                "frames carry the dream of those before"
            )
        if self.small.source.size == self.whole.source.size:
            return "frames of the film, which is no larger than its preview"
        return (
            "the first picture is the film's own first frame; the others are frames of the small "
            "film, enlarged, in which creatures are larger and fewer than in the film"
        )


def plan_preview(recipe: Recipe, count: int, *, overwrite: bool = False) -> Preview:
    """Plan the small film and the sheet of a recipe.

    For `night.mp4` they are `night.preview.mp4` and `night.sheet.png`.

    Args:
        count: pictures in the sheet, at least 1; a shorter film has all of its frames there.
        overwrite: whether files that exist may be replaced.

    Raises:
        DreamvidError: in one line, what cannot be done, as far as can be told before any work.
    """
    if not isinstance(recipe, FilmRecipe):
        raise RecipeError("preview: an image is a single frame; leave --preview out")
    if not recipe.source:
        raise RecipeError("source: name the picture or clip to dream on")
    film, sheet = beside(output_of(recipe))
    check_picture(sheet, recipe.source, overwrite)
    # Planned at full size, so that what would refuse the film refuses its preview.
    whole = plan(recipe.model_copy(update={"output": film}), overwrite=overwrite)
    return Preview(whole, smaller(whole), sheet, count, overwrite)


def preview(recipe: Recipe, count: int = 6, *, overwrite: bool = False) -> Generator[Step | Path]:
    """Make a preview; yields each step of the small film, then its path, and each picture of the
    sheet, then its path. See `plan_preview`."""
    planned = plan_preview(recipe, count, overwrite=overwrite)
    with closing(planned.film()) as steps:
        yield from steps
    yield planned.small.output
    yield from planned.sheet()
    yield planned.sheet_path


def beside(output: Path) -> tuple[Path, Path]:
    """Where the small film and the sheet of an output go; a folder's name is its own whole."""
    path = output if output.name not in ("", "..") else output.resolve()
    stem = path.name if path.is_dir() else path.stem
    return path.with_name(f"{stem}.preview.mp4"), path.with_name(f"{stem}.sheet.png")


def spread(count: int, frames: int | None) -> list[int]:
    """The indices of `count` frames, or of all, evenly spread from the first to the last; one is
    the middle. Rising."""
    frames = frames or 1
    if count == 1:
        return [frames // 2]
    count = min(count, frames)
    return [round(i * (frames - 1) / max(1, count - 1)) for i in range(count)]


def smaller(whole: Plan) -> Plan:
    """The plan of a film of at most SIDE px, dreamed by the same dreamer: even sides, CRF 23.

    Px of the camera shrink with it; those of the dream do not, as they are the network's: a network
    knows creatures of so many px. Octaves under the size of the film's smallest are left out, as
    far as one remains: their creatures would be larger in the picture than any in the film.
    """
    recipe, size = whole.recipe, whole.source.size
    assert isinstance(recipe, FilmRecipe), "an image has no preview"
    least = 0 if recipe.network.name == "none" else spec(recipe.network.name).min_size + 1
    scale = min(1.0, max(SIDE / max(size), least / min(size)))
    sides = [max(2, min(2 * round(scale * edge / 2), edge // 2 * 2)) for edge in size]
    first = at_frame(recipe, whole.timeline[0])
    fewer = round(-math.log(scale) / math.log(first.dream.octave_scale))
    data: dict[str, Any] = recipe.model_dump(mode="json")
    for key in ("translate", "trim"):
        values = getattr(recipe.motion, key)
        if values is not None:
            ratios = [side / edge for side, edge in zip(sides, size, strict=True)]
            pairs = zip(values, ratios, strict=True)
            data["motion"][key] = [mapped(value, Form(f"x * {ratio!r}")) for value, ratio in pairs]
    if recipe.network.name != "none":
        data["dream"]["octave_top"] = spec(recipe.network.name).octave_top(first.dream, size[::-1])
    data["dream"]["octaves"] = mapped(recipe.dream.octaves, Form(f"max(1, x - {fewer})"))
    data["encode"]["crf"] = CRF
    little = make_recipe({**data, "size": sides}, recipe.kind)
    source = open_source(little)
    machine = whole.manifest.machine if whole.manifest else Machine.here()
    return replace(
        whole,
        recipe=little,
        job=resolve(little, source.size, machine),
        source=source,
        octaves=[],
        manifest=Manifest.of(little, SEGMENT, machine),
    )


def _cells(
    whole: Plan, film: Path, wanted: list[int], uncoded: Mapping[int, Frame]
) -> Iterator[Frame]:
    """The sheet's pictures at full size, of the frames `wanted`, which rise.

    Args:
        film: the small film.
        uncoded: frames of it as they were before they were coded; where the film was resumed, some
            are missing, and are read from it.
    """
    if isinstance(whole.recipe, VideoRecipe):
        yield from _clip_cells(whole, wanted)
        return
    if not uncoded.keys() >= set(wanted):
        with closing(read_clip(probe(film))) as pictures:
            coded = {t: frame for t, frame in enumerate(pictures) if t in wanted}
        uncoded = coded | dict(uncoded)
    for t in wanted:
        yield _first_frame(whole) if t == 0 else resize_area(uncoded[t], whole.source.size)


def _first_frame(whole: Plan) -> Frame:
    """A zoom's first frame, as the film has it."""
    with closing(whole.source.open()) as pictures:
        return _alone(at_frame(whole.recipe, whole.timeline[0]), next(pictures), whole)


def _clip_cells(whole: Plan, wanted: list[int]) -> Iterator[Frame]:
    """A clip's frames as the camera sees them, each dreamed as if a shot began there."""
    recipe, walk = whole.recipe, CameraWalk(whole.job, whole.timeline)
    assert isinstance(recipe, VideoRecipe), "a clip"
    finds = recipe.cuts and recipe.motion.moves == "camera"
    with closing(split_shots(whole.source.open(), finds)) as shots:
        for index, (t, picture) in enumerate(islice(shots, wanted[-1] + 1)):
            seen = walk.view(SourceFrame(t, picture))
            if index in wanted:
                border = seen.job.motion.border
                view = warp(picture, walk.camera, "reflect" if border == "source" else border)
                yield _alone(at_frame(recipe, whole.timeline[index]), view, whole)


def _alone(now: Recipe, source: Frame, whole: Plan) -> Frame:
    """A film of one frame."""
    (frame,) = frames(now, [source], whole.dreamer)
    return frame


class Grid:
    """Pictures of one size, row by row, on gray.

    It is as square as can be, and at most MOST pixels: beyond it, which is warned of, its pictures
    are shrunk.

    Attributes:
        picture: (H, W, 3), all that was put into it so far.
    """

    def __init__(self, count: int, size: Size) -> None:
        """Begin a grid of `count` pictures of `size`."""
        self._columns = math.ceil(math.sqrt(count))
        rows = math.ceil(count / self._columns)
        width, height = size[0] + GAP, size[1] + GAP
        share = min(1.0, math.sqrt(MOST / (self._columns * width * rows * height)))
        if share < 1:
            width, height = max(GAP + 1, int(share * width)), max(GAP + 1, int(share * height))
            notices.warn(
                f"the sheet's frames are shrunk from {size} to {width - GAP}x{height - GAP}, as it "
                f"would be over {MOST // 1_000_000} megapixels"
            )
        self._cell = width, height
        shape = rows * height - GAP, self._columns * width - GAP, 3
        self.picture: Frame = np.full(shape, GROUND, np.float32)

    def put(self, index: int, cell: Frame) -> None:
        """Put the `index`-th picture in its place."""
        width, height = self._cell
        top, left = index // self._columns * height, index % self._columns * width
        small = resize_area(cell, Size(width - GAP, height - GAP))
        self.picture[top : top + height - GAP, left : left + width - GAP] = small
