"""Made-up lists of time stamps: whatever they are, no time is lost and nothing fails."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.media.timing import ALONE, HIGHEST_RATE, LOWEST_RATE, Timing, timing_of_stamps

TICKS = [Fraction(1, 12800), Fraction(1, 90000), Fraction(1, 1000), Fraction(1, 25)]


@st.composite
def stamps(draw: st.DrawFn) -> tuple[list[int], Fraction, int]:
    """Stamps in ticks, the tick, and how many ticks the last picture lasts."""
    tick = draw(st.sampled_from(TICKS))
    second = int(1 / tick)
    steps = st.one_of(
        st.integers(1, 3 * second),
        st.sampled_from([second // 25, second // 24, second // 30, 2 * second]).filter(bool),
    )
    usual = draw(st.one_of(st.none(), steps))
    count = draw(st.integers(0, 40))
    delays = [usual if usual and draw(st.booleans()) else draw(steps) for _ in range(count)]
    first = draw(st.integers(-second, 50 * second))
    times = [first, *(first + int(total) for total in np.cumsum(delays))]
    return times, tick, draw(st.integers(0, 4 * second))


def timed(times: list[int], tick: Fraction, last: int, **keywords: Any) -> Timing:
    return timing_of_stamps(
        np.array(times, np.int64), tick, times[0] * tick, (times[-1] + last) * tick, **keywords
    )


@settings(max_examples=300, deadline=None)
@given(stamps(), st.sampled_from([0.0, 25.0, 29.97, 1000.0, 90000.0, 1e-6]))
def test_the_length_is_kept_to_half_a_frame(
    made: tuple[list[int], Fraction, int], stated: float
) -> None:
    times, tick, last = made
    timing = timed(times, tick, last, stated=stated)
    assert LOWEST_RATE <= timing.rate <= HIGHEST_RATE
    assert timing.frames is not None
    assert timing.frames >= 1
    length, shown = timing.frames / timing.rate, (times[-1] - times[0]) * tick
    # What the last picture lasts is often unknown: it is shown for a frame then.
    least, most = shown + last * tick, max(shown + last * tick, shown + 1 / timing.rate)
    assert least - 1 / (2 * timing.rate) <= length <= most + 1 / (2 * timing.rate)


@settings(max_examples=200, deadline=None)
@given(stamps())
def test_pictures_keep_their_order_and_their_places(made: tuple[list[int], Fraction, int]) -> None:
    times, tick, last = made
    timing = timed(times, tick, last, stated=25.0)
    moments = [timing.moment(index) for index in range(len(times))]
    assert moments[0] == 0
    assert moments == sorted(moments)
    for index, time in enumerate(times):
        assert timing.index_of(time * tick) == index
        assert abs(moments[index] - (time - times[0]) * tick) <= 1 / (2 * timing.rate)
        if len(set(moments)) == len(moments):
            assert timing.index_at(moments[index]) == index


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30))
def test_gifs_are_played_as_browsers_play_them(delays: list[int]) -> None:
    times = [int(total) for total in np.cumsum([0, *(max(1, each) for each in delays[:-1])])]
    timing = timed(times, Fraction(1, 100), max(1, delays[-1]), stated=0.0, gif=True)
    shown = [each if each >= 2 else 10 for each in delays]
    starts = [Fraction(int(total), 100) for total in np.cumsum([0, *shown[:-1]])]
    half = 1 / (2 * timing.rate) if timing.even else 0
    for index, start in enumerate(starts):
        assert abs(timing.moment(index) - start) <= half
    assert timing.frames is not None
    assert abs(timing.frames / timing.rate - Fraction(sum(shown), 100)) <= 1 / (2 * timing.rate)


@pytest.mark.parametrize(
    ("stated", "rate"),
    [(90000.0, ALONE), (0.0, ALONE), (24.0, Fraction(24)), (1e9, ALONE), (0.2, Fraction(1, 5))],
)
def test_one_picture_has_a_usual_rate(stated: float, rate: Fraction) -> None:
    timing = timed([5], Fraction(1, 90000), 1, stated=stated)
    assert (timing.rate, timing.frames, timing.even) == (Fraction(rate), 1, True)


def test_one_picture_that_lasts_a_frame_is_one() -> None:
    timing = timed([5], Fraction(1, 90000), 3600, stated=50.0)
    assert (timing.rate, timing.frames) == (Fraction(25), 1)


def test_a_last_picture_that_lasts_counts() -> None:
    timing = timed(list(range(0, 100, 10)), Fraction(1, 100), 200, stated=10.0)
    assert (timing.rate, timing.frames, timing.even) == (Fraction(10), 29, True)
