"""E_warp against itself written out again, on known motion and on found."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2
from dreamvid.media.sink import to_uint8
from dreamvid.report.measure import Flow, Track, flow, reliable, track, warped
from tests.report_films import at, pan, plain_e_warp, texture


def smooth_flow(seed: int, size: tuple[int, int], strength: float) -> Flow:
    draw = np.random.default_rng(seed).normal(size=(*size, 2)).astype(np.float32)
    soft = cv2.GaussianBlur(draw, (0, 0), 4)
    return np.asarray(strength * soft / soft.std(), np.float32)


def plain_mask(f: Flow, b: Flow) -> NDArray[np.bool_]:
    """Ruder et al., pixel by pixel."""
    high, wide = b.shape[:2]
    down = [np.gradient(b[..., k].astype(np.float64), axis=0) for k in (0, 1)]
    across = [np.gradient(b[..., k].astype(np.float64), axis=1) for k in (0, 1)]
    mask = np.zeros((high, wide), bool)
    for y, x in itertools.product(range(high), range(wide)):
        u, v = map(float, b[y, x])
        to_x, to_y = x + u, y + v
        fu, fv = at(f, to_x, to_y)
        lost = (fu + u) ** 2 + (fv + v) ** 2 > 0.01 * (fu**2 + fv**2 + u**2 + v**2) + 0.5
        slope = sum(g[k][y, x] ** 2 for g in (down, across) for k in (0, 1))
        edge = slope > 0.01 * (u**2 + v**2) + 0.002
        inside = 0 <= to_x <= wide - 1 and 0 <= to_y <= high - 1
        mask[y, x] = inside and not lost and not edge
    return mask


def test_e_warp_is_what_lai_et_al_write(picture: Frame) -> None:
    """On a flow of any length and a mask of any shape, in the plainest words there are."""
    draw = np.random.default_rng(3)
    size = picture.shape[:2]
    after = np.clip(picture + draw.normal(0, 9, picture.shape), 0, 255).astype(np.float32)
    b, mask = smooth_flow(1, size, 3.0), draw.random(size) < 0.3
    found = Track(b, mask).e_warp(picture, after)
    assert found == pytest.approx(plain_e_warp(picture, after, b, mask), rel=1e-4)
    assert Track(b, np.zeros_like(mask)).e_warp(picture, after) is None


@pytest.mark.parametrize("strength", [0.02, 0.3, 2.0])
def test_the_mask_is_what_ruder_et_al_write(strength: float) -> None:
    size = (40, 56)
    f, b = smooth_flow(1, size, strength), smooth_flow(2, size, strength) * np.float32(0.5)
    b += np.float32(1.5)
    f -= np.float32(1.5)
    wanted = plain_mask(f, b)
    assert 0.02 < wanted.mean() < 0.98, "says something"
    np.testing.assert_array_equal(reliable(f, b), wanted)


def test_each_check_alone() -> None:
    nothing = np.zeros((20, 30, 2), np.float32)
    assert reliable(nothing, nothing).all()
    for along, trusted in ((0.70, True), (0.72, False)):  # .5 px² between there and back
        b = nothing.copy()
        b[..., 0] = along
        assert reliable(nothing, b)[:, :-1].all() == trusted
        assert not reliable(-b, b)[:, -1].any(), "from beyond the right edge"
        assert reliable(-b, b)[:, :-1].all()
    b = nothing.copy()
    b[8:12, 10:20, 1] = 0.2
    edges = ~reliable(-b, b)
    assert edges[7:9, 10:20].all()
    assert not edges[9:11, 12:18].any()
    assert not edges[:6].any()


def test_a_whole_number_of_pixels_is_looked_up_exactly(picture: Frame) -> None:
    b = np.zeros((*picture.shape[:2], 2), np.float32)
    b[..., 0], b[..., 1] = 3, -2
    np.testing.assert_array_equal(warped(picture, b)[2:, :-3], picture[:-2, 3:])


@pytest.mark.parametrize("step", [(3, -2), (-1, 4)])
def test_the_flow_leads_back_to_where_a_pixel_was(step: tuple[int, int]) -> None:
    before, after = pan(texture(1), step, 2)
    moved = track(before, after)
    assert moved.reliable.mean() > 0.85
    off = np.abs(moved.backward - step)[moved.reliable]
    assert off.mean() < 0.05
    assert (moved.e_warp(before, after) or 0) < 2e-5
    grey = [cv2.cvtColor(to_uint8(frame), cv2.COLOR_RGB2GRAY) for frame in (before, after)]
    forward = flow(*(np.asarray(one, np.uint8) for one in grey))
    assert np.abs(forward + np.array(step))[8:-8, 8:-8].mean() < 0.1, "there, not back"


def test_what_was_hidden_is_not_asked_for() -> None:
    """A patch goes 4 px to the right: the ground that it uncovers had nothing to come from."""
    ground, patch = texture(1)[:72, :96], texture(2)[40:64, 40:64]
    frames = []
    for left in (30, 34):
        frame = ground.copy()
        frame[24:48, left : left + 24] = patch
        frames.append(frame)
    moved = track(*frames)
    assert moved.reliable[24:48, 30:34].mean() < 0.4
    assert moved.reliable[1:12, 1:-1].mean() > 0.85
    every = Track(moved.backward, np.ones_like(moved.reliable)).e_warp(*frames)
    masked = moved.e_warp(*frames)
    assert every is not None
    assert masked is not None
    assert masked < every / 5


def test_noise_that_moves_along_is_steady_and_noise_redrawn_is_not() -> None:
    canvas = texture(1)
    draw = np.random.default_rng(2)
    noise = draw.normal(0, 10, canvas.shape).astype(np.float32)
    source = pan(canvas, (2, 1), 2)
    carried = [s + n for s, n in zip(source, pan(noise, (2, 1), 2), strict=True)]
    redrawn = [s + draw.normal(0, 10, s.shape).astype(np.float32) for s in source]
    moved = track(*source)
    own, steady, fresh = (moved.e_warp(*film) or 0 for film in (source, carried, redrawn))
    assert steady - own < (fresh - own) / 20
    assert fresh == pytest.approx(2 * (10 / 255) ** 2, rel=0.1), "twice the noise's variance"
