"""Previews: the complete film at a small size, and a sheet of frames at full size."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import numpy as np

from dreamvid import notices
from dreamvid.errors import RecipeError
from dreamvid.frame import Frame, Size
from dreamvid.machine import Machine
from dreamvid.media.frame_names import title
from dreamvid.media.output_checks import check_codec, check_picture
from dreamvid.media.outputs import write_picture
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.resize import resize_area
from dreamvid.motion.camera import CameraWalk
from dreamvid.motion.flow import SourceFrame
from dreamvid.names import derived
from dreamvid.recipe import FilmRecipe, Recipe
from dreamvid.recipe.at_frame import at_frame
from dreamvid.recipe.encode import USUAL_NAME
from dreamvid.recipe.load import make_recipe
from dreamvid.recurrence import frames
from dreamvid.rendering.film_source import open_film
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.output import output_of
from dreamvid.rendering.plan import Plan, plan
from dreamvid.rendering.render import Step, record
from dreamvid.rendering.small import smaller_data
from dreamvid.resolve import resolve
from dreamvid.shots import split_shots

SIDE = 320
"""Px of the small film's longer side, unless the network needs more for the shorter one."""

CRF = 23
"""The small film's quality: x264's default."""

MOST = 60_000_000
"""Most pixels of a sheet."""

GAP, GROUND = 8, 64.0
"""Px between a sheet's pictures, and the gray level of the gaps."""


@dataclass(frozen=True)
class Preview:
    """A preview, planned: a small film, then a sheet of pictures.

    Attributes:
        whole: the plan of the film itself.
        small: the plan of the small film.
        sheet_path: where the sheet goes.
        requested: how many pictures the sheet should have.
        overwrite: whether existing files may be replaced.
    """

    whole: Plan
    small: Plan
    sheet_path: Path
    requested: int
    overwrite: bool
    _uncoded: dict[int, Frame] = field(default_factory=dict)

    def film(self) -> Generator[Step]:
        """Render the small film, a step a frame; it can be interrupted and resumed."""
        indices = spread(self.requested, self.small.source.frames)
        steps = record(self.small, overwrite=self.overwrite, keep="nothing")
        with closing(steps):
            for step in steps:
                if step.index in indices:
                    self._uncoded[step.index] = step.frame.copy()
                yield step

    @property
    def count(self) -> int:
        """The sheet's number of pictures, known once the small film is made."""
        return len(spread(self.requested, probe(self.small.output).frames))

    def sheet(self) -> Iterator[Step]:
        """Make the sheet from the small film, a step a picture; written at the end."""
        indices = spread(self.requested, probe(self.small.output).frames)
        grid = Grid(len(indices), self.whole.source.size)
        cells = _cells(self.whole, self.small, indices, self._uncoded)
        for index, cell in enumerate(cells):
            grid.put(index, cell)
            yield Step(index, len(indices), cell)
        write_picture(self.sheet_path, grid.picture, self.overwrite)

    @property
    def shows(self) -> str:
        """A description of the sheet's pictures."""
        if _is_same_size(self.whole, self.small):
            return "frames of the film, which is no larger than its preview"
        if not self.whole.job.still:
            return (
                "frames of the clip, each dreamed as the first of a shot; in the film, later "
                "frames carry the dream of those before"
            )
        enlarged = (
            "frames of the small film, enlarged, in which creatures are larger and fewer than in "
            "the film"
        )
        if self.whole.timeline.loop:
            return enlarged
        return f"the first picture is the film's own first frame; the others are {enlarged}"


def plan_preview(recipe: Recipe, count: int, *, overwrite: bool = False) -> Preview:
    """Plan the small film and the sheet of a recipe.

    For `night.mp4` they are `night.preview.mp4` and `night.sheet.png`.

    Args:
        count: pictures in the sheet, at least 1; at most the film's frames.
        overwrite: whether existing files may be replaced.

    Raises:
        DreamvidError: the preview cannot be made; one line, before any work is done.
    """
    if not recipe.is_film:
        raise RecipeError("an image is a single frame; leave --preview out", key="preview")
    if not recipe.source:
        raise RecipeError("name the picture or clip to dream on", key="source")
    output = output_of(recipe)
    film, sheet = preview_paths(output)
    check_picture(sheet, recipe.source, overwrite)
    # Planned at full size too, so that whatever prevents the film prevents its preview.
    check_codec(output, recipe.codec)
    whole = plan(_in_h264(recipe, film), overwrite=overwrite)
    return Preview(whole, smaller(whole), sheet, count, overwrite)


def preview(recipe: Recipe, count: int = 6, *, overwrite: bool = False) -> Generator[Step | Path]:
    """Make a preview; yields the steps of the small film, its path, the steps of the sheet and its
    path. See `plan_preview`."""
    planned = plan_preview(recipe, count, overwrite=overwrite)
    with closing(planned.film()) as steps:
        yield from steps
    yield planned.small.output
    yield from planned.sheet()
    yield planned.sheet_path


def _in_h264(recipe: Recipe, output: Path) -> Recipe:
    """The recipe with another output, a film that any player shows."""
    assert isinstance(recipe, FilmRecipe)
    encode = recipe.encode.model_copy(
        update={"codec": "h264", "frame_name": USUAL_NAME, "passes": ("dream",)}
    )
    return recipe.model_copy(update={"output": output, "encode": encode, "alpha": "white"})


def preview_paths(output: Path) -> tuple[Path, Path]:
    """The paths of the small film and the sheet of an output. The stem of a folder is its full
    name."""
    path = output if output.name not in ("", "..") else output.resolve()
    small = derived(path.parent, title(path), ".preview", ".mp4")
    return small, derived(path.parent, title(path), ".sheet", ".png")


def spread(count: int, frames: int | None) -> list[int]:
    """The ascending indices of at most `count` frames, evenly spread from the first to the last; a
    single one is the middle."""
    frames = frames or 1
    if count == 1:
        return [frames // 2]
    count = min(count, frames)
    return [round(i * (frames - 1) / max(1, count - 1)) for i in range(count)]


def smaller(whole: Plan) -> Plan:
    """The plan of a film of at most SIDE px, dreamed by the same dreamer, as `smaller_data` has it;
    CRF 23."""
    data = smaller_data(
        whole.recipe, at_frame(whole.job, whole.timeline[0]), whole.source.size, SIDE
    )
    data["encode"]["crf"] = CRF
    small = make_recipe({**data, "frames": whole.timeline.frames}, whole.recipe.kind)
    source = open_film(small, known=whole.source.heard)
    machine = whole.manifest.machine if whole.manifest else Machine.here()
    return replace(
        whole,
        recipe=small,
        job=resolve(small, source.size, machine),
        source=source,
        octaves=[],
        manifest=Manifest.of(small, whole.segment, machine),
    )


def _cells(
    whole: Plan, small: Plan, indices: list[int], uncoded: Mapping[int, Frame]
) -> Iterator[Frame]:
    """The sheet's pictures at full size, for ascending frame `indices`.

    Args:
        uncoded: frames of the small film before encoding; those missing, because the film was
            resumed, are read from it.
    """
    is_same = _is_same_size(whole, small)
    if not whole.job.still and not is_same:
        yield from _clip_cells(whole, indices)
        return
    if not uncoded.keys() >= set(indices):
        with closing(read_clip(probe(small.output))) as pictures:
            coded = {t: frame for t, frame in enumerate(pictures) if t in indices}
        uncoded = coded | dict(uncoded)
    for t in indices:
        # The first frame of a film that closes is none that is dreamed alone.
        is_first = t == 0 and not is_same and not whole.timeline.loop
        yield _first_frame(whole) if is_first else resize_area(uncoded[t], whole.source.size)


def _is_same_size(whole: Plan, small: Plan) -> bool:
    return small.source.size == whole.source.size


def _first_frame(whole: Plan) -> Frame:
    """A zoom's first frame, as in the film."""
    with closing(whole.source.open()) as pictures:
        return _alone(at_frame(whole.recipe, whole.timeline[0]), next(pictures), whole)


def _clip_cells(whole: Plan, indices: list[int]) -> Iterator[Frame]:
    """A clip's frames after the camera's warp, each dreamed as the first of a shot."""
    job, walk = whole.job, CameraWalk(whole.job, whole.timeline)
    find_cuts = job.cuts and job.motion.moves == "camera"
    with closing(split_shots(whole.source.open(), find_cuts, whole.source.cuts)) as shots:
        lead = whole.timeline.lead
        for index, (t, picture) in enumerate(islice(shots, lead + indices[-1] + 1), -lead):
            view = walk.view(SourceFrame(t, picture))
            if index in indices:
                now = at_frame(whole.recipe, whole.timeline[index])
                yield _alone(now, view.look(picture), whole)


def _alone(now: Recipe, source: Frame, whole: Plan) -> Frame:
    """Dream one frame as a film of its own, in which the camera goes nowhere."""
    if isinstance(now, FilmRecipe):
        motion = now.motion.model_copy(update={"path": ()})
        now = now.model_copy(update={"motion": motion, "loop": False})
    (frame,) = frames(now, [source], whole.dreamer)
    return frame


class Grid:
    """Pictures of one size in rows on gray, in a nearly square arrangement.

    A grid over MOST pixels is shrunk, with a warning.

    Attributes:
        picture: (H, W, 3) float32 RGB 0..255, with the pictures put so far.
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
