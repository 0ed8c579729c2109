"""The whole way from a recipe to a film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid import render
from dreamvid.errors import MediaError
from dreamvid.frame import Frame
from dreamvid.media.outputs import write_picture
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.opening import open_source
from dreamvid.pipeline import MAX_WAITING
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.run import folder_of, load_checkpoint
from tests import media_factory


def test_closing_the_generator_leaves_what_is_done(tmp_path: Path, picture: Frame) -> None:
    write_picture(tmp_path / "a.png", picture, False)
    recipe = make_recipe(
        {"source": str(tmp_path / "a.png"), "output": str(tmp_path / "a.mp4"), "network": "none"}
    )
    steps = render(recipe)
    for _ in range(5):
        step = next(steps)
    assert (step.index, step.total) == (4, 50)
    steps.close()
    stored = load_checkpoint(folder_of(tmp_path / "a.mp4") / "state.npz")
    assert stored
    assert probe(tmp_path / "a.partial.mp4").frames == stored.done
    assert 5 <= stored.done <= 5 + MAX_WAITING + 1, "what was shown, and what was under way"
    left = {"a.png", "a.partial.mp4", ".a.mp4.dreamvid"}
    assert {p.name for p in tmp_path.iterdir()} == left


def source_of(path: Path, **asked: Any) -> Any:
    return open_source(make_recipe({"source": str(path), **asked}, "video"))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 25 a second, each frame bearing its number, with a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return media_factory.h264(path, frames=50, sound=2)


def numbers(frames: Any) -> list[int]:
    return [media_factory.number(frame) for frame in frames]


def test_a_range_of_a_clip(clip: Path) -> None:
    part = source_of(clip, start=0.4, end="0:01")
    assert part.frames == 15
    assert numbers(part.open()) == list(range(10, 25))
    assert (part.sound.start, part.sound.duration) == (Fraction(2, 5), Fraction(3, 5))
    assert numbers(source_of(clip, start=1, frames=3).open()) == [25, 26, 27]


def test_another_rate_keeps_the_time(clip: Path) -> None:
    half, double = source_of(clip, fps="25/2"), source_of(clip, fps=50)
    assert numbers(half.open()) == list(range(0, 50, 2))
    assert numbers(double.open()) == [index for index in range(50) for _ in range(2)]
    assert half.frames == 25
    assert double.frames == 100


def test_a_range_past_the_end_is_refused(clip: Path) -> None:
    with pytest.raises(MediaError, match="no frame from 5 s"):
        source_of(clip, start=5)


# Real media


@pytest.mark.parametrize(
    ("name", "rate", "size", "sound", "motion"),
    [
        ("chaplin.mp4", Fraction(25), (640, 360), True, {}),
        ("chaplin.mp4", Fraction(25), (640, 360), True, {"zoom": 1.02}),
        pytest.param(
            *("chaplin.mp4", Fraction(25), (640, 360), True, {"zoom": 1.02, "moves": "camera"}),
            marks=pytest.mark.slow,
        ),
        ("highway.mp4", Fraction(30000, 1001), (640, 480), False, {}),
        pytest.param(
            *("highway.mp4", Fraction(30000, 1001), (640, 480), False, {"zoom": 1.02}),
            marks=pytest.mark.slow,
        ),
        (
            "highway.mp4",
            Fraction(30000, 1001),
            (640, 480),
            False,
            {"zoom": 1.02, "moves": "camera"},
        ),
    ],
)
def test_real_clips_keep_rate_length_and_sound(
    media: Path,
    tmp_path: Path,
    name: str,
    rate: Fraction,
    size: tuple[int, int],
    sound: bool,
    motion: dict[str, Any],
) -> None:
    asked = {
        "source": str(media / name),
        "output": str(tmp_path / "a.mp4"),
        "frames": 25,
        "network": "none",
        "motion": motion,
    }
    for _ in render(make_recipe(asked, "video")):
        pass
    made = probe(tmp_path / "a.mp4")
    assert (made.rate, made.frames, made.size, made.has_audio) == (rate, 25, size, sound)
    if not motion:
        pairs = zip(
            read_clip(made, frames=25), read_clip(probe(media / name), frames=25), strict=True
        )
        assert max(float(np.abs(a - b).mean()) for a, b in pairs) < 4, "the pictures are the clip's"
