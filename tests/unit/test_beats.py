"""Beats: their phases at the frames, from a tempo, a file, and a tracker's times."""

from __future__ import annotations

import importlib.util
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dreamvid.errors import DreamvidError, RecipeError, StateError
from dreamvid.hearing.beats import Beats, beats_of_tempo, beats_of_times, read_beats
from dreamvid.hearing.features import Features
from dreamvid.hearing.sections import boundaries
from dreamvid.hearing.tracker import require_tracker
from dreamvid.recipe.heard import BEAT_FRAMES, B, Heard
from dreamvid.recipe.schedule import parse_schedule
from dreamvid.recipe.timeline import Timeline

BEAT, BAR = Heard("beat"), Heard("bar")
NTSC = Fraction(30000, 1001)


def features(beats: Beats, rate: Fraction, seconds: float, start: int = 0) -> Features:
    frames = int((seconds - start) * rate)
    return Features(Fraction(start), rate, frames, {"bass": np.ones(frames, np.float32)}, beats)


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(25), NTSC, Fraction(60)])
@pytest.mark.parametrize("bpm", [120, 60, 174.3, 93.7])
def test_beats_are_right_to_half_a_frame_after_ten_minutes(rate: Fraction, bpm: float) -> None:
    """`beat` is 1 in the frame in whose time the beat is, whose middle is half a frame off."""
    first, seconds = 0.437, 620
    heard = features(beats_of_tempo(bpm, first, seconds), rate, seconds)
    begins = int(600 * rate)
    values = [heard.at(BEAT, t) for t in range(begins, begins + int(15 * rate))]
    assert all(0 < value <= 1 for value in values)
    found = {begins + index for index, value in enumerate(values) if value == 1}
    exact = Fraction(str(first))
    period = 60 / Fraction(str(bpm))
    numbers = range(int((600 - exact) / period) - 1, int((616 - exact) / period) + 2)
    wanted = {int((exact + k * period) * rate) for k in numbers}
    assert found == {t for t in wanted if begins <= t < begins + len(values)}
    # Between beats it falls evenly.
    falls = np.diff(values)
    down = falls[falls < 0]
    frames = float(period * rate)
    assert np.allclose(down, -1 / frames, rtol=1.2 / frames)


def test_a_bar_is_four_beats_from_the_first() -> None:
    heard = features(beats_of_tempo(120, 1.0, 60), Fraction(30), 60)
    assert [t for t in range(200) if heard.at(BAR, t) == 1] == [30, 90, 150]
    assert heard.at(BAR, 45) == 0.75
    assert heard.at(BAR, 89) == pytest.approx(1 / 60)
    assert [heard.at(B, t) for t in (0, 30, 36, 90)] == [-2, 0, 0.4, 4]
    assert heard.at(BEAT_FRAMES, 7) == 15
    # The bar goes on before the first beat as after it.
    assert heard.at(BAR, 0) == 0.5


def test_beats_follow_uneven_times_and_go_on_beyond_them() -> None:
    heard = features(beats_of_times([1, 1.5, 2.5, 3], None, "by hand"), Fraction(10), 9)
    assert [heard.at(B, t) for t in (10, 15, 20, 25, 30)] == [0, 1, 1.5, 2, 3]
    assert heard.at(B, 5) == -1
    assert heard.at(B, 40) == 5
    assert [t for t in range(60) if heard.at(BEAT, t) == 1] == [
        0,
        5,
        10,
        15,
        25,
        30,
        35,
        40,
        45,
        50,
        55,
    ]
    assert heard.at(BEAT, 20) == 0.5


def test_the_bar_begins_with_the_beat_nearest_to_the_first() -> None:
    beats = beats_of_times([0.5, 1.0, 1.5, 2.0, 2.5], 1.4, "by hand")
    heard = features(beats, Fraction(10), 9)
    assert heard.at(B, 15) == 0
    assert heard.at(BAR, 15) == 1
    assert beats.line == "120.0 beats a minute, the first at 1.50 s (by hand)"


def test_two_beats_within_a_frame_and_a_film_that_begins_later() -> None:
    quick = features(beats_of_tempo(240, 0, 20), Fraction(2), 20)
    assert [quick.at(B, t) for t in range(4)] == [1, 3, 5, 7]
    late = features(beats_of_tempo(120, 0.25, 20), Fraction(30), 20, start=10)
    whole = features(beats_of_tempo(120, 0.25, 20), Fraction(30), 20)
    assert [late.at(BEAT, t) for t in range(90)] == [whole.at(BEAT, t + 300) for t in range(90)]


def test_what_is_heard_is_0_after_the_sound() -> None:
    heard = features(beats_of_tempo(120, 0, 2), Fraction(30), 2)
    assert heard.at(Heard("bass"), 59) == 1
    assert heard.at(Heard("bass"), 60) == heard.at(BEAT, 60) == heard.at(BAR, 75) == 0
    assert heard.at(B, 60) == 4  # the count goes on, for keys in beats


def test_the_tempo_is_not_rounded_to_hops() -> None:
    draw = np.random.default_rng(1)
    times = np.arange(200) * 60 / 127 + draw.uniform(-0.005, 0.005, 200)
    assert beats_of_times([float(t) for t in times], None, "").tempo == pytest.approx(127, abs=0.1)
    gap = [*range(10), *range(20, 30)]
    assert beats_of_times([float(t) for t in gap], None, "").tempo == pytest.approx(60)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("0.5\n1.0\n1.5\n", [0.5, 1, 1.5]),
        ("# beats\n\n0\t0.5\tA\n.5 , 2\n1e0;x\r\n", [0, 0.5, 1]),
        ("\ufeff0.25\n0.75", [0.25, 0.75]),
    ],
)
def test_a_file_of_beats_has_a_time_a_line(tmp_path: Path, text: str, times: list[float]) -> None:
    path = tmp_path / "beats.txt"
    path.write_bytes(text.encode())
    assert read_beats(path) == times


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "audio.beats: must hold at least two times, one a line"),
        (b"1\n", "must hold at least two times"),
        (b"1\n2\nthree\n", "audio.beats: line 3 must begin with a time in seconds"),
        (b"1\n1\n", "line 2 must begin with a time in seconds, later than the one before"),
        (b"2\n1\n", "line 2"),
        (b"-1\n1\n", "line 1"),
        (b"nan\n1\n", "line 1"),
        (b"1\ninf\n", "line 2"),
        (b"1\n99999999\n", "line 2"),
        (b"\xff\xfe1\n", "audio.beats: cannot be read"),
        (None, "audio.beats: cannot be read: No such file"),
    ],
)
def test_what_is_no_file_of_beats_is_refused_in_a_line(
    tmp_path: Path, data: bytes | None, why: str
) -> None:
    path = tmp_path / "beats.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DreamvidError, match=re.escape(why)) as caught:
        read_beats(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_without_a_tracker_the_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr("dreamvid.hearing.tracker.find_spec", lambda name: None)
    with pytest.raises(RecipeError) as caught:
        require_tracker("bar")
    assert str(caught.value) == (
        "audio: bar needs the beats: give bpm or beats, or pip install 'dreamvid[sound]'"
    )


def test_features_are_kept_in_a_file_to_the_bit(tmp_path: Path) -> None:
    draw = np.random.default_rng(2)
    values = {name: draw.random(90, np.float32) for name in ("bass", "low(50,120)")}
    beats = beats_of_times([0.1, 1 / 3, 0.9], 0.4, "of my beats.txt")
    first = Features(Fraction(1, 3), NTSC, 90, values, beats)
    first.store(tmp_path / "a")
    again = Features.load(tmp_path / "a")
    again.store(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (again.start, again.rate, again.frames) == (first.start, first.rate, first.frames)
    assert again.beats == first.beats
    for heard in (Heard("bass"), Heard("low", (50, 120)), BEAT, BAR, B, BEAT_FRAMES):
        assert [again.at(heard, t) for t in range(99)] == [first.at(heard, t) for t in range(99)]
    alone = Features(Fraction(0), Fraction(25), 90, values)
    alone.store(tmp_path / "c")
    assert Features.load(tmp_path / "c").beats is None


def test_features_know_what_they_lack() -> None:
    alone = Features(Fraction(0), Fraction(25), 1, {"bass": np.ones(1, np.float32)})
    wanted = [Heard("bass"), Heard("bass", release=1), BEAT, BEAT_FRAMES]
    assert alone.lacking(wanted) == wanted[1:]
    assert features(beats_of_tempo(120, 0, 9), Fraction(25), 9).lacking(wanted) == [wanted[1]]


@pytest.mark.parametrize("spoil", ["empty", "cut", "text", "version", "missing"])
def test_features_that_are_damaged_are_refused_in_a_line(tmp_path: Path, spoil: str) -> None:
    path = tmp_path / "features"
    features(beats_of_tempo(120, 0, 9), Fraction(25), 9).store(path)
    data = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": data[:-200], "text": b"bass: 1"}.get(spoil, data))
    if spoil == "version":
        path.write_bytes(data.replace(b'"version": 1', b'"version": 9'))
    if spoil == "missing":
        path.unlink()
    with pytest.raises(StateError, match=r"what was heard cannot be read \(.*--restart") as caught:
        Features.load(path)
    assert "\n" not in str(caught.value)


def test_a_timeline_gives_what_was_heard_to_schedules() -> None:
    timeline = Timeline(Fraction(30), 90, features(beats_of_tempo(120, 0.5, 3), Fraction(30), 3))
    found = parse_schedule("1 + bass*beat/10")
    keyed = parse_schedule("0b:(1), 2b:(3)")
    assert found is not None
    assert keyed is not None
    assert [found.at(timeline[t]) for t in (15, 30, 45)] == [1.1, 1.1, 1.1]
    assert [keyed.at(timeline[t]) for t in (0, 15, 30, 45, 60)] == [1, 1, 2, 3, 3]
    assert found.at(timeline[90]) == 1


def test_sections_begin_where_the_sound_changes() -> None:
    draw = np.random.default_rng(3)
    kinds = draw.uniform(0.1, 1, (3, 20))
    parts = [(0, 30), (1, 25), (0, 30), (2, 35)]  # seconds of each kind
    rate = 20
    features = np.concatenate(
        [kinds[kind] * draw.uniform(0.7, 1.3, (seconds * rate, 20)) for kind, seconds in parts]
    )
    found = boundaries(features, rate)
    assert found == pytest.approx([30, 55, 85], abs=1)
    assert boundaries(features[: 25 * rate], rate) == []
    assert boundaries(features[:9], rate) == boundaries(np.zeros((0, 20)), rate) == []
    assert boundaries(np.zeros((2000, 20)), rate) == []
