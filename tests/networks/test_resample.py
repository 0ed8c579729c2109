"""Resampling as matrix products: TensorFlow's resize, and any weights on any pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.frame import Frame, Size
from dreamvid.motion.resample import SINGLE, blocks, resize_cubic, summed

quick = settings(deadline=None, max_examples=40)


def noise(*shape: int) -> Frame:
    return np.random.default_rng(sum(shape)).uniform(0, 255, shape).astype(np.float32)


@pytest.mark.parametrize("before", [(90, 160), (37, 50), (3, 5)])
@pytest.mark.parametrize("after", [(64, 114), (126, 224), (9, 2), (120, 7)])
def test_it_resizes_as_tensorflow_does(before: tuple[int, int], after: tuple[int, int]) -> None:
    import tensorflow as tf

    frame = noise(*before, 3)
    expected = tf.image.resize(frame, after, method="bicubic", antialias=True).numpy()
    np.testing.assert_allclose(resize_cubic(frame, Size(*after[::-1])), expected, atol=0.01)


def test_the_same_size_is_the_frame_itself() -> None:
    frame = noise(20, 30, 3)
    assert resize_cubic(frame, Size(30, 20)) is frame


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 200), st.floats(0, 255))
@quick
def test_what_is_flat_stays_flat_at_any_size(high: int, wide: int, edge: int, level: float) -> None:
    frame = np.full((high, wide, 3), level, np.float32)
    made = resize_cubic(frame, Size(200 // edge + 1, edge))
    assert made.shape == (edge, 200 // edge + 1, 3)
    np.testing.assert_allclose(made, level, atol=1e-3)


@st.composite
def sums(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Pixels and weights as they come: near each other, twice, or around the edges."""
    length = draw(st.integers(1, 300))
    taps = draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    count = draw(st.integers(1, 90))
    near = rng.integers(0, length, (count, 1)) + np.arange(taps)
    pixels = near % length if draw(st.booleans()) else np.clip(near, 0, length - 1)
    return pixels.astype(np.intp), rng.normal(size=(count, taps)), length


@given(sums(), st.sampled_from([0, 1]), st.sampled_from([1, 2, 3, 4, 5]))
@quick
def test_each_new_pixel_is_the_sum_of_its_own(
    asked: tuple[np.ndarray, np.ndarray, int], axis: int, channels: int
) -> None:
    pixels, weights, length = asked
    shape = (length, 11) if axis == 0 else (11, length)
    frame = noise(*shape, channels)
    made = summed(frame, axis, blocks(pixels, weights))
    taken = np.moveaxis(np.take(frame, pixels, axis=axis), axis, 0)  # (new, …)
    taps = 1 if axis == 0 else 2
    weighed = np.moveaxis(taken, taps, -1) * weights.reshape(len(weights), 1, 1, -1)
    np.testing.assert_allclose(made, np.moveaxis(weighed.sum(-1), 0, axis), atol=0.02)


def test_no_product_is_large_enough_for_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """BLAS waits for its threads spinning: beside an encoder, a hundred times the work."""
    sizes: list[int] = []
    multiply = np.matmul

    def counted(one: Frame, other: Frame, out: Frame) -> Frame:
        sizes.append(one.size * other.shape[1])
        return multiply(one, other, out=out)

    monkeypatch.setattr("dreamvid.motion.resample.np.matmul", counted)
    frame = noise(90, 4000, 3)
    resize_cubic(frame, Size(900, 200))
    assert len(sizes) > 100
    assert max(sizes) <= SINGLE
