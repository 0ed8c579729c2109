"""Numbered pictures as a clip."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dreamvid.cli import main
from dreamvid.errors import InputError
from dreamvid.media import ffmpeg
from dreamvid.media.outputs import write_picture
from dreamvid.media.picture_list import find_pictures
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture, read_picture_with_alpha
from dreamvid.opening import open_source
from dreamvid.recipe import VideoRecipe
from dreamvid.rendering.manifest import identity
from tests import media_factory as make

NONE = ["--network", "none", "-q"]


def numbered(folder: Path, numbers: range | list[int], name: str = "shot.{:04d}.png") -> Path:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        Image.fromarray(make.numbered(number % 256)).save(folder / name.format(number))
    return folder


def shown(source: Path, **changes: object) -> list[int]:
    opened = open_source(VideoRecipe(source=(source,), **changes))
    numbers = [make.number(frame) for frame in opened.open()]
    assert opened.frames == len(numbers)
    return numbers


@pytest.mark.parametrize(
    "name", ["", "shot.%04d.png", "shot.####.png", "shot.#.png", "shot.%d.png"]
)
def test_a_folder_and_every_pattern_are_a_clip(tmp_path: Path, name: str) -> None:
    plain = name in ("shot.#.png", "shot.%d.png")
    folder = numbered(tmp_path / "seq", range(8, 13), "shot.{}.png" if plain else "shot.{:04d}.png")
    assert shown(folder / name) == [8, 9, 10, 11, 12]


def test_numbers_are_in_order_whatever_their_digits(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "seq", [9, 10, 11, 100, 101], "a{}.png")
    assert [number for number, _ in find_pictures(folder).pictures] == [9, 10, 11, 100, 101]
    long = numbered(tmp_path / "long", range(9998, 10002))
    assert shown(long / "shot.####.png") == [n % 256 for n in range(9998, 10002)]


def test_a_range_of_a_pattern(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "seq", range(20))
    assert shown(folder / "shot.%04d.png 5-7") == [5, 6, 7]


def test_gaps_are_held_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = numbered(tmp_path / "seq", [1, 2, 5, 6, 8])
    assert shown(folder) == [1, 2, 2, 2, 5, 6, 6, 8]
    words = ["video", str(folder), "--network", "none", "-o", str(tmp_path / "o.mp4")]
    assert main(words) == 0
    said = "pictures are missing (3-4, 7); the one before is shown instead"
    assert said in capsys.readouterr().err
    assert main([*words, "--dry-run"]) == 0
    assert said in capsys.readouterr().out


def test_the_rate_and_a_part(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "seq", range(20))
    assert open_source(VideoRecipe(source=(folder,))).rate == 30
    part = {"fps": Fraction(10), "start": Fraction(1, 2), "end": Fraction(1)}
    assert shown(folder, **part) == [5, 6, 7, 8, 9]
    assert shown(folder, **part, frames=2) == [5, 6]
    with pytest.raises(InputError, match=r"no frame from 3 s on; it lasts 2 s"):
        open_source(VideoRecipe(source=(folder,), fps=10, start=3))


def test_other_sizes_are_fitted(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "seq", range(2))
    Image.fromarray(make.numbered(2, 128, 96)).save(folder / "shot.0002.png")
    frames = list(open_source(VideoRecipe(source=(folder,))).open())
    assert {frame.shape for frame in frames} == {(48, 64, 3)}
    assert [make.number(frame) for frame in frames] == [0, 1, 2]


def test_a_film_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    numbered(tmp_path / "seq", range(6))
    for source in ("seq", "seq/", "seq/shot.%04d.png"):
        assert main(["video", source, "--fps", "12", "-o", "o.mp4", "--overwrite", *NONE]) == 0
        film = probe(Path("o.mp4"))
        assert (film.rate, film.frames) == (Fraction(12), 6)
        assert [make.number(frame) for frame in read_clip(film)] == list(range(6))
    Path("night.yaml").write_text("source: seq/shot.####.png\nnetwork: none\nframes: 2\n")
    assert main(["render", "night.yaml", "-q"]) == 0
    assert probe(Path("shot.####-dream.mp4")).frames == 2


def test_they_are_identified_by_what_they_hold(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "seq", range(3))
    before = identity("source", folder)["sha256"]
    assert identity("source", folder / "shot.####.png")["sha256"] == before
    Image.fromarray(make.numbered(9)).save(folder / "shot.0001.png")
    changed = identity("source", folder)["sha256"]
    assert changed != before
    (folder / "shot.0002.png").rename(folder / "shot.0003.png")
    assert identity("source", folder)["sha256"] not in (before, changed)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["video", "empty"], "empty: no numbered pictures are there"),
        (["video", "gone.%04d.png"], "gone.%04d.png: no numbered pictures are there"),
        (["video", "two"], "two: holds several sequences: a.#.png, b.#.png; name one as a pattern"),
        (["zoom", "two"], "two: a folder; name one picture, or use dreamvid video"),
        (["image", "a.####.png"], "a.####.png: no such file; name one picture"),
        (["video", "two/*.png"], "two/*.png: no such file; name a folder, or a pattern"),
    ],
)
def test_what_is_none_is_one_line(
    tmp_path: Path,
    words: list[str],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    numbered(tmp_path / "two", range(2), "a.{}.png")
    numbered(tmp_path / "two", range(2), "b.{}.png")
    assert main([*words, *NONE]) == 1
    assert line in capsys.readouterr().err


# EXR


def write_exr(
    path: Path, planes: np.ndarray[tuple[int, ...], np.dtype[np.float32]], *options: str
) -> Path:
    """An EXR by ffmpeg, of planes G, B, R and perhaps A, or gray."""
    count, height, width = planes.shape
    pixels = {1: "grayf32le", 3: "gbrpf32le", 4: "gbrapf32le"}[count]
    command = [ffmpeg.executable(), "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", pixels]
    command += ["-s", f"{width}x{height}", "-i", "-", "-frames:v", "1", *options, str(path)]
    subprocess.run(command, input=planes.astype("<f4").tobytes(), check=True)
    return path


HALF = ["-format", "half", "-compression", "zip16"]


@pytest.mark.parametrize("options", [[], HALF], ids=["float", "half"])
@pytest.mark.parametrize("planes", [1, 3, 4])
def test_exr_is_linear_light(tmp_path: Path, planes: int, options: list[str]) -> None:
    light = np.zeros((planes, 8, 16), np.float32)
    light[:3] = [[[0.5]], [[0.0]], [[0.0031308]]][: min(planes, 3)]
    light[:3, :, 8:] = [[[2.0]], [[1.0]], [[0.25]]][: min(planes, 3)]
    if planes == 4:
        light[3] = 1
    frame = read_picture(write_exr(tmp_path / "a.exr", light, *options))
    levels = {0.0: 0, 0.0031308: 10.3149, 0.25: 136.9602, 0.5: 187.5160, 1.0: 255, 2.0: 255}
    left, right = (
        ((0.0031308, 0.5, 0.0), (0.25, 2.0, 1.0)) if planes > 1 else (3 * (0.5,), 3 * (2.0,))
    )
    tolerance = 0.02 if options else 1e-3
    np.testing.assert_allclose(frame[4, 2], [levels[each] for each in left], atol=tolerance)
    np.testing.assert_allclose(frame[4, 12], [levels[each] for each in right], atol=tolerance)


def test_exr_with_alpha_shows_white(tmp_path: Path) -> None:
    light = np.zeros((4, 8, 16), np.float32)
    light[2], light[3] = 0.5, 0.5  # ffmpeg multiplies red by alpha
    frame = read_picture(write_exr(tmp_path / "a.exr", light))
    np.testing.assert_allclose(frame[4, 4], (221.258, 127.5, 127.5), atol=1e-3)


@pytest.mark.parametrize("kept", [False, True])
def test_exr_of_dreamvid_reads_back_with_its_straight_alpha(tmp_path: Path, kept: bool) -> None:
    frame = (np.random.default_rng(3).random((70, 64, 4)) * 255).astype(np.float32)
    frame[:20, :, 3] = 0  # with color under it
    frame = frame if kept else frame[..., :3]
    write_picture(tmp_path / "a.exr", frame, False)
    seen = read_picture_with_alpha(tmp_path / "a.exr")
    # A half is right to 1 part in 2048 of the light, which is less of the level.
    assert (np.abs(seen[..., :3] - frame[..., :3]) <= frame[..., :3] / 2048 + 1e-3).all()
    assert np.abs(seen[..., 3] - (frame[..., 3] if kept else 255)).max() <= 255 / 2048


@pytest.mark.parametrize("share", [0.005, 0.02, 0.3, 0.999])
@pytest.mark.parametrize("options", [[], HALF], ids=["float", "half"])
def test_exr_that_is_cut_off_is_refused(tmp_path: Path, share: float, options: list[str]) -> None:
    noise = np.random.default_rng(1).random((3, 64, 64), np.float32)
    path = write_exr(tmp_path / "whole.exr", noise, *options)
    assert read_picture(path).shape == (64, 64, 3)
    with pytest.raises(InputError, match=r"a\.exr: "):
        read_picture(make.cut_off(path, tmp_path / "a.exr", share))


def test_exr_in_order_are_a_clip(tmp_path: Path) -> None:
    for number in range(1001, 1004):
        plane = np.full((3, 48, 64), (number - 1000) / 4, np.float32)
        write_exr(tmp_path / f"shot.{number}.exr", plane, *HALF)
    frames = list(open_source(VideoRecipe(source=(tmp_path / "shot.####.exr",))).open())
    assert [round(float(frame.mean()), 1) for frame in frames] == [137.0, 187.5, 224.6]
