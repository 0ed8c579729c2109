from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dreamvid.color import (
    ALLOWED,
    DETAIL,
    LEAST_SPREAD,
    MOST_HELD,
    SATURATION,
    PictureAnchor,
    ResidualAnchor,
    shift,
)
from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2

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


def waves(mean: float = 120, spread: float = 40, color: float = 0, finest: float = 0) -> Frame:
    """Broad waves of a mean and spread, gray but for a share, and a checkerboard on them."""
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    gray = np.sqrt(2) * np.sin(2 * np.pi * (x + y) / 32)
    hue = color * np.sqrt(2) * np.stack([np.sin(2 * np.pi * x / 32 + k) for k in range(3)], -1)
    grain = np.where((x + y) % 2, finest, -finest)
    made: Frame = (mean + spread * (gray[..., None] + hue) + grain[..., None]).clip(0, 255)
    return made.astype(np.float32)


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
    soft = waves(128, 10)
    kept = anchor.pull(soft, seed, 1)
    assert np.abs(statistics(kept)[1] - statistics(soft)[1]).max() < 0.1
    hard = anchor.pull(waves(128, 60), seed, 1)
    assert np.abs(statistics(hard)[1] - LEAST_SPREAD).max() < 0.5
    assert np.abs(statistics(hard)[0] - 128).max() < 0.5


def saturation(frame: Frame) -> float:
    return float((frame.max(-1) - frame.min(-1)).mean())


def detail(frame: Frame) -> NDArray[np.float64]:
    """The spread of the finest two bands of a gray frame's Laplacian pyramid."""
    plane, bands = frame[..., 0], []
    for times in (1, 2):
        low: Frame = np.asarray(cv2.pyrDown(plane))
        band = plane - cv2.pyrUp(low, dstsize=plane.shape[::-1])
        bands.append((band if times == 1 else cv2.pyrUp(band)).std(dtype=np.float64))
        plane = low
    return np.array(bands)


def pulled_again_and_again(frame: Frame, seed: Frame, share: float = 0.5) -> Frame:
    anchor = PictureAnchor.of(seed)
    for _ in range(20):
        frame = anchor.pull(frame, seed, share)
    return frame


@pytest.mark.parametrize("color", [0.0, 0.05, 0.2])
def test_saturation_is_led_back_to_a_little_more_than_the_seeds(color: float) -> None:
    """Of a seed that is all but gray, to some levels more."""
    seed, frame = waves(120, 30, color), waves(120, 24, 0.8)
    most = max(SATURATION * saturation(seed), saturation(seed) + ALLOWED)
    once = PictureAnchor.of(seed).pull(frame, seed, 0.5)
    assert saturation(frame) - 4 > saturation(once) > most
    home = pulled_again_and_again(frame, seed)
    assert saturation(home) == pytest.approx(most, rel=0.02)
    assert is_frame(home)


def test_a_paler_dream_is_let_be() -> None:
    seed = waves(120, 30, 0.3)
    (mean, spread), gray = statistics(seed), waves(128, 40)
    pale = (mean + spread * (gray - gray.mean()) / gray.std()).astype(np.float32)
    assert saturation(pale) < 0.7 * saturation(seed)
    assert np.array_equal(PictureAnchor.of(seed).pull(pale, seed, 1), pale)


@pytest.mark.parametrize(("own", "dreamed"), [(1.0, 12.0), (9.0, 20.0)])
def test_fine_detail_is_led_back_to_a_little_more_than_the_seeds(
    own: float, dreamed: float
) -> None:
    seed, frame = waves(120, 30, finest=own), waves(120, 30, finest=dreamed)
    most = np.maximum(DETAIL[1] * detail(seed), detail(seed) + ALLOWED)
    once = PictureAnchor.of(seed).pull(frame, seed, 0.5)
    assert detail(frame)[0] - 2 > detail(once)[0] > most[0]
    home = pulled_again_and_again(frame, seed)
    assert detail(home)[0] == pytest.approx(most[0], rel=0.05)
    assert detail(home)[1] == pytest.approx(detail(frame)[1], rel=0.1), "the coarser band is let be"


def test_a_dream_that_has_blurred_is_sharpened_to_the_least_and_not_at_once() -> None:
    seed, frame = waves(120, 30, finest=9), waves(120, 30, finest=2)
    once = PictureAnchor.of(seed).pull(frame, seed, 1)
    assert detail(once)[0] <= 1.35 * detail(frame)[0]
    home = pulled_again_and_again(frame, seed, 1)
    assert detail(home)[0] == pytest.approx(DETAIL[0] * detail(seed)[0], rel=0.05)


def test_what_is_near_the_seed_is_let_be_but_for_its_mean_and_spread() -> None:
    """Grain and color within their bounds: to the bit where mean and spread are the seed's too,
    else what is done is even over each channel."""
    seed = waves(120, 30, 0.3, finest=6)
    spread = np.sqrt(30**2 + 6**2 - 5.5**2)
    near = waves(120, spread, 0.3 * 30 / spread, finest=5.5)
    assert np.array_equal(PictureAnchor.of(seed).pull(near, seed, 1), near)
    pulled = PictureAnchor.of(seed).pull(near * np.float32(0.95) + 4, seed, 1)
    for channel in range(3):
        line = np.polyfit(near[..., channel].ravel(), pulled[..., channel].ravel(), 1)
        off = np.polyval(line, near[..., channel]) - pulled[..., channel]
        assert np.abs(off).max() < 0.01
    assert np.abs(statistics(pulled)[0] - statistics(seed)[0]).max() < 0.1


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
    # Up to MOST_HELD of the first it may grow; half of what is beyond it is taken away.
    for grown, kept in ((0.5, 0.5), (1.0, 1.0), (MOST_HELD, MOST_HELD), (2.0, 1.625), (4.0, 2.625)):
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
    assert (spread / statistics(first)[1]).max() < 1.3 * MOST_HELD
    assert (spread / statistics(first)[1]).min() > MOST_HELD, "and not further than that"


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
