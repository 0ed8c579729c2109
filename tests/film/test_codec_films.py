"""Films of every codec, from the prompt: resumed, continued, refused before any work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dreamvid.cli import main
from dreamvid.media import capabilities, ffmpeg
from dreamvid.media.codecs.table import FILM_CODECS
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.run import folder_of
from tests import media_factory as make

QUIET = ("--network", "none", "--size", "66x50", "-q")

JOINED = [codec for codec in FILM_CODECS if codec.carries_recipe]


@pytest.fixture(autouse=True)
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 3)
    monkeypatch.setattr(extending, "SEGMENT", 3)
    make.picture(Path("still.png"), 80, 60)
    return "still.png"


def zoom(output: str, count: int, *words: str) -> int:
    return main(["zoom", "still.png", "-n", str(count), "-o", output, *QUIET, *words])


def contents(path: str) -> dict[str, bytes]:
    if Path(path).is_dir():
        return {each.name: each.read_bytes() for each in Path(path).iterdir()}
    return {"": Path(path).read_bytes()}


def interrupted(output: str, count: int, at: int, codec: str) -> None:
    """Begin the film that `zoom` makes, and stop in the middle of a segment."""
    recipe: dict[str, Any] = {"source": "still.png", "output": output, "frames": count}
    recipe |= {"network": "none", "size": "66x50", "encode": {"codec": codec}}
    steps = rendering.render(make_recipe(recipe, "zoom"))
    for step in steps:
        if step.index == at:
            steps.close()


@pytest.mark.parametrize(
    ("codec", "ending"),
    [(codec.name, codec.endings[0]) for codec in JOINED]
    + [("exr", ""), ("png16", ""), ("tiff16", "")],
)
def test_an_interrupted_film_is_the_same_bytes(codec: str, ending: str) -> None:
    assert zoom(f"whole{ending}", 8, "--codec", codec) == 0
    interrupted(f"b{ending}", 8, 4, codec)
    assert Path(f"b.partial{ending}").exists()
    assert zoom(f"b{ending}", 8, "--codec", codec) == 0
    assert contents(f"b{ending}") == contents(f"whole{ending}")
    assert not Path(f"b.partial{ending}").exists()


@pytest.mark.parametrize("codec", JOINED, ids=lambda codec: codec.name)
def test_a_film_made_longer_is_the_one_made_whole(codec: Any) -> None:
    name = f"a{codec.endings[-1]}"
    assert zoom(f"whole{codec.endings[-1]}", 8, "--codec", codec.name) == 0
    assert zoom(name, 5, "--codec", codec.name) == 0
    assert main(["continue", name, "--frames", "3", "-q"]) == 0
    assert contents(name) == contents(f"whole{codec.endings[-1]}")


@pytest.mark.parametrize("codec", JOINED, ids=lambda codec: codec.name)
def test_without_its_run_a_film_goes_on_from_its_picture(codec: Any) -> None:
    """Whole segments are those of the film; the frames after them are coded again."""
    name = f"a{codec.endings[0]}"
    assert zoom(name, 5, "--codec", codec.name, "--no-keep") == 0
    before = frames(name)
    words = ["--source", "still.png", "--frames", "2", "-q"]
    assert main(["continue", name, *words]) == 0
    after = frames(name)
    assert len(after) == 7
    assert np.array_equal(after[:3], before[:3])
    # The reader repeats the color of neighbors where 4:2:0 and 4:2:2 have one for two.
    assert np.abs(after[3:5].astype(int) - before[3:5]).mean() < 5


def frames(film: str) -> np.ndarray[Any, Any]:
    """All pictures of a film, by ffmpeg's zscale."""
    yuv = "yuv" in ffmpeg.describe(Path(film))
    to_rgb = "zscale=matrixin=709:rangein=limited:range=full,format=gbrp16le," if yuv else ""
    words = ["-i", ffmpeg.url(Path(film)), "-vf", f"{to_rgb}format=gbrp,crop=66:50:0:0"]
    raw = ffmpeg.convert([*words, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], b"")
    return np.frombuffer(raw, np.uint8).reshape(-1, 50, 66, 3)


@pytest.mark.parametrize(
    ("old", "new", "output"),
    [
        ("h264", "h265", "b.mp4"),
        ("h265", "h264", "b.mp4"),
        ("ffv1", "prores", "b.mov"),
        ("prores", "ffv1", "b.mkv"),
        ("hap", "av1", "b.mkv"),
        ("h265", "exr", "b"),
    ],
)
def test_a_film_goes_on_in_another_codec(old: str, new: str, output: str) -> None:
    name = next(f"a{codec.endings[0]}" for codec in JOINED if codec.name == old)
    assert zoom(name, 5, "--codec", old) == 0
    words = ["--frames", "2", "--codec", new, "-o", output, "-q"]
    assert main(["continue", name, *words]) == 0
    if output == "b":
        assert sorted(each.name for each in Path("b").iterdir())[::6] == [
            "000000.exr",
            "000006.exr",
        ]
        return
    name_of = {"h265": "hevc"}.get(new, new)
    assert f"Video: {name_of}" in ffmpeg.describe(Path(output))
    before, after = frames(name), frames(output)
    assert len(after) == 7
    assert np.abs(after[:5].astype(int) - before).mean() < 6


def test_a_branch_in_another_codec_has_its_ending() -> None:
    assert zoom("a.mp4", 4) == 0
    assert main(["continue", "a.mp4", "--frames", "2", "--codec", "prores", "-q"]) == 0
    assert "prores" in ffmpeg.describe(Path("a-4.mov"))


def test_frames_are_numbered_as_asked() -> None:
    words = ["--codec", "exr", "--frame-name", "shot.%04d", "--first-number", "1001"]
    assert zoom("out", 3, *words) == 0
    wanted = ["shot.1001.exr", "shot.1002.exr", "shot.1003.exr"]
    assert sorted(path.name for path in Path("out").iterdir()) == wanted
    assert zoom("more/shot.%04d.exr", 3, "--first-number", "1001") == 0
    shown = [path for path in Path("more").iterdir() if not path.name.startswith(".")]
    assert sorted(path.name for path in shown) == wanted
    for name in wanted:
        assert (Path("out") / name).read_bytes() == (Path("more") / name).read_bytes()


def test_a_pattern_is_done_once_and_resumes(capsys: pytest.CaptureFixture[str]) -> None:
    output = "out/shot.####.png"
    interrupted(output, 6, 3, "png16")
    assert len(list(Path("out/shot.partial").iterdir())) >= 4
    stored = folder_of(Path(output)) / "film" / "000000.png"
    kept = stored.stat().st_ino
    words = ["zoom", "still.png", "-n", "6", "-o", output, "--codec", "png16", *QUIET[:-1]]
    assert main(words) == 0
    assert Path("out/shot.0000.png").stat().st_ino == kept, "of the first run"
    capsys.readouterr()
    assert len(list(Path("out").glob("shot.*.png"))) == 6
    assert not Path("out/shot.partial").exists()
    assert cv2.imread("out/shot.0005.png", cv2.IMREAD_UNCHANGED).dtype == np.uint16  # type: ignore[union-attr]
    assert main(words) == 0
    assert "done already" in capsys.readouterr().err
    assert zoom(output, 6) == 1, "another codec, and --overwrite is not there"


def test_what_fails_before_a_frame_leaves_no_folder() -> None:
    Path("broken").write_text("#!/bin/sh\nexit 3\n")
    recipe = {"source": "still.png", "output": "out/a.%04d.png", "frames": 2, "network": "none"}
    steps = rendering.render(make_recipe(recipe, "zoom"), restart=True)
    steps.close()
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "a.mp4", "--codec", "prores"], "a.mp4: encode.codec: .mp4 cannot hold prores, but"),
        (["-o", "a", "--codec", "h265"], "a: encode.codec: a folder of pictures cannot hold h265"),
        (["-o", "a.mp4", "--frame-name", "b.%d"], "encode.frame_name: the output is one file"),
        (["-o", "a.mp4", "--codec", "divx"], "encode.codec: must be 'h264', 'h265', 'av1'"),
    ],
)
@pytest.mark.parametrize("how", [[], ["--dry-run"], ["--preview"]])
def test_refused_before_any_work(
    words: list[str], told: str, how: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    if "--frame-name" in words and how == ["--preview"]:
        pytest.skip("a preview has no frames to name")
    assert main(["zoom", "still.png", *QUIET[:-1], *words, *how]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in Path().iterdir()) == ["still.png"]


def test_an_encoder_that_is_not_there_is_said_before_the_render(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = capabilities._listed(ffmpeg.executable())
    monkeypatch.setattr(capabilities, "_listed", lambda path: there - {"libsvtav1"})
    assert zoom("a.mp4", 2, "--codec", "av1") == 1
    assert "av1 needs libsvtav1, which this ffmpeg lacks; imageio-ffmpeg 0.8" in (
        capsys.readouterr().err
    )
    assert not Path("a.mp4").exists()


def test_a_preview_of_any_codec_is_h264() -> None:
    words = ["zoom", "still.png", "-n", "3", *QUIET, "--preview", "--sheet", "1"]
    assert main([*words, "--codec", "ffv1", "-o", "night.mkv"]) == 0
    assert "Video: h264" in ffmpeg.describe(Path("night.preview.mp4"))
    assert main([*words, "--codec", "exr", "--frame-name", "a.%04d", "-o", "shots"]) == 0
    assert Path("shots.preview.mp4").exists()
    Path("out").mkdir()
    assert main([*words, "-o", "out/shot.%04d.exr"]) == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "shot.preview.mp4",
        "shot.sheet.png",
    ]


def test_stills_of_more_bits() -> None:
    for output, words in (("a.tif", []), ("b.png", ["--codec", "png16"]), ("c.exr", [])):
        assert main(["image", "still.png", "--network", "none", "-q", "-o", output, *words]) == 0
    wanted = cv2.imread("still.png")
    assert wanted is not None
    for name in ("a.tif", "b.png"):
        samples = cv2.imread(name, cv2.IMREAD_UNCHANGED)
        assert samples is not None
        assert samples.dtype == np.uint16
        assert np.array_equal(samples, wanted.astype(int) * 257)
    assert Path("c.exr").read_bytes()[:4] == b"v/1\x01"
    assert main(["image", "still.png", "--codec", "exr", "-o", "c.png", *QUIET]) == 1
    assert main(["image", "still.png", "--codec", "exr", *QUIET]) == 0
    assert Path("still-dream.exr").exists()


def test_several_clips_take_the_endings_of_their_codec(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        make.h264(Path(name), frames=2)
    words = ["video", "a.mp4", "b.mp4", "--network", "none", "-q", "--codec", "hap", "-o", "films/"]
    assert main(words) == 0
    assert sorted(path.name for path in Path("films").glob("*.mov")) == [
        "a-dream.mov",
        "b-dream.mov",
    ]


def test_the_disk_that_a_codec_takes_is_foreseen(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for codec in ("h264", "ffv1"):
        words = ["zoom", "still.png", "-n", "200", "--network", "none", "-o", "a.mkv", "--dry-run"]
        assert main([*words, "--codec", codec, "--size", "640x360"]) == 0
        told.append(capsys.readouterr().out.rpartition("at most ")[2].split())
    pixels = 640 * 360
    # Segments and film; two checkpoints; the frames of the open segment, of 3 frames.
    wanted = [pixels * (200 * 2 * 0.25 + 56 + 9), pixels * (200 * 2 * 5 + 56 + 18)]
    assert told[0][:2] == [f"{wanted[0] / 1e6:.0f}", "MB"]
    assert told[1][:2] == [f"{wanted[1] / 1e6:.0f}", "MB"]
