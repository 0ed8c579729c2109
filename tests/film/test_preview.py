"""Previews: a small film of the same recipe, and a sheet of frames as the film will have them."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import pytest

from dreamvid.cli import main
from dreamvid.errors import MediaError, RecipeError
from dreamvid.frame import Frame, Fresh, Size
from dreamvid.media.outputs import write_picture
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture
from dreamvid.media.resize import resize_area
from dreamvid.opening import open_source
from dreamvid.recipe import Recipe, ZoomRecipe
from dreamvid.recipe.load import make_recipe
from dreamvid.recurrence import frames as dream_frames
from dreamvid.rendering import plan as planning
from dreamvid.rendering import preview as previews
from dreamvid.rendering.plan import plan
from dreamvid.rendering.preview import GAP, preview, smaller
from dreamvid.rendering.render import Step
from dreamvid.task import DreamTask
from tests import media_factory
from tests.fakes import asleep, dreaming
from tests.scenes import Scene, texture


@dreaming
def fake(canvas: Frame, t: int, bare: Fresh) -> Frame:
    """More contrast, and what tells t and whether it is bare."""
    mean = canvas.mean((0, 1))
    return np.asarray(mean + 1.1 * (canvas - mean) + t + 5 * bare[..., None], np.float32)


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "make_dreamer", lambda job, machine=None: fake)


@pytest.fixture(scope="module")
def soft(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A soft picture of 480x360."""
    x, y = np.meshgrid(np.arange(480.0), np.arange(360.0))
    frame = 128 + 30 * texture(3, (90, 200))(x, y)
    path = tmp_path_factory.mktemp("soft") / "still.png"
    write_picture(path, frame.astype(np.float32), False)
    return path


@pytest.fixture
def still(tmp_path: Path, soft: Path) -> Path:
    """The soft picture, in a folder with nothing else."""
    return Path(shutil.copy(soft, tmp_path))


def of(still: Path, kind: str = "zoom", **said: Any) -> Recipe:
    data = {"source": str(still), **said}
    return make_recipe({"output": str(still.parent / "night.mp4"), **data}, kind)


def made(recipe: Recipe, count: int = 4, *, overwrite: bool = False) -> tuple[list[Frame], Path]:
    """The small film's frames, and where the sheet is."""
    film, sheet = [each for each in preview(recipe, count, overwrite=overwrite) if is_path(each)]
    return list(read_clip(probe(film))), sheet


def is_path(event: Step | Path) -> TypeGuard[Path]:
    return isinstance(event, Path)


def cells(sheet: Path, count: int, size: tuple[int, int]) -> list[Frame]:
    picture, columns = read_picture(sheet), int(np.ceil(np.sqrt(count)))
    corners = [
        (k // columns * (size[1] + GAP), k % columns * (size[0] + GAP)) for k in range(count)
    ]
    return [picture[top : top + size[1], left : left + size[0]] for top, left in corners]


@pytest.mark.parametrize(
    ("size", "small", "octaves"),
    [
        ((960, 540), (320, 180), 1),
        ((1080, 1920), (180, 320), 1),
        ((480, 360), (320, 240), 3),
        ((320, 200), (320, 200), 4),
        ((63, 47), (62, 46), 4),
    ],
)
@pytest.mark.usefixtures("faked")
def test_it_is_small_and_dreams_on_what_octaves_the_film_has(
    still: Path, size: tuple[int, int], small: tuple[int, int], octaves: int
) -> None:
    little = smaller(plan(of(still, size=size)))
    assert isinstance(little.recipe, ZoomRecipe)
    assert little.source.size == next(little.source.open()).shape[1::-1] == small
    assert (little.recipe.dream.octaves, little.recipe.dream.jitter) == (octaves, 32)
    assert (little.recipe.network.name, little.recipe.encode.crf) == ("lite0", 23)


@pytest.mark.usefixtures("faked")
def test_masks_are_blurred_as_much_less_as_its_frames_are_smaller(still: Path) -> None:
    regions = [{"mask": {"file": str(still), "blur": blur}} for blur in (8, 0)]
    little = smaller(plan(of(still, size=(1280, 960), regions=regions)))
    ratio = little.source.size[0] / 1280
    assert ratio < 0.5
    assert [region.mask.blur for region in little.job.regions] == pytest.approx([8 * ratio, 0])


@pytest.mark.usefixtures("faked")
def test_a_long_picture_stays_large_enough_for_its_network(still: Path) -> None:
    little = smaller(plan(of(still, size=(3000, 200), network="inception_v3", dream={"steps": 1})))
    assert 75 <= little.source.size[1] <= 80


@pytest.mark.parametrize(
    "motion",
    [
        {"zoom": 1, "translate": ["0:(0), 3:(9)", -6]},
        {"trim": ["6 + t", 5]},
        {"zoom": 1.15, "angle": "t/2", "center": [0.2, 0.7]},
    ],
)
def test_its_camera_goes_the_films_way(still: Path, motion: dict[str, Any]) -> None:
    recipe = of(still, network="none", frames=8, motion={"border": "reflect", **motion})
    small, sheet = made(recipe, 3)
    large = list(dream_frames(recipe, open_source(recipe).open(), asleep))
    assert len(small) == len(large) == 8
    for little, full in zip(small, large, strict=True):
        assert np.abs(little - resize_area(full, Size(320, 240))).mean() < 2
    assert np.abs(small[0] - small[-1]).mean() > 8
    for t, cell in zip((0, 4, 7), cells(sheet, 3, (480, 360)), strict=True):
        assert np.abs(cell - large[t]).mean() < 1.5


@pytest.mark.usefixtures("faked")
def test_a_zooms_sheet_shows_its_first_frame_and_the_small_films_own(still: Path) -> None:
    """Nothing is dreamed that neither film has: it showed creatures that never come."""
    recipe = of(still, frames=5, size=(400, 300), color={"anchor": 0})
    small, sheet = made(recipe, 3)
    large = next(iter(dream_frames(recipe, open_source(recipe).open(), fake)))
    first, middle, last = cells(sheet, 3, (400, 300))
    np.testing.assert_allclose(first, large, atol=0.51)
    for cell, little in ((middle, small[2]), (last, small[4])):
        assert (
            np.abs(cell - resize_area(little, Size(400, 300))).mean() < 3
        )  # of the small film's coding


@pytest.mark.parametrize("kind", ["zoom", "video"])
@pytest.mark.usefixtures("faked")
def test_it_says_what_its_sheet_shows(
    still: Path, kind: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "SIDE", 40)
    clip = media_factory.h264(still.parent / "clip.mp4", frames=4)
    source = still if kind == "zoom" else clip
    words = [kind, str(source), "-n", "4", "-o", str(still.parent / "night.mp4"), "--preview"]
    assert main([*words, "--sheet", "2"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "night.sheet.png: " in line]
    said = {"zoom": "frames of the small film, enlarged", "video": "as the first of a shot"}
    assert said[kind] in lines[-1]


@pytest.mark.usefixtures("faked")
def test_it_can_be_made_on_another_thread(still: Path) -> None:
    """Nothing of it sets a signal, which only the main thread may."""
    with ThreadPoolExecutor(1) as room:
        made_there = room.submit(made, of(still, frames=3), 2).result(timeout=60)
    assert len(made_there[0]) == 3


@pytest.mark.parametrize("motion", [{"zoom": 1.1}, {"zoom": 1.1, "moves": "camera"}])
@pytest.mark.usefixtures("faked")
def test_a_clips_sheet_shows_shots_that_begin_there(
    tmp_path: Path, motion: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second shot's camera has only gone the way since its cut."""
    monkeypatch.setattr(previews, "SIDE", 80)
    scenes = Scene(contrast=20).frames(8), Scene(contrast=60, seed=9, ground=(0, 0)).frames(8)
    folder = tmp_path / "shots"
    folder.mkdir()
    for t, frame in enumerate([*scenes[0], *(255 - frame for frame in scenes[1])]):
        write_picture(folder / f"{t:03}.png", frame, False)
    clip = tmp_path / "clip.mp4"
    media_factory.run("-i", folder / "%03d.png", "-qp", "0", "-pix_fmt", "yuv444p", clip)
    recipe = of(clip, "video", motion=motion)
    small, sheet = made(recipe, 4)
    assert len(small) == 16
    shown = list(
        dream_frames(
            make_recipe({"blend": 0, "motion": motion}, "video"),
            read_clip(probe(clip)),
            asleep,
        )
    )
    for t, cell in zip((0, 5, 10, 15), cells(sheet, 4, (120, 90)), strict=True):
        alone = make_recipe({"motion": motion}, "video")
        (wanted,) = dream_frames(alone, [shown[t]], fake)
        assert np.abs(cell - wanted).mean() < 0.3  # of rounding


@pytest.mark.usefixtures("faked")
def test_a_small_clips_sheet_shows_the_film_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = media_factory.h264(tmp_path / "clip.mp4", frames=4)
    recipe = of(clip, "video")
    _, sheet = made(recipe, 4)
    film = dream_frames(recipe, open_source(recipe).open(), fake)
    size = open_source(recipe).size
    for cell, frame in zip(cells(sheet, 4, size), film, strict=True):
        np.testing.assert_allclose(cell, np.clip(frame, 0, 255), atol=0.51)
    words = ["video", str(clip), "-o", str(recipe.output), "--preview", "--overwrite"]
    assert main(words) == 0
    assert "frames of the film, which is no larger" in capsys.readouterr().err


@pytest.mark.usefixtures("faked")
def test_a_clips_preview_has_all_its_frames_and_its_sound(tmp_path: Path) -> None:
    clip = media_factory.h264(tmp_path / "clip.mp4", frames=10, rate=25, sound=0.4)
    small, sheet = made(of(clip, "video", fps=20), 2)
    film = probe(tmp_path / "night.preview.mp4")
    assert (len(small), film.rate, film.has_audio) == (8, Fraction(20), True)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "clip.mp4",
        "night.preview.mp4",
        "night.sheet.png",
    ]
    assert sheet.name == "night.sheet.png"


@pytest.mark.parametrize("name", ["night.preview.mp4", "night.sheet.png"])
def test_what_is_there_is_refused_before_any_work(
    still: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (still.parent / name).write_text("mine")
    recipe = of(still, network="none", frames=2)
    with monkeypatch.context() as patch:
        patch.setattr(previews, "record", None)
        with pytest.raises(MediaError, match=f"{name}.*--overwrite"):
            list(preview(recipe, 2))
    assert (still.parent / name).read_text() == "mine"
    assert len(made(recipe, 2, overwrite=True)[0]) == 2


@pytest.mark.parametrize(
    ("kind", "said", "message"),
    [
        ("image", {}, "an image is a single frame"),
        ("zoom", {"source": ()}, "source: name the picture"),
        ("zoom", {"motion": {"trim": [240, 1]}}, "motion.trim: 240 and 1 px leave nothing"),
        ("zoom", {"dream": {"octaves": "0:(4), 1:(0)"}}, "dream.octaves: .* at frame 1"),
    ],
)
def test_what_cannot_be_is_said_before_any_work(
    still: Path, kind: str, said: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecipeError, match=message) as told:
        list(preview(of(still, kind, network="none", **said), 2))
    assert "\n" not in str(told.value)
    assert [p.name for p in still.parent.iterdir()] == ["still.png"]


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def fail() -> None:
    raise MediaError("broken")


@pytest.mark.parametrize(("stop", "least", "status"), [(interrupt, 5, 130), (fail, 4, 1)])
def test_stopped_it_goes_on_and_has_every_cell(
    still: Path,
    stop: Callable[[], None],
    least: int,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    turns = iter(range(100))

    @dreaming
    def stops(canvas: Frame, t: int, bare: Fresh) -> Frame:
        if next(turns) == 4:
            stop()
        return fake(DreamTask(canvas, t, bare))

    words = ["zoom", str(still), "-n", "7", "--zoom", "1.05", "-o", str(still.parent / "night.mp4")]
    words += ["--preview", "--sheet", "4"]
    monkeypatch.setattr(planning, "make_dreamer", lambda job, machine=None: stops)
    assert main(words) == status
    left = re.search(r"the (\d) frames done are in", capsys.readouterr().err)
    assert left
    done = int(left[1])  # a machine at work sees the interrupt a frame later
    assert least <= done <= least + 1
    assert not (still.parent / "night.preview.mp4").exists()
    assert main(words) == 0
    begun = done if stop is interrupt else 5
    assert next(turns) == begun + (7 - done) + 1  # left, and the sheet's first picture
    told = capsys.readouterr()
    assert f"resumes at frame {done} of 7" in told.err
    film, sheet = map(Path, told.out.splitlines())
    assert probe(film).frames == 7
    again = made(of(still, frames=7, motion={"zoom": 1.05}), 4, overwrite=True)[1]
    assert np.abs(read_picture(sheet) - read_picture(again)).mean() < 1.5


@pytest.mark.slow
def test_at_the_prompt_with_a_real_network(
    tmp_path: Path, picture: Frame, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sheet's first cell is the film's first frame."""
    write_picture(tmp_path / "a.png", picture, False)
    words = ["zoom", str(tmp_path / "a.png"), "--frames", "3", "--octaves", "2", "-q"]
    words += ["-o", str(tmp_path / "film")]
    assert main([*words, "--preview", "--sheet", "2"]) == 0
    film, sheet = capsys.readouterr().out.splitlines()
    assert main(words) == 0
    assert probe(Path(film)).frames == 3
    first, last = cells(Path(sheet), 2, (64, 48))
    np.testing.assert_array_equal(first, read_picture(tmp_path / "film" / "000000.png"))
    assert np.abs(last - first).mean() > 3
