from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dreamvid.errors import RecipeError
from dreamvid.recipe.expression import MAX_DEPTH, MAX_EXPRESSION, MAX_NODES
from dreamvid.recipe.form import Form
from dreamvid.recipe.heard import Heard
from dreamvid.recipe.interpolation import BETWEEN
from dreamvid.recipe.schedule import (
    MAX_KEYS,
    MAX_TEXT,
    Schedule,
    mapped,
    parse_schedule,
)
from dreamvid.recipe.schema import recipe_schema
from dreamvid.recipe.timeline import NAMES, FrameTime

RATE = Fraction(25)
TWELFTH = FrameTime(12, RATE, 100)


def schedule(value: Any) -> Schedule:
    found = parse_schedule(value)
    assert found is not None
    return found


def at(value: Any, t: int, rate: Fraction = RATE, frames: int | None = 100) -> float:
    return schedule(value).at(FrameTime(t, rate, frames))


def refused(value: Any) -> str:
    """Why `value` is refused, in the one line that a recipe's error can hold."""
    with pytest.raises(ValueError, match=r"\A.+\Z") as caught:
        parse_schedule(value)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 250
    return message


def failed(value: Any, clock: FrameTime = TWELFTH) -> str:
    with pytest.raises(RecipeError) as caught:
        schedule(value).at(clock)
    return str(caught.value)


PLAIN = [1, 1.5, True, None, [1, 2], (1,), b"0:1", math.inf, "1e-3", " 2 ", "inf", "-nan", "1_000"]


@pytest.mark.parametrize("value", [*PLAIN, "1e999", "9" * 100_001])
def test_plain_values_are_left_to_the_recipe(value: Any) -> None:
    assert parse_schedule(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "0:(1.02), 50:(1.04)",
        "0: 1.02, 50: 1.04",
        " 0:1.02,\n50 : ( 1.04 ) ,",
        "0:(1.02); 50:(1.04) linear",
        "0s:(1.02), 2s:(1.04), Linear",
        {0: 1.02, 50: 1.04},
        {"0": "1.02", "50": "1.04", "interpolation": "linear"},
        {"0s": 1.02, "2 s": "0.52 + 0.52"},
    ],
)
def test_keyframes_in_every_form(value: Any) -> None:
    found = [at(value, t) for t in (0, 10, 25, 50, 51, 10_000)]
    assert found == pytest.approx([1.02, 1.024, 1.03, 1.04, 1.04, 1.04], abs=1e-12)


def test_first_key_holds_before_it_and_the_last_after() -> None:
    assert [at("10:(3), 20:(5)", t) for t in (0, 9, 10, 15, 20, 99)] == [3, 3, 3, 4, 5, 5]


def test_seconds_follow_the_rate_exactly() -> None:
    ntsc = Fraction(30000, 1001)
    assert [at("1.001s:(1), 2.002s:(2) step", t, ntsc) for t in (59, 60)] == [1, 2]
    assert at("0s:(0), 1s:(1)", 3, Fraction(12)) == 0.25
    assert at("0.1s:(1), .3s:(2), 1.s:(3) step", 3, Fraction(10)) == 2


@pytest.mark.parametrize(
    ("word", "quarter", "half"), [("linear", 2, 3), ("step", 1, 1), ("ease", 1.625, 3)]
)
def test_words_say_how_to_go_between(word: str, quarter: float, half: float) -> None:
    for text in (f"0:(1), 40:(5) {word}", f"0:1, 40:5, {word}", f"0:(1);40:(5);{word.upper()}"):
        assert [at(text, t) for t in (0, 10, 20, 40)] == [1, quarter, half, 5]
    assert at({0: 1, 40: 5, "interpolation": word}, 10) == quarter


def test_cubic_by_hand() -> None:
    """Slopes 1 at the ends; at 10, rises 1 and 3: (10+10)*3 / (30/1 + 30/3) = 1.5."""
    text = "0:0, 10:10, 20:40 cubic"
    assert at(text, 5) == pytest.approx(5 + 10 * (1 - 1.5) / 8)
    assert at(text, 15) == pytest.approx(25 + 10 * (1.5 - 3) / 8)
    assert at("0:0, 10:1, 20:0 cubic", 5) == pytest.approx(0.5 + 10 * (0.1 - 0) / 8)
    # Uneven keys, rises 1 and 2 over 10 and 20: 3*30 / (50/1 + 40/2) = 9/7 at 10.
    assert at("0:0, 10:10, 30:50 cubic", 5) == pytest.approx(5 + 10 * (1 - 9 / 7) / 8)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("t", 12),
        ("s", 0.48),
        ("n", 100),
        ("1 - t/n", 0.88),
        ("2*pi", 2 * math.pi),
        ("-t**2", -144),
        ("2**-1", 0.5),
        ("2**3**2", 512),
        ("8-4-2", 2),
        ("1+2*3-4/8", 6.5),
        ("(1+2)*3", 9),
        ("+t//5 + t%5", 4),
        ("-7//2", -4),
        ("-7%5", 3),
        ("1.02 + 0.01*sin(t/9)", 1.02 + 0.01 * math.sin(12 / 9)),
        ("cos(0)", 1),
        ("min(t)", 12),
        ("min(3, t, 2)", 2),
        ("max(3, t, 2)", 12),
        ("abs(-t)", 12),
        ("clip(t, 0, 10) + clip(t, 20, 30) + clip(t, 0, 50)", 42),
        ("smooth(t, 0, 48)", 0.15625),
        ("smooth(t, 20, 40) + smooth(t, 0, 10)", 1),
        ("smooth(t, 48, 0)", 0.84375),
        ("smooth(t, 12, 12) + smooth(t, 13, 13)", 1),
        ("007 + .5e1 + 1.", 13),
        ("(-8)**3", -512),
        ("2^3 + t^2", 152),
        ("2*3^2 + 1", 19),
        ("sqrt(t + 4) + exp(0) + tan(0)", 5),
        ("log(exp(2)) + floor(-1.5) + ceil(1.2)", 2),
        ("(t > 11) + (t >= 12) + (t < 12) + (t <= 12) + (t == 12) + (t != 12)", 4),
        ("where(t < 50, 1, 2) + where(t > 50, 10, 20)", 21),
        ("where((t > 10) & (t < 20), 3, 4) + where((t < 10) | (t > 20), 30, 40)", 43),
        ("where(~(t > 50), 1, 2)", 1),
        ("where(t > 12, 1/(t - 12), 7) + where(t == 12, 1, (-t)**.5)", 8),
        ("max_f", 99),
        ("t/max_f*99", 12),
    ],
)
def test_expressions(text: str, value: float) -> None:
    assert at(text, 12) == pytest.approx(value, abs=1e-12)


def test_values_of_keys_may_be_expressions() -> None:
    text = "0:(1+sin(t/9)), 50:max(1, 2, t - 48)"
    assert at(text, 25) == pytest.approx((1 + math.sin(25 / 9) + 2) / 2)
    assert at(text, 60) == 12
    assert at({0: "t", "50": "min(t, 3)", "interpolation": "step"}, 49) == 49


def test_noise_is_the_same_everywhere() -> None:
    found = [
        at(text, 12) for text in ("noise(0)", "noise(t/5)", "noise(t/5, 1)", "noise(-0.5, -3)")
    ]
    assert found == [
        0.3048969727480644,
        0.34760565963087325,
        0.4435399232381545,
        -0.09758311389503171,
    ]


def test_noise_is_smooth_bounded_lively_and_differs_by_k() -> None:
    lines = []
    for k in (0, 1, 2):
        noise = schedule(f"noise(t/100 - 7, {k})")
        lines.append([noise.at(FrameTime(t, RATE, None)) for t in range(5000)])
    for line in lines:
        assert -1 <= min(line) < -0.8
        assert 0.8 < max(line) <= 1
        steps = [b - a for a, b in pairwise(line)]
        assert max(map(abs, steps)) < 2 * 1.5 / 100  # a fade's steepest is 1.5
        assert max(abs(b - a) for a, b in pairwise(steps)) < 2 * 2 * 6 / 100**2
        assert abs(sum(line) / len(line)) < 0.25
    for one, two in ((0, 1), (0, 2), (1, 2)):
        product = sum(a * b for a, b in zip(lines[one], lines[two], strict=True)) / 5000
        assert abs(product) < 0.15
    assert lines[0] == [at("noise(t/100 - 7)", t) for t in range(5000)]


KEYS = st.lists(st.integers(0, 120), min_size=2, max_size=8, unique=True).map(sorted)
VALUES = st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float)


@settings(max_examples=200)
@given(st.data(), KEYS, st.sampled_from(BETWEEN), st.booleans())
def test_between_keys_nothing_overshoots(
    data: st.DataObject, keys: list[int], between: str, seconds: bool
) -> None:
    values = data.draw(st.lists(VALUES, min_size=len(keys), max_size=len(keys)))
    names = [f"{key}s" if seconds else key for key in keys]
    found = schedule({**dict(zip(names, values, strict=True)), "interpolation": between})
    rate = Fraction(3) if seconds else RATE
    pairs = list(zip(keys, values, strict=True))
    for (one, a), (two, b) in pairwise(pairs):
        frames = range(one * 3, two * 3 + 1) if seconds else range(one, two + 1)
        line = [found.at(FrameTime(t, rate, None)) for t in frames]
        assert (line[0], line[-1]) == (a, b)
        assert min(a, b) <= min(line) <= max(line) <= max(a, b)
        if between != "step":
            slack = 1e-9 * (abs(a) + abs(b))
            rising = [y - x for x, y in pairwise(line)]
            assert all(step >= -slack for step in rising) or all(step <= slack for step in rising)


def test_cubic_has_no_kinks() -> None:
    """Between frames a slope changes little, where linear keys would turn at once."""

    def bend(between: str) -> float:
        line = [at(f"0:0, 300:20, 700:300, 900:310 {between}", t) for t in range(901)]
        steps = [b - a for a, b in pairwise(line)]
        return max(abs(b - a) for a, b in pairwise(steps))

    assert bend("cubic") < 0.02 < 0.6 < bend("linear")


GOOD = [
    "t",
    " 1 -  t / n ",
    "0:(1.02),50:(1.04)",
    "0: 1, 50: max(1, t) ; EASE",
    "1s:(noise(t/9, 2)), 2.5 s:((1)+(2)), cubic",
    "7:-t**2, step",
    {0: 1, 50: 0.1},
    {"1s": -2, "1.5s": "t/n", "interpolation": "cubic"},
    {3: 1e-7, "9": 1e22, 12: 10**20, " 13 ": " 1 +\n t "},
]


@pytest.mark.parametrize("value", GOOD)
def test_what_is_said_reads_back_as_the_same(value: Any) -> None:
    first = schedule(value)
    again = schedule(str(first))
    assert again == first == parse_schedule(first) == copy.deepcopy(first)
    assert hash(again) == hash(first)
    assert again.text == first.text == str(first)
    assert again.keys == first.keys
    clocks = [FrameTime(t, RATE, 200) for t in range(0, 100, 7)]
    assert [again.at(clock) for clock in clocks] == [first.at(clock) for clock in clocks]


def test_schedules_are_equal_by_what_is_said() -> None:
    assert schedule("0:(1),50:(2)") == schedule({0: 1, "50": "2"})
    assert schedule("0:(1),50:(2)") != schedule("0:(1),50:(2) ease")
    assert schedule("t") != schedule("s")
    assert schedule({0: 1, 50: 2, "interpolation": "ease"}).text == "0:(1), 50:(2) ease"


def test_length_is_asked_for_only_where_it_is_used() -> None:
    assert schedule("0:(1), 50:(t/n)").uses_length
    assert not schedule("min(t, sin(s)) + pi").uses_length
    unknown = FrameTime(0, RATE, None)
    assert failed("0:(1), 50:(t/n)", unknown) == ("uses n, but the length of this clip is unknown")
    assert schedule("t").at(unknown) == 0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1/(t - 12)", "divides by zero at frame 12"),
        ("t // 0", "divides by zero at frame 12"),
        ("t % 0", "divides by zero at frame 12"),
        ("0**-1", "divides by zero at frame 12"),
        ("9**9**9**9", "not finite at frame 12"),
        ("clip(1e308*t, 0, 1)", "not finite at frame 12"),
        ("-1e308*t + 1e308*t", "not finite at frame 12"),
        ("(-t)**0.5", "takes a root of a negative number at frame 12"),
        ("sqrt(-t)", "takes a root of a negative number at frame 12"),
        ("log(t - 12)", "takes the logarithm of a number that is not over 0 at frame 12"),
        ("exp(t*100)", "not finite at frame 12"),
        ("where(1/(t - 12), 1, 2)", "divides by zero at frame 12"),
        ("where(t, sqrt(-t), 2) + 0", "takes a root of a negative number at frame 12"),
        ("0:(1), n/(n - 100):(2)", "divides by zero at frame 12"),
        ("0:(-1e308), 6:(1e308), 24:(2) cubic", None),
        ("0:1, 9:-1e308, 13:1e308, 20:2 cubic", "not finite at frame 12"),
        ("0:(1), 24:(1/0)", "divides by zero at frame 12"),
    ],
)
def test_faults_name_the_frame(text: str, fault: str | None) -> None:
    if fault is None:
        assert math.isfinite(at(text, 12))
    else:
        assert failed(text) == fault


def test_keys_that_do_not_hold_are_not_worked_out() -> None:
    assert at("0:(1), 10:(2), 20:(1/0)", 5) == 1.5


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "no number and no expression"),
        ("fast", "it knows t, s, n, pi, max_f, sin"),
        ("coss(t)", "did you mean cos"),
        ("0:(1), 50:(2) eaze", "at 50, 'eaze' .* did you mean ease"),
        ("2t", "lacks an operator, .* between '2' and 't'"),
        ("t(3)", "lacks an operator"),
        ("(1+t", "parentheses that do not match"),
        ("1+t)*(2", "parentheses that do not match"),
        ("sin", r"write sin\(x\)"),
        ("sin(t, 2)", r"sin is written sin\(x\), not with 2"),
        ("clip(t)", r"clip\(x, low, high\)"),
        ("min()", "not with 0"),
        ("min(*t)", "comma or a"),
        ("min(**t)", "comma or a"),
        ("1, 2", "comma or a"),
        ("()", "comma or a"),
        ("max(1,,2)", "no expression"),
        ("1 + * 2", "no expression"),
        ("1e999 + t", "number over 1e308"),
        ("t.real", "'.' has no meaning"),
        ("t $ 2", "'\\$' has no meaning"),
        ("1 < t < 9", "compares more than two values"),
        ("t = 2", "no number and no expression"),
        ("where(t > 1)", r"where\(condition, yes, no\)"),
        ("1 if t else 2", "'if' is no number"),
        ("lambda: t", "'lambda' is no key"),
        ("[t for t in n]", "has no meaning"),
        ("(t := 2)", "no key"),
        ("__import__('os')", "'__import__' is no number"),
        ("f'{t}'", "no number"),
        ("1\x00", "has no meaning"),
        ("\ud800", "has no meaning"),
        ("t − 1", "has no meaning"),
        ("0:(1), 0:(2)", "has the key 0 twice"),
        ("0:(1), 9*0:(2)", "has the key 0 twice"),
        ("0:(1), 2s:(2)", "mixes frames and seconds"),
        ("max_f:(1), 2s:(2)", "mixes frames and seconds"),
        ("4b:(1), 2s:(2)", "mixes seconds and beats"),
        ("t:(1), 5:(2)", "'t' is no key; .* or an expression in max_f"),
        ("beat:(1), 5:(2)", "'beat' is no key"),
        ("0:(1), 3-5:(2)", "3-5' is no key"),
        ("0:(1), 5/2:(2)", "5/2' is no key"),
        ("-1:(1)", "'-1' is no key"),
        ("1.5:(1)", "no key"),
        ("1e3s:(1)", "no key"),
        ("5, 0:(1)", "at 5, '' is no number"),
        ("0:(1), 50", "at 0"),
        ("0:, 50:(2)", "at 0, '' is no number"),
        ("0:(nan)", "at 0, 'nan'"),
        ("0:(1) ease, 50:(2)", "at 0, 'ease' .* after the last key"),
        ("ease", "'ease' is no number"),
        ({}, "from 1 to 5000"),
        ({"interpolation": "ease"}, "from 1 to 5000"),
        ({0: 1, "interpolation": "bouncy"}, "must be one of linear, step"),
        ({0: 1, "interpolation": ["ease"]}, "must be one of linear, step"),
        ({0: True}, "finite number or an expression"),
        ({0: math.nan}, "finite number or an expression"),
        ({0: 10**400}, "finite number or an expression"),
        ({0: None}, "finite number or an expression"),
        ({True: 1}, "no key"),
        ({0.5: 1}, "no key"),
        ({-1: 1}, "no key"),
        ({10**9: 1}, "no key"),
        ({("a",): 1}, "'a tuple' is no key"),
        ({"a: b": 1}, "'a: b' is no key"),
        ({0: "1), 50:(2"}, "':' has no meaning"),
        ({50: 1, "50": 2}, "has the key 50 twice"),
    ],
)
def test_what_is_no_schedule_is_refused(value: Any, why: str) -> None:
    message = refused(value)
    with pytest.raises(ValueError, match=why):
        parse_schedule(value)
    assert "Traceback" not in message


def test_bounds_are_kept() -> None:
    depth, sums = MAX_DEPTH, MAX_NODES // 2
    assert at("(" * depth + "t" + ")" * depth, 3) == 3
    assert "over the limit" in refused("(" * (depth + 1) + "t" + ")" * (depth + 1))
    assert at("+".join(["t"] * sums), 3) == 3 * sums
    assert "over the limit" in refused("+".join(["t"] * (sums + 1)))
    assert at("-" * (MAX_NODES - 1) + "t", 3) == -3
    assert "over the limit" in refused("-" * MAX_NODES + "t")
    assert at("1" * 300 + "+1" * 1, 0) == pytest.approx(float("1" * 300))
    assert "longer than" in refused("t" + " * 1.000000000" * (MAX_EXPRESSION // 14 + 1))
    many = ", ".join(f"{i}:({i % 7})" for i in range(MAX_KEYS))
    assert at(many, 3999) == 3999 % 7
    assert "from 1 to" in refused(many + f", {MAX_KEYS}:(1)")
    assert "longer than" in refused("0:(1)" + " " * MAX_TEXT)
    assert "longer than" in refused(dict.fromkeys(range(MAX_KEYS), f"1.{'0' * 30}"))


class Counted(tuple[Any, ...]):
    """A program whose steps are counted as they are taken."""

    steps = 0

    def __iter__(self) -> Iterator[Any]:
        for step in super().__iter__():
            Counted.steps += 1
            yield step


def counted(found: Schedule, clock: FrameTime) -> tuple[float | str, int]:
    """What `found` is at `clock`, or the fault, and how many steps that took."""
    keys = [replace(key, program=Counted(key.program)) for key in found.keys]
    found = Schedule.of(keys, found.between)
    assert found.heard is found.heard  # looked for once, not at every frame
    Counted.steps = 0
    try:
        return found.at(clock), Counted.steps
    except RecipeError as error:
        return str(error), Counted.steps


@pytest.mark.parametrize(("between", "steps"), [("step", 4), ("linear", 7), ("cubic", 11)])
def test_only_the_keys_around_a_frame_are_worked_out(between: str, steps: int) -> None:
    found = schedule(f"0:1, 10:t+1, 20:-(t*2), 30:2+3, 40:0, {between}")
    assert max(counted(found, FrameTime(t, RATE, 100))[1] for t in range(50)) == steps


@pytest.mark.parametrize(
    "value",
    [
        "3 - t",
        "(1 + t) * (2 - t)",
        "0:(1), 10:(2 + min(t, 4)), 20:(-3)",
        "0:(1), 10:(5) ease",
        "0s:(1), 1s:(max(1, t)), 2s:(7), 3s:(2) cubic",
        "3:max(1, t), 9:-t**2",
        {0: 4, 10: -2, "interpolation": "step"},
    ],
)
def test_every_key_of_a_schedule_is_put_into_a_form(value: Any) -> None:
    first = schedule(value)
    for form, meant in ((Form("x*0.25"), 0.25), (Form("max(x, x) / 4 - 0"), 0.25)):
        third = first.map(form)
        again = schedule(third.text)
        assert (again, again.keys, again.between) == (third, third.keys, first.between)
        assert [key.place for key in third.keys] == [key.place for key in first.keys]
        for t in range(100):
            clock = FrameTime(t, Fraction(10), 100)
            assert third.at(clock) == again.at(clock)
            assert third.at(clock) == pytest.approx(first.at(clock) * meant)


def test_what_is_put_into_a_form_is_written_without_more_parentheses_than_it_needs() -> None:
    assert schedule("t + 1").map(Form("max(1, x - 2)")).text == "max(1, (t + 1) - 2)"
    assert schedule("0:(4), 9:t ease").map(Form("x * 2")).text == "0:((4) * 2), 9:((t) * 2) ease"
    assert schedule("(1) + (t)").map(Form("x * 2")).text == "((1) + (t)) * 2"


@pytest.mark.parametrize(("value", "wanted"), [(-3.0, -6), (1e-7, 2e-7), (4, 8)])
def test_a_number_in_a_form_stays_a_number(value: float, wanted: float) -> None:
    assert mapped(value, Form("2*x")) == pytest.approx(wanted)
    assert mapped(schedule("t"), Form("2*x")) == schedule("2*(t)")


def test_a_form_is_an_expression_in_x() -> None:
    for text in ("x +", "y", "x y", "0:(x)"):
        with pytest.raises(ValueError, match=r"."):
            Form(text)


@pytest.mark.parametrize(
    ("value", "uses"),
    [
        ("t + n", False),
        ("abs(sin(t))", False),
        ("smooth(t, 0, 9)", False),
        ("0:(1), 9:(2) step", False),
        ("s / 2", True),
        ("0s:(1), 9s:(2)", True),
        ("2.5s:(1)", True),
        ("0:(1), 9:(s)", True),
    ],
)
def test_a_schedule_knows_whether_it_uses_seconds(value: Any, uses: bool) -> None:
    assert schedule(value).uses_seconds is uses


def test_a_variable_is_added_in_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMES, "half", lambda time: time.t / 2)
    assert at("half + t", 4) == 6
    assert "it knows t, s, n, pi, max_f, half, sin" in refused("fast")
    assert "half" in recipe_schema()["$defs"]["ScheduleText"]["pattern"]


ALPHABET = "b0123456789.,;:()+-*/% tsnpieEcxa_jk'\"[]{}=<>!@&|^~#\\\n\t\x00\u2028é−×∞𝟙\ud800"
PIECES = [
    *("t", "s", "n", "pi", "1", "0", ".5", "1e308", "1e999", "9" * 400, "0x1f", "1j", "1_0", "inf"),
    *("+", "-", "*", "/", "//", "%", "**", "(", ")", ",", ":", ";", " ", "\n", "0:", ",50:", "2s:"),
    *("where(", "sqrt(", "exp(", "tan(", "max_f", "bass", "low(50,120)", "kick(release=.1)", "4b"),
    *(
        "attack",
        "release=",
        "_beat",
        "chroma3",
        "onset(",
        "n/2:",
        "4b:",
        '"max_f":',
        "t>1",
        "^",
        "&",
    ),
    *("sin(", "cos(", "min(", "max(", "abs(", "clip(", "smooth(", "noise(", "(t)", "**t", "/0"),
    *("ease", "step", "cubic", "linear", "lambda t:", ":=", " if ", " else ", " for t in ", "=="),
    *(".real", ".__class__", "[0]", "{t}", "f'{t}'", "'", "yield ", "await ", "not ", "*t", "**n"),
    *("__import__('os').system('x')", "eval(", "...", "\\", "#", "é", "\ud800", "\x00", "²", "٣"),
]
SEEDS = [
    *("0:(1), max_f/2:(2), n-1:(where((t>3)&(t<9), 2^t, 1/0))", "0b:(bass), 4b:(t % 2b) ease"),
    "where(kick > .5, low(50, 120, attack=.1), onset(200, 4000)) + chroma11 - b/4",
    *(value for value in GOOD if isinstance(value, str)),
    *("0:(1.02), 50:(1.04)", "0:(1+sin(t/9)), 50:(1) cubic", "9**9**9**9", "t**t**t"),
    "clip(noise(t/30, 2)*0.5 + smooth(s, 1, 3), -1, 1) % 0.7 // (n - t)",
    "0s:(t/n), 1.5s:(1/(t-12)), 3s:(noise(t)) ease",
]
REPEATED = st.builds(
    lambda a, many, mid, b: a * many + mid + b * many,
    st.sampled_from(
        ["(", "-", "+-", "sin(", "max(1,", "t**", "1+", "t/", "((", "[", "{", "~", "f("]
    ),
    st.sampled_from([2, 12, 23, 24, 25, 60, 99, 100, 199, 200, 1000, 50_000]),
    st.sampled_from(["t", "1", "", "0:(1)", "t t"]),
    st.sampled_from([")", "", "))", ",", "]"]),
)


def mutated(text: str, edits: list[tuple[int, int, str]]) -> str:
    for place, size, piece in edits:
        place %= len(text) + 1
        text = text[:place] + piece + text[place + size :]
    return text


EDITS = st.lists(
    st.tuples(st.integers(0, 80), st.integers(0, 4), st.sampled_from(PIECES)),
    min_size=1,
    max_size=3,
)
MEMBERS: st.SearchStrategy[dict[Any, Any]] = st.dictionaries(
    st.integers(-2, 99) | st.sampled_from(["1s", "7", "interpolation", "x", ".", None, True, 2.5]),
    st.floats() | st.sampled_from([*PIECES, *SEEDS, *BETWEEN, None, [], 10**400]),
    max_size=4,
)
HOSTILE = st.one_of(
    st.text(ALPHABET, max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.builds(mutated, st.sampled_from(SEEDS), EDITS),
    st.builds(mutated, st.sampled_from(SEEDS), EDITS),
    REPEATED,
    st.text(max_size=20),
    MEMBERS,
)


class Loud:
    """A sound in which everything is half as loud as it gets."""

    def at(self, heard: Heard, t: int) -> float:
        return t / 7 if heard.name in ("b", "1b") else 0.5


CLOCKS = [
    FrameTime(0, Fraction(25), None),
    FrameTime(12, Fraction(30000, 1001), 100, Loud()),
    FrameTime(10**7, Fraction(1, 10**6), 1, Loud()),
]


def endures(value: Any) -> None:
    """Plain, or refused in a line, or a finite number or one line of a fault at any frame."""
    try:
        found = parse_schedule(value)
    except ValueError:
        refused(value)
        return
    if found is None:
        assert isinstance(value, str)
        float(" ".join(value.split()))
        return
    assert parse_schedule(found.text) == found
    for clock in CLOCKS:
        answer, steps = counted(found, clock)
        assert steps <= 4 * MAX_NODES  # as cubic looks at four keys
        if isinstance(answer, str):
            assert answer.isprintable()
            assert f"at frame {clock.t}" in answer or clock.frames is None
            assert clock.heard is None or "--audio" not in answer
        else:
            assert type(answer) is float
            assert math.isfinite(answer)


@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(HOSTILE)
@pytest.mark.filterwarnings("error")
def test_nothing_hostile_gets_through(value: Any) -> None:
    endures(value)


@pytest.mark.slow
@settings(
    max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
@given(HOSTILE)
@pytest.mark.filterwarnings("error")
def test_nothing_hostile_of_very_much_gets_through(value: Any) -> None:
    endures(value)


MONSTERS = {
    "parentheses": "(" * MAX_TEXT,
    "signs": "-" * 1000 + "1",
    "nested value": "0:" + "(" * 90_000,
    "noisy keys": ", ".join(f"{i}:(noise(t/{i + 1}, {i}))" for i in range(3000)) + " cubic",
    "open keys": ", ".join(f"{i}s:({i}" for i in range(4000)),
    "colons": ":" * MAX_TEXT,
    "gaps": "," * 50_000 + ":" + " " * 49_000 + "ease",
    "wide keys": dict.fromkeys(range(MAX_KEYS), "1" * 900),
    "nested mapping": {0: "(" * 10**6},
    "most work": ", ".join(f"{i}:({'-' * 198}t)" for i in range(400)) + " cubic",
    "powers": "t" + "**t" * 99,
}


@pytest.mark.parametrize("name", MONSTERS)
@pytest.mark.filterwarnings("error")
def test_monsters_are_answered_soon(name: str) -> None:
    began = time.process_time()
    endures(MONSTERS[name])
    assert time.process_time() - began < 5
