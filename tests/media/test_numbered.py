"""Numbered pictures as a clip."""

from __future__ import annotations

import struct
import subprocess
import time
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dreamvid.cli import main
from dreamvid.errors import InputError
from dreamvid.limits import ANSWER_SECONDS, MAX_SIDE
from dreamvid.media import ffmpeg
from dreamvid.media.outputs import write_picture
from dreamvid.media.picture_list import find_pictures
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture, read_picture_with_alpha
from dreamvid.opening import open_source
from dreamvid.recipe import VideoRecipe
from dreamvid.recipe.paths import names_several
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


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("*", [2, 9, 10, 11]),
        ("a*.png", [2, 9, 10, 11]),
        ("a?.*", [2, 9]),
        ("a?.p?g", [2, 9]),
        ("*1.png", [0]),  # one alone is counted
    ],
)
def test_a_pattern_of_the_shell_is_a_clip(tmp_path: Path, name: str, numbers: list[int]) -> None:
    folder = numbered(tmp_path / "seq", [2, 9, 10, 11], "a{}.png")
    (folder / "a12.txt").write_text("no picture")
    (folder / ".a13.png").write_bytes(b"hidden")
    (folder / "a14.png").mkdir()
    assert [number for number, _ in find_pictures(folder / name).pictures] == numbers
    held = [2] + 7 * [2] + [9]
    assert shown(folder / "a?.png") == held[1:]


def test_names_that_differ_in_more_than_one_number_are_counted(tmp_path: Path) -> None:
    folder = numbered(tmp_path / "seq", [10, 2], "a{}.png")
    numbered(folder, [3], "b{}.png")
    numbered(folder, [1], "c.{0}.{0}.png")
    found = find_pictures(folder / "*")
    assert [(number, file.name) for number, file in found.pictures] == [
        (0, "a2.png"),
        (1, "a10.png"),
        (2, "b3.png"),
        (3, "c.1.1.png"),
    ]
    assert found.note is None
    versions = numbered(tmp_path / "take2", [5, 7], "v2_{:03d}_v2.png")
    assert find_pictures(versions / "v2_*").note == (
        "pictures are missing (6); the one before is shown instead"
    )
    (versions / "v2_7_v2.png").write_bytes((versions / "v2_007_v2.png").read_bytes())
    assert [number for number, _ in find_pictures(versions / "*").pictures] == [0, 1, 2]
    one = numbered(tmp_path / "[1]", [4], "[a]{}.png")
    assert [file.name for _, file in find_pictures(one / "[a]*.png").pictures] == ["[a]4.png"]


def test_a_file_of_such_a_name_is_itself(tmp_path: Path) -> None:
    Image.fromarray(make.numbered(3)).save(tmp_path / "a*.png")
    assert not names_several(tmp_path / "a*.png")
    assert names_several(tmp_path / "b*.png")


def test_a_film_of_a_pattern_of_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    numbered(tmp_path / "seq", [1, 2, 4], "plate_{}.png")
    assert main(["video", "seq/*.png", "--fps", "12", "--network", "none"]) == 0
    assert "pictures are missing (3)" in capsys.readouterr().err
    film = probe(Path("seq-dream.mp4"))
    assert (film.rate, film.frames) == (Fraction(12), 4)
    assert main(["video", "seq/plate_*", *NONE]) == 0
    assert probe(Path("plate-dream.mp4")).frames == 4
    Path("night.yaml").write_text("source: seq/pl*.png\nnetwork: none\nframes: 2\n")
    assert main(["render", "night.yaml", "-q"]) == 0
    assert probe(Path("pl-dream.mp4")).frames == 2
    assert identity("source", Path("seq/p*"))["sha256"] == identity("source", Path("seq"))["sha256"]


def test_a_pattern_that_the_shell_expanded_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    numbered(tmp_path / "seq", [1, 2, 3], "a{}.png")
    names = ["seq/a1.png", "seq/a2.png", "seq/a3.png"]
    assert main(["video", *names, *NONE]) == 1
    assert capsys.readouterr().err == (
        "dreamvid: error: seq/a1.png: one of 3 pictures, and no clip; for a film of them name "
        "their folder, or put the pattern in quotes: 'seq/*.png'\n"
    )
    frames = [Image.fromarray(make.numbered(number)) for number in range(3)]
    for name in ("b.png", "c.png"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=40)
    assert main(["video", "b.png", "c.png", "-o", "films/", *NONE]) == 0
    assert probe(Path("films/b-dream.mp4")).frames == 3


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
        (["video", "two/*.mp4"], "two/*.mp4: no such file; name a folder, or a pattern"),
        (["video", "two/c*.png"], "two/c*.png: no pictures of such names are there"),
        (["video", "gone/*"], "gone/*: no pictures of such names are there"),
        (["image", "two/?.1.png"], "two/?.1.png: no such file; name one picture, or use"),
        (["zoom", "http://a.b/c.png?d"], "http://a.b/c.png?d: a URL; download it first"),
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


def test_exr_that_is_too_wide_is_refused_at_once(tmp_path: Path) -> None:
    light = np.zeros((3, 2, 8), np.float32)
    written = write_exr(tmp_path / "whole.exr", light, *HALF).read_bytes()
    window = struct.pack("<4i", 0, 0, 7, 1)
    assert window in written
    wide = tmp_path / "a.exr"
    wide.write_bytes(written.replace(window, struct.pack("<4i", 0, 0, MAX_SIDE + 200_000, 1)))
    begun = time.monotonic()
    with pytest.raises(InputError, match=r"a\.exr: too large; at most"):
        read_picture(wide)
    assert time.monotonic() - begun < ANSWER_SECONDS / 2, "it does not wait for ffmpeg"


def test_exr_in_order_are_a_clip(tmp_path: Path) -> None:
    for number in range(1001, 1004):
        plane = np.full((3, 48, 64), (number - 1000) / 4, np.float32)
        write_exr(tmp_path / f"shot.{number}.exr", plane, *HALF)
    frames = list(open_source(VideoRecipe(source=(tmp_path / "shot.####.exr",))).open())
    assert [round(float(frame.mean()), 1) for frame in frames] == [137.0, 187.5, 224.6]
