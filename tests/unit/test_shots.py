from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from dreamvid.errors import MediaError
from dreamvid.frame import Frame
from dreamvid.media.opencv import cv2
from dreamvid.shots import SHORTEST, WINDOW, find_shots, split_shots
from tests.scenes import Shot, cuts, grey, indices


def shot(seed: int, count: int, speed: int = 2, size: tuple[int, int] = (128, 96)) -> Shot:
    """A camera that passes over a ground of colored blobs, `speed` px a frame."""
    draw = np.random.default_rng(seed)
    width, height = size
    across = width + count * speed
    ground = np.zeros((height, across, 3), np.float32)
    for blob, share in ((40, 0.7), (10, 0.3)):
        coarse = draw.uniform(-20, 275, (max(2, height // blob), max(2, across // blob), 3))
        ground += share * cv2.resize(coarse.astype(np.float32), (across, height), interpolation=2)
    views = (ground[:, t * speed : t * speed + width] for t in range(count))
    return [np.clip(view, 0, 255).copy() for view in views]


def plain(color: tuple[float, float, float], count: int) -> Shot:
    return [np.full((96, 128, 3), color, np.float32) for _ in range(count)]


@pytest.mark.parametrize("lengths", [[], [1], [3], [20], [10, 12], [9, SHORTEST, 2], [12, 8, 15]])
def test_shots_are_found_without_a_dream_where_frames_begin_at_0(lengths: list[int]) -> None:
    frames = [frame for seed, count in enumerate(lengths) for frame in shot(seed, count)]
    begin = [at for at, index in enumerate(indices(frames)) if index == 0]
    found = list(find_shots(iter(frames)))
    assert [each.start for each in found] == begin
    assert [each.stop for each in found] == [*begin[1:], *([len(frames)] if frames else [])]


def test_a_shot_is_named_before_the_next_is_read_and_the_clip_is_closed() -> None:
    read: list[int] = []
    closed: list[bool] = []

    def source() -> Iterator[Frame]:
        try:
            for index, frame in enumerate(shot(1, 20) + shot(2, 40)):
                read.append(index)
                yield frame
        finally:
            closed.append(True)

    shots = find_shots(source())
    first = next(shots)
    assert (first.start, first.stop) == (0, 20)
    assert len(read) <= 20 + WINDOW + 2
    shots.close()
    assert closed


def grainy(frames: Shot, levels: float, color: int = 1) -> Shot:
    draw = np.random.default_rng(9)
    grain = (draw.normal(0, levels, (*frame.shape[:2], color)) for frame in frames)
    return [
        np.clip(frame + noise, 0, 255).astype(np.float32)
        for frame, noise in zip(frames, grain, strict=True)
    ]


def dark(frames: Shot) -> Shot:
    return [frame * 0.2 for frame in frames]


def same(frames: Shot) -> Shot:
    return frames


# Cuts


@pytest.mark.parametrize(
    "look",
    [
        same,
        grey,
        dark,
        lambda frames: grainy(frames, 25),
        lambda frames: grainy(grey(frames), 25),
        lambda frames: grainy(grey(frames), 10, color=3),  # of black and white, hue is noise
        lambda frames: grainy(dark(frames), 6, color=3),
    ],
    ids=["plain", "grey", "dark", "grain", "grey grain", "grey, colored grain", "dark grain"],
)
@pytest.mark.parametrize("speed", [0, 1, 6])
def test_two_shots_joined_have_one_cut_where_they_are_joined(
    look: Callable[[Shot], Shot], speed: int
) -> None:
    first, second = shot(1, 23, speed), shot(2, 31, speed)
    assert indices(look(first + second)) == [*range(23), *range(31)]
    assert cuts(look(first)) == []
    assert cuts(look(second)) == []


def test_heavy_grain_in_a_large_picture() -> None:
    first, second = (shot(seed, 9, 1, (768, 432)) for seed in (1, 2))
    assert cuts(grainy(grey(first + second), 60)) == [9]


def test_hardly_any_contrast() -> None:
    for noise in (0, 2):
        first, second = plain((100, 100, 100), 12), plain((112, 112, 112), 12)
        assert cuts(grainy(first + second, noise)) == [12]
    assert cuts(grainy(plain((20, 20, 20), 30), 3, color=3)) == []


def test_a_change_of_color_alone_is_a_cut() -> None:
    assert cuts(plain((230, 40, 40), 9) + plain((40, 40, 230), 9)) == [9]
    assert cuts(plain((128, 128, 128), 9) + plain((80, 128, 200), 9)) == [9]


@pytest.mark.parametrize("first", range(1, 10))
@pytest.mark.parametrize("second", [1, 2, 3, 4, 5, 9])
def test_shots_of_a_few_frames(first: int, second: int) -> None:
    found = cuts(shot(1, first) + shot(2, second))
    assert found == ([first] if first >= SHORTEST else [])


@pytest.mark.parametrize("length", [SHORTEST, 5, 8, 13])
def test_many_short_shots(length: int) -> None:
    frames = [frame for seed in range(9) for frame in shot(seed, length)]
    assert indices(frames) == [*range(length)] * 9


@pytest.mark.parametrize("count", range(9))
def test_very_short_films(count: int) -> None:
    frames = shot(1, count)
    given = list(split_shots(frames, True))
    assert [index for index, _ in given] == list(range(count))
    assert all(frame is mine for (_, frame), mine in zip(given, frames, strict=True))


def test_a_shot_is_marked_as_it_is_alone() -> None:
    # Lightning, jumps and cuts of its own, close to its beginning and its end.
    pieces = [shot(3, 5), plain((255, 255, 255), 1), shot(3, 6), shot(4, 30, 9), shot(5, 4)]
    second = grainy([frame for piece in pieces for frame in piece], 12)
    alone = indices(second)
    assert alone.count(0) > 1
    for before in (shot(1, 5), shot(1, 40), plain((0, 0, 0), 7), grainy(shot(7, 20, 8), 30)):
        together = indices(before + second)
        assert together[len(before) :] == alone


# No cuts


@pytest.mark.parametrize("length", range(1, WINDOW + 1))
@pytest.mark.parametrize("color", [(255, 255, 255), (0, 0, 0), (255, 0, 0)])
@pytest.mark.parametrize("speed", [0, 3])
def test_a_flash_is_no_cut(length: int, color: tuple[float, float, float], speed: int) -> None:
    frames = shot(1, 40, speed)
    for at in (10, 20, 40 - length):
        lit = frames[:at] + plain(color, length) + frames[at + length :]
        assert cuts(lit) in ([], [at] if at + length == 40 else [])


@pytest.mark.parametrize(("on", "off"), [(1, 1), (1, 2), (2, 2), (3, 3), (1, 5), (2, 7)])
def test_a_strobe_has_no_cuts(on: int, off: int) -> None:
    frames = shot(1, 60, 1)
    lit = [
        np.minimum(frame * 3 + 60, 255) if t % (on + off) < on else frame * 0.3
        for t, frame in enumerate(frames)
    ]
    assert cuts(lit) == []


@pytest.mark.parametrize("length", [4, 8, 25, 60])
@pytest.mark.parametrize("color", [0.0, 255.0])
def test_a_fade_has_no_cuts(length: int, color: float) -> None:
    still = shot(1, 100, 1)
    for turn in (1, -1):
        faded = [
            frame + min(1, max(0, (t - 20) / length)) * (color - frame)
            for t, frame in enumerate(still)
        ][::turn]
        assert cuts(faded) == []
        assert cuts(grainy(faded, 8)) == []


@pytest.mark.parametrize("length", [6, 12, 40])
def test_a_dissolve_has_no_cuts(length: int) -> None:
    first, second = shot(1, 100, 1), shot(2, 100, 1)
    shares = [min(1, max(0, (t - 30) / length)) for t in range(100)]
    mixed = [a + share * (b - a) for a, b, share in zip(first, second, shares, strict=True)]
    assert cuts(mixed) == []


@pytest.mark.parametrize("speed", [6, 12, 24])
def test_fast_motion_has_no_cuts(speed: int) -> None:
    assert cuts(shot(1, 60, speed)) == []
    stops = shot(1, 30, 0) + shot(1, 60, speed) + [shot(1, 60, speed)[-1]] * 20
    assert cuts(stops) == []


def test_a_jerk_is_no_cut() -> None:
    view = shot(1, 2, 2)
    assert cuts([view[0]] * 12 + [view[1]] * 12) == []
    titled = view[0].copy()
    titled[80:90, 40:80] = 255
    assert cuts([view[0]] * 12 + [titled] * 12) == []


@pytest.mark.parametrize("hold", [2, 3])
def test_frames_that_are_held_have_no_cuts(hold: int) -> None:
    drawn = shot(1, 30, 4)
    held = [frame for frame in drawn for _ in range(hold)]
    assert cuts(held) == []
    assert cuts(grainy(held, 1)) == []
    other = [frame for frame in shot(2, 30, 4) for _ in range(hold)]
    assert cuts(held + other) == [30 * hold]


def test_not_looked_for() -> None:
    frames = shot(1, 10) + shot(2, 10)
    given = list(split_shots(frames, False))
    assert [index for index, _ in given] == list(range(20))
    assert all(frame is mine for (_, frame), mine in zip(given, frames, strict=True))


# Around them


def test_frames_come_as_they_are_and_none_is_kept() -> None:
    waiting: list[weakref.ref[Frame]] = []

    def source() -> Iterator[Frame]:
        for frame in shot(1, 40) + shot(2, 40):
            whole = frame.copy()
            waiting.append(weakref.ref(whole))
            yield whole
            del whole
            assert sum(ref() is not None for ref in waiting) <= WINDOW + 3

    for count, (_, frame) in enumerate(split_shots(source(), True), 1):
        assert len(waiting) <= count + WINDOW
        assert frame is waiting[count - 1]()
    assert count == 80


def test_what_came_before_a_fault_is_given_first() -> None:
    def source() -> Iterator[Frame]:
        yield from shot(1, 10)
        raise MediaError("breaks off")

    came: list[int] = []
    with pytest.raises(MediaError, match="breaks off"):
        came.extend(index for index, _ in split_shots(source(), True))
    assert came == list(range(10))


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (17, 16), (1920, 40)])
def test_any_size(size: tuple[int, int]) -> None:
    width, height = size
    frames = [np.full((height, width, 3), level, np.float32) for level in [40] * 6 + [200] * 6]
    assert cuts(frames) == [6]
