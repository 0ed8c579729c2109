"""Sources: those of recipes, those of one's own, and what closing them releases."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid import opening
from dreamvid.errors import InputError, MediaError
from dreamvid.frame import Frame, Size
from dreamvid.media.read import read_clip
from dreamvid.opening import Opener, open_source
from dreamvid.recipe import ImageRecipe, VideoRecipe, ZoomRecipe
from dreamvid.shots import split_shots
from dreamvid.source import Source
from tests import media_factory as make


def pictures(count: int) -> list[Any]:
    return [np.full((4, 6, 3), level, np.uint8) for level in range(count)]


@pytest.mark.parametrize("given", [pictures(3), np.stack(pictures(3)), tuple(pictures(3))])
def test_arrays_are_a_source(given: Any) -> None:
    own = Source.of_frames(given, 29.97, identity="three")
    assert (own.size, own.rate, own.frames) == (Size(6, 4), Fraction(30000, 1001), 3)
    assert (own.identity, own.still, own.sound) == ("three", False, None)
    for _ in range(2):  # each time anew
        frames = list(own.open())
        assert [frame.dtype for frame in frames] == [np.float32] * 3
        assert [frame[0, 0, 0] for frame in frames] == [0, 1, 2]
    frames[0] += 1
    assert given[0][0, 0, 0] == 0, "a copy"


def test_a_function_that_gives_frames_is_a_source_and_is_closed() -> None:
    closed = []

    def read() -> Generator[Any]:
        try:
            yield from (np.full((4, 6, 3), t, np.float64) for t in itertools.count())
        finally:
            closed.append(1)

    own = Source.of_frames(read)
    assert (own.size, own.rate, own.frames) == (Size(6, 4), Fraction(30), None)
    assert len(closed) == 1, "after a look at the first"
    opened = own.open()
    assert [next(opened)[0, 0, 0] for _ in range(3)] == [0, 1, 2]
    opened.close()
    assert len(closed) == 2


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ([], "at least one frame"),
        ([np.zeros((4, 6), np.uint8)], "shape"),
        ([np.zeros((4, 6, 3), np.int64)], "must be uint8 or float"),
        ([*pictures(2), np.zeros((6, 4, 3), np.uint8)], "frame 2 of the source is 4x6, not 6x4"),
    ],
)
def test_frames_of_ones_own_are_checked(given: list[Any], wrong: str) -> None:
    with pytest.raises(MediaError, match=wrong):
        list(Source.of_frames(given).open())


def test_one_array_stays() -> None:
    own = Source.of_picture(pictures(1)[0], 3, Fraction(25))
    assert (own.size, own.frames, own.still) == (Size(6, 4), 3, True)
    assert len(list(own.open())) == 3
    assert len(list(itertools.islice(Source.of_picture(pictures(1)[0], None).open(), 99))) == 99


def test_a_recipes_source_says_whether_it_stays(tmp_path: Path) -> None:
    still = make.picture(tmp_path / "a.png", 16, 12)
    clip = make.h264(tmp_path / "a.mp4", frames=3)
    assert open_source(ImageRecipe(source=(still,))).frames == 1
    assert open_source(ZoomRecipe(source=(still,), frames=7)).still
    assert not open_source(VideoRecipe(source=(clip,))).still


def test_another_kind_of_source_is_one_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = Opener(lambda recipe: recipe.source[0].is_dir(), lambda _: Source.of_frames(pictures(2)))
    monkeypatch.setattr(opening, "OPENERS", (mine, *opening.OPENERS))
    assert open_source(VideoRecipe(source=(tmp_path,))).frames == 2


def test_an_error_names_its_file(tmp_path: Path) -> None:
    for recipe in (ZoomRecipe(source=(tmp_path / "no",)), VideoRecipe(source=(tmp_path / "no",))):
        with pytest.raises(InputError, match="no such file") as caught:
            open_source(recipe)
        assert caught.value.path == tmp_path / "no"


Kept = list[Generator[Any]]


def keeping(kept: Kept, read: Callable[..., Generator[Any]]) -> Callable[..., Generator[Any]]:
    """The same; a reference to every generator is kept, so that none is closed for want of one."""

    def reading(*given: Any, **named: Any) -> Generator[Any]:
        kept.append(read(*given, **named))
        return kept[-1]

    return reading


def test_closing_a_source_closes_what_it_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: Kept = []
    monkeypatch.setattr(opening, "read_clip", keeping(kept, read_clip))
    opened = open_source(VideoRecipe(source=(make.h264(tmp_path / "a.mp4", frames=9),))).open()
    next(opened)
    opened.close()
    assert [inspect.getgeneratorstate(each) for each in kept] == [inspect.GEN_CLOSED]


@pytest.mark.parametrize("find", [True, False])
def test_closing_the_shots_closes_their_frames(find: bool) -> None:
    closed = []

    def read() -> Iterator[Frame]:
        try:
            yield from (np.zeros((8, 8, 3), np.float32) for _ in range(20))
        finally:
            closed.append(1)

    kept = read()  # not closed for want of a reference
    shots = split_shots(kept, find)
    next(shots)
    shots.close()
    assert closed
