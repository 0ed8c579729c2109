"""A film's time, of which every schedule gets its names."""

from __future__ import annotations

import math
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.timeline import DEFAULT_RATE, NAMES, FrameTime, Timeline
from dreamvid.resolve import film_timeline

rates = st.fractions(Fraction(1, 10), 240, max_denominator=1001)
lengths = st.none() | st.integers(1, 10**6)
indices = st.integers(0, 10**6)


@given(rates, lengths, indices)
def test_a_frames_time_is_exact(rate: Fraction, frames: int | None, index: int) -> None:
    time = Timeline(rate, frames)[index]
    assert time == FrameTime(index, rate, frames)
    assert time.seconds * rate == index
    assert Timeline(rate, frames)[index + 1].seconds - time.seconds == 1 / rate


@given(rates, lengths, indices)
def test_every_name_is_a_finite_number(rate: Fraction, frames: int | None, index: int) -> None:
    names = Timeline(rate, frames)[index].names()
    assert names.keys() == NAMES.keys() == {"t", "s", "n", "pi", "max_f"}
    assert all(type(value) is float and math.isfinite(value) for value in names.values())
    assert names["t"] == index
    assert math.isclose(names["s"], index / rate)
    assert names["n"] == (frames or 0)
    assert names["max_f"] == max(0, (frames or 0) - 1)
    assert names["pi"] == math.pi


@given(rates, lengths, st.integers(1, 200))
def test_the_first_frames_are_those_of_the_film(
    rate: Fraction, frames: int | None, most: int
) -> None:
    timeline = Timeline(rate, frames)
    first = list(timeline.first(most))
    assert first == [timeline[index] for index in range(len(first))]
    assert len(first) == (1 if frames is None else min(frames, most))


def test_a_film_has_the_rate_of_its_recipe_or_the_default() -> None:
    assert film_timeline(make_recipe({"fps": "25/2"}, "video"), 9) == Timeline(Fraction(25, 2), 9)
    assert film_timeline(make_recipe({}, "video"), None) == Timeline(DEFAULT_RATE, None)
    assert film_timeline(make_recipe({}, "image"), 1) == Timeline(DEFAULT_RATE, 1)
