"""A preview: the whole film, small, and a sheet of some of its frames at full size."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Collection, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from dreamvid.camera import Camera
from dreamvid.color import PictureAnchor, covariance
from dreamvid.dreaming.networks.registry import spec
from dreamvid.errors import RecipeError, RunError
from dreamvid.expression import BETWEEN
from dreamvid.flow import Moment
from dreamvid.frame import Frame
from dreamvid.loading import make_recipe
from dreamvid.manifest import Manifest
from dreamvid.media.picture_ops import resize
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.write import check_picture, write_picture
from dreamvid.motion import warp
from dreamvid.recipe import FilmRecipe, Recipe, VideoRecipe, ZoomRecipe
from dreamvid.recurrence import dream_frames
from dreamvid.rendering import SEGMENT, Plan, Step, carry_out, output_of, plan
from dreamvid.schedule import Schedule, parse_schedule
from dreamvid.scheduled import in_force
from dreamvid.shots import marked
from dreamvid.source import open_source
from dreamvid.task import DreamTask
from dreamvid.timeline import FrameTime
from dreamvid.watching import look, warnings, watched

log = logging.getLogger("dreamvid")

SIDE = 320
"""Px of the longer side of the small film, unless its network wants more of the shorter one."""

CRF = 23
"""The small film's quality, x264's own default."""

MOST = 60_000_000
"""Pixels of the largest sheet."""

GAP, GROUND = 8, 64.0
"""Px between a sheet's pictures, and the level of the gray there."""


def preview(recipe: Recipe, count: int, overwrite: bool, quiet: bool) -> Iterator[Path]:
    """Make the small film and the sheet of a recipe; yields the path of each when it is there.

    For `night.mp4` they are `night.preview.mp4` and `night.sheet.png`. The film can be interrupted
    and gone on with, as any.

    Args:
        count: frames in the sheet, at least 1; a shorter film has all of its frames there.
        overwrite: whether files that exist may be replaced.
        quiet: say nothing but errors.

    Raises:
        DreamvidError: in one line, what cannot be done; before any work, as far as can be told.
    """
    if not isinstance(recipe, FilmRecipe):
        raise RecipeError("preview: an image is a single frame; leave --preview out")
    if not recipe.source:
        raise RecipeError("source: name the picture or clip to dream on")
    film, sheet = beside(output_of(recipe))
    check_picture(sheet, recipe.source, overwrite)
    # Planned at full size, so that what would refuse the film refuses its preview.
    whole = plan(recipe.model_copy(update={"output": film}), overwrite=overwrite)
    little = smaller(whole)
    kept: dict[int, Frame] = {}
    wanted = spread(count, little.source.frames) if isinstance(recipe, ZoomRecipe) else []
    steps = carry_out(little, overwrite=overwrite, keep="nothing")
    fault = watched(little, _keeping(steps, wanted, kept), quiet=quiet)
    if fault:
        raise RunError(fault)
    yield film
    wanted = spread(count, probe(film).frames)
    with warnings(quiet):
        cells = _cells(whole, film, kept, wanted)
        shown = tqdm(cells, total=len(wanted), disable=quiet, **look(sheet))
        write_picture(sheet, tiled(shown, len(wanted), whole.source.size), overwrite)
    yield sheet


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
    first = in_force(recipe, FrameTime(0, whole.source.rate, whole.source.frames))
    fewer = round(-math.log(scale) / math.log(first.dream.octave_scale))
    data: dict[str, Any] = recipe.model_dump(mode="json")
    for key in ("translate", "trim"):
        values = getattr(recipe.motion, key)
        if values is not None:
            ratios = [side / edge for side, edge in zip(sides, size, strict=True)]
            pairs = zip(values, ratios, strict=True)
            data["motion"][key] = [within(f"({{}})*{ratio!r}", value) for value, ratio in pairs]
    if recipe.network.name != "none":
        data["dream"]["octave_top"] = spec(recipe.network.name).octave_top(first.dream, size[::-1])
    data["dream"]["octaves"] = within(f"max(1, ({{}})-{fewer})", recipe.dream.octaves)
    data["film"]["crf"] = CRF
    little = make_recipe({**data, "size": sides}, recipe.kind)
    manifest = Manifest.of(little, SEGMENT, whole.manifest.means)
    return replace(whole, recipe=little, source=open_source(little), octaves=[], manifest=manifest)


def within(form: str, value: float | Schedule) -> float | str:
    """An expression with a number in the place of `{}`; of a schedule, each key's."""
    text = str(value)
    head, _, last = text.rpartition(" ")
    if head and last in BETWEEN:
        text = head
    parts = [part.rpartition(":") for part in re.split(r", (?=[^,:]*:)", text)]
    made = ", ".join(f"{key}{colon}{form.format(said)}" for key, colon, said in parts)
    if isinstance(value, Schedule):
        return made if text is not head else f"{made} {last}"
    schedule = parse_schedule(made)
    assert schedule, "an expression"
    return schedule.at(FrameTime(0, Fraction(1), 1))


def _keeping(
    steps: Generator[Step], wanted: Collection[int], kept: dict[int, Frame]
) -> Generator[Step]:
    """The steps, and the frames of some of them put aside as they pass."""
    with closing(steps):
        for step in steps:
            if step.index in wanted:
                kept[step.index] = step.frame
            yield step


def _cells(whole: Plan, film: Path, kept: dict[int, Frame], wanted: list[int]) -> Iterator[Frame]:
    """The sheet's pictures at full size."""
    if isinstance(whole.recipe, VideoRecipe):
        yield from _clip_cells(whole, wanted)
        return
    if not kept.keys() >= set(wanted):  # the film was gone on with
        wrote = enumerate(read_clip(probe(film)))
        kept = {t: frame for t, frame in wrote if t in wanted} | kept
    for t in wanted:
        yield _zoomed(whole, t, kept[t])


def _zoomed(whole: Plan, t: int, small: Frame) -> Frame:
    """A zoom's frame: what the small film shows there, large, under one burst of full-size dream.

    The first frame is the film's own.
    """
    seed = next(whole.source.open())
    now = in_force(whole.recipe, FrameTime(t, whole.source.rate, whole.source.frames))
    if t == 0:
        return _alone(now, seed, whole)
    canvas = resize(small, whole.source.size)
    dreamed = whole.dream(DreamTask(canvas, settings=now.dream, colors=covariance(seed)))
    if np.array_equal(dreamed, canvas):
        return canvas
    return PictureAnchor.of(seed).pull(np.clip(dreamed, 0, 255), seed, now.color.anchor)


def _clip_cells(whole: Plan, wanted: list[int]) -> Iterator[Frame]:
    """A clip's frames as the camera sees them, each dreamed as if a shot began there."""
    recipe, camera = whole.recipe, Camera(shows_sources=False)
    assert isinstance(recipe, VideoRecipe), "a clip"
    finds = recipe.cuts and recipe.motion.on == "frame"
    shots = marked(whole.source.open(), finds)
    for index, (t, source) in enumerate(islice(shots, wanted[-1] + 1)):
        now = in_force(recipe, FrameTime(index, whole.source.rate, whole.source.frames))
        if t == 0:
            camera = Camera(shows_sources=False)
        camera.sees(Moment(t, source), now.motion)
        if index in wanted:
            border = now.motion.border
            view = warp(source, camera.at, "reflect" if border == "source" else border)
            yield _alone(now, view, whole)


def _alone(now: Recipe, source: Frame, whole: Plan) -> Frame:
    """A film of one frame."""
    (frame,) = dream_frames(now, [source], whole.dream)
    return frame


def tiled(cells: Iterable[Frame], count: int, size: tuple[int, int]) -> Frame:
    """`count` pictures of `size` (width, height) in a grid, row by row, on gray.

    The grid is as square as can be, and at most MOST pixels: beyond it, which is warned of, its
    pictures are shrunk.
    """
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    width, height = size[0] + GAP, size[1] + GAP
    share = min(1.0, math.sqrt(MOST / (columns * width * rows * height)))
    if share < 1:
        width, height = max(GAP + 1, int(share * width)), max(GAP + 1, int(share * height))
        log.warning(
            "dreamvid: warning: the sheet's frames are shrunk from %dx%d to %dx%d, as it would be "
            "over %d megapixels",
            *size,
            width - GAP,
            height - GAP,
            MOST // 1_000_000,
        )
    sheet = np.full((rows * height - GAP, columns * width - GAP, 3), GROUND, np.float32)
    for at, cell in enumerate(cells):
        top, left = at // columns * height, at % columns * width
        small = resize(cell, (width - GAP, height - GAP))
        sheet[top : top + height - GAP, left : left + width - GAP] = small
    return sheet
