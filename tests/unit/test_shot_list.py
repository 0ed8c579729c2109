"""Lists of shots, written and read back."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import InputError
from dreamvid.shot_list import ShotList, named, numbers_of, read_shots
from dreamvid.shots import FIRST_LEAST, Shot


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


LENGTHS = st.lists(st.integers(1, 5000), min_size=1, max_size=40).map(
    lambda lengths: [lengths[0] + FIRST_LEAST, *lengths[1:]]
)


def listed(lengths: list[int], rate: Fraction, begin: int) -> ShotList:
    starts = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
    return ShotList(tuple(Shot(*pair) for pair in pairwise(starts)), rate, Fraction(begin, 7))


@given(
    LENGTHS,
    st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(50)]),
    st.integers(0, 99),
)
def test_a_list_is_read_as_it_was_written(lengths: list[int], rate: Fraction, begin: int) -> None:
    path = Path("list.json")
    wanted = listed(lengths, rate, begin)
    path.write_text(wanted.text('a "clip".mp4'), encoding="utf-8")
    assert read_shots(path, rate) == wanted


@given(LENGTHS, st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(60)]))
def test_an_edit_decision_list_has_the_same_shots(lengths: list[int], rate: Fraction) -> None:
    path, wanted = Path("list.edl"), listed(lengths, rate, 0)
    path.write_text(wanted.edl("clip.mp4"), encoding="utf-8")
    assert read_shots(path, rate).shots == wanted.shots


def test_an_edit_decision_list_that_begins_at_an_hour_is_counted_from_there() -> None:
    lines = ["TITLE: x", "001  AX V C 00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00"]
    lines += ["M2 AX 025.0", "002  AX V C 00:00:01:00 00:00:01:05 01:00:01:00 01:00:01:05"]
    Path("list.edl").write_text("\n".join(lines), encoding="utf-8")
    assert read_shots(Path("list.edl"), Fraction(25)).shots == (Shot(0, 25), Shot(25, 30))
    with pytest.raises(InputError, match="'01:00:01:05' is no time code at 4 frames a second"):
        read_shots(Path("list.edl"), Fraction(4))


@given(st.sets(st.integers(1, 60), min_size=1))
def test_numbers_are_read_as_they_are_named(numbers: set[int]) -> None:
    assert numbers_of(named(sorted(numbers)), 60) == sorted(numbers)


@pytest.mark.parametrize("text", ["", "0", "3-2", "a", "1,,2", "-1", "1-61"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"must be|there is no shot 61; there are 60"):
        numbers_of(text, 60)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"shots": 3}', "[" * 10**5, '{"shots": [1]}', "\x00"]
)
def test_what_is_no_list_is_refused(text: str) -> None:
    Path("list.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"list.json: cuts: (cannot be read|has no shot)"):
        read_shots(Path("list.json"), Fraction(25))
