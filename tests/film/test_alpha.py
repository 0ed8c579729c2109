"""What is transparent in a source stays so in films that can hold it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dreamvid.cli import main
from dreamvid.frame import Frame, Size
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture_with_alpha
from dreamvid.media.resize import resize_straight
from dreamvid.motion.affine import Affine
from dreamvid.motion.warp import warp
from tests import media_factory as make

KEEP = ["--network", "none", "--alpha", "keep", "-q"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def clear_picture(index: int = 0) -> NDArray[np.uint8]:
    """Colors, of which a disk that moves to the right is opaque, with a soft edge."""
    y, x = np.mgrid[:48, :64]
    far = np.hypot(x - 24 - index, y - 24)
    alpha = np.clip((18 - far) * 40, 0, 255)
    return np.dstack([make.quadrants(), alpha]).astype(np.uint8)


@pytest.fixture
def still() -> str:
    Image.fromarray(clear_picture()).save("still.png")
    return "still.png"


@pytest.fixture
def clip() -> str:
    for index in range(8):
        Image.fromarray(clear_picture(index)).save(f"{index}.png")
    make.run("-framerate", "25", "-i", "%d.png", "-c:v", "png", "clip.mov")
    return "clip.mov"


def film(name: str) -> list[Frame]:
    return list(read_clip(probe(Path(name)), alpha=True))


def test_a_still_keeps_its_alpha(still: str) -> None:
    assert main(["image", still, "-o", "a.png", *KEEP]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open("a.png")), clear_picture())
    assert main(["image", still, "-o", "b.png", "--network", "none", "-q"]) == 0
    assert Image.open("b.png").mode == "RGB"


def test_an_opaque_still_has_none() -> None:
    Image.fromarray(make.quadrants()).save("a.png")
    assert main(["image", "a.png", "-o", "b.jpg", *KEEP]) == 0


@pytest.mark.parametrize(
    ("output", "codec", "color", "alpha"),
    [("a.mkv", "ffv1", 0.01, 0.01), ("a.mov", "prores", 1.5, 0.3), ("a.mov", "hap_alpha", 12, 3)],
)
def test_a_clip_keeps_its_alpha(
    clip: str, output: str, codec: str, color: float, alpha: float
) -> None:
    words = ["video", clip, "-o", output, "--codec", codec, "--blend", "0", "--no-cuts", *KEEP]
    assert main(words) == 0
    frames = film(output)
    assert len(frames) == 8
    for index, frame in enumerate(frames):
        wanted = clear_picture(index).astype(float)
        inside = wanted[..., 3] == 255
        assert np.abs(frame[..., 3] - wanted[..., 3]).mean() <= alpha
        assert np.abs(frame[inside] - wanted[inside])[:, :3].mean() <= color


def test_numbered_pictures_keep_their_alpha(clip: str) -> None:
    assert main(["video", "#.png", "-o", "out", "--blend", "0", "--no-cuts", *KEEP]) == 0
    for index in range(8):
        made = np.asarray(Image.open(f"out/{index:06}.png"))
        np.testing.assert_array_equal(made, clear_picture(index))


def test_the_camera_moves_alpha_too(still: str) -> None:
    words = ["zoom", still, "-o", "a.mkv", "--codec", "ffv1", "-n", "4", "--zoom", "1.1"]
    assert main([*words, *KEEP]) == 0
    frames = film("a.mkv")
    alpha = np.repeat(clear_picture()[..., 3:].astype(np.float32), 3, -1)
    center = ((64 - 1) / 2, (48 - 1) / 2)
    for index, frame in enumerate(frames):
        grown = 1.1**index
        matrix = [
            [grown, 0, center[0] * (1 - grown)],
            [0, grown, center[1] * (1 - grown)],
            [0, 0, 1],
        ]
        wanted = warp(alpha, Affine(np.array(matrix)), "reflect")[..., 0]
        assert np.abs(frame[..., 3] - np.clip(wanted, 0, 255)).max() < 1


def test_a_film_with_alpha_resumes_and_goes_on(
    clip: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["video", clip, "--codec", "ffv1", "--zoom", "1.02", *KEEP]
    assert main([*words, "-o", "whole.mkv"]) == 0
    assert main([*words, "-o", "a.mkv", "-n", "5"]) == 0
    assert main(["continue", "a.mkv", "-q"]) == 0
    assert Path("a.mkv").read_bytes() == Path("whole.mkv").read_bytes()
    assert main([*words, "-o", "b.mkv", "-n", "5", "--no-keep"]) == 0
    assert main(["continue", "b.mkv", "--source", clip, "-q"]) == 0, "from its pictures"
    for one, other in zip(film("b.mkv"), film("whole.mkv"), strict=True):
        assert np.abs(one - other).max() < 1
    assert main(["continue", "a.mkv", "--from", "3", "--codec", "prores", "-o", "c.mov", "-q"]) == 0
    assert film("c.mov")[0].shape == (48, 64, 4)


@pytest.mark.parametrize("output", ["a.mp4", "a.gif"])
def test_an_output_without_alpha_is_refused_before_the_render(
    still: str, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["zoom", still, "-o", output, "-n", "2", *KEEP]) == 1
    assert "alpha" in capsys.readouterr().err
    assert not Path(output).exists()


def test_its_preview_is_a_film_that_any_player_shows(still: str) -> None:
    words = ["zoom", still, "-o", "a.mov", "--codec", "prores", "-n", "3", "--preview"]
    assert main([*words, *KEEP]) == 0
    assert film("a.preview.mp4")[0].shape[2] == 3


def test_no_color_bleeds_out_of_transparent_ground() -> None:
    picture = np.zeros((8, 8, 4), np.float32)
    picture[:, :4] = (255, 0, 0, 255)
    picture[:, 4:] = (0, 255, 0, 0)
    for size in ((4, 4), (2, 8), (13, 13)):
        small = resize_straight(picture, Size(*size))
        seen = small[small[..., 3] > 1]
        assert np.abs(seen[:, :3] - (255, 0, 0)).max() < 1


def test_a_picture_with_alpha_is_read_with_it(still: str) -> None:
    np.testing.assert_allclose(read_picture_with_alpha(Path(still)), clear_picture(), atol=1e-3)
