"""A recipe's schedules as the page draws them, and drawn keyframes as a schedule's words."""

from __future__ import annotations

import json
import math
from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dreamvid.errors import DreamvidError, RecipeError
from dreamvid.frame import Frame, Size
from dreamvid.recipe import Recipe
from dreamvid.recipe.heard import B, Heard
from dreamvid.recipe.interpolation import BETWEEN
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.schedule import parse_schedule
from dreamvid.recipe.timeline import Timeline
from dreamvid.source import Source
from dreamvid.studio.curves import SAMPLES, UNKNOWN, curves, text_of


@dataclass(frozen=True)
class Beats:
    """A sound of a beat every ten frames, as loud as the frame's number in hundreds."""

    def at(self, heard: Heard, t: int) -> float:
        return t / 10 if heard == B else t / 100


def nothing() -> Generator[Frame]:
    yield from ()


def source(frames: int | None = 50, rate: Fraction | int = 25, heard: Any = None) -> Source:
    return Source(Size(64, 48), Fraction(rate), frames, None, nothing, heard=heard)


def zoom(**sections: Any) -> Recipe:
    return make_recipe({"kind": "zoom", "source": "a.png", **sections})


def drawn(key: str, value: Any, film: Source | None = None) -> dict[str, Any]:
    """The curve of one key."""
    section, _, name = key.partition(".")
    answer = curves(zoom(**{section: {name: value}}), film or source())
    json.dumps(answer, allow_nan=False)
    found: list[dict[str, Any]] = [each for each in answer["curves"] if each["key"] == key]
    (curve,) = found
    return curve


TEXTS = [
    "0:(1), 49:(1.04)", "0:(1), 20:(1.5), 49:(1.1) ease", "0:(1), 9:(2), 30:(1) cubic",
    "0s:(1), 1s:(1.2) step", "0:(1), max_f:(1.2)", "1+t/100", "1.1 + 0.1*sin(t/9)", "0:(1+t/60)",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_a_curve_is_what_the_schedule_is_at_each_frame(text: str) -> None:
    curve, schedule = drawn("motion.zoom", text), parse_schedule(text)
    assert schedule is not None
    timeline = Timeline(Fraction(25), 50)
    wanted = [round(schedule.at(timeline[t]), 6) for t in range(50)]
    assert (curve["values"], curve["every"], curve["fault"]) == (wanted, 1, "")
    assert (curve["between"], curve["interpolations"]) == (schedule.between, list(BETWEEN))


def test_a_long_film_is_sampled_and_an_unknown_one_has_a_length_to_show() -> None:
    curve = drawn("motion.zoom", "1+t/100000", source(frames=SAMPLES * 3 + 1))
    assert curve["every"] == 4
    assert len(curve["values"]) <= SAMPLES
    assert curve["values"][5] == pytest.approx(1 + 20 / 100_000)
    assert len(drawn("motion.angle", "t/9", source(frames=None))["values"]) == UNKNOWN


def test_what_has_no_value_is_a_gap_and_told() -> None:
    curve = drawn("motion.angle", "10/(t-7)")
    assert [t for t, value in enumerate(curve["values"]) if value is None] == [7]
    assert curve["fault"] == "divides by zero at frame 7"
    assert "length" in drawn("motion.angle", "t/n", source(frames=None))["fault"]


def test_constants_have_no_curve() -> None:
    assert curves(zoom(motion={"zoom": 1.1}), source())["curves"] == []


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("0:(1), 20:(1.5), 49:(1.1)", [0, 20, 49]),
        ("0s:(1), .5s:(1.2), 1.5s:(1)", [0, 12.5, 37.5]),
        ("0:(1), max_f/2:(1.5), max_f:(1.1)", [0, 24, 49]),
    ],
)
def test_keyframes_lie_at_their_frames(text: str, places: list[float]) -> None:
    keys = drawn("motion.zoom", text)["keys"]
    assert [key["frame"] for key in keys] == places
    words = [part.partition(":")[0].strip() for part in text.split(",")]
    assert [key["word"].lstrip("0") for key in keys] == [word.lstrip("0") for word in words]


def test_keyframes_in_beats_lie_at_the_beats() -> None:
    text = "0b:(1), 1b:(1.1), 3b:(1.2)"
    keys = drawn("motion.zoom", text, source(heard=Beats()))["keys"]
    assert [key["frame"] for key in keys] == [0, 10, 30]
    later = drawn("motion.zoom", "0b:(1), 99b:(1.1)", source(heard=Beats()))["keys"]
    assert [key["frame"] for key in later] == [0, None], "the sound has no such beat"


def test_keyframes_are_numbers_or_expressions() -> None:
    keys = drawn("motion.zoom", "0:(1.5), 10:((1)+(t/60)), 20:(-(-1.25)), 30:(1e0)")["keys"]
    assert [key["number"] for key in keys] == [1.5, None, None, 1.0]
    assert [key["text"] for key in keys] == ["1.5", "(1)+(t/60)", "-(-1.25)", "1e0"]
    assert drawn("motion.zoom", "1+t/60")["keys"] is None
    typed = drawn("motion.zoom", "0:(1)+(.5), 9:1.2, 12:((1.5)), 15: (1+t/60)")["keys"]
    assert [key["text"] for key in typed] == ["(1)+(.5)", "1.2", "(1.5)", "1+t/60"]


def test_what_is_heard_is_drawn() -> None:
    curve = drawn("motion.angle", "9*loud", source(heard=Beats()))
    assert curve["values"][:3] == [0, 0.09, 0.18]


BOUNDS: dict[str, list[float]] = {
    "motion.zoom": [0.1, 10], "motion.angle": [-180, 180], "blend.share": [0, 1],
    "dream.octaves": [1, 32], "dream.jitter": [0, 4096], "color.anchor": [0, 1],
    "mask.amount": [0, 1],
}  # fmt: skip


@pytest.mark.parametrize("key", BOUNDS)
def test_a_curve_has_its_keys_bounds(key: str) -> None:
    section, _, name = key.partition(".")
    more = {"file": "m.png"} if section == "mask" else {}
    middle = sum(BOUNDS[key]) // 2 or 0.5
    recipe = zoom(**{section: {name: f"0:({middle}), 9:({middle})", **more}})
    (curve,) = curves(recipe, source())["curves"]
    assert curve["bounds"] == BOUNDS[key]
    for beyond in (BOUNDS[key][0] - 1, BOUNDS[key][1] + 1):
        with pytest.raises(RecipeError):
            zoom(**{section: {name: beyond, **more}})


def test_keys_in_lists_have_bounds_too() -> None:
    recipe = zoom(
        motion={"center": ["0:(.5), 9:(.6)", 0.5], "translate": ["t", 0]},
        color={"shift": [0, "t", 0]},
        regions=[{"mask": {"file": "m.png", "amount": "t/99"}}],
        dream={"objective": {"heads": "0:(1), 9:(.5)"}},
    )
    bounds = {each["key"]: each["bounds"] for each in curves(recipe, source())["curves"]}
    assert bounds["motion.center.0"] == [-10, 10]
    assert bounds["motion.translate.0"] == [-32768, 32768]
    assert bounds["color.shift.1"] == [-255, 255]
    assert bounds["regions.0.mask.amount"] == [0, 1]
    assert "dream.objective.0.weight" in bounds


# Drawn keyframes


numbers = st.floats(-1e6, 1e6).map(lambda value: f"{value:.6g}")
expressions = st.sampled_from(
    ["(1)+(2)", "(t+1)*(t+2)", "sin(t/9)", "-1", "((3))", "1e-3", ".5", "max(1, t)", "max_f/9"]
)
words = (
    st.lists(st.integers(0, 10**6), min_size=1, max_size=9, unique=True).map(
        lambda places: [str(place) for place in sorted(places)]
    )
    | st.lists(st.integers(0, 4000), min_size=1, max_size=9, unique=True).map(
        lambda places: [f"{place / 10:g}s" for place in sorted(places)]
    )
    | st.lists(st.integers(0, 400), min_size=1, max_size=9, unique=True).map(
        lambda places: [f"{place / 4:g}b" for place in sorted(places)]
    )
    | st.just(["0", "max_f/2", "max_f"])
)


@settings(max_examples=200)
@given(data=st.data(), words=words, between=st.sampled_from(BETWEEN))
def test_drawn_keyframes_come_back_as_they_were_drawn(
    data: st.DataObject, words: list[str], between: str
) -> None:
    keys = [{"word": word, "text": data.draw(numbers | expressions)} for word in words]
    text = text_of(keys, between)
    film = source(frames=100, heard=Beats())
    answer = curves(zoom(motion={"translate": [text, 0]}), film)
    (curve,) = (each for each in answer["curves"] if each["key"] == "motion.translate.0")
    assert curve["between"] == between
    assert [key["word"] for key in curve["keys"]] == words
    shown = [key["text"] for key in curve["keys"]]
    assert text_of(
        [{"word": w, "text": t} for w, t in zip(words, shown, strict=True)], between
    ) == (text)
    schedule = parse_schedule({**{k["word"]: k["text"] for k in keys}, "interpolation": between})
    assert schedule is not None
    for t in (0, 1, 42, 99):
        value = curve["values"][t]
        assert value is None or value == pytest.approx(schedule.at(film.timeline[t]), abs=1e-6)


@pytest.mark.parametrize(
    ("keys", "between", "line"),
    [
        ([], "linear", "needs from 1 to"),
        ([{"word": "x", "text": "1"}], "linear", "'x' is no key"),
        ([{"word": "0", "text": "1/"}], "linear", "at 0"),
        ([{"word": "0", "text": ""}], "linear", "at 0"),
        ([{"word": "0", "text": "1), 5:(2"}], "linear", "at 0"),
        ([{"word": "0", "text": "1"}], "wild", "interpolation must be one of"),
        ([{"word": "0", "text": "1"}, {"word": "1s", "text": "1"}], "linear", "mixes"),
        (
            [{"word": "5", "text": "1"}, {"word": "5", "text": "2"}],
            "linear",
            "has the key '5' twice",
        ),
        ([{"word": "5", "text": "1"}, {"word": " 5", "text": "2"}], "linear", "twice"),
        ([{"word": "interpolation", "text": "1"}], "linear", "needs from 1"),
        ([{"word": None, "text": {"a": 1}}], "linear", "is no key"),
        ([{"word": str(t), "text": "1"} for t in range(6000)], "linear", "needs from 1 to"),
    ],
)
def test_what_is_no_schedule_is_told(keys: Any, between: str, line: str) -> None:
    with pytest.raises(RecipeError, match=line) as raised:
        text_of(keys, between)
    assert "\n" not in str(raised.value)


JSON = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@given(
    keys=st.lists(st.fixed_dictionaries({"word": JSON, "text": JSON}), max_size=3),
    between=st.text(),
)
def test_any_keyframes_are_a_schedule_or_an_error_of_one_line(keys: Any, between: str) -> None:
    try:
        text = text_of(keys, between if len(between) % 2 else "linear")
    except DreamvidError as error:
        text, said = "0", str(error)
    else:
        said = "a schedule"
    assert said.isprintable()
    if said != "a schedule":
        return
    schedule = parse_schedule(text)
    assert schedule is not None
    assert schedule.text == text


def test_values_are_told_as_json_has_them() -> None:
    curve = drawn("motion.angle", "0:(0), 1:(1e300) step")
    assert all(value is None or math.isfinite(value) for value in curve["values"])
