"""Looking up between pixels: exact where the picture is smooth, and hardly blurring."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dreamvid.frame import Field
from dreamvid.motion.spline import sample_spline
from tests.scenes import Floats, grid

PIXEL = 0.002
"""Px: how far a shift may be from what was asked."""

EDGE = 8
"""Px: a ramp mirrored at its border is a ramp no longer; so far in, the spline has forgotten it."""

quick = settings(deadline=None, max_examples=40)
shifts = st.floats(0.004, 0.5) | st.floats(-0.5, -0.004)


def noise(*shape: int) -> Field:
    return np.random.default_rng(3).uniform(0, 255, shape).astype(np.float32)


def moved(field: Field, right: float, down: float) -> Field:
    """`field` shifted: each pixel looks up what lies as far left and above it."""
    x, y = (at.astype(np.float32) for at in grid(field.shape[1], field.shape[0]))
    return sample_spline(field, x - np.float32(right), y - np.float32(down))


def exactly(field: Field, xs: Floats, ys: Floats) -> Floats:
    """The mirrored cubic B-spline through all of a field, at ys × xs: its knots solved for."""
    for axis, at in ((0, ys), (1, xs)):
        length = field.shape[axis]
        knots = np.linalg.solve(_weights(np.arange(length), length), np.eye(length))
        along = np.tensordot(_weights(at, length) @ knots, field, (1, axis))
        field = np.moveaxis(along, 0, axis)
    return np.asarray(field)


def _weights(at: NDArray[np.generic], length: int) -> Floats:
    """Each position's weight of each knot, from the spline's definition: (positions, length)."""
    at = at.astype(np.float64)
    weights = np.zeros((len(at), length))
    for offset in range(-1, 3):
        knot = np.floor(at).astype(int) + offset
        d = np.abs(at - knot)
        weight = np.where(d < 1, 2 / 3 - d * d * (1 - d / 2), np.maximum(2 - d, 0) ** 3 / 6)
        around = knot % max(1, 2 * length - 2)
        mirrored = np.minimum(around, max(1, 2 * length - 2) - around) if length > 1 else around
        np.add.at(weights, (np.arange(len(at)), mirrored), weight)
    return weights


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1), (48, 64, 3), (13, 20, 3)])
def test_whole_positions_give_the_pixels(shape: tuple[int, ...]) -> None:
    field = noise(*shape)
    assert np.abs(moved(field, 0, 0) - field).max() < 0.005
    aside = moved(field, 3, -2)
    assert aside.shape == field.shape
    assert aside.dtype == np.float32
    assert np.abs(aside[:-2, 3:] - field[2:, :-3]).max() < 0.005


@given(shifts, shifts)
@quick
def test_a_shift_of_a_ramp_is_right(right: float, down: float) -> None:
    x, y = grid(64, 48)
    ramp = np.stack([x, y, x - y], -1).astype(np.float32)
    by = (ramp - moved(ramp, right, down))[EDGE:-EDGE, EDGE:-EDGE]
    assert np.abs(by - [right, down, right - down]).max() < PIXEL


@given(shifts, shifts, st.floats(0, 6), st.floats(12, 60))
@quick
def test_a_shift_of_a_wave_is_right(right: float, down: float, phase: float, period: float) -> None:
    """The error in levels over the steepest slope is the error in pixels."""
    pace = 2 * np.pi / period

    def wave(x: Floats, y: Floats) -> Field:
        faces = [np.sin(x * pace + phase), np.cos(y * pace), np.sin((x + y) * pace / 1.5)]
        return (127.5 + 100 * np.stack(faces, -1)).astype(np.float32)

    x, y = grid(64, 48)
    off = (moved(wave(x, y), right, down) - wave(x - right, y - down))[EDGE:-EDGE, EDGE:-EDGE]
    assert np.abs(off).max() / (100 * pace) < PIXEL


def test_small_shifts_add_up() -> None:
    x, _ = grid(96, 48)
    field = np.asarray(x, np.float32)
    for _ in range(50):
        field = moved(field, 0.02, 0)
    assert np.abs((x - field)[20:-20, 20:-20] - 1).max() < PIXEL


@given(
    st.integers(13, 40),
    st.integers(13, 40),
    st.sampled_from([(), (1,), (3,)]),
    st.integers(0, 999),
)
@settings(deadline=None, max_examples=25)
def test_it_is_the_spline_through_the_pixels(
    height: int, width: int, channels: tuple[int, ...], seed: int
) -> None:
    """Also beyond the edges, where the mirror image lies, and for another size of result."""
    draw = np.random.default_rng(seed)
    field = draw.uniform(0, 255, (height, width, *channels)).astype(np.float32)
    xs, ys = draw.uniform(-9, width + 8, 30), draw.uniform(-9, height + 8, 20)
    x, y = (at.astype(np.float32) for at in np.meshgrid(xs, ys))
    found = sample_spline(field, x, y)
    assert found.shape == (20, 30, *channels)
    # A float's positions are right to a millionth of the picture's width.
    assert np.abs(found - exactly(field, xs, ys)).max() < 0.01


def _linear(field: Field, right: float, down: float) -> Field:
    x, y = grid(field.shape[1], field.shape[0])
    x, y = np.clip(x - right, 0, x.max()), np.clip(y - down, 0, y.max())
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    f, g = x - left, y - top
    after, below = np.minimum(left + 1, int(x.max())), np.minimum(top + 1, int(y.max()))
    upper = field[top, left] * (1 - f) + field[top, after] * f
    lower = field[below, left] * (1 - f) + field[below, after] * f
    return np.asarray(upper * (1 - g) + lower * g, np.float32)


def test_it_blurs_far_less_than_linear() -> None:
    """What is left of noise after ten shifts of .3 px and as many back."""
    field = noise(48, 64) - 127

    def left(shift: Callable[[Field, float, float], Field]) -> float:
        carried = field
        for right in [0.3] * 10 + [-0.3] * 10:
            carried = shift(carried, right, 0)
        return float(carried[8:-8, 12:-12].std() / field.std())

    assert left(moved) > 0.7
    assert left(moved) > 1.5 * left(_linear)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (1, 9), (7, 1), (3, 3)])
@pytest.mark.parametrize("channels", [(), (1,), (3,)])
def test_tiny_fields_are_looked_up_too(shape: tuple[int, int], channels: tuple[int, ...]) -> None:
    flat = np.full((*shape, *channels), 77, np.float32)
    for right in (0.0, 0.4, -7.3):
        found = moved(flat, right, -right)
        assert found.shape == flat.shape
        assert np.abs(found - 77).max() < 1e-3
    assert np.isfinite(moved(noise(*shape, *channels), 0.3, 5.5)).all()
