from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from dreamvid.recipe.fields import Moment, Rate, Size, Triple, parse_moment
from dreamvid.recipe.objective import Objective, are_terms, split_terms
from dreamvid.recipe.terms import LayerTerm, Term

RATE: TypeAdapter[Fraction] = TypeAdapter(Rate)
MOMENT: TypeAdapter[Fraction] = TypeAdapter(Moment)
SIZE: TypeAdapter[tuple[int, int]] = TypeAdapter(Size)
TRIPLE: TypeAdapter[tuple[float, float, float]] = TypeAdapter(Triple)
OBJECTIVE: TypeAdapter[tuple[Term, ...] | None] = TypeAdapter(Objective)

NAN, INF = float("nan"), float("inf")


def refused(adapter: TypeAdapter[Any], value: Any) -> str:
    """Why `value` is refused."""
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    return str(caught.value)


def there_and_back(adapter: TypeAdapter[Any], value: Any) -> Any:
    """`value` as it is written to YAML, read again."""
    return adapter.validate_python(adapter.dump_python(value, mode="json"))


@pytest.mark.parametrize(
    ("given_as", "rate"),
    [
        (25, Fraction(25)),
        ("25", Fraction(25)),
        (29.97, Fraction(2997, 100)),
        ("29.97", Fraction(2997, 100)),
        ("30000/1001", Fraction(30000, 1001)),
        (" 30000 / 1001 ", Fraction(30000, 1001)),
        (Fraction(24000, 1001), Fraction(24000, 1001)),
        (0.5, Fraction(1, 2)),
        ("1e-3", Fraction(1, 1000)),
    ],
)
def test_rate_is_exact_in_every_form(given_as: Any, rate: Fraction) -> None:
    assert RATE.validate_python(given_as) == rate


@pytest.mark.parametrize(
    "value",
    [True, None, [25], "", "fast", "1/0", "nan", NAN, INF, "inf", 0, -25, "-1", 1001, "25/1/2"],
)
def test_rate_that_is_none_is_refused(value: Any) -> None:
    assert "Traceback" not in refused(RATE, value)


@pytest.mark.parametrize("value", ["1e999999999", "1e-999999999", "9" * 60, 10**400])
def test_rate_with_endless_digits_is_refused_at_once(value: Any) -> None:
    """`Fraction("1e999999999")` works out every digit: minutes, and all memory."""
    refused(RATE, value)


@given(st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=10**9))
@example(Fraction(30000, 1001))
@example(Fraction(2997, 100))
def test_rate_survives_writing(rate: Fraction) -> None:
    assert there_and_back(RATE, rate) == rate


def test_rate_is_written_as_a_person_would() -> None:
    written = [RATE.dump_python(Fraction(rate)) for rate in ("25", "12.5", "30000/1001")]
    assert written == [25, 12.5, "30000/1001"]


@pytest.mark.parametrize(
    ("given_as", "seconds"),
    [
        (12.5, Fraction(25, 2)),
        (0.1, Fraction(1, 10)),
        ("12.5", Fraction(25, 2)),
        (".5", Fraction(1, 2)),
        ("1e-3", Fraction(1, 1000)),
        ("1:30", Fraction(90)),
        (" 1:30 ", Fraction(90)),
        ("0:01:30.5", Fraction(181, 2)),
        ("10:00:00", Fraction(36000)),
        ("08", Fraction(8)),
        ("1/3", Fraction(1, 3)),
        (0, Fraction(0)),
    ],
)
def test_moment_is_exact_in_every_form(given_as: Any, seconds: Fraction) -> None:
    assert MOMENT.validate_python(given_as) == seconds


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        [1],
        "",
        "soon",
        "1:2:3:4",
        "1:",
        ":30",
        "1/0",
        "1/00",
        "-1",
        -1,
        NAN,
        INF,
        -INF,
        "nan",
        "9" * 60,
        10**400,
        "1e999999999",
        1e300,
    ],
)
def test_moment_that_is_none_is_refused(value: Any) -> None:
    refused(MOMENT, value)


@given(st.fractions(min_value=0, max_value=10**6, max_denominator=10**9))
@example(Fraction(1, 3))
@example(Fraction("0.12345678901234567890"))
@example(Fraction(1, 10**5))
def test_moment_survives_writing(moment: Fraction) -> None:
    assert there_and_back(MOMENT, moment) == moment


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_clock_and_seconds_are_the_same_moment(h: int, m: int, s: int, ms: int) -> None:
    clock = f"{h}:{m:02}:{s:02}.{ms:03}"
    assert parse_moment(clock) == h * 3600 + m * 60 + s + Fraction(ms, 1000)


@pytest.mark.parametrize("value", ["1280x720", " 1280 X 720", "1280×720", [1280, 720], (1280, 720)])
def test_size_is_width_then_height(value: Any) -> None:
    assert SIZE.validate_python(value) == (1280, 720)


@pytest.mark.parametrize(
    "value",
    [
        "1280",
        "1280x",
        "x720",
        "-2x4",
        "1.5x2",
        "0x4",
        "4x0",
        "32769x4",
        1280,
        [4],
        [4, 4, 4],
        [1.5, 2],
        [0, 4],
        [NAN, 4],
        None,
        {"width": 4},
    ],
)
def test_size_that_is_none_is_refused(value: Any) -> None:
    refused(SIZE, value)


@given(st.tuples(st.integers(1, 32768), st.integers(1, 2048)))
def test_size_survives_writing(size: tuple[int, int]) -> None:
    assert there_and_back(SIZE, size) == size


@pytest.mark.parametrize("value", [2, 2.0, "2", [2], ["2"], [2, 2, 2], ["2", "2", "2"]])
def test_one_number_stands_for_three(value: Any) -> None:
    assert TRIPLE.validate_python(value) == (2, 2, 2)


def test_triple_keeps_its_order_and_signs() -> None:
    assert TRIPLE.validate_python(["-2", "0", "1.5"]) == (-2, 0, 1.5)


@pytest.mark.parametrize("value", [[1, 2], [1, 2, 3, 4], [], "red", None, {"r": 1}])
def test_triple_that_is_none_is_refused(value: Any) -> None:
    refused(TRIPLE, value)


@given(st.tuples(*[st.floats(-255, 255)] * 3))
def test_triple_survives_writing(triple: tuple[float, float, float]) -> None:
    assert there_and_back(TRIPLE, triple) == triple


HALF = (LayerTerm(layer="mixed3"), LayerTerm(layer="mixed5", weight=0.5))


@pytest.mark.parametrize(
    "value",
    [
        "mixed3,mixed5=.5",
        "mixed3, mixed5 = .5",
        "mixed3 mixed5=0.5",
        "mixed3=1,,mixed5= 5e-1,",
        {"mixed3": 1, "mixed5": 0.5},
        {"mixed3": "1", "mixed5": ".5"},
        ["mixed3", {"layer": "mixed5", "weight": 0.5}],
        [{"layer": "mixed3"}, {"layer": "mixed5", "weight": 0.5}],
        HALF,
    ],
)
def test_objective_in_every_form(value: Any) -> None:
    assert OBJECTIVE.validate_python(value) == HALF


def test_objective_may_subdue_a_layer_or_be_left_out() -> None:
    assert OBJECTIVE.validate_python("a=-2") == (LayerTerm(layer="a", weight=-2),)
    assert OBJECTIVE.validate_python(None) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        ",",
        {},
        [],
        "a=q",
        "a=1=2",
        "=3",
        {"a": None},
        {"a": NAN},
        {"a": "inf"},
        [1],
        5,
        [{"weight": 2}],
        [{"layer": "a", "wieght": 2}],
        {"": 1},
    ],
)
def test_objective_that_is_none_is_refused(value: Any) -> None:
    refused(OBJECTIVE, value)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("heads=min(1, 0.5),cells", ["heads=min(1, 0.5)", "cells"]),
        ("heads=0:(1), 50:(0.2) ease", ["heads=0:(1), 50:(0.2) ease"]),
        ("a=0:1,50:(.2) Ease,b=2 c", ["a=0:1,50:(.2) Ease", "b=2", "c"]),
        ("a=0s:(1); 2.5s:(3) cubic b", ["a=0s:(1); 2.5s:(3) cubic", "b"]),
        ("a = 0 : 1 , 50 : (1) b", ["a = 0 : 1 , 50 : (1)", "b"]),
        ("a=1 + t/50, b = -t * 2 c", ["a=1 + t/50", "b = -t * 2", "c"]),
        ("a=1 ease", ["a=1", "ease"]),
        ("a=1, 2b", ["a=1", "2b"]),
        (" ,a ,, b\n", ["a", "b"]),
        ("a=max(1, b", ["a=max(1, b"]),
    ],
)
def test_commas_within_a_weight_part_no_terms(text: str, terms: list[str]) -> None:
    assert split_terms(text) == terms


def test_a_terms_weight_may_be_a_schedule_in_a_text() -> None:
    (one, two) = OBJECTIVE.validate_python("heads=0:(1), 50:(0.2) ease, cells=min(1, 0.5)") or ()
    assert (one.name, str(one.weight)) == ("heads", "0:(1), 50:(0.2) ease")
    assert (two.name, str(two.weight)) == ("cells", "min(1, 0.5)")


@pytest.mark.parametrize(
    "text", ["heads", "heads=0.5", "heads=-2", "heads=min(1, 0.5)", "heads=0:(1), 50:(0.2) ease"]
)
def test_a_term_is_labelled_as_it_is_written(text: str) -> None:
    (term,) = OBJECTIVE.validate_python(text) or ()
    assert (term.label, term.name, term.files) == (text, "heads", ())
    assert OBJECTIVE.validate_python(f"{text},{text}") == (term, term)


@pytest.mark.parametrize(
    ("word", "terms"),
    [
        ("eyes", True),
        ("eyes,heads=.5,", True),
        ("eyes=min(1, t)", True),
        ("clip.mp4", False),
        ("eyes=clip.mp4", False),
        ("3eyes", False),
        ("", False),
        ("a/b", False),
        ("eyes=", False),
    ],
)
def test_a_word_is_told_from_a_files_name(word: str, terms: bool) -> None:
    assert are_terms(word) is terms


LAYERS = st.from_regex(r"\A[a-z][a-z0-9_/]{0,8}\Z")
WEIGHTS = st.floats(-100, 100).map(lambda weight: weight + 0.0)


@given(
    st.none()
    | st.lists(st.builds(LayerTerm, layer=LAYERS, weight=WEIGHTS), min_size=1, max_size=4)
    .map(tuple)
    .filter(lambda terms: any(term.weight for term in terms))
)
@example((LayerTerm(layer="a"), LayerTerm(layer="a", weight=2)))
def test_objective_survives_writing(objective: tuple[Term, ...] | None) -> None:
    assert there_and_back(OBJECTIVE, objective) == objective


def test_objective_is_written_short() -> None:
    assert OBJECTIVE.dump_python(HALF, mode="json") == {"mixed3": 1.0, "mixed5": 0.5}
