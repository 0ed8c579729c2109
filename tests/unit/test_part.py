"""A part of a frame: what is computed there is what the whole frame has there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.blend import Movement, NoMotion
from dreamvid.color import ResidualAnchor, anchor_at
from dreamvid.frame import Field, Frame, Size
from dreamvid.inside import Inside
from dreamvid.motion.affine import camera_step
from dreamvid.motion.flow import Flow
from dreamvid.motion.flow_warp import FlowMovement
from dreamvid.motion.warp import AffineMovement, Border
from dreamvid.part import Part, reached
from dreamvid.recipe import Motion
from tests.scenes import Scene

W, H = 160, 120
SIZE = Size(W, H)
PARTS = [Part(40, 48, 80, 112, SIZE), Part(0, 104, 56, W, SIZE), Part(112, 0, H, 8, SIZE)]


def noise(channels: int = 3, seed: int = 0) -> Frame:
    return np.random.default_rng(seed).uniform(0, 255, (H, W, channels)).astype(np.float32)


def assert_same_there(move: Movement, part: Part, ground: Frame | float) -> None:
    """A movement onto a part gives what the movement of the frame has there."""
    field = noise(4)
    reads, warp = move.onto(part)
    there = warp(reads.of(field), part.of(ground) if isinstance(ground, np.ndarray) else ground)
    assert there.shape == (*part.size.shape, 4)
    # Of white noise: positions are rounded to 2e-5 px.
    assert np.abs(there - part.of(move(field, ground))).max() < 1e-2


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("border", [None, "reflect", "edge", "wrap", "black"])
@pytest.mark.parametrize(
    "asked",
    [
        {"zoom": 1.03},
        {"zoom": 0.6},
        {"zoom": 1.02, "angle": 5},
        {"zoom": 0.8, "angle": -30},
        {"translate": (25.3, -9.1)},
        {"translate": (8, 16)},
        {},
    ],
)
def test_a_camera_moves_a_part_as_the_frame(
    asked: dict[str, Any], border: Border | None, part: Part
) -> None:
    move = AffineMovement(camera_step(Motion.model_validate(asked), SIZE), border)
    for ground in (7.0, noise(4, 1)):
        assert_same_there(move, part, ground)


def flowing(most: float) -> Flow:
    """A smooth flow of up to so many px, also beyond the frame, half trusted."""
    y, x = np.mgrid[:H, :W].astype(np.float32)
    backward = most * np.stack([np.sin(y / 31 + x / 50), np.cos(x / 23)], -1)
    return Flow(
        backward.astype(np.float32), np.float32(0.5) + x / (4 * W), np.zeros((H, W), np.float32)
    )


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("most", [0, 3, 40])
def test_a_clip_moves_a_part_as_the_frame(most: float, part: Part) -> None:
    step = camera_step(Motion(zoom=1.05, angle=2), SIZE)
    still = camera_step(Motion(), SIZE)
    for after, before in ((still, still), (step, still), (step.then(step), step)):
        assert_same_there(FlowMovement(flowing(most), after, before), part, 9.0)


def test_what_does_not_move_is_read_where_it_lies() -> None:
    for part in PARTS:
        assert_same_there(NoMotion(), part, 0.0)
        assert NoMotion().onto(part)[0] == part


def test_little_of_the_frame_is_read() -> None:
    part, step = PARTS[0], camera_step(Motion(zoom=1.03, angle=1), SIZE)
    for move in (AffineMovement(step, None), FlowMovement(flowing(3), step, step)):
        reads, _ = move.onto(part)
        assert reads.size.width <= part.size.width + 50
        assert reads.size.height <= part.size.height + 50


@given(
    st.integers(0, H - 1),
    st.integers(0, W - 1),
    st.integers(1, H),
    st.integers(1, W),
    st.integers(0, 60),
    st.sampled_from([1, 8, 16]),
)
@settings(deadline=None)
def test_a_part_lies_around_what_is_wanted(
    top: int, left: int, high: int, wide: int, margin: int, align: int
) -> None:
    wanted = np.zeros((H, W), bool)
    wanted[top : top + high, left : left + wide] = True
    part = Part.around(wanted, margin, align)
    assert part.of(wanted).sum() == wanted.sum()
    assert part.top % align == part.left % align == 0
    assert part.top <= max(0, top - margin)
    assert part.right >= min(W, left + wide + margin)
    field = noise()
    assert np.array_equal(part.pasted(part.cut(field), field), field)
    assert np.array_equal(
        part.pasted(part.cut(field), field * 0) != 0,
        part.pasted(part.cut(np.ones_like(field)), field * 0) > 0,
    )


def test_beyond_the_edges_what_is_mirrored_is_read() -> None:
    x = np.array([-30.0, -20.0])
    part = reached(x, np.array([5.0]), 2, SIZE)
    assert (part.left, part.right) == (0, 33)
    assert (part.top, part.bottom) == (3, 8)


@pytest.mark.parametrize("still", [True, False])
def test_the_color_anchor_sees_the_inside_alone(still: bool) -> None:
    """Whether it gets the frame or the part around the inside."""
    y, x = np.mgrid[:H, :W]
    wanted = ((x - 80) / 30) ** 2 + ((y - 60) / 20) ** 2 < 1
    mask = np.where(wanted, np.uint8(255), np.uint8(0))
    whole, part = Part.whole(SIZE), Part.around(wanted, 24, 8)
    assert not part.all
    source, dream = noise() / np.float32(2), noise(seed=1)
    pulled: list[Field] = []
    for seen in (whole, part):
        inside = Inside(np.ascontiguousarray(seen.of(mask)), seen)
        there = [seen.cut(each) for each in (source, dream)]
        anchor = anchor_at(still, there[0] * np.float32(1.1), there[0], inside)
        made = anchor.pull(there[1], there[0], 0.5, inside)
        pulled.append(seen.pasted(made, np.zeros_like(source))[wanted])
    assert np.abs(pulled[0] - pulled[1]).max() < 1e-3
    assert np.abs(pulled[0] - dream[wanted]).max() > 1, "it does pull"
    assert isinstance(anchor, ResidualAnchor) != still


def test_a_flow_is_found_from_a_part_alone() -> None:
    scene = Scene(ground=(1.3, -0.4), disc=(3.2, 0.7))
    before, now = scene.frame(2), scene.frame(3)
    height, width = now.shape[:2]
    part = Part(0, 0, height, width * 3 // 4, Size(width, height))
    flow = Flow.within(part, before, now)
    assert not flow.confidence[:, part.right :].any()
    ground = scene.on_ground(3)
    ground[:, width // 2 :] = False
    assert flow.confidence[ground].mean() > 0.8
    assert np.median(np.abs(flow.backward[ground] + (1.3, -0.4))) < 0.1
