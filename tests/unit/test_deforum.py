"""Deforum's keyframe strings, read as they are: compared with what Deforum does with them.

Deforum (deforum/sd-webui-deforum, `deforum_helpers/animation_key_frames.py`) splits at commas,
evaluates each key by NumExpr with `max_f`, and each value that is no number at every frame from its
key to the next; between two numbers it goes evenly.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.recipe.schedule import Schedule, parse_schedule
from dreamvid.recipe.timeline import FrameTime

NUMEXPR: dict[str, Any] = {
    **{name: getattr(math, name) for name in ("sin", "cos", "tan", "exp", "sqrt", "floor", "ceil")},
    "where": lambda condition, yes, no: yes if condition else no,
    "abs": abs,
}


def schedule(text: str) -> Schedule:
    found = parse_schedule(text)
    assert found is not None
    return found


def at(text: str, t: int, frames: int) -> float:
    return schedule(text).at(FrameTime(t, Fraction(25), frames))


def of_python(text: str, **names: float) -> float:
    return float(eval(text.replace("^", "**"), {"__builtins__": {}}, {**NUMEXPR, **names}))


@pytest.mark.parametrize(
    "text",
    [
        "0:(1.02+0.02*sin(2*3.14*t/20))",
        "0: (1.0025+0.002*sin(1.25*3.14*t/30))",
        "0:(-1*(cos(3.141*t/15)**100)+1)",
        "0:(10*(cos(3.141*t/30)^2)+.5)",
        "0:(abs(tan(t/7)))",
        "0:(where(cos(6.28*t/10)>0.995, 12, 6))",
        "0:(where((t>10)&(t<20), exp(-t/9), sqrt(t)))",
        "0:(t%15)",
        "0:(max_f-t)",
        "0:(t*(t^1.5)/max_f)",
        "0:((0.08*t)%2*((0.08*t)%2<1)+((-0.08*t)%2)*((0.08*t)%2>=1))",
    ],
)
def test_one_expression_is_what_numexpr_makes_of_it(text: str) -> None:
    inside = text.partition(":")[2].strip()
    for t in range(60):
        assert at(text, t, 60) == pytest.approx(of_python(inside, t=t, max_f=59), abs=1e-9)


NUMBERS = st.floats(-50, 50).map(lambda x: round(x, 3))
PLACES = st.one_of(
    st.integers(0, 59).map(str),
    st.integers(0, 59).map(lambda t: f'"{t}"'),
    st.integers(1, 9).map(lambda k: f"max_f/{k}"),
    st.integers(0, 40).map(lambda k: f"max_f-{k}"),
    st.tuples(st.integers(0, 9), st.integers(1, 6)).map(lambda pair: f"{pair[0]}*{pair[1]}"),
    st.integers(2, 5).map(lambda k: f'"(max_f * 2) / {k}"'),
)


def deforum(pairs: list[tuple[str, float]], t: int, frames: int) -> float:
    """What Deforum makes of numbers at keys, of which no two are at one frame."""
    values = {int(of_python(key.strip("\"'"), max_f=frames - 1)): value for key, value in pairs}
    keys = sorted(key for key in values if 0 <= key < frames)
    here = bisect_right(keys, t) - 1
    if here < 0 or here == len(keys) - 1:
        return values[keys[max(here, 0)]]
    a, b = keys[here : here + 2]
    return values[a] + (values[b] - values[a]) * (t - a) / (b - a)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(PLACES, NUMBERS), min_size=1, max_size=6),
    st.sampled_from([", ", ",", " ,\n"]),
    st.sampled_from(["{}:({})", "{}: ({})", "{} : {}"]),
    st.integers(0, 59),
)
def test_keys_in_any_order_and_by_any_expression(
    pairs: list[tuple[str, float]], comma: str, form: str, t: int
) -> None:
    frames = 60
    places = [int(of_python(key.strip("\"'"), max_f=frames - 1)) for key, _ in pairs]
    if len(set(places)) < len(places) or max(places) >= frames:
        return
    text = comma.join(form.format(key, value) for key, value in pairs)
    found = schedule(text)
    clock = FrameTime(t, Fraction(25), frames)
    assert found.at(clock) == pytest.approx(deforum(pairs, t, frames), abs=1e-9)
    again = schedule(str(found))
    assert again == found
    assert again.at(clock) == found.at(clock)


def test_keys_move_with_the_length() -> None:
    text = "max_f:(3), 0:(1), max_f/2:(2)"
    assert [at(text, t, 101) for t in (0, 25, 50, 100)] == [1, 1.5, 2, 3]
    assert [at(text, t, 11) for t in (0, 5, 10)] == [1, 2, 3]
    assert schedule(text).uses_length
    assert schedule(text).text == "max_f:(3), 0:(1), max_f/2:(2)"
    assert schedule("50:(2), 0:(1)").text == "0:(1), 50:(2)"
    # In a film of one frame all are at frame 0, and the last that is written counts.
    assert at(text, 0, 1) == 2


def test_where_a_deforum_string_means_something_else() -> None:
    """An expression fades into the next key, where Deforum lets it run on; `step` does that."""
    assert at("0:(t), 10:(0)", 5, 20) == 2.5
    assert at("0:(t), 10:(0) step", 5, 20) == 5
    assert at("0:(s)", 25, 50) == 1  # seconds, where Deforum means the seed
