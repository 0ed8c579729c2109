"""Films that close: their camera's round, the self-similar source, and what leads into them."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.errors import RecipeError
from dreamvid.frame import Frame, Size
from dreamvid.looping import looped
from dreamvid.motion.affine import Affine, camera_step
from dreamvid.motion.round import Round
from dreamvid.motion.self_similar import SMALLEST, SelfSimilar
from dreamvid.motion.steps import CameraSteps
from dreamvid.motion.warp import warp
from dreamvid.recipe import Motion, ZoomRecipe
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.loop import Loop
from dreamvid.recipe.timeline import Timeline
from dreamvid.recurrence import dreamed_groups
from dreamvid.resolve import resolve
from dreamvid.source import Source
from dreamvid.task import AnyDreamer
from tests.fakes import Told, asleep, dreaming, waves
from tests.scenes import Scene

SIZE = Size(64, 48)


def film(
    kind: str, pictures: Any, dreamer: AnyDreamer = asleep, frames: int = 20, **sections: Any
) -> tuple[list[Frame], Source]:
    """A closed film and its source."""
    recipe = make_recipe(
        {"network": "none", "frames": frames, "loop": True, "color": {"anchor": 0}, **sections},
        kind,
    )
    whole = (
        Source.of_picture(pictures, frames)
        if kind == "zoom"
        else Source.of_frames(pictures, identity="clip")
    )
    source = looped(recipe, whole)
    groups = dreamed_groups(resolve(recipe, source.size), source.timeline, source.open(), dreamer)
    return [frame for group in groups for frame in group.frames], source


def step(one: Any, other: Any) -> float:
    return float(np.abs(one - other).mean())


def steps(frames: list[Frame]) -> list[float]:
    """Of each frame to the next, and last of the last to the first."""
    return [step(*pair) for pair in itertools.pairwise([*frames, frames[0]])]


@given(st.integers(2, 400), st.integers(1, 60), st.data())
def test_a_loops_end_passes_over_without_a_jump(frames: int, blend: int, data: Any) -> None:
    blend = min(blend, frames // 2)
    loop = Loop(frames, frames // 2, blend)
    shares = [loop.own(index) for index in range(frames)]
    assert shares[-1] == 0
    assert all(share == 1 for share in shares[: frames - blend - 1])
    assert all(0 <= later <= sooner for sooner, later in itertools.pairwise(shares))
    assert all(one - other <= 1.6 / blend for one, other in itertools.pairwise(shares))
    # Pulls, in groups of any length, leave of a frame's own what `own` says.
    left, since = 1.0, frames - blend - 1
    while since < frames - 1:
        index = min(frames - 1, since + data.draw(st.integers(1, 3)))
        left *= 1 - loop.pull(index, since)
        assert left == pytest.approx(loop.own(index), abs=1e-9)
        since = index


def test_frames_that_lead_in_have_the_time_of_a_round_later() -> None:
    timeline = Timeline(Fraction(25), 20, loop=Loop(20, 6, 3))
    assert timeline.lead == 6
    assert [timeline[index].t for index in (-6, -1, 0, 19)] == [14, 19, 0, 19]


MOTIONS: dict[str, dict[str, Any]] = {
    "in": {"zoom": 1.04},
    "out": {"zoom": 0.96},
    "turned": {"zoom": 1.03, "angle": 4},
    "aside": {"zoom": 1.05, "center": (0.3, 0.7)},
    "by hand": {"zoom": 1.04, "handheld": 2},
    "along a path": {
        "path": [{"at": 0, "center": (0.3, 0.4), "zoom": 1.05}, {"at": 15, "center": (0.6, 0.5)}]
    },
    "varied": {"zoom": "1.04 + .02*sin(t)", "translate": ("cos(t)", 0)},
}


def scale_of(motion: dict[str, Any], frames: int = 20) -> tuple[Affine, list[Affine]]:
    """The whole round, and the steps into frames 1 to `frames`, the last of which is 0."""
    recipe = make_recipe({"motion": motion, "frames": frames, "loop": True}, "zoom")
    job = resolve(recipe, SIZE)
    timeline = Timeline(Fraction(30), frames, loop=Loop(frames, frames // 2, 4))
    steps = CameraSteps(job, timeline)
    way = [steps.step(index % frames, SIZE) for index in range(1, frames + 1)]
    closing = Affine()
    for each in way:
        closing = closing.then(each)
    return closing, way


@pytest.mark.parametrize("motion", MOTIONS.values(), ids=MOTIONS)
def test_a_self_similar_picture_comes_back(picture: Frame, motion: dict[str, Any]) -> None:
    closing, way = scale_of(motion)
    similar = SelfSimilar(closing, SIZE)
    assert similar.possible
    camera, seen = Affine(), [similar.seen(picture, Affine())]
    for each in way:
        camera = camera.then(each)
        seen.append(similar.seen(picture, camera))
    np.testing.assert_allclose(seen[-1], seen[0], atol=0.02)
    assert step(seen[0], seen[10]) > 5, "it is no other picture in between"
    for (before, after), each in zip(itertools.pairwise(seen), way, strict=True):
        moved = warp(before, each, "reflect")
        assert step(after[12:-12, 16:-16], moved[12:-12, 16:-16]) < 4, "no copy comes at once"


@settings(max_examples=40)
@given(
    st.floats(1.3, 30),
    st.floats(-180, 180),
    st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)),
    st.floats(-1, 1),
)
def test_a_picture_is_self_similar_under_any_zoom_and_turn(
    zoom: float, angle: float, center: tuple[float, float], part: float
) -> None:
    """From any position of the camera, a whole round further on it is seen again."""
    size = Size(24, 16)
    scene = Scene(seed=3, periods=(6, 12)).frames(1)[0][:16, :24]
    motion = Motion(zoom=min(zoom, 10), angle=angle, center=center)
    similar = SelfSimilar(camera_step(motion, size), size)
    camera = camera_step(Motion(zoom=min(zoom, 10) ** part, center=(0.5, 0.5)), size)
    around = similar.closing.then(camera)
    one, other = similar.seen(scene, camera), similar.seen(scene, around)
    assert one.shape == scene.shape
    assert np.isfinite(one).all()
    assert np.abs(one - other).mean() < 2


@pytest.mark.parametrize("motion", MOTIONS.values(), ids=MOTIONS)
@pytest.mark.parametrize("blend", [{"share": 1}, {"share": 0.8}, {"carry": "residual"}], ids=str)
def test_a_zooms_last_frame_leads_into_its_first(
    picture: Frame, motion: dict[str, Any], blend: dict[str, Any]
) -> None:
    frames, _ = film("zoom", picture, dreaming(waves), motion=motion, blend=blend)
    assert len(frames) == 20
    *ordinary, seam = steps(frames)
    assert seam <= 1.5 * np.median(ordinary)


@pytest.mark.parametrize(
    "motion",
    [
        {"zoom": 1, "angle": 3},
        {"zoom": 1, "translate": (2, 1)},
        {"zoom": 1, "angle": "3*sin(2*pi*t/n)"},
        {"zoom": 1.05, "moves": "dream"},
        {"zoom": 1, "handheld": 3},
        {"zoom": 1},
    ],
    ids=str,
)
def test_other_cameras_close_too(picture: Frame, motion: dict[str, Any]) -> None:
    frames, _ = film("zoom", picture, dreaming(waves), motion=motion)
    *ordinary, seam = steps(frames)
    assert seam <= 1.5 * max(np.median(ordinary), 0.2)
    if motion != {"zoom": 1}:  # there a dream that passes over is all that moves
        assert max(ordinary) <= 4 * np.median(ordinary)


def test_the_last_frame_is_the_one_before_the_first(picture: Frame) -> None:
    """Frame 0 is what the recurrence makes of the last frame."""
    told = Told(dreaming(waves))
    frames, source = film("zoom", picture, told, motion={"zoom": 1.04}, blend={"share": 1})
    assert source.loop == Loop(20, 10, 10)
    assert len(told.t) == 30, "no more than half as many again are dreamed"
    moved = warp(frames[-1], camera_step(Motion(zoom=1.04), SIZE), "reflect")
    assert step(told.canvas[10], moved) < 0.1
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(told.canvas[10], warp(frames[-2], Affine(), "edge"), atol=1)


def test_the_first_frame_is_the_seed_with_itself_in_it(picture: Frame) -> None:
    motion = MOTIONS["varied"]
    frames, _ = film("zoom", picture, motion=motion, blend={"share": 0})
    similar = SelfSimilar(scale_of(motion)[0], SIZE)
    np.testing.assert_allclose(
        frames[0], np.clip(similar.seen(picture, Affine()), 0, 255), atol=0.02
    )


def test_a_clip_passes_over_into_its_own_beginning() -> None:
    clip = [100 + frame / 4 + 3 * t for t, frame in enumerate(Scene(seed=2).frames(16))]
    frames, source = film(
        "video", clip, frames=12, fps=30, loop_blend=Fraction(4, 30), blend={"share": 0}
    )
    assert source.loop == Loop(12, 4, 4)
    assert len(frames) == 12
    for index in range(8):
        np.testing.assert_allclose(frames[index], clip[4 + index], atol=1e-3)
    np.testing.assert_allclose(frames[11], clip[3], atol=1e-3)
    between = (clip[13] + clip[1]) / 2
    assert step(frames[9], between) < step(clip[13], clip[1]) / 3


@pytest.mark.parametrize("cadence", [1, 2, 3])
@pytest.mark.parametrize("carry", ["residual", "picture"])
def test_a_clips_dream_closes(cadence: int, carry: str) -> None:
    clip = Scene(seed=2).frames(21)
    frames, _ = film(
        *("video", clip, dreaming(waves)),
        frames=15,
        loop_blend=Fraction(6, 30),
        blend={"share": 0.9, "carry": carry},
        cadence=cadence,
        cuts=False,
    )
    *ordinary, seam = steps(frames)
    assert len(frames) == 15
    assert seam <= 1.5 * np.median(ordinary)


def test_masks_and_alpha_hold_where_a_film_closes(picture: Frame) -> None:
    mask = np.zeros((48, 64, 1), np.float32)
    mask[10:40, 20:50] = 255
    recipe = make_recipe(
        {"network": "none", "frames": 20, "loop": True, "motion": {"zoom": 1.04}}, "zoom"
    ).model_copy(update={"regions": make_recipe({"mask": "m.png"}, "zoom").masked})
    four = np.concatenate([picture, mask], -1)

    def read() -> Generator[Frame]:
        yield from itertools.repeat(four, 20)

    source = looped(recipe, Source(SIZE, Fraction(30), 20, None, read, still=True))
    job = resolve(recipe, SIZE)
    groups = dreamed_groups(job, source.timeline, source.open(), dreaming(waves))
    frames = [group.frames[-1] for group in groups if group.frames]
    similar = SelfSimilar(scale_of({"zoom": 1.04})[0], SIZE)
    camera = Affine()
    for frame in frames:
        outside = np.clip(similar.seen(mask, camera), 0, 255)[..., 0] == 0
        assert outside.any()
        source_frame = np.clip(similar.seen(picture, camera), 0, 255)
        np.testing.assert_allclose(frame[outside], source_frame[outside], atol=0.02)
        camera = camera.then(camera_step(Motion(zoom=1.04), SIZE))


@pytest.mark.parametrize(
    ("kind", "sections", "said"),
    [
        ("zoom", {"frames": 5}, r"loop: 5 frames zoom by 1\.10 in all, too little to close"),
        ("zoom", {"frames": 1}, "loop: too few frames to close: 1"),
        ("video", {"frames": 20, "loop_blend": 9}, None),
    ],
)
def test_what_cannot_close_says_so(
    picture: Frame, kind: str, sections: dict[str, Any], said: str | None
) -> None:
    if said is None:
        _, source = film(kind, [picture] * 21, **sections)
        assert source.loop == Loop(14, 7, 7)
        assert "the loop passes over in 7 frames, not 270" in source.notes[0]
        return
    with pytest.raises(RecipeError, match=said):
        film(kind, picture, **sections)
    with pytest.raises(RecipeError, match="too few frames to close: 2"):
        film("video", [picture] * 2)


class Beats:
    """A beat of so many frames."""

    def __init__(self, frames: float) -> None:
        self._frames = frames

    def at(self, heard: Any, t: int) -> float:
        return self._frames


@pytest.mark.parametrize(
    ("kind", "frames", "beat", "closed"),
    [("zoom", 100, 14.4, 115), ("zoom", 20, 14.4, 58), ("video", 105, 10, 80)],
)
def test_with_beats_a_loop_is_whole_bars(
    picture: Frame, kind: str, frames: int, beat: float, closed: int
) -> None:
    recipe = make_recipe({"loop": True, "loop_blend": Fraction(5, 30)}, kind)
    whole = Source.of_picture(picture, frames)
    source = looped(recipe, replace(whole, heard=Beats(beat)))
    assert source.frames == closed
    assert source.loop
    assert f"the loop is {closed} frames long" in source.notes[0]
    assert len(list(source.open())) == closed + source.loop.lead
    if kind == "zoom":  # as long as a sound, of which no bar is to lack its end
        by_sound = make_recipe({"loop": True, "audio": "a.wav"}, kind)
        cut = looped(by_sound, replace(whole, heard=Beats(beat)))
        assert cut.frames == {100: 58, 20: 20}[frames]


def test_a_zoom_that_closes_lets_its_seed_come_back() -> None:
    for data, share in (({"loop": True}, 0.95), ({"loop": True, "blend": 1}, 1), ({}, 1)):
        made = make_recipe(data, "zoom")
        assert isinstance(made, ZoomRecipe)
        assert made.blend.share == share


def test_a_round_knows_whether_it_is_self_similar(picture: Frame) -> None:
    recipe = make_recipe({"motion": {"zoom": 1.02}, "loop": True}, "zoom")
    job = resolve(recipe, SIZE)
    enough = int(np.ceil(np.log(SMALLEST) / np.log(1.02)))
    Round.of(job, Timeline(frames=enough, loop=Loop(enough, 2, 2)), SIZE)
    with pytest.raises(RecipeError, match="too little to close"):
        Round.of(job, Timeline(frames=enough - 1, loop=Loop(enough - 1, 2, 2)), SIZE)
    assert Round.of(job, Timeline(frames=5), SIZE) is None
