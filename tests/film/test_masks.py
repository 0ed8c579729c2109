"""Masks: where a film is dreamed on, and where it stays its source to the bit."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from numpy.typing import NDArray

from dreamvid import masks
from dreamvid.cli import main
from dreamvid.errors import DreamvidError
from dreamvid.frame import Frame
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.embedded import read_embedded
from dreamvid.task import DreamTask
from tests import media_factory as make

SIZE = (40, 30)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 3)
    monkeypatch.setattr(extending, "SEGMENT", 3)
    make.picture(Path("still.png"), *SIZE)
    make.moving_clip(Path("clip.mkv"), *SIZE, 9, cut=5)
    mask(np.arange(SIZE[0]) < 20)


def mask(inside: NDArray[Any], path: str = "mask.png") -> None:
    """A mask of one row of white and black, or of gray levels."""
    row = 255 * inside if inside.dtype == bool else inside
    iio.imwrite(path, np.broadcast_to(row, SIZE[::-1]).astype(np.uint8))


class Dreamer:
    """Adds waves, of the settings' first term, and remembers its tasks."""

    identity = "waves"

    def __init__(self) -> None:
        self.tasks: list[DreamTask] = []

    def __call__(self, task: DreamTask, /) -> Frame:
        self.tasks.append(task)
        assert task.settings is not None
        level = 60 if task.settings.objective[0].name == "heads" else 20
        task.notes["count"] = task.notes.get("count", np.zeros(1)) + 1
        return np.asarray(task.canvas + level * np.sin(task.canvas + task.index), np.float32)


class Stripes(Dreamer):
    """Adds the same to all canvases, so that what differs in them does not grow."""

    def __call__(self, task: DreamTask, /) -> Frame:
        super().__call__(task)
        columns = np.arange(task.canvas.shape[1])[:, None]
        return np.asarray(task.canvas + 30 * np.sin(columns / 3 + task.index), np.float32)


def made(
    kind: str = "zoom", dreamer: Dreamer | None = None, **more: Any
) -> tuple[Frame, Frame, Dreamer]:
    """The frames of a film and of its source pass, (N, H, W, 3), as stored in EXR's place."""
    dreamer = dreamer or Dreamer()
    source = {"zoom": "still.png", "video": "clip.mkv"}[kind]
    frames = {"frames": 6} if kind == "zoom" else {}
    recipe = {"source": source, "output": "a", **frames, **more}
    recipe["encode"] = {"passes": ["source"], "codec": "png16"}
    recipe.setdefault("dream", {"objective": "heads"})
    planned = planning.plan(make_recipe(recipe, kind), dreamer=dreamer)
    groups = list(planned.groups())
    dreams = [frame for group in groups for frame in group.frames]
    sources = [frame for group in groups for frame in group.sources]
    return np.stack(dreams), np.stack(sources), dreamer


@pytest.mark.parametrize("kind", ["zoom", "video"])
@pytest.mark.parametrize("carry", ["picture", "residual"])
@pytest.mark.parametrize("color", [{}, {"anchor": 1, "shift": 9}])
def test_outside_is_the_source_to_the_bit(kind: str, carry: str, color: dict[str, Any]) -> None:
    more: dict[str, Any] = {
        "blend": {"carry": carry, "share": 0.9},
        "color": color,
        "mask": "mask.png",
    }
    dreams, sources, _ = made(kind, **more, motion={"zoom": 1.03})
    still = np.arange(SIZE[0]) > 26  # where the mask that the camera enlarges does not come
    assert np.array_equal(dreams[:, :, still], sources[:, :, still])
    inside = np.arange(SIZE[0]) < 18
    assert np.abs(dreams - sources)[:, :, inside].mean((1, 2, 3)).min() > 5


@pytest.mark.parametrize("blend", [{"carry": "picture"}, {"carry": "residual", "share": 0.9}])
@pytest.mark.parametrize("kind", ["zoom", "video"])
def test_the_part_around_a_mask_is_as_in_the_whole_frame(
    kind: str, blend: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All but the dreamer works on that part alone, and rounding is all that it changes."""
    size = (232, 160)
    make.picture(Path("still.png"), *size)
    make.moving_clip(Path("clip.mkv"), *size, 6, cut=4)
    inside = np.zeros(size[::-1], np.uint8)
    inside[60:100, 20:90] = 255
    iio.imwrite("mask.png", inside)
    recipe: dict[str, Any] = {"blend": blend, "mask": {"file": "mask.png", "blur": 1}}
    monkeypatch.setattr(masks, "AROUND_FLOW", 1000)
    films = []
    for margin in (1000, masks.MARGIN):
        monkeypatch.setattr(masks, "MARGIN", margin)
        dreams, sources, dreamer = made(kind, Stripes(), **recipe, motion={"zoom": 1.01})
        assert all(task.canvas.shape[:2] == size[::-1] for task in dreamer.tasks)
        films.append(dreams)
    assert np.abs(films[1] - films[0]).max() < 0.02
    assert np.array_equal(films[1][:, :, 130:], sources[:, :, 130:])
    assert np.abs(films[1] - sources)[:, 70:90, 40:70].mean() > 5


def test_a_zooms_mask_moves_with_the_camera_or_stands() -> None:
    mask(np.arange(SIZE[0]) < 10)
    # An edge 10 px from the center moves to 10 * 1.1 ** 5 = 16 px from it.
    for follow, least, most in (("camera", 3, 6), ("frame", 10, 10)):
        dreams, sources, _ = made(motion={"zoom": 1.1}, mask={"file": "mask.png", "follow": follow})
        wide = np.count_nonzero(np.abs(dreams - sources)[-1].max((0, 2)))
        assert least <= wide <= most


def test_an_all_black_mask_gives_the_source() -> None:
    mask(np.zeros(SIZE[0], bool))
    for kind in ("zoom", "video"):
        dreams, sources, dreamer = made(kind, mask="mask.png", color={"anchor": 1, "shift": 30})
        assert np.array_equal(dreams, sources)
        assert dreamer.tasks == []


def test_gray_shows_by_degrees_and_blur_and_amount_make_gray() -> None:
    mask(np.where(np.arange(SIZE[0]) < 20, 51, 255))
    dreams, sources, dreamer = made("video", mask="mask.png", color={"anchor": 0}, frames=1)
    whole, _, _ = made("video", color={"anchor": 0}, frames=1)
    left, right = np.s_[:, :, :20], np.s_[:, :, 20:]
    assert np.array_equal(dreams[right], whole[right])
    assert dreams[left] == pytest.approx(sources[left] + 0.2 * (whole - sources)[left], abs=1e-3)
    assert dreamer.tasks[0].mask is not None
    assert dreamer.tasks[0].mask[:, :20] == pytest.approx(0.2)
    mask(np.arange(SIZE[0]) < 20)
    *_, blurred = made("video", mask={"file": "mask.png", "blur": 2}, frames=1)
    level = blurred.tasks[0].mask
    assert level is not None
    assert np.all(np.diff(level[0]) <= 0)
    assert 4 <= np.count_nonzero((level[0] > 0.05) & (level[0] < 0.95)) <= 10
    *_, fading = made("video", mask={"file": "mask.png", "amount": "t / 10"}, cuts=False)
    assert [float(task.mask.max()) for task in fading.tasks if task.mask is not None] == (
        pytest.approx([0.1 * t for t in range(1, 9)])
    )


def test_inverted_masks_make_up_the_whole() -> None:
    one, *_ = made("video", mask="mask.png", color={"anchor": 0}, frames=1)
    other, sources, _ = made(
        "video", mask={"file": "mask.png", "invert": True}, color={"anchor": 0}, frames=1
    )
    whole, *_ = made("video", color={"anchor": 0}, frames=1)
    assert np.array_equal(one[:, :, :10], whole[:, :, :10])
    assert np.array_equal(other[:, :, :20], sources[:, :, :20])
    assert np.array_equal(other[:, :, 30:], whole[:, :, 30:])
    steps = np.abs(other - sources).mean((0, 1, 3))
    assert steps[20] < steps[22] < steps[24], "a dream sets in softly"


def test_regions_dream_of_their_own_and_remember_it() -> None:
    mask(np.arange(SIZE[0]) >= 30, "right.png")
    regions = [
        {"mask": "mask.png", "objective": "heads"},
        {"mask": "right.png", "objective": "cells"},
    ]
    dreams, sources, dreamer = made("video", regions=regions, color={"anchor": 0}, cuts=False)
    change = np.abs(dreams - sources)
    assert np.all(change[:, :, 21:29] == 0)
    assert change[0, :, :20].mean() > 2 * change[0, :, 31:].mean() > 2
    assert len(dreamer.tasks) == 2 * 15, "nine frames, and six dreams to warm up"
    counts = [float(task.notes["count"][0]) for task in dreamer.tasks]
    assert counts == [n for n in range(1, 16) for _ in (1, 2)], "each has its own notes"


def test_a_mask_is_fitted_and_its_last_frame_holds_and_that_is_said() -> None:
    iio.imwrite("big.png", np.full((60, 60), 255, np.uint8))
    recipe = make_recipe({"source": "clip.mkv", "mask": "big.png", "output": "a"}, "video")
    notes = planning.plan(recipe, dreamer=Dreamer()).source.notes
    assert "big.png: 60x60, fitted to 40x30" in notes
    Path("masks").mkdir()
    for number, inside in enumerate((True, False, True)):
        mask(np.full(SIZE[0], inside), f"masks/{number}.png")
    dreams, sources, _ = made("video", mask="masks", cuts=False)
    changed = np.abs(dreams - sources).max((1, 2, 3)) > 0
    assert changed.tolist() == [True, False, *[True] * 7]
    recipe = make_recipe({"source": "clip.mkv", "mask": "masks", "output": "a"}, "video")
    notes = planning.plan(recipe, dreamer=Dreamer()).source.notes
    assert "masks: 3 frames for 9: the last one holds" in notes


@pytest.mark.parametrize("alpha", ["white", "keep"])
def test_the_sources_own_alpha_may_be_the_mask(alpha: str) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*SIZE[::-1], 4), np.uint8)
    picture[:, :20, 3], picture[:, 20:, 3] = 255, 0
    iio.imwrite("still.png", picture)
    dreams, sources, _ = made(mask="alpha", alpha=alpha, motion={"zoom": 1})
    assert dreams.shape[3] == (4 if alpha == "keep" else 3)
    assert np.array_equal(dreams[:, :, 21:], sources[:, :, 21:])
    assert np.all(sources[:, :, 21:, :3] == 255) == (alpha == "white")
    assert np.abs(dreams - sources)[:, :, :20].mean() > 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--mask", "alpha"], "mask.file: the source has no alpha"),
        (["--mask", "none.png"], "none.png: no such file"),
        (["--mask", "words.txt"], "words.txt: "),
        (["--mask-amount", "2", "--mask", "mask.png"], "mask.amount: must be at most 1"),
    ],
)
def test_bad_masks_are_refused_in_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("words.txt").write_text("no mask")
    assert main(["zoom", "still.png", "--network", "none", "-n", "2", "-o", "a.mp4", *words]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not Path("a.mp4").exists()


@pytest.mark.parametrize("region", [{"objective": "heads"}, {"mask": {"blur": 3}}])
def test_a_region_needs_a_mask(region: dict[str, Any]) -> None:
    with pytest.raises(DreamvidError, match=r"regions\.0\.mask"):
        made(regions=[region])


def test_a_masked_film_resumes_and_is_changed_by_its_mask() -> None:
    recipe = {"source": "still.png", "frames": 7, "mask": {"file": "mask.png", "blur": 1}}
    recipe["dream"] = {"objective": "heads"}
    list(
        rendering.render(make_recipe({**recipe, "output": "whole.mp4"}, "zoom"), dreamer=Dreamer())
    )
    named = make_recipe({**recipe, "output": "a.mp4"}, "zoom")
    steps = rendering.render(named, dreamer=Dreamer())
    for step in steps:
        if step.index == 4:
            steps.close()
    mask(np.arange(SIZE[0]) < 21)
    with pytest.raises(DreamvidError, match="what is in mask"):
        list(rendering.render(named, dreamer=Dreamer()))
    mask(np.arange(SIZE[0]) < 20)
    list(rendering.render(named, dreamer=Dreamer()))
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()


@pytest.mark.parametrize("stop", [1, 3, 6, 7])
def test_a_clip_under_a_moving_mask_resumes(stop: int) -> None:
    """Its flow is estimated around the mask of each frame; cuts are found some frames ahead."""
    size = (232, 160)
    make.moving_clip(Path("large.mkv"), *size, 9, cut=5)
    Path("masks").mkdir()
    for number in range(9):
        inside = np.zeros(size[::-1], np.uint8)
        inside[60:90, 20 * number : 20 * number + 30] = 255
        iio.imwrite(f"masks/{number}.png", inside)
    recipe = {"source": "large.mkv", "mask": "masks", "dream": {"objective": "heads"}}
    whole, named = (
        make_recipe({**recipe, "output": output}, "video") for output in ("whole.mp4", "a.mp4")
    )
    list(rendering.render(whole, dreamer=Dreamer()))
    steps = rendering.render(named, dreamer=Dreamer())
    for step in steps:
        if step.index == stop:
            steps.close()
    list(rendering.render(named, dreamer=Dreamer()))
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()


def test_a_film_without_its_run_goes_on_in_a_small_part() -> None:
    """The state of its shot is taken from that part alone, as when it was rendered."""
    size = (232, 160)
    make.picture(Path("large.png"), *size)
    inside = np.zeros(size[::-1], np.uint8)
    inside[60:100, 20:90] = 255
    iio.imwrite("part.png", inside)
    words = ["large.png", "--network", "none", "-q", "--zoom", "1.01", "--mask", "part.png"]
    assert main(["zoom", *words, "-n", "3", "-o", "a.mp4", "--no-keep"]) == 0
    again = ["--source", "large.png", "--mask", "part.png", "-q"]
    assert main(["continue", "a.mp4", "-n", "2", *again]) == 0
    assert len(iio.imread("a.mp4")) == 5


def test_a_film_names_its_mask_by_hash_and_goes_on_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["zoom", "still.png", "--network", "none", "-q", "--zoom", "1.05", "--mask", "mask.png"]
    assert main([*words, "-n", "7", "-o", "whole.mp4"]) == 0
    assert main([*words, "-n", "5", "-o", "a.mp4"]) == 0
    assert main(["continue", "a.mp4", "-n", "2", "-q"]) == 0
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    found = read_embedded(Path("a.mp4"))
    assert found.recipe.mask.file is None, "a film is not trusted"
    assert found.name_of("mask.file") == "mask.png"
    assert found.hashes_of("mask.file") == [
        hashlib.sha256(Path("mask.png").read_bytes()).hexdigest()
    ]
    assert main([*words, "-n", "5", "-o", "b.mp4", "--no-keep"]) == 0
    longer = ["continue", "b.mp4", "-n", "2", "-q", "--source", "still.png"]
    assert main(longer) == 1
    assert "mask.file: name mask.png again" in capsys.readouterr().err
    mask(np.arange(SIZE[0]) < 21)
    assert main([*longer, "--mask", "mask.png"]) == 1
    assert "mask.file: is not what b.mp4 was made from" in capsys.readouterr().err
    assert main([*longer, "--mask", "mask.png", "-o", "branch.mp4"]) == 0
    assert main(["render", "a.mp4", "--source", "still.png", "-o", "c.mp4"]) == 0
    assert "a.mp4: mask.file: mask.png is to be named again" in capsys.readouterr().err
