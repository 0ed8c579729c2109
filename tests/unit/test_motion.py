from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dreamvid.frame import Frame, Size
from dreamvid.motion.affine import Affine, camera_step, trim_zoom
from dreamvid.motion.warp import (
    Border,
    _taps,
    _warp_general,
    _warp_separable,
    fill_ground,
    warp,
    warp_onto,
)
from dreamvid.recipe import Motion

Floats = NDArray[np.float64]

W, H = 96, 72
BORDERS: tuple[Border, ...] = ("reflect", "edge", "wrap", "black")
EVERY_BORDER = pytest.mark.parametrize("border", BORDERS)

PIXEL = 0.002
"""Px: what a frame may be off after one step of the camera."""

quick = settings(deadline=None, max_examples=40)

motions = st.builds(
    Motion,
    zoom=st.floats(0.5, 2.0),
    angle=st.just(0.0) | st.floats(-180, 180),
    translate=st.tuples(st.floats(-5, 5), st.floats(-5, 5)),
    center=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)


def grid(width: int = W, height: int = H) -> tuple[Floats, Floats]:
    """Each pixel's x and y."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    return x, y


def ramp(x: Floats, y: Floats) -> Frame:
    """One level a pixel, to the right, downwards and both ways: a level's error is a pixel's."""
    return np.stack([x, y, x - y], axis=-1).astype(np.float32)


def inverse(affine: Affine) -> Floats:
    """The map from where a pixel goes to where it came from."""
    return np.linalg.inv(affine.matrix).astype(np.float64)


def came_from(affine: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """The exact place that `affine` takes to (x, y)."""
    back = inverse(affine)
    return (
        back[0, 0] * x + back[0, 1] * y + back[0, 2],
        back[1, 0] * x + back[1, 1] * y + back[1, 2],
    )


def interior(affine: Affine, x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Where every tap of the kernel lies within the frame of W by H."""
    shrink = math.sqrt(abs(np.linalg.det(affine.matrix[:2, :2])))
    reach = 2 * max(1.0, 1 / shrink) + 1
    from_x, from_y = came_from(affine, x, y)
    across = (from_x > reach) & (from_x < W - 1 - reach)
    down = (from_y > reach) & (from_y < H - 1 - reach)
    inside: NDArray[np.bool_] = across & down
    return inside


def noise(width: int = W, height: int = H, seed: int = 3) -> Frame:
    return np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).astype(np.float32)


# The map


def test_standing_still_is_the_identity() -> None:
    still = camera_step(Motion(center=(0.3, 0.9)), Size(W, H))
    assert still.identity
    assert not camera_step(Motion(translate=(1e-9, 0)), Size(W, H)).identity
    assert not camera_step(Motion(zoom=1 + 1e-9), Size(W, H)).identity
    assert not camera_step(Motion(angle=1e-9), Size(W, H)).identity


@EVERY_BORDER
def test_the_identity_changes_no_value(border: Border) -> None:
    frame = noise()
    assert np.array_equal(warp(frame, camera_step(Motion(), Size(W, H)), border), frame)
    # Nor would the resampling: its weights at whole pixels are 0 and 1.
    assert np.array_equal(_warp_separable(frame, np.eye(3), border, Size(W, H)), frame)
    assert np.array_equal(_warp_general(frame, np.eye(3), border, Size(W, H)), frame)


@given(motions, st.integers(1, 4000), st.integers(1, 4000))
@quick
def test_the_center_stays_but_for_the_translation(motion: Motion, width: int, height: int) -> None:
    center = [motion.center[0] * width - 0.5, motion.center[1] * height - 0.5, 1]
    moved = camera_step(motion, Size(width, height)).matrix @ center
    expected = [center[0] + motion.translate[0], center[1] + motion.translate[1], 1]
    assert np.allclose(moved, expected, atol=1e-9)


@given(motions, st.integers(1, 30))
@quick
def test_steps_compose_to_zoom_to_the_t_and_angle_times_t(motion: Motion, t: int) -> None:
    step, camera = camera_step(motion, Size(W, H)), Affine()
    for _ in range(t):
        camera = camera.then(step)
    linear = camera.matrix[:2, :2]
    turn = math.radians(motion.angle) * t
    expected = motion.zoom**t * np.array(
        [[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]]
    )
    assert np.allclose(linear, expected, rtol=1e-9, atol=1e-9 * motion.zoom**t)


def test_then_means_afterwards() -> None:
    right, double = Affine(), Affine(np.diag([2.0, 2.0, 1.0]))
    right.matrix[0, 2] = 5
    assert np.array_equal(right.then(double).matrix @ [1, 1, 1], [12, 2, 1])
    assert np.array_equal(double.then(right).matrix @ [1, 1, 1], [7, 2, 1])


@given(st.floats(0.2, 5), st.floats(-180, 180), st.tuples(st.floats(0, 1), st.floats(0, 1)))
@quick
def test_zooming_in_and_out_again_is_no_movement(
    zoom: float, angle: float, center: tuple[float, float]
) -> None:
    there = camera_step(Motion(zoom=zoom, angle=angle, center=center), Size(W, H))
    back = camera_step(Motion(zoom=1 / zoom, angle=-angle, center=center), Size(W, H))
    assert np.allclose(there.then(back).matrix, np.eye(3), atol=1e-9)


@pytest.mark.parametrize(
    ("trim", "size", "zoom"),
    [
        ((2.0, 1.0), Size(100, 50), 100 / 96),
        ((2.0, 1.5), Size(100, 50), 100 / 96),
        ((2.0, 0.5), Size(100, 50), 50 / 49),
        ((5.0, 0.0), Size(100, 50), 1.0),
        ((0.0, 0.0), Size(100, 50), 1.0),
        ((0.25, 0.25), Size(640, 480), 640 / 639.5),
    ],
)
def test_a_trim_is_the_smaller_of_both_magnifications(
    trim: tuple[float, float], size: Size, zoom: float
) -> None:
    assert trim_zoom(trim, size) == pytest.approx(zoom, rel=1e-12)
    step = camera_step(Motion(zoom=3, trim=trim), size)
    assert np.array_equal(step.matrix, camera_step(Motion(zoom=zoom), size).matrix)


def test_a_trim_crops_what_it_says() -> None:
    """2 px left and right of 100: the pixel edges at 2 and 98 come to 0 and 100."""
    matrix = camera_step(Motion(trim=(2, 1)), Size(100, 50)).matrix
    assert np.allclose(matrix @ [1.5, 0.5, 1], [-0.5, -0.5, 1])
    assert np.allclose(matrix @ [97.5, 48.5, 1], [99.5, 49.5, 1])


# The resample


@given(motions)
@quick
def test_a_ramp_lies_where_the_map_puts_it(motion: Motion) -> None:
    """Keys' cubic reproduces a ramp exactly, widened for zooming out as well."""
    x, y = grid()
    affine = camera_step(motion, Size(W, H))
    inside = interior(affine, x, y)
    moved, exact = warp(ramp(x, y), affine, "reflect"), ramp(*came_from(affine, x, y))
    assert np.abs(moved - exact)[inside].max(initial=0) < PIXEL


@pytest.mark.parametrize("zoom", [0.5, 0.7, 0.9, 0.95, 0.98, 0.999, 1.0, 1.001, 1.02, 1.5, 2.0])
@pytest.mark.parametrize("angle", [0.0, 0.2, -30.0])
def test_every_rate_of_zoom_is_exact(zoom: float, angle: float) -> None:
    x, y = grid()
    affine = camera_step(Motion(zoom=zoom, angle=angle, translate=(0.3, 0)), Size(W, H))
    inside = interior(affine, x, y)
    assert inside.sum() > 200
    moved, exact = warp(ramp(x, y), affine, "reflect"), ramp(*came_from(affine, x, y))
    assert np.abs(moved - exact)[inside].max() < PIXEL / 4


@given(
    st.floats(0.96, 1.5),
    st.just(0.0) | st.floats(-180, 180),
    st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
    st.floats(0, 6),
)
@quick
def test_a_slow_wave_lies_where_the_map_puts_it(
    zoom: float, angle: float, translate: tuple[float, float], phase: float
) -> None:
    """The error in levels over the steepest slope is the error in pixels."""

    def wave(x: Floats, y: Floats) -> Frame:
        faces = [np.sin(x * slow + phase), np.cos(y * slow), np.sin((x + y) * slow / 1.5)]
        return (127.5 + 100 * np.stack(faces, -1)).astype(np.float32)

    slow = 2 * math.pi / W
    x, y = grid()
    affine = camera_step(Motion(zoom=zoom, angle=angle, translate=translate), Size(W, H))
    inside = interior(affine, x, y)
    moved, exact = warp(wave(x, y), affine, "reflect"), wave(*came_from(affine, x, y))
    assert np.abs(moved - exact)[inside].max(initial=0) / (100 * slow) < 2 * PIXEL


@pytest.mark.parametrize("shift", [0.004, 0.01, 0.02, 0.05, -0.004, -0.05])
def test_a_small_shift_is_neither_lost_nor_enlarged(shift: float) -> None:
    """OpenCV's cubic makes .006 px of .004, its Lanczos 0."""
    x, y = grid()
    affine = camera_step(Motion(translate=(shift, -shift)), Size(W, H))
    moved = ramp(x, y) - warp(ramp(x, y), affine, "reflect")
    inside = moved[4:-4, 4:-4]
    assert np.abs(inside - np.array([shift, -shift, 2 * shift])).max() < PIXEL / 10


def test_small_shifts_add_up() -> None:
    x, y = grid()
    frame, step = ramp(x, y), camera_step(Motion(translate=(0.02, 0)), Size(W, H))
    for _ in range(50):
        frame = warp(frame, step, "edge")
    assert np.abs((ramp(x, y) - frame)[20:-20, 20:-20, 0] - 1).max() < PIXEL


def test_a_shift_moves_the_picture_right_and_down() -> None:
    frame = noise()
    moved = warp(frame, camera_step(Motion(translate=(3, 2)), Size(W, H)), "black")
    assert np.array_equal(moved[2:, 3:], frame[:-2, :-3])
    assert not moved[:2].any()
    assert not moved[:, :3].any()


def test_a_quarter_turn_is_counterclockwise_as_seen() -> None:
    frame = noise(64, 64)
    turned = warp(frame, camera_step(Motion(angle=90), Size(64, 64)), "edge")
    assert np.abs(turned - np.rot90(frame)).max() < 1e-3  # np.rot90 turns counterclockwise


def test_zooming_in_enlarges() -> None:
    """What lay 10 px right of the centre lies 20 px right of it."""
    frame = np.zeros((65, 65, 3), np.float32)
    frame[32, 42] = 255
    moved = warp(frame, camera_step(Motion(zoom=2), Size(65, 65)), "black")
    assert moved[..., 0].argmax() == 32 * 65 + 52


@EVERY_BORDER
@given(motion=motions)
@settings(deadline=None, max_examples=8)
def test_the_upright_and_the_turned_way_agree(border: Border, motion: Motion) -> None:
    frame = noise(40, 30)
    upright = motion.model_copy(update={"angle": 0.0})
    back = inverse(camera_step(upright, Size(40, 30)))
    ways = [way(frame, back, border, Size(40, 30)) for way in (_warp_separable, _warp_general)]
    assert np.abs(ways[0] - ways[1]).max() < 2e-3


def test_a_turn_takes_no_more_taps_than_an_upright_step() -> None:
    """The determinant of a turn is 1 up to rounding, which must not widen the kernel."""
    for angle in (-175.572, -172.224, -171.864, -164.934, 0.2, 45):
        back = inverse(camera_step(Motion(angle=angle), Size(W, H)))
        seen: list[int] = []

        def spy(where: Floats, spread: float, seen: list[int] = seen) -> Any:
            pixels, weights = _taps(where, spread)
            seen.append(pixels.shape[-1])
            return pixels, weights

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dreamvid.motion.warp._taps", spy)
            _warp_general(noise(8, 8), back, "edge", Size(8, 8))
        assert set(seen) == {4}


@given(st.floats(1, 8), st.floats(-1, 1))
@quick
def test_weights_sum_to_one_and_balance_at_the_position(spread: float, where: float) -> None:
    pixels, weights = _taps(np.array([where]), spread)
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert (weights * pixels).sum() == pytest.approx(where, abs=1e-12)
    assert np.abs(weights).sum() < 1.3  # and rings no more than Keys' own


@EVERY_BORDER
@given(motion=motions, level=st.floats(0, 255))
@settings(deadline=None, max_examples=8)
def test_a_flat_picture_stays_flat(border: Border, motion: Motion, level: float) -> None:
    frame = np.full((30, 40, 3), level, np.float32)
    moved = warp(frame, camera_step(motion, Size(40, 30)), border)
    assert moved.dtype == np.float32
    assert moved.shape == frame.shape
    if border == "black":
        assert moved.max() <= level * 1.3 + 1e-3
    else:
        assert np.abs(moved - np.float32(level)).max() < 1e-3


PADS: dict[Border, Callable[[Frame, int], Frame]] = {
    "reflect": lambda frame, by: np.pad(frame, ((by, by), (by, by), (0, 0)), "reflect"),
    "edge": lambda frame, by: np.pad(frame, ((by, by), (by, by), (0, 0)), "edge"),
    "wrap": lambda frame, by: np.pad(frame, ((by, by), (by, by), (0, 0)), "wrap"),
    "black": lambda frame, by: np.pad(frame, ((by, by), (by, by), (0, 0))),
}


@EVERY_BORDER
@pytest.mark.parametrize(
    "motion",
    [
        Motion(zoom=0.6),
        Motion(zoom=0.3, translate=(3.3, -4.7)),
        Motion(angle=30),
        Motion(zoom=1.1, translate=(20.5, -11.25)),
    ],
    ids=["out", "far out", "turned", "aside"],
)
def test_a_border_is_what_numpy_pads(border: Border, motion: Motion) -> None:
    """The frame in its border, many times as large, moved alike and cut out again."""
    width, height, by = 20, 14, 60
    frame, affine = noise(width, height), camera_step(motion, Size(width, height))
    aside = Affine(np.array([[1.0, 0, -by], [0, 1, -by], [0, 0, 1]]))
    back = Affine(inverse(aside))
    wide = warp(PADS[border](frame, by), aside.then(affine).then(back), "edge")
    moved = warp(frame, affine, border)
    assert np.abs(moved - wide[by : by + height, by : by + width]).max() < 2e-3


@EVERY_BORDER
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (9, 1, 3), (2, 2, 3)])
def test_the_smallest_frames_move_too(border: Border, shape: tuple[int, int, int]) -> None:
    frame = np.full(shape, 77, np.float32)
    for motion in (Motion(zoom=0.5), Motion(angle=10), Motion(translate=(0.5, 40))):
        moved = warp(frame, camera_step(motion, Size(shape[1], shape[0])), border)
        assert np.isfinite(moved).all()
        if border != "black":
            assert np.abs(moved - 77).max() < 1e-3


@pytest.mark.parametrize("angle", [0.0, 7.0])
@pytest.mark.parametrize("zoom", [0.5, 0.35, 0.2])
def test_zooming_out_does_not_alias(zoom: float, angle: float) -> None:
    """Stripes finer than the result can hold turn grey, and an edge stays one edge."""
    x, _ = grid(160, 120)
    stripes = np.repeat(np.where(x % 2 < 1, 255.0, 0.0)[..., None], 3, -1).astype(np.float32)
    moved = warp(stripes, camera_step(Motion(zoom=zoom, angle=angle), Size(160, 120)), "wrap")
    assert np.abs(moved[54:66, 70:90] - 127.5).max() < 8

    step = np.repeat(np.where(x < 80, 0.0, 200.0)[..., None], 3, -1).astype(np.float32)
    moved = warp(step, camera_step(Motion(zoom=zoom), Size(160, 120)), "edge")[60, :, 0]
    away = np.abs(np.arange(160) - 79.5)
    assert np.abs(moved - np.where(np.arange(160) < 80, 0, 200))[away > 2].max() < 1e-2
    assert moved.min() > -20
    assert moved.max() < 220
    assert ((moved > 20) & (moved < 180)).sum() <= 2


@pytest.mark.parametrize("motion", [{"zoom": 1.01}, {"zoom": 1.02, "angle": 0.5}, {"zoom": 1}])
def test_going_in_reveals_nothing(motion: dict[str, Any]) -> None:
    assert not camera_step(Motion(**motion), Size(64, 48)).reveals(Size(64, 48))


@pytest.mark.parametrize("motion", [{"zoom": 0.97}, {"angle": 3}, {"translate": (4, 0)}])
def test_going_out_or_aside_reveals_new_ground(motion: dict[str, Any]) -> None:
    assert camera_step(Motion(**motion), Size(64, 48)).reveals(Size(64, 48))


@pytest.mark.parametrize("zoom", [1.0, 0.5, 0.25, 0.06, 0.001])
def test_new_ground_keeps_the_source_where_it_is_and_its_color(zoom: float) -> None:
    """A dark left and a bright right half, seen from ever farther, mirrored without end."""
    frame = np.full((48, 64, 3), 40, np.float32)
    frame[:, 32:] = 200
    far = fill_ground(frame, camera_step(Motion(zoom=max(zoom, 0.1)), Size(64, 48)))
    if zoom < 0.1:  # composed of steps: the recipe allows no such step at once
        camera = Affine()
        for _ in range(round(np.log(zoom) / np.log(0.5))):
            camera = camera.then(camera_step(Motion(zoom=0.5), Size(64, 48)))
        far = fill_ground(frame, camera)
    assert far.shape == frame.shape
    assert far.min() >= 40 - 1e-3
    assert far.max() <= 200 + 1e-3
    if zoom >= 0.25:
        assert far[24, 31].mean() < 100
        assert far[24, 33].mean() > 140


def test_what_is_covered_is_moved_to_the_bit() -> None:
    frame = np.random.default_rng(3).uniform(0, 255, (48, 64, 3)).astype(np.float32)
    step = camera_step(Motion(zoom=0.9, angle=2), Size(64, 48))
    made, moved = warp_onto(frame, 7.0, step, None), warp(frame, step, "reflect")
    inner = (slice(10, -10), slice(10, -10))
    assert np.array_equal(made[inner], moved[inner])
    assert made[0, 0] == pytest.approx([7, 7, 7], abs=0.1)
