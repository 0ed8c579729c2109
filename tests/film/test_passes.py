"""Passes that one render writes beside the dream, from the prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import imageio.v3 as iio
import numpy as np
import pytest
from numpy.typing import NDArray

from dreamvid import ImageRecipe
from dreamvid.cli import main
from dreamvid.errors import DreamvidError
from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.delivery import H264
from dreamvid.media.passes import pass_path
from dreamvid.media.read import read_picture
from dreamvid.motion.affine import Affine, camera_step
from dreamvid.motion.warp import warp
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from tests import media_factory as make
from tests.fakes import FakeDreamer, FakeSink

SIZE = (40, 30)
ALL = ["dream", "source", "residual", "matte"]


@pytest.fixture(autouse=True)
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 3)
    monkeypatch.setattr(extending, "SEGMENT", 3)
    make.picture(Path("still.png"), *SIZE)


def zoom(output: str, count: int = 5, **more: Any) -> Any:
    """The steps of a zoom by a fake dreamer, of which each frame depends on all before it."""
    encode = {"passes": ALL, **more.pop("encode", {})}
    recipe = {"source": "still.png", "output": output, "frames": count, "encode": encode, **more}
    return rendering.render(make_recipe(recipe, "zoom"), dreamer=FakeDreamer(dream=strongly))


def strongly(canvas: Frame, index: int, fresh: Any) -> Frame:
    return np.asarray(canvas + 60 * np.sin(canvas + np.float32(index)), np.float32)


def light(path: Path) -> NDArray[np.float32]:
    """The samples of an EXR, (H, W, 3), by OpenEXR."""
    exr = pytest.importorskip("OpenEXR", reason="OpenEXR is not installed")
    samples = exr.File(str(path)).channels()["RGB"].pixels
    return np.asarray(samples, np.float32)


def test_exr_passes_add_up_within_half_float() -> None:
    list(zoom("shot.%04d.exr", motion={"zoom": 1.05, "angle": 3}))
    for number in range(5):
        names = (f"shot{name}.{number:04d}.exr" for name in ("", ".source", ".residual"))
        dream, source, residual = (light(Path(name)) for name in names)
        assert residual.min() < -0.05 < 0.05 < residual.max()
        assert np.abs(source + residual - dream).max() <= 2.0**-11


@pytest.mark.parametrize(("codec", "most"), [("png16", 2), ("tiff16", 2), ("png", 257 * 1.001)])
def test_display_coded_passes_add_up_to_a_level(codec: str, most: float) -> None:
    list(zoom("out", encode={"codec": codec}))
    for number in range(5):
        ending = ".tif" if codec == "tiff16" else ".png"
        folders = ("out", "out-source", "out-residual")
        dream, source, residual = (
            samples(Path(folder) / f"{number:06d}{ending}") for folder in folders
        )
        assert np.abs(source + 2 * residual - 65535 - dream).max() <= most


def samples(path: Path) -> NDArray[np.float64]:
    """Of 16 bits, by OpenCV."""
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert read is not None
    return read.astype(np.float64) * (257 if read.dtype == np.uint8 else 1)


def test_a_zooms_source_is_the_still_under_the_camera_sampled_once() -> None:
    list(zoom("out", encode={"codec": "png16"}, motion={"zoom": 1.05, "translate": [0.4, -0.2]}))
    still = read_picture(Path("still.png"))
    recipe: Any = make_recipe({"motion": {"zoom": 1.05, "translate": [0.4, -0.2]}}, "zoom")
    step, camera = camera_step(recipe.motion, (SIZE[0], SIZE[1])), Affine()  # type: ignore[arg-type]
    for number in range(5):
        wanted = np.clip(warp(still, camera, "reflect"), 0, 255)
        made = samples(Path(f"out-source/{number:06d}.png"))[..., ::-1] / 257
        assert np.abs(made - wanted).max() < 0.01
        camera = camera.then(step)


@pytest.mark.parametrize("more", [{}, {"cadence": 3}, {"motion": {"moves": "dream", "zoom": 1.1}}])
def test_a_clips_source_is_its_frames(more: dict[str, Any]) -> None:
    make.moving_clip(Path("clip.mkv"), 64, 48, 9, cut=5)
    encode = {"passes": ["source"], "codec": "png"}
    recipe = make_recipe({"source": "clip.mkv", "output": "a", "encode": encode, **more}, "video")
    list(rendering.render(recipe, dreamer=FakeDreamer(dream=strongly)))
    made = [np.asarray(iio.imread(f"a-source/{number:06d}.png")) for number in range(9)]
    assert np.array_equal(made, make.decoded(Path("clip.mkv")))


def test_films_of_passes_say_nothing_of_the_dream(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", "still.png", "-n", "4", "--network", "none", "--zoom", "1", "-o", "a.mov"]
    assert main([*words, "--codec", "prores", "--passes", "residual,matte"]) == 0
    out = capsys.readouterr().out.split()
    assert out == ["a.mov", "a.residual.mov", "a.matte.mov"]
    for name in ("residual", "matte"):
        told = ffmpeg.describe(Path(f"a.{name}.mov"))
        assert "ap4h" in told, "ProRes 4444, where 422 would lose half of the color"
        assert "dreamvid recipe" not in told
    assert np.abs(pictures("a.residual.mov").astype(int) - 128).max() <= 1
    assert pictures("a.matte.mov").max() == 0


def pictures(film: str) -> NDArray[np.uint8]:
    words = ["-i", ffmpeg.url(Path(film)), "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    return np.frombuffer(ffmpeg.convert(words, b""), np.uint8)


@pytest.mark.parametrize(
    ("output", "codec", "stop"),
    [("a.mp4", "h264", 0), ("a.mov", "prores", 4), ("a.gif", None, 3), ("a", "exr", 4)],
)
def test_an_interrupted_render_gives_the_same_bytes_of_each_pass(
    output: str, codec: str | None, stop: int
) -> None:
    encode = {"codec": codec} if codec else {}
    list(zoom(f"whole{Path(output).suffix}", encode=encode))
    steps = zoom(output, encode=encode)
    for step in steps:
        if step.index == stop:
            steps.close()
    left = {path.name for path in Path().iterdir()}
    if output != "a":
        assert any(name.startswith("a.matte.partial") for name in left), left
        assert any(name.startswith("a.partial") for name in left), left
    list(zoom(output, encode=encode))
    for each in ALL:
        assert contents(output, each) == contents(f"whole{Path(output).suffix}", each)
    assert not any("partial" in str(path) for path in Path().rglob("*"))


def contents(output: str, name: Any) -> list[bytes]:
    path = pass_path(Path(output), name)
    return [f.read_bytes() for f in (sorted(path.iterdir()) if path.is_dir() else [path])]


@pytest.mark.parametrize(("ending", "codec"), [(".mp4", "h264"), (".mov", "prores")])
def test_a_film_made_longer_is_the_one_made_whole_in_each_pass(ending: str, codec: str) -> None:
    words = ["zoom", "still.png", "--network", "none", "--codec", codec, "--zoom", "1.1", "-q"]
    words += ["--passes", "source,residual,matte"]
    assert main([*words, "-n", "7", "-o", f"whole{ending}"]) == 0
    assert main([*words, "-n", "5", "-o", f"a{ending}"]) == 0
    assert main(["continue", f"a{ending}", "--frames", "2", "-q"]) == 0
    for each in ALL:
        assert contents(f"a{ending}", each) == contents(f"whole{ending}", each)


def test_a_branch_has_the_passes_of_its_film(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", "still.png", "--network", "none", "-n", "5", "-o", "a.mkv", "--codec", "ffv1"]
    assert main([*words, "--passes", "residual", "-q", "--no-keep"]) == 0
    longer = ["continue", "a.mkv", "--source", "still.png", "--frames", "2", "--from", "4", "-q"]
    assert main(longer) == 0
    for name in ("", ".residual"):
        assert ffmpeg.packets(Path(f"a-4{name}.mkv"), "video").count == 6  # type: ignore[union-attr]
    whole, branch = pictures("a.residual.mkv"), pictures("a-4.residual.mkv")
    frame = 3 * SIZE[0] * SIZE[1]
    assert np.array_equal(whole[: 4 * frame], branch[: 4 * frame])
    for more, told in (
        (["--passes", "matte", "-o", "b.mkv"], "encode.passes: a.mkv was made without matte"),
        (["--codec", "prores", "-o", "b.mov"], "encode.codec: cannot change in a film with passes"),
    ):
        assert main([*longer, *more]) == 1
        assert told in capsys.readouterr().err
    assert main([*longer, "--passes", "dream", "-o", "bare.mkv"]) == 0
    assert not Path("bare.residual.mkv").exists()
    Path("a.residual.mkv").unlink()
    assert main([*longer, "-o", "b.mkv"]) == 1
    assert "a.residual.mkv: " in capsys.readouterr().err


def test_a_still_has_passes(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["image", "still.png", "--network", "none", "-o", "a.png", "--passes", "matte,residual"]
    assert main(words) == 0
    assert capsys.readouterr().out.split() == ["a.png", "a.residual.png", "a.matte.png"]
    assert np.all(np.asarray(iio.imread("a.residual.png")) == 128)
    assert main(words) == 1, "they are there"
    Path("a.png").unlink()
    assert main(words) == 1
    assert "output exists: a.residual.png (use --overwrite)" in capsys.readouterr().err
    recipe = ImageRecipe(source="still.png", output="b.exr", encode={"passes": ALL})
    list(rendering.render(recipe, dreamer=FakeDreamer(dream=strongly)))
    added = light(Path("b.source.exr")) + light(Path("b.residual.exr"))
    assert np.abs(added - light(Path("b.exr"))).max() <= 2.0**-11


def test_passes_are_done_once_and_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", "still.png", "-n", "3", "--network", "none", "-o", "a.mkv", "--codec", "ffv1"]
    assert main([*words, "--passes", "matte"]) == 0
    assert main([*words, "--passes", "matte"]) == 0
    assert "done already" in capsys.readouterr().err
    Path("a.matte.mkv").unlink()
    assert main([*words, "--passes", "matte"]) == 1
    assert "output exists: a.mkv (use --overwrite)" in capsys.readouterr().err


def test_the_source_keeps_its_alpha_and_numbers_have_none() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*SIZE[::-1], 4), np.uint8)
    iio.imwrite("still.png", picture)
    list(zoom("a", 2, alpha="keep"))
    read = [np.asarray(iio.imread(f"{name}/000000.png")) for name in ("a", "a-source", "a-matte")]
    assert np.array_equal(read[1], picture)
    assert np.array_equal(read[0][..., 3], picture[..., 3])
    assert read[2].shape[2] == 3


def test_a_sink_of_ones_own_takes_the_dream_alone() -> None:
    recipe = make_recipe({"source": "still.png", "encode": {"passes": ALL}}, "zoom")
    with pytest.raises(DreamvidError, match=r"encode\.passes"):
        list(rendering.render(recipe, dreamer=FakeDreamer(), sink=FakeSink()))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--passes", "residual,mate"], "encode.passes.1: must be 'dream', 'source', 'residual'"),
        (["--passes", ""], "encode.passes.0: must be"),
    ],
)
def test_unknown_passes_are_refused(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["zoom", "still.png", *words]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_frame_too_large_for_a_codec_is_refused_before_the_render(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(H264, "largest", Size(39, 30))
    assert main(["zoom", "still.png", "-n", "1", "--network", "none", "-o", "a.mp4"]) == 1
    told = capsys.readouterr().err
    assert "h264 holds frames of up to 39x30, not 40x30; give another codec or a smaller" in told
    assert sorted(path.name for path in Path().iterdir()) == ["still.png"]
