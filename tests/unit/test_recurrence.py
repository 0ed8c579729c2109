"""The recurrence: what is carried from frame to frame, shot by shot, without disk."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from dreamvid import frames as dream_frames
from dreamvid.blend import FADE
from dreamvid.frame import Frame, Fresh, Size
from dreamvid.motion.affine import camera_step
from dreamvid.motion.flow import Flow
from dreamvid.motion.warp import warp
from dreamvid.opening import fit
from dreamvid.recipe import Motion
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.dreamers import make_dreamer
from dreamvid.resolve import resolve
from dreamvid.task import DreamTask
from tests.fakes import UNHELD, Told, asleep, dreamed, dreaming
from tests.scenes import Scene, grid


def films(kind: str, sources: list[Frame], **sections: Any) -> list[Frame]:
    """The frames of a recipe with a dreamer that changes nothing."""
    recipe = make_recipe({"network": "none", **sections}, kind)
    return list(dream_frames(recipe, sources, make_dreamer(resolve(recipe))))


def test_the_dreamer_is_told_the_frame_and_begins_from_the_canvas(picture: Frame) -> None:
    told: list[int] = []

    @dreaming
    def brighten(canvas: Frame, t: int, bare: Fresh) -> Frame:
        told.append(t)
        return canvas + 10

    recipe = make_recipe({"blend": {"share": 0.5, "warmup": 0}, "color": {"anchor": 0}}, "video")
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
    step = camera_step(Motion(**{"zoom": 1, **motion}), Size(64, 48))
    for before, after in itertools.pairwise(frames):
        np.testing.assert_array_equal(after, np.clip(warp(before, step, "reflect"), 0, 255))


def test_a_camera_on_the_clip_crops_each_frame_further(picture: Frame) -> None:
    still = films("video", [picture] * 3, motion={"zoom": 1.1, "moves": "dream"})
    moved = films("video", [picture] * 3, motion={"zoom": 1.1, "moves": "camera"})
    for frame in still:
        np.testing.assert_allclose(frame, picture, atol=1e-3)
    assert np.abs(moved[2] - picture).mean() > 5
    once = films("video", [picture] * 2, motion={"zoom": 1.21, "moves": "camera"})
    np.testing.assert_allclose(moved[2], once[1], atol=0.01)


def test_color_shifts_a_clip(picture: Frame) -> None:
    frames = films("video", [picture] * 3, blend=0, color={"shift": [5, 0, -5], "anchor": 0})
    wanted = np.broadcast_to([5, 0, -5], picture.shape)
    np.testing.assert_allclose(frames[2] - picture, wanted, atol=1e-4)


# A dream carried by the flow, with a dreamer that needs no network


@dreaming
def fake(canvas: Frame, t: int, bare: Fresh) -> Frame:
    """A dream of the canvas, of t and of what is bare: more contrast, and stripes."""
    height, width = bare.shape
    x, y = grid(width, height)
    stripes = np.stack([np.cos(x * (t + 2) / 9), np.sin(y / 4), np.cos((x + y) / 5)], -1)
    contrast = (canvas - canvas.mean((0, 1))) * (0.02 + 0.2 * bare[..., None])
    return np.asarray(canvas + contrast + 4 * stripes, np.float32)


FIRST = Scene(contrast=40).frames(8)
SECOND = [
    frame - 60 for frame in Scene(ground=(-1, 0.7), seed=8, contrast=15, periods=(12, 60)).frames(8)
]


@pytest.mark.parametrize("cadence", [1, 3])
@pytest.mark.parametrize(
    "motion", [{}, {"zoom": 1.03, "moves": "camera"}, {"zoom": 1.03, "angle": 2}]
)
def test_a_shot_is_the_same_alone_and_in_its_film(cadence: int, motion: dict[str, Any]) -> None:
    asked = {"cadence": cadence, "motion": motion}
    told = Told(fake)
    film = dreamed(FIRST + SECOND, told, **asked)
    dreams = 4 if cadence == 3 else 8
    assert told.t == list(range(dreams)) * 2, "dreams are counted, not frames"
    for shot, made in ((FIRST, film[:8]), (SECOND, film[8:])):
        np.testing.assert_array_equal(made, dreamed(shot, fake, **asked))


def test_where_no_cuts_are_looked_for_something_is_carried_over() -> None:
    @dreaming
    def begin(canvas: Frame, t: int, bare: Fresh) -> Frame:
        return fake(DreamTask(canvas, t, bare)) if t == 0 else canvas

    for cuts, follow in ((False, "still"), (True, "still"), (True, "flow")):
        told = Told(begin)
        film = dreamed(FIRST + SECOND, told, cuts=cuts, blend={"follow": follow}, **UNHELD)
        if cuts:
            np.testing.assert_array_equal(film[8], dreamed(SECOND, begin, **UNHELD)[0])
            assert (told.fresh[8] == 1).all()
        else:
            assert told.t == list(range(16))
            assert np.abs(film[8] - SECOND[0]).mean() > 2
            assert not (told.fresh[8] == 1).any()


@pytest.mark.parametrize("cadence", [2, 3, 5])
@pytest.mark.parametrize("frames", [1, 2, 4, 7, 8])
def test_dreamed_are_a_first_frame_every_so_many_and_a_last(cadence: int, frames: int) -> None:
    told = Told(asleep)
    film = dreamed(FIRST[:frames], told, cadence=cadence)
    once = sorted({*range(0, frames, cadence), frames - 1})
    np.testing.assert_allclose(told.canvas, [FIRST[t] for t in once], atol=1e-3)
    assert told.t == list(range(len(once)))
    np.testing.assert_allclose(film, FIRST[:frames], atol=1e-3)


@pytest.mark.parametrize("follow", ["flow", "still"])
def test_frames_between_go_from_one_dream_to_the_next(follow: str) -> None:
    """On a still clip that dream by dream is 6 levels brighter, those between rise evenly."""
    still = Scene(contrast=20).frame(0)

    @dreaming
    def brighter(canvas: Frame, t: int, bare: Fresh) -> Frame:
        return still + 6 * np.float32(t)

    @dreaming
    def even(canvas: Frame, t: int, bare: Fresh) -> Frame:
        return still + np.float32(7)

    asked = {"cadence": 4, "blend": {"follow": follow}, **UNHELD}
    for t, frame in enumerate(dreamed([still] * 8, brighter, **asked)):
        np.testing.assert_allclose(frame - still, 6 * np.interp(t, [0, 4, 7], [0, 1, 2]), atol=1e-2)
    for frame in dreamed([still] * 8, even, **asked):
        np.testing.assert_allclose(frame - still, 7, atol=1e-2)


@pytest.mark.parametrize("cadence", [1, 3])
def test_without_a_share_every_frame_is_dreamed_from_nothing(
    cadence: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flow, "between", None)  # nothing asks for it
    told, all_bare = Told(fake), np.ones((90, 120), np.float32)
    film = dreamed(FIRST, told, blend=0, cadence=cadence, **UNHELD)
    times = [0, 3, 6, 7] if cadence == 3 else range(8)
    for index, (t, bare) in enumerate(zip(times, told.fresh, strict=True)):
        assert (bare == 1).all()
        wanted = fake(DreamTask(FIRST[t], index, all_bare)).clip(0, 255)
        np.testing.assert_array_equal(film[t], wanted)


def threads_ahead() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("read-ahead")]


@pytest.mark.parametrize("cadence", [1, 3])
def test_a_film_closed_early_leaves_no_thread(cadence: int) -> None:
    recipe = make_recipe({"cadence": cadence}, "video")
    frames = dream_frames(recipe, iter(FIRST), asleep)
    assert isinstance(frames, Generator)
    for _ in range(3):
        next(frames)
    assert threads_ahead()
    frames.close()
    assert not threads_ahead()


@pytest.mark.parametrize("cadence", [1, 3])
def test_a_fault_of_the_dream_leaves_no_thread(cadence: int) -> None:
    @dreaming
    def faulty(canvas: Frame, t: int, bare: Fresh) -> Frame:
        if t:
            raise MemoryError("too large")
        return canvas

    with pytest.raises(MemoryError, match="too large"):
        dreamed(FIRST, faulty, cadence=cadence)
    assert not threads_ahead()


def test_uncovered_ground_is_told_to_be_bare_and_less_so_later() -> None:
    scene = Scene(ground=(0, 0), disc=(3, 0))
    told = Told(fake)
    dreamed(scene.frames(6), told)
    assert (told.fresh[0] == 1).all()
    for t in range(2, 6):
        assert told.fresh[t][scene.uncovered(t, within=0.75)].mean() > 0.9
        assert (
            told.fresh[t][scene.on_ground(t) & (scene.from_center(t) > 45)].max() < FADE**t + 0.02
        )
    once = scene.uncovered(2, within=0.75) & (scene.from_center(5) > scene.radius + 5)
    means = [told.fresh[t][once].mean() for t in (2, 3, 4, 5)]
    assert means == sorted(means, reverse=True)


# Sources


def test_fit_fills_the_size_and_cuts_evenly() -> None:
    wide = np.zeros((20, 60, 3), np.float32)
    wide[:, 20:40] = 200
    np.testing.assert_allclose(fit(wide, Size(20, 20)), 200, atol=1e-3)
    assert fit(wide, Size(60, 20)) is wide or np.array_equal(fit(wide, Size(60, 20)), wide)


def test_a_first_dream_settles_before_it_shows() -> None:
    """Carried onto itself, its burst fading, under other draws each round; after a cut again."""
    told: list[tuple[int, float]] = []

    @dreaming
    def note(canvas: Frame, t: int, bare: Fresh) -> Frame:
        told.append((t, float(bare.max())))
        return canvas + np.float32(1 if t else 10)

    still = np.full((48, 64, 3), 100, np.float32)
    made = dreamed([still] * 3, note, blend={"warmup": 2, "share": 0.5}, **UNHELD)
    assert [t for t, _ in told] == [0, 1, 2, 3, 4]
    assert [bare for _, bare in told] == pytest.approx([0.7**n for n in range(5)], rel=1e-3)
    assert [float(frame.mean()) for frame in made] == pytest.approx([104, 103, 102.5], abs=0.01)
    told.clear()
    dreamed([still] * 3, note, blend={"warmup": 2, "share": 0})
    assert [t for t, _ in told] == [0, 1, 2], "nothing is carried: nothing settles"
