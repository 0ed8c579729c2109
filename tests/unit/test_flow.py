"""Optical flow, judged on clips whose motion is known exactly."""

from __future__ import annotations

import functools
import math
from collections.abc import Generator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.blend import Warp
from dreamvid.frame import Frame, Size
from dreamvid.motion.affine import Affine, camera_step
from dreamvid.motion.camera import CameraWalk
from dreamvid.motion.flow import MAX_STRAIN, Flow, SourceFrame, consistent, with_flow
from dreamvid.motion.flow_warp import FlowMovement, strain_seen
from dreamvid.recipe import Motion, VideoRecipe
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import resolve
from tests.scenes import Floats, H, Mask, Scene, W, grid, texture

SCENES = {
    "both to the right": Scene(ground=(1.3, -0.4), disc=(3.2, 0.7)),
    "against each other": Scene(ground=(-2, 0.5), disc=(2.5, 1.0), begins=(45, 40), seed=2),
    "over still ground": Scene(ground=(0, 0), disc=(3, 0), seed=3),
    "fast ground": Scene(ground=(4, 1), disc=(1, 1), begins=(55, 42), seed=2),
}
EVERY_SCENE = pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES)


def walk(motion: Motion) -> CameraWalk:
    """Over a clip, on which the camera moves."""
    return CameraWalk(resolve(VideoRecipe(kind="video", motion=motion)), Timeline())


@functools.cache
def flow_to(scene: Scene, t: int) -> Flow:
    return Flow.between(scene.frame(t - 1), scene.frame(t))


def off(flow: Flow, moved: tuple[float, float], where: Mask) -> float:
    """Px, in the mean, between the flow and the motion that it should have found."""
    away = np.hypot(flow.backward[..., 0] + moved[0], flow.backward[..., 1] + moved[1])
    return float(away[where].mean())


def grainy(frame: Frame, levels: float, seed: int) -> Frame:
    return (frame + np.random.default_rng(seed).normal(0, levels, frame.shape)).astype(np.float32)


# What is found


@EVERY_SCENE
@pytest.mark.parametrize("t", [1, 4])
def test_the_flow_is_the_motion(scene: Scene, t: int) -> None:
    flow = flow_to(scene, t)
    assert flow.backward.shape == (H, W, 2)
    assert flow.backward.dtype == flow.confidence.dtype == np.float32
    assert off(flow, scene.disc, scene.on_disc(t)) < 0.05
    assert off(flow, scene.ground, scene.on_ground(t)) < 0.05


@EVERY_SCENE
def test_what_was_there_before_is_believed(scene: Scene) -> None:
    flow = flow_to(scene, 3)
    assert flow.confidence[scene.on_disc(3, inside=8)].mean() > 0.95
    assert flow.confidence[scene.on_ground(3)].mean() > 0.97


@EVERY_SCENE
def test_uncovered_ground_is_not_believed(scene: Scene) -> None:
    for t in (2, 3, 4):
        bare = scene.uncovered(t, within=0.75)
        assert bare.sum() >= 10
        assert flow_to(scene, t).confidence[bare].mean() < 0.1


@EVERY_SCENE
def test_what_comes_from_outside_is_not_believed(scene: Scene) -> None:
    outside = scene.outside() & (scene.from_center(3) > scene.radius)
    assert outside.any() == any(scene.ground)
    assert not flow_to(scene, 3).confidence[outside].any()


@EVERY_SCENE
def test_trust_is_soft(scene: Scene) -> None:
    """Within 0..1; from none to full it takes more than a pixel, wherever it is lost."""
    trust = flow_to(scene, 3).confidence
    assert trust.min() == 0
    assert trust.max() == 1
    between = (trust > 0.02) & (trust < 0.98)
    assert between.sum() > 0.3 * (trust == 0).sum()


def test_the_frame_before_is_found_again_in_this_one() -> None:
    """By what the flow is for: where it is believed, it brings the one frame to the other."""
    scene = SCENES["both to the right"]
    before, now = scene.frames(2)
    flow = Flow.between(before, now)
    moved = FlowMovement(flow, Affine(), Affine())(before, now)
    believed = flow.confidence > 0.9
    assert np.abs(moved - now)[believed].mean() < 1.5
    assert np.abs(before - now)[believed].mean() > 10


def test_a_small_figure_that_moves_is_mostly_believed() -> None:
    """Though the flow is all edges there, by which .76 of it would be; what it uncovers is not."""
    scene = Scene(ground=(0, 0), disc=(6, 2), begins=(32, 42), contrast=25)
    for t in (1, 2, 3):
        trust = flow_to(scene, t).confidence
        assert trust[scene.on_disc(t, inside=4)].mean() > 0.85
        assert trust[scene.uncovered(t, within=2)].mean() < 0.05


def test_what_the_flow_does_not_explain_is_not_believed_however_it_agrees() -> None:
    """A flash on the ground, of more than a frame's contrast."""
    scene = SCENES["over still ground"]
    before, now = scene.frames(2)
    flash = (slice(60, 80), slice(70, 100))
    now[flash] = 255 - now[flash]
    trust = Flow.between(before, now).confidence
    assert trust[64:76, 74:96].mean() < 0.5
    assert trust[5:20, 70:100].min() > 0.9


# How much is stretched, turned or sheared

INNER = (slice(16, -16), slice(16, -16))


def mapped(scale: float = 1, turned: float = 0, sheared: float = 0) -> Frame:
    """Texture, under a map around its middle; the rates are in radians and px a px."""
    x, y = grid()
    x, y = x - (W - 1) / 2, y - (H - 1) / 2
    cos, sin = math.cos(turned), math.sin(turned)
    across, down = (cos * x + sin * y) / scale + sheared * y, (cos * y - sin * x) / scale
    return np.clip(128 + 30 * texture(1)(across, down), 0, 255).astype(np.float32)


@pytest.mark.parametrize(
    ("change", "strain"),
    [
        ({"scale": 1.03}, 0.03 * math.sqrt(2)),
        ({"scale": 0.97}, 0.03 * math.sqrt(2)),
        ({"scale": 1.08}, 0.08 * math.sqrt(2)),
        ({"turned": 0.05}, 0.05 * math.sqrt(2)),
        ({"sheared": 0.03}, 0.03),
    ],
    ids=str,
)
def test_strain_is_how_far_a_thing_is_from_moving_stiffly(
    change: dict[str, float], strain: float
) -> None:
    """Two directions are stretched by a zoom, or turned; a shear moves one along the other."""
    flow = Flow.between(mapped(), mapped(**change))
    assert flow.strain.dtype == np.float32
    assert flow.strain[INNER].mean() == pytest.approx(strain, rel=0.15)
    assert np.abs(flow.strain[INNER] - strain).max() < 0.5 * strain


@pytest.mark.parametrize("moved", [(1.3, -0.4), (4, 1), (2, 0), (0.5, 0)])
def test_what_only_moves_is_not_strained(moved: tuple[float, float]) -> None:
    scene = Scene(ground=moved, disc=moved)
    strain = flow_to(scene, 1).strain
    assert strain[INNER].mean() < 0.01
    assert strain.min() >= 0


@pytest.mark.parametrize("level", [None, 90])
def test_what_stands_still_is_not_strained(level: float | None) -> None:
    frame = Scene().frame(0) if level is None else np.full((H, W, 3), level, np.float32)
    assert not Flow.between(frame, frame).strain.any()
    small = frame[:12, :40]
    assert not Flow.between(small, small).strain.any()


def test_an_edge_is_no_strain_beyond_what_is_torn() -> None:
    """Where a disc tears away from its ground no one can say what is stretched."""
    strain = flow_to(Scene(ground=(0, 0), disc=(8, 0)), 2).strain
    assert strain.max() <= MAX_STRAIN
    assert np.isfinite(strain).all()


def test_the_camera_sees_the_strain_where_the_clip_is_shown() -> None:
    still = np.zeros((H, W, 2), np.float32)
    x, _ = grid()
    flow = Flow(still, np.ones((H, W), np.float32), (x / 100).astype(np.float32))
    motion = Motion(translate=(10, 0), moves="camera")
    camera, source = walk(motion), field(*grid())
    assert camera.view(SourceFrame(0, source)).strain is None, "nothing came"
    seen = camera.view(SourceFrame(1, source, flow))
    assert seen.strain is not None
    np.testing.assert_allclose(seen.strain[:, 12:], ((x - 10) / 100)[:, 12:], atol=1e-3)
    fixed = walk(Motion(translate=(10, 0), moves="dream"))
    fixed.view(SourceFrame(0, source))
    assert strain_seen(flow, Affine()) is flow.strain


# What counts as still


@pytest.mark.parametrize("grain", [0, 1])
def test_a_still_clip_is_still_whatever_its_grain(grain: float) -> None:
    frame = Scene().frame(0)
    flow = Flow.between(grainy(frame, grain, 1), grainy(frame, grain, 2))
    assert not flow.backward.any()
    assert (flow.confidence == 1).all()


@pytest.mark.parametrize("grain", [2, 3])
def test_of_a_still_grainy_clip_hardly_anything_moves(grain: float) -> None:
    for seed in range(3):
        frame = Scene(seed=seed).frame(0)
        flow = Flow.between(grainy(frame, grain, seed), grainy(frame, grain, seed + 10))
        assert (flow.backward == 0).all(-1).mean() > 0.99
        assert flow.confidence.mean() > 0.99


@pytest.mark.parametrize("level", [0, 90, 255])
def test_a_flat_clip_is_still(level: float) -> None:
    flat = np.full((H, W, 3), level, np.float32)
    flow = Flow.between(flat, flat)
    assert not flow.backward.any()
    assert (flow.confidence == 1).all()


@pytest.mark.parametrize(("contrast", "grain"), [(40, 0), (40, 1), (20, 1)])
def test_a_slow_pan_is_followed(contrast: float, grain: float) -> None:
    scene = Scene(ground=(0.15, 0), disc=(0.15, 0), contrast=contrast)
    before, now = (grainy(scene.frame(t), grain, t) for t in (0, 1))
    flow = Flow.between(before, now)
    inner = (slice(8, -8), slice(8, -8))
    assert (flow.backward[inner] == 0).all(-1).mean() < 0.1
    assert np.hypot(flow.backward[..., 0] + 0.15, flow.backward[..., 1])[inner].mean() < 0.05
    assert flow.confidence[inner].mean() > 0.97


def test_a_disc_moves_over_a_still_grainy_ground() -> None:
    scene = SCENES["over still ground"]
    flow = Flow.between(grainy(scene.frame(2), 2, 1), grainy(scene.frame(3), 2, 2))
    assert (flow.backward == 0).all(-1)[scene.on_ground(3)].mean() > 0.97
    assert off(flow, scene.disc, scene.on_disc(3)) < 0.1


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 3), (12, 40, 3), (40, 13, 3), (15, 90, 3), (16, 90, 3), (90, 16, 3), (17, 300, 3)],
)
def test_frames_too_small_to_be_followed_stand_still_without_a_fault(
    shape: tuple[int, ...],
) -> None:
    one, other = (np.random.default_rng(k).uniform(0, 255, shape).astype("f") for k in (1, 2))
    flow = Flow.between(one, other)
    assert flow.backward.shape == (*shape[:2], 2)
    assert np.isfinite(flow.backward).all()
    if min(shape[:2]) < 16:
        assert not flow.backward.any()
        assert (flow.confidence == 1).all()


@given(st.integers(10, 60), st.integers(10, 60), st.integers(0, 99))
@settings(deadline=None, max_examples=15)
def test_nothing_goes_wrong_between_unlike_frames(height: int, width: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    one = draw.uniform(-40, 300, (height, width, 3)).astype(np.float32)
    other = np.full_like(one, 255) if seed % 2 else one[::-1].copy()
    flow = Flow.between(one, other)
    assert np.isfinite(flow.backward).all()
    assert flow.confidence.min() >= 0
    assert flow.confidence.max() <= 1


# What is believed, check by check


def even(right: float, down: float) -> Frame:
    return np.full((H, W, 2), (right, down), np.float32)


def test_flows_that_agree_are_believed_but_for_what_comes_from_outside() -> None:
    x, y = grid()
    wanted = (x >= 2) & (y <= H - 1 - 3)
    assert np.array_equal(consistent(even(2, -3), even(-2, 3)), wanted)


def test_flows_that_disagree_are_not_believed() -> None:
    assert not consistent(even(0, 0), even(-2, 0)).any()
    assert not consistent(even(-2, 0), even(-2, 0)).any()
    inside = consistent(even(4.2, 0), even(-4, 0))[:, 5:]
    assert inside.all(), "a little of a large motion is no disagreement"


def test_a_motions_edge_is_not_believed() -> None:
    """A field that stretches by a third: both flows agree, but neighbors drift apart."""
    x, _ = grid()
    back, forth = np.zeros((2, H, W, 2), np.float32)
    back[..., 0], forth[..., 0] = 0.3 * (x - 60), -0.3 / 1.3 * (x - 60)
    believed = consistent(forth, back)
    slow, fast = np.abs(back[..., 0]) < 2.9, np.abs(back[..., 0]) > 3.1
    inside = (x + back[..., 0] >= 0) & (x + back[..., 0] <= W - 1)
    assert not believed[slow].any()
    assert believed[fast & inside].all()


# Riding the flow, under a camera

WAVE = 2 * math.pi / 40


def field(x: Floats, y: Floats) -> Frame:
    faces = [np.sin(x * WAVE), np.cos(y * WAVE), np.sin((x + y) * WAVE / 1.5)]
    return (127.5 + 60 * np.stack(faces, -1)).astype(np.float32)


def wind(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """A smooth backward flow, nowhere even."""
    return -1.5 + 0.8 * np.sin(y / 25), 0.7 + 0.5 * np.cos(x / 30)


def blowing(trust: float = 1) -> Flow:
    back = np.stack(wind(*grid()), -1).astype(np.float32)
    return Flow(back, np.full((H, W), trust, np.float32), np.zeros((H, W), np.float32))


def through(affine: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    (a, b, c), (d, e, f) = affine.matrix[:2]
    return a * x + b * y + c, d * x + e * y + f


Way = list[tuple[Floats, Floats]]
"""Places, the last of them where a pixel is looked up."""


def ridden(after: Affine, before: Affine) -> Way:
    """Exactly where what is at each pixel of the screen lies in the clip, lay in it a frame ago,
    and was seen then."""
    x, y = through(after.inverse, *grid())
    right, down = wind(x, y)
    return [(x, y), (x + right, y + down), through(before, x + right, y + down)]


def assert_moved(moved: Frame, way: Way) -> None:
    """Right to a hundredth of a pixel where all of its way lay well inside."""
    away = [np.minimum(np.minimum(x, W - 1 - x), np.minimum(y, H - 1 - y)) for x, y in way]
    well = np.min(away, 0) > 6
    assert well.sum() > 2000
    assert np.abs(moved - field(*way[-1]))[well].max() / (60 * WAVE) < 0.01


MOTIONS: tuple[dict[str, object], ...] = (
    {},
    {"zoom": 1.05},
    {"zoom": 0.96, "translate": (1.5, -0.8)},
    {"zoom": 1.03, "angle": 4, "center": (0.3, 0.6)},
)


@pytest.mark.parametrize("asked", MOTIONS)
def test_a_ride_is_the_flow_seen_by_the_camera(asked: dict[str, object]) -> None:
    step = camera_step(Motion.model_validate(asked), Size(W, H))
    for after, before in ((step, Affine()), (step.then(step), step), (Affine(), step)):
        moved = FlowMovement(blowing(), after, before)(field(*grid()), 0.0)
        assert_moved(moved, ridden(after, before))


@pytest.mark.parametrize("asked", MOTIONS)
def test_a_camera_on_the_dream_moves_it_after_the_clip_did(asked: dict[str, object]) -> None:
    motion = Motion.model_validate({**asked, "moves": "dream"})
    step, camera, source = camera_step(motion, Size(W, H)), walk(motion), field(*grid())
    camera.view(SourceFrame(0, source))
    for t in (1, 2):  # the source stays where it is, in each frame alike
        seen = camera.view(SourceFrame(t, source, blowing(), blowing()))
        assert seen.source is source
        assert_moved(seen.to_here(source, 0.0), ridden(step, Affine()))
        assert seen.to_previous is not None
        assert_moved(seen.to_previous(source, 0.0), ridden(Affine(), step))


@pytest.mark.parametrize("asked", MOTIONS)
def test_a_camera_on_the_frame_sees_the_clip_move(asked: dict[str, object]) -> None:
    motion = Motion.model_validate({**asked, "moves": "camera"})
    step, camera, source = camera_step(motion, Size(W, H)), walk(motion), field(*grid())
    camera.view(SourceFrame(0, source))
    before = Affine()
    for t in (1, 2, 3):
        after = before.then(step)
        seen = camera.view(SourceFrame(t, source, blowing(), blowing()))
        assert_moved(seen.source, [through(after.inverse, *grid())])
        assert_moved(seen.to_here(source, 0.0), ridden(after, before))
        assert seen.to_previous is not None
        assert_moved(seen.to_previous(source, 0.0), ridden(before, after))
        before = after


def test_a_still_clip_under_a_still_camera_is_kept_to_the_bit() -> None:
    frame = np.random.default_rng(0).uniform(0, 255, (H, W, 3)).astype(np.float32)
    still = Flow(
        *(
            np.full((H, W, *more), value, np.float32)
            for more, value in (((2,), 0), ((), 1), ((), 0))
        )
    )
    assert np.array_equal(FlowMovement(still, Affine(), Affine())(frame, 0.0), frame)


@pytest.mark.parametrize("asked", [{}, {"zoom": 1.05}])
def test_what_is_not_believed_is_the_ground(asked: dict[str, object]) -> None:
    step, frame = camera_step(Motion.model_validate(asked), Size(W, H)), field(*grid())
    bare = FlowMovement(blowing(trust=0), step, Affine())
    assert not bare(frame, 0.0).any()
    assert np.array_equal(bare(frame, frame[::-1]), frame[::-1])
    full, half = (FlowMovement(blowing(trust), step, Affine())(frame, 40.0) for trust in (1, 0.5))
    inner = (slice(10, -10), slice(10, -10))
    assert np.abs(half - (full + 40) / 2)[inner].max() < 1e-3


def test_zoomed_out_nothing_comes_from_outside_the_screen() -> None:
    """A quarter of the screen on either side shows what was not seen, or is no clip at all."""
    out = camera_step(Motion(zoom=0.5), Size(W, H))
    still = Flow(
        *(
            np.full((H, W, *more), value, np.float32)
            for more, value in (((2,), 0), ((), 1), ((), 0))
        )
    )
    ones = np.ones((H, W, 1), np.float32)
    for after, before in ((out, Affine()), (Affine(), out.inverse), (out.then(out), out)):
        seen = FlowMovement(still, after, before)(ones, 0.0)[..., 0]
        shrink = 0.25 if before is out else 0.5
        x, y = grid()
        away = np.maximum(np.abs(x - 59.5) / W, np.abs(y - 44.5) / H)
        assert not seen[away > shrink / 2 + 0.02].any()
        assert np.abs(seen[away < shrink / 2 - 0.02] - 1).max() < 1e-5


def test_a_field_of_any_channels_is_moved() -> None:
    move: Warp = FlowMovement(blowing(), Affine(), Affine())
    rgb = field(*grid())
    assert np.allclose(move(rgb[..., :1], 0.0), move(rgb, 0.0)[..., :1], atol=1e-3)


# Following a film


def shot(scene: Scene, frames: int) -> list[tuple[int, Frame]]:
    return list(enumerate(scene.frames(frames)))


FILM = [*shot(SCENES["both to the right"], 4), *shot(SCENES["against each other"], 3)]


def film(shots: list[tuple[int, Frame]] = FILM) -> Generator[tuple[int, Frame]]:
    yield from shots


def same(one: Flow | None, other: Flow | None) -> bool:
    if one is None or other is None:
        return one is other
    fields = zip(vars(one).values(), vars(other).values(), strict=True)
    return all(np.array_equal(field, own) for field, own in fields)


@pytest.mark.parametrize("both", [False, True])
def test_each_frame_has_the_flow_from_the_one_before(both: bool) -> None:
    made = list(with_flow(film(), both))
    assert len(made) == len(FILM)
    for index, (source_frame, (t, frame)) in enumerate(zip(made, FILM, strict=True)):
        before = FILM[index - 1][1]
        assert source_frame.t == t
        assert source_frame.picture is frame
        assert same(source_frame.flow, Flow.between(before, frame) if t else None)
        assert same(source_frame.flow_back, Flow.between(frame, before) if t and both else None)


def test_flow_is_computed_only_within_shots(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    place = {id(frame): index for index, (_, frame) in enumerate(FILM)}

    def between(before: Frame, now: Frame) -> None:
        asked.append((place[id(before)], place[id(now)]))

    monkeypatch.setattr(Flow, "between", between)
    list(with_flow(film(), both=False))
    assert asked == [(0, 1), (1, 2), (2, 3), (4, 5), (5, 6)]


def test_an_empty_film_has_no_moments() -> None:
    assert list(with_flow(film([]), both=False)) == []
