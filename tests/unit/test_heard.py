"""Schedules that hear: the names of what is heard, bands, smoothing, and places in beats."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import jsonschema
import numpy as np
import pytest

from dreamvid.errors import RecipeError
from dreamvid.recipe import ZoomRecipe
from dreamvid.recipe.at_frame import at_frame, check, heard_by
from dreamvid.recipe.heard import NAMES, Heard
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.schedule import Schedule, parse_schedule
from dreamvid.recipe.schema import recipe_schema
from dreamvid.recipe.timeline import Timeline
from dreamvid.rendering.plan import plan
from dreamvid.source import Source
from tests.fakes import FakeSink


class Table:
    """What is heard at each frame, by the text of it; 120 bpm from frame 3 on, at 24 a second."""

    def __init__(self, **values: float) -> None:
        self.values, self.asked = values, set[str]()

    def at(self, heard: Heard, t: int) -> float:
        self.asked.add(str(heard))
        if heard.name == "b":
            return (t - 3) / 12
        return 12.0 if heard.name == "1b" else self.values[str(heard)] * t


def schedule(text: object) -> Schedule:
    found = parse_schedule(text)
    assert found is not None
    return found


def at(text: object, t: int, **values: float) -> float:
    return schedule(text).at(Timeline(Fraction(24), 100, Table(**values))[t])


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_number_at_each_frame(name: str) -> None:
    expected = (10 - 3) / 12 if name == "b" else 5
    assert at(f"1 + 2*{name}", 10, **{name: 0.5}) == 1 + 2 * expected


def test_bands_and_smoothing_are_parts_of_what_is_heard() -> None:
    found = schedule("low(50, 120) + onset(200,4000, release=.25) - kick(attack=0, release=1)*bass")
    assert found.heard == (
        Heard("low", (50, 120)),
        Heard("onset", (200, 4000), release=0.25),
        Heard("kick", attack=0, release=1),
        Heard("bass"),
    )
    assert [str(each) for each in found.heard][:3] == [
        "low(50,120)",
        "onset(200,4000,release=0.25)",
        "kick(attack=0,release=1)",
    ]
    assert at("low(50, 120)*2", 3, **{"low(50,120)": 1}) == 6


def test_what_is_not_heard_is_not_asked_for() -> None:
    sound = Table(bass=1)
    found = schedule("0:(bass), 4:(1)")
    found.at(Timeline(Fraction(24), 9, sound)[2])
    assert sound.asked == {"bass"}
    assert schedule("t + n*s").heard == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("low(50, 12000)", r"low\(50,12000\) ends over 11025 Hz, the highest that is listened to"),
        ("low(9, 1e9)", "ends over 11025 Hz"),
        ("low(120, 50)", "must go from a lower to a higher frequency"),
        ("low(-5, 50)", "must go from a lower to a higher frequency"),
        ("low(50)", r"low is written low\(50, 120\), not with 1 values"),
        ("low", r"low is a function; write low\(50, 120\)"),
        ("low(release=1)", r"low is written low\(50, 120\)"),
        ("onset(1, 2, 3)", r"onset is written onset\(200, 4000\), not with 3"),
        ("onset()", r"write it without parentheses, or as onset\(200, 4000\)"),
        ("kick(100, 200)", r"kick is written kick\(release=0.3\), not with 2 values"),
        ("beat(release=1)", "beat is a name; write it without parentheses"),
        ("section(release=1)", "section is a name"),
        ("bass()", "bass is a name; write it without parentheses"),
        ("kick(decay=1)", "'decay' is no number and no name"),
        ("kick(release=-1)", "release in kick must be from 0 to 60 seconds"),
        ("kick(attack=61)", "attack in kick must be from 0 to 60 seconds"),
        ("kick(release=t)", "kick takes plain numbers"),
        ("low(t, 50)", "low takes plain numbers"),
        ("kick(t=1)", "kick takes attack and release once, by name"),
        ("sin(release=1)", "has a comma or a"),
        ("kick(release=1, release=2)", "kick takes attack and release once"),
        ("attack + 1", r"attack belongs into parentheses, as in kick\(attack=0.3\)"),
        ("bas", "did you mean bass"),
        ("chroma12", "did you mean chroma"),
        ("_beat", "'_beat' is no number"),
        ("bass(2)", "not with 1 values"),
        ("bass bass", "lacks an operator"),
    ],
)
def test_what_cannot_be_heard_is_refused_in_a_line(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_schedule(text)
    assert re.fullmatch(r".{,250}", str(caught.value))


def test_without_a_sound_the_error_names_the_key_and_the_option() -> None:
    recipe = make_recipe({"source": "a.jpg", "motion": {"zoom": "1 + 0.02*bass"}}, "zoom")
    for act in (lambda: at_frame(recipe, Timeline()[0]), lambda: check(recipe, Timeline(frames=5))):
        with pytest.raises(RecipeError) as caught:
            act()
        assert str(caught.value) == (
            "motion.zoom: bass is heard in a sound; name one: --audio FILE"
        )
    for text in ("0b:(1), 4b:(2)", "t % 4b", "b/9"):
        with pytest.raises(RecipeError, match="a beat needs the beats: name a sound, --audio FILE"):
            schedule(text).at(Timeline()[0])


def test_one_timeline_gives_all_schedules_of_a_recipe_their_ears() -> None:
    data = {
        "source": "a.jpg",
        "motion": {"zoom": "1 + 0.01*kick", "translate": ["bass", "t"]},
        "blend": {"share": "0.1 + 0.01*kick"},
    }
    recipe = make_recipe(data, "zoom")
    assert isinstance(recipe, ZoomRecipe)
    assert heard_by(recipe) == [Heard("kick"), Heard("bass")]
    assert heard_by(make_recipe({"motion": {"zoom": "1 + t/n"}}, "zoom")) == []
    now = at_frame(recipe, Timeline(Fraction(24), 9, Table(kick=1, bass=0.5))[2])
    assert now.motion.zoom == 1.02
    assert now.motion.translate == (1.0, 2.0)
    assert now.blend.share == pytest.approx(0.12)


@pytest.mark.parametrize("word", ["", "ease", "cubic", "step"])
def test_keys_in_beats_are_where_the_beats_are(word: str) -> None:
    text = f"0b:(1), 2b:(5), 4.5b:(0) {word}"
    assert at(text, 3) == 1
    assert at(text, 27) == 5
    assert at(text, 57) == at(text, 90) == 0
    assert at(text, 0) == 1  # before the first beat
    middle = at(text, 15)
    assert middle == (1 if word == "step" else pytest.approx(3, abs=1e-9) if word != "cubic" else
                      pytest.approx(middle))  # fmt: skip
    assert str(schedule(text)) == text.strip()


def test_four_beats_stand_for_their_frames() -> None:
    assert at("t % 4b", 50) == 50 % 48
    assert at("2^1b", 0) == 2**12
    assert at("1/.5b", 0) == pytest.approx(1 / 6)
    assert at("0:(1), 9:(t/1b) step", 24) == 2
    assert schedule("t % 4b").heard == (Heard("1b"),)
    with pytest.raises(ValueError, match="'bars' is no number"):
        parse_schedule("4bars")


def test_what_is_heard_depends_on_the_rate_and_not_on_the_length() -> None:
    for text in ("bass", "0:(1), 5:(kick)", "4b:(1), 5b:(2)", "t % 2b"):
        assert schedule(text).uses_seconds
        assert not schedule(text).uses_length


def test_a_form_keeps_what_is_heard() -> None:
    recipe = make_recipe({"source": "a.jpg", "motion": {"zoom": "1 + low(50, 120)/50"}}, "zoom")
    again = make_recipe(recipe.model_dump(mode="json"), "zoom")
    assert isinstance(again, ZoomRecipe)
    assert again == recipe
    zoom = again.motion.zoom
    assert isinstance(zoom, Schedule)
    assert zoom.heard == (Heard("low", (50, 120)),)


@pytest.mark.parametrize(
    "value",
    [
        "1 + .1*bass",
        "0b:(1), 4.5b:(2) ease",
        "low(50, 120, attack=.1) + onset(200,4000)*chroma11",
        "where(kick > .5, 1.1, 1) * 2^(b/8) % 4b",
        '0:(1), "max_f/2":(2), n-1:(1)',
        {"0b": 1, "4b": "1 + beat"},
        {"max_f/2": 1, "max_f": 2},
    ],
)
def test_editors_know_what_is_heard(value: object) -> None:
    schema = recipe_schema()
    make_recipe({"source": "a.jpg", "motion": {"zoom": value}}, "zoom")
    jsonschema.validate({"motion": {"zoom": value}}, schema)
    for wrong in ("1 + bas", "0x:(1), 2:(3)", {"4q": 1}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"motion": {"zoom": wrong}}, schema)


def test_weights_of_layers_may_hear() -> None:
    text = "heads=where(kick > .5, 1, 0), cells=0b:(1), 4b:(0) ease, eyes=low(50, 120)"
    recipe = make_recipe({"source": "a.jpg", "dream": {"objective": text}}, "zoom")
    objective = recipe.dream.objective
    assert objective is not None
    assert [(term.name, str(term.weight)) for term in objective] == [
        ("heads", "where(kick > .5, 1, 0)"),
        ("cells", "0b:(1), 4b:(0) ease"),
        ("eyes", "low(50, 120)"),
    ]


def test_a_render_hears_what_its_source_heard() -> None:
    pictures = np.full((5, 8, 8, 3), 128, np.uint8)
    source = replace(Source.of_frames(pictures, 24), heard=Table(kick=0.5))
    data = {"network": "none", "motion": {"zoom": "1 + kick/10"}}
    sink = FakeSink()
    planned = plan(make_recipe(data, "zoom"), source=source, sink=sink)
    assert at_frame(planned.job, planned.timeline[2]).motion.zoom == pytest.approx(1.1)
    with pytest.raises(RecipeError, match=r"motion\.zoom: kick is heard"):
        plan(make_recipe(data, "zoom"), source=replace(source, heard=None), sink=sink)
