"""The recurrence and the whole way from a recipe to a film, with and without a dream."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid import dream_frames, make_dreamer, render
from dreamvid.errors import MediaError
from dreamvid.frame import Frame
from dreamvid.loading import make_recipe
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.write import write_picture
from dreamvid.motion import camera_step, warp
from dreamvid.recipe import Motion
from dreamvid.source import fit, open_source
from tests import media_factory


def films(kind: str, sources: list[Frame], **sections: Any) -> list[Frame]:
    """The frames of a recipe with a dreamer that changes nothing."""
    recipe = make_recipe({"network": "none", **sections}, kind)
    return list(dream_frames(recipe, sources, make_dreamer(recipe)))


def test_the_dreamer_is_told_the_frame_and_begins_from_the_canvas(picture: Frame) -> None:
    told: list[int] = []

    def brighten(canvas: Frame, t: int) -> Frame:
        told.append(t)
        return canvas + 10

    recipe = make_recipe({"blend": {"share": 0.5}, "color": {"anchor": 0}}, "video")
    frames = list(dream_frames(recipe, [picture] * 3, brighten))
    assert told == [0, 1, 2]
    for frame, gain in zip(frames, (10, 15, 17.5), strict=True):
        np.testing.assert_allclose(frame - picture, gain, atol=1e-3)


@pytest.mark.parametrize(
    "motion", [{"zoom": 1.03}, {"zoom": 0.97, "angle": 2, "border": "reflect"}, {}]
)
def test_without_a_dream_a_zoom_is_the_cameras_path(picture: Frame, motion: dict[str, Any]) -> None:
    """Frame t + 1 is frame t under the affine map, whatever the color's anchor."""
    frames = films("zoom", [picture] * 4, motion={"zoom": 1, **motion})
    np.testing.assert_array_equal(frames[0], picture)
    step = camera_step(Motion(**{"zoom": 1, **motion}), (64, 48))
    for before, after in itertools.pairwise(frames):
        np.testing.assert_array_equal(after, np.clip(warp(before, step, "reflect"), 0, 255))


def test_a_zoom_keeps_its_color_over_many_frames(picture: Frame) -> None:
    """With a real dream: means within 8 levels and spreads within a quarter after 50 frames."""
    recipe = make_recipe({"frames": 50}, "zoom")
    dream = make_dreamer(recipe)
    *_, last = dream_frames(recipe, itertools.repeat(picture, 50), dream)
    np.testing.assert_allclose(last.mean((0, 1)), picture.mean((0, 1)), atol=8)
    np.testing.assert_allclose(last.std((0, 1)), picture.std((0, 1)), rtol=0.25)


@pytest.mark.parametrize("value", [0.0, 255.0, 127.0])
def test_flat_seeds_do_not_run_away(value: float) -> None:
    recipe = make_recipe({"frames": 12, "dream": {"octaves": 2}}, "zoom")
    flat = np.full((48, 64, 3), value, np.float32)
    frames = list(dream_frames(recipe, [flat] * 12, make_dreamer(recipe)))
    assert np.isfinite(frames).all()
    assert abs(frames[-1].mean() - value) < 12
    assert frames[-1].std() < 40


def test_a_camera_on_the_clip_crops_each_frame_further(picture: Frame) -> None:
    still = films("video", [picture] * 3, motion={"zoom": 1.1, "on": "dream"})
    moved = films("video", [picture] * 3, motion={"zoom": 1.1, "on": "frame"})
    for frame in still:
        np.testing.assert_allclose(frame, picture, atol=1e-3)
    assert np.abs(moved[2] - picture).mean() > 5
    once = films("video", [picture] * 2, motion={"zoom": 1.21, "on": "frame"})
    np.testing.assert_allclose(moved[2], once[1], atol=0.01)


def test_color_shifts_a_clip(picture: Frame) -> None:
    frames = films("video", [picture] * 3, blend=0, color={"shift": [5, 0, -5], "anchor": 0})
    wanted = np.broadcast_to([5, 0, -5], picture.shape)
    np.testing.assert_allclose(frames[2] - picture, wanted, atol=1e-4)


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
    assert probe(tmp_path / "a.partial.mp4").frames == 5
    assert {p.name for p in tmp_path.iterdir()} == {"a.png", "a.partial.mp4"}


# Sources


def test_fit_fills_the_size_and_cuts_evenly() -> None:
    wide = np.zeros((20, 60, 3), np.float32)
    wide[:, 20:40] = 200
    np.testing.assert_allclose(fit(wide, (20, 20)), 200, atol=1e-3)
    assert fit(wide, (60, 20)) is wide or np.array_equal(fit(wide, (60, 20)), wide)


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


@pytest.mark.parametrize("motion", [{}, {"zoom": 1.02}, {"zoom": 1.02, "on": "frame"}])
@pytest.mark.parametrize(
    ("name", "rate", "size", "sound"),
    [
        ("chaplin.mp4", Fraction(25), (640, 360), True),
        ("highway.mp4", Fraction(30000, 1001), (640, 480), False),
    ],
)
def test_real_clips_keep_rate_length_and_sound(
    media: Path,
    tmp_path: Path,
    motion: dict[str, Any],
    name: str,
    rate: Fraction,
    size: tuple[int, int],
    sound: bool,
) -> None:
    asked = {
        "source": str(media / name),
        "output": str(tmp_path / "a.mp4"),
        "frames": 50,
        "network": "none",
        "motion": motion,
    }
    for _ in render(make_recipe(asked, "video")):
        pass
    made = probe(tmp_path / "a.mp4")
    assert (made.rate, made.frames, made.size, made.has_audio) == (rate, 50, size, sound)
    if not motion:
        pairs = zip(
            read_clip(made, frames=50), read_clip(probe(media / name), frames=50), strict=True
        )
        assert max(float(np.abs(a - b).mean()) for a, b in pairs) < 4, "the pictures are the clip's"
