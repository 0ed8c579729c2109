from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dreamvid.color import LEAST_SPREAD, PictureAnchor, ResidualAnchor, shift
from dreamvid.frame import Frame

quick = settings(deadline=None, max_examples=15)

SHAPE = (48, 64, 3)


def clouds(mean: float = 120, spread: float = 40, seed: int = 1) -> Frame:
    """Soft noise of the mean and spread asked for; its channels differ."""
    draw = np.random.default_rng(seed).normal(0, 1, SHAPE)
    draw = draw.clip(-2, 2)
    draw = (draw - draw.mean(axis=(0, 1))) / draw.std(axis=(0, 1))
    frame = mean + np.array([0, 8, -8]) + spread * np.array([1, 0.9, 1.1]) * draw
    made: Frame = frame.clip(0, 255).astype(np.float32)
    return made


def flat(level: float) -> Frame:
    return np.full(SHAPE, level, np.float32)


def statistics(frame: Frame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return frame.mean(axis=(0, 1), dtype=np.float64), frame.std(axis=(0, 1), dtype=np.float64)


def is_frame(frame: Frame) -> bool:
    """float32, finite, within 0..255."""
    return bool(frame.dtype == np.float32 and frame.min() >= 0 and frame.max() <= 255)


# The shift


def test_a_shift_adds_to_each_channel() -> None:
    moved = shift(flat(100), (2, 0, -3))
    assert moved[5, 5].tolist() == [102, 100, 97]
    assert moved.dtype == np.float32


def test_a_shift_clips() -> None:
    assert shift(flat(254), (2, 1, 0))[0, 0].tolist() == [255, 255, 254]
    assert shift(flat(1), (-2, -1, 0))[0, 0].tolist() == [0, 0, 1]


def test_no_shift_is_the_canvas_itself() -> None:
    """A residual may leave 0..255: it is the dream that clips it."""
    canvas = clouds() * 2 - 100
    assert shift(canvas, (0, 0, 0)) is canvas


# The anchor of a picture


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_mean_and_spread_are_led_a_share_of_the_way(share: float) -> None:
    seed, frame = clouds(130, 40), clouds(110, 45, seed=2)
    (mean, spread), (old_mean, old_spread) = statistics(seed), statistics(frame)
    pulled = PictureAnchor.of(seed).pull(frame, seed, share)
    new_mean, new_spread = statistics(pulled)
    assert np.abs(new_mean - (old_mean + share * (mean - old_mean))).max() < 0.1
    assert np.abs(new_spread - (old_spread + share * (spread - old_spread))).max() < 0.1
    assert is_frame(pulled)


@given(
    st.floats(90, 165),
    st.floats(25, 40),
    st.tuples(st.floats(60, 195), st.floats(20, 60)),
    st.integers(0, 99),
)
@quick
def test_a_whole_pull_ends_at_the_seeds_color(
    mean: float, spread: float, found: tuple[float, float], draw: int
) -> None:
    seed, frame = clouds(mean, spread), clouds(*found, seed=draw)
    pulled = PictureAnchor.of(seed).pull(frame, seed, 1)
    (mean_is, spread_is), (wanted, wide) = statistics(pulled), statistics(seed)
    assert np.abs(mean_is - wanted).max() < 1
    assert np.abs(spread_is / wide - 1).max() < 0.05


@given(st.floats(40, 215), st.floats(25, 60), st.floats(0.2, 1), st.integers(0, 99))
@quick
def test_pulled_again_and_again_a_film_comes_home(
    mean: float, spread: float, share: float, draw: int
) -> None:
    seed, frame = clouds(mean, spread), clouds(90, 70, seed=draw)
    anchor = PictureAnchor.of(seed)
    for _ in range(30):
        frame = anchor.pull(frame, seed, share)
    (mean_is, spread_is), (wanted, wide) = statistics(frame), statistics(seed)
    assert np.abs(mean_is - wanted).max() < 1
    assert np.abs(spread_is / wide - 1).max() < 0.05


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_a_drift_of_every_frame_is_held(share: float) -> None:
    """What the dream does to 50 frames: darker and harder each time."""
    seed = clouds(152, 55)
    frame, anchor = seed, PictureAnchor.of(seed)
    for _ in range(50):
        mean = frame.mean(axis=(0, 1))
        dreamed = np.clip((frame - mean) * 1.02 + mean - 1, 0, 255)
        frame = anchor.pull(dreamed, seed, share)
    (mean_is, spread_is), (wanted, wide) = statistics(frame), statistics(seed)
    assert np.abs(mean_is - wanted).max() < 8
    assert np.abs(spread_is / wide - 1).max() < 0.25


def test_at_home_nothing_is_pulled() -> None:
    seed = clouds()
    assert np.array_equal(PictureAnchor.of(seed).pull(seed, seed, 0.5), seed)


def test_without_a_share_the_frame_is_let_be() -> None:
    seed, frame = clouds(), clouds(200, 20)
    assert PictureAnchor.of(seed).pull(frame, seed, 0) is frame


def test_pulling_changes_no_frame_in_place() -> None:
    seed, frame = clouds(), clouds(200, 20)
    before = frame.copy()
    PictureAnchor.of(seed).pull(frame, seed, 1)
    ResidualAnchor.of(frame - seed).pull(frame, seed, 0.5)
    assert np.array_equal(frame, before)


def test_a_flat_seed_may_have_its_dream_but_no_more() -> None:
    """Up to the least spread the dream is let be; beyond it, it is led back to it."""
    seed = flat(128)
    anchor = PictureAnchor.of(seed)
    soft = clouds(128, 10)
    kept = anchor.pull(soft, seed, 1)
    assert np.abs(statistics(kept)[1] - statistics(soft)[1]).max() < 0.1
    hard = anchor.pull(clouds(128, 60), seed, 1)
    assert np.abs(statistics(hard)[1] - LEAST_SPREAD).max() < 0.5
    assert np.abs(statistics(hard)[0] - 128).max() < 0.5


def test_what_is_nearly_flat_is_not_blown_up_at_once() -> None:
    seed, frame = clouds(128, 50), clouds(128, 0.5)
    pulled = PictureAnchor.of(seed).pull(frame, seed, 1)
    assert statistics(pulled)[1].max() < 1.5


@pytest.mark.parametrize("level", [0.0, 1.0, 128.0, 254.0, 255.0])
@pytest.mark.parametrize("share", [0.2, 1.0])
def test_flat_seeds_stay_finite_and_bounded(level: float, share: float) -> None:
    seed = flat(level)
    draw = np.random.default_rng(0)
    frame, anchor = seed, PictureAnchor.of(seed)
    assert np.array_equal(anchor.pull(frame, seed, share), seed)
    for _ in range(60):
        frame = np.clip(frame + draw.normal(0, 6, SHAPE).astype(np.float32), 0, 255)
        frame = anchor.pull(frame, seed, share)
        assert is_frame(frame)
    mean, spread = statistics(frame)
    assert np.abs(mean - level).max() < 12
    assert spread.max() < 1.5 * LEAST_SPREAD


@pytest.mark.parametrize("level", [0.0, 255.0])
def test_a_frame_gone_black_or_white_comes_back(level: float) -> None:
    seed = clouds()
    pulled = PictureAnchor.of(seed).pull(flat(level), seed, 1)
    assert np.abs(statistics(pulled)[0] - statistics(seed)[0]).max() < 1
    assert is_frame(pulled)


# The anchor of a residual


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_where_nothing_is_dreamed_the_source_is_itself(share: float) -> None:
    source = clouds()
    anchor = ResidualAnchor.of(clouds(0, 10) - clouds(0, 5))
    assert np.array_equal(anchor.pull(source, source, share), source)


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_a_dream_in_one_corner_leaves_the_far_ones_alone(share: float) -> None:
    source = clouds(120, 30)
    frame = source.copy()
    frame[:12, :16] += np.float32(20)
    pulled = ResidualAnchor.of(frame - source).pull(frame, source, share)
    far = np.s_[24:, 32:]
    assert np.array_equal(pulled[far], source[far])
    assert (pulled - source)[:12, :16].mean() < 20 - 5 * share


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_a_constant_residual_decays(share: float) -> None:
    source = clouds(120, 20)
    first = np.random.default_rng(2).normal(0, 10, SHAPE).astype(np.float32)
    frame, anchor = source + 30, ResidualAnchor.of(first)
    for t in range(1, 6):
        frame = anchor.pull(frame, source, share)
        assert np.abs(frame - source - 30 * (1 - share) ** t).max() < 0.01


def test_grain_is_kept_and_led_back_only_where_it_has_grown() -> None:
    source = flat(128)
    first = np.random.default_rng(2).normal(0, 10, SHAPE).astype(np.float32)
    anchor = ResidualAnchor.of(first)
    for grown, kept in ((0.5, 0.5), (1.0, 1.0), (2.0, 1.5), (4.0, 2.5)):
        pulled = anchor.pull(source + first * np.float32(grown), source, 0.5)
        spread = statistics(pulled - source)[1] / statistics(first)[1]
        assert np.abs(spread / kept - 1).max() < 0.03


def test_a_residual_that_grows_each_frame_is_held() -> None:
    source = clouds(120, 20)
    first = np.random.default_rng(2).normal(0, 8, SHAPE).astype(np.float32)
    frame, anchor = source + first, ResidualAnchor.of(first)
    for _ in range(60):
        frame = anchor.pull(np.clip(source + (frame - source) * 1.1 + 1, 0, 255), source, 0.5)
    mean, spread = statistics(frame - source)
    assert np.abs(mean).max() < 3
    assert (spread / statistics(first)[1]).max() < 1.3


@pytest.mark.parametrize("level", [0.0, 255.0])
def test_on_black_and_white_a_residual_stays_bounded(level: float) -> None:
    source = flat(level)
    anchor = ResidualAnchor.of(np.zeros(SHAPE, np.float32))
    assert np.array_equal(anchor.pull(source, source, 0.5), source)
    noise = np.random.default_rng(2).normal(0, 40, SHAPE).astype(np.float32)
    assert is_frame(anchor.pull(np.clip(source + noise, 0, 255), source, 0.5))


def test_without_a_share_a_residual_is_let_be() -> None:
    source, frame = clouds(), clouds(200, 20)
    assert ResidualAnchor.of(frame - source).pull(frame, source, 0) is frame


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 2, 3), (5, 40, 3)])
def test_the_smallest_frames_are_anchored_too(shape: tuple[int, int, int]) -> None:
    source = np.full(shape, 100, np.float32)
    for anchor in (PictureAnchor.of(source), ResidualAnchor.of(source * 0)):
        assert np.isfinite(anchor.pull(source + 10, source, 0.5)).all()
