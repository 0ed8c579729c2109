"""Where a picture takes how many steps."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, count

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from dreamvid.blend import FADE
from dreamvid.dreaming import step_map
from dreamvid.dreaming.step_map import BUDGET, CONTEXT, GAIN, Box, StepMap, Turn, area, around
from dreamvid.frame import Fresh

quick = settings(deadline=None, max_examples=150)


def octaves(height: int, width: int, number: int = 4) -> list[tuple[int, int]]:
    return [(round(height / 1.4**k), round(width / 1.4**k)) for k in range(number - 1, -1, -1)]


@st.composite
def bares(draw: DrawFn) -> Fresh:
    """Ground that lacks a dream, in patches, hard or soft, on ground that has one or nearly."""
    height, width = draw(st.integers(40, 260)), draw(st.integers(40, 260))
    bare = np.full((height, width), draw(st.sampled_from([0.0, 0.0, 0.04, 0.3])), np.float32)
    for _ in range(draw(st.integers(0, 4))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        high, wide = draw(st.integers(1, 60)), draw(st.integers(1, 60))
        bare[top : top + high, left : left + wide] = draw(st.sampled_from([1.0, 1.0, 0.7, 0.2]))
    return bare


def step_maps(
    bare: Fresh, sizes: list[tuple[int, int]], steps: int, burst: int, largest: int
) -> list[StepMap]:
    """Of a frame in which every octave has its turn."""
    return step_map.step_maps(bare, sizes, steps, burst, largest, Turn(3, len(sizes), 1))


plans = st.tuples(bares(), st.integers(1, 3), st.integers(1, 12), st.sampled_from([96, 160, 768]))


def planned(plan: tuple[Fresh, int, int, int]) -> list[StepMap]:
    bare, steps, burst, largest = plan
    return step_maps(bare, octaves(*bare.shape), steps, max(steps, burst), largest)


def inside(boxes: tuple[Box, ...], size: tuple[int, int]) -> Fresh:
    """1 in each box."""
    covered = np.zeros(size, np.float32)
    for top, left, bottom, right in boxes:
        covered[top:bottom, left:right] += 1
    return covered


@given(plans)
@quick
def test_every_pixel_that_wants_more_is_in_one_box(plan: tuple[Fresh, int, int, int]) -> None:
    for work in planned(plan):
        covered = inside(work.boxes, work.size)
        assert covered.max() <= 1, "no box lies over another"
        assert bool(work.boxes) == bool(work.extra_steps)
        if work.boxes:
            assert (covered[work.extra > 0.5] == 1).all()


@given(plans)
@quick
def test_a_box_lies_in_the_picture_and_is_not_too_large(plan: tuple[Fresh, int, int, int]) -> None:
    for work in planned(plan):
        for top, left, bottom, right in work.boxes:
            assert 0 <= top < bottom <= work.size[0]
            assert 0 <= left < right <= work.size[1]
        seen = [around(box, work.size) for box in work.boxes]
        if not work.everywhere:
            assert all(max(b - t, r - le) <= plan[3] for t, le, b, r in seen)
            assert 2 * sum(map(area, seen)) <= work.size[0] * work.size[1]


@given(plans)
@quick
def test_further_steps_cost_no_more_than_the_even_ones(plan: tuple[Fresh, int, int, int]) -> None:
    works = planned(plan)
    areas = [high * wide for high, wide in octaves(*plan[0].shape)]
    bounded = [work for work in works if work.extra.mean() <= round(work.extra.max()) / 2]
    spent = sum(
        work.extra_steps * area(around(b, work.size)) for work in bounded for b in work.boxes
    )
    assert spent <= BUDGET * sum(areas) * len(bounded) / len(works) + 1


@given(plans)
@quick
def test_no_pixel_takes_more_steps_than_the_burst(plan: tuple[Fresh, int, int, int]) -> None:
    _, steps, burst, _ = plan
    for work in planned(plan):
        assert work.extra.shape == work.size
        assert work.extra.min() >= 0
        assert steps <= work.base_steps <= max(steps, burst)
        assert work.base_steps + work.extra_steps <= max(steps, burst)


@pytest.mark.parametrize(("height", "width"), [(40, 40), (90, 160), (360, 640)])
def test_where_nothing_is_bare_all_take_the_even_steps(height: int, width: int) -> None:
    for work in step_maps(
        np.zeros((height, width), np.float32), octaves(height, width), 1, 10, 768
    ):
        assert (work.base_steps, work.extra_steps, work.boxes) == (1, 0, ())
        assert not work.extra.any()


@pytest.mark.parametrize("largest", [64, 768])
@pytest.mark.parametrize(("height", "width"), [(40, 40), (90, 160), (360, 640)])
def test_where_all_is_bare_all_take_the_burst(height: int, width: int, largest: int) -> None:
    bare = np.ones((height, width), np.float32)
    for work in step_maps(bare, octaves(height, width), 1, 10, largest):
        assert (work.base_steps, work.extra_steps, work.boxes) == (10, 0, ())


def test_where_most_is_bare_the_rest_is_not_spared_and_no_budget_holds() -> None:
    """As after a flash that left a corner of the dream."""
    bare = np.ones((180, 320), np.float32)
    bare[:50, :80] = 0
    for work in step_maps(bare, octaves(180, 320), 1, 10, 768):
        assert work.everywhere
        assert (work.base_steps, work.extra_steps) == (1, 9)
        assert work.extra[-1, -1] == 9
        assert work.extra[0, 0] == 0


def test_a_small_patch_is_dreamed_in_a_box_around_it() -> None:
    bare = np.zeros((180, 320), np.float32)
    bare[70:90, 100:120] = 1
    (work,) = step_maps(bare, [(180, 320)], 1, 6, 768)
    assert work.boxes == ((64, 96, 96, 128),), "whole cells"
    assert (work.base_steps, work.extra_steps) == (1, 5), "the burst, all told"
    np.testing.assert_array_equal(work.extra, 5 * bare)


def test_small_octaves_get_most_of_the_steps() -> None:
    bare = np.zeros((360, 640), np.float32)
    bare[:, 300:340] = 1
    further = [work.extra_steps for work in step_maps(bare, octaves(360, 640), 1, 20, 768)]
    assert further == sorted(further, reverse=True)
    assert further[0] > further[-1] > 0


def test_near_patches_share_a_box_and_far_ones_do_not() -> None:
    near, far = np.zeros((2, 320, 480), np.float32)
    near[100:110, 100:110] = near[100:110, 140:150] = 1
    far[100:110, 100:110] = far[250:260, 400:410] = 1
    assert [len(step_maps(b, [(320, 480)], 1, 6, 768)[0].boxes) for b in (near, far)] == [1, 2]


def test_what_would_be_too_large_a_box_is_the_whole_picture() -> None:
    bare = np.zeros((400, 600), np.float32)
    bare[20:30, 20:300] = 1
    small, large = (step_maps(bare, [(400, 600)], 1, 6, largest)[0] for largest in (200, 768))
    assert small.everywhere
    assert not large.everywhere


def test_the_steps_fade_over_the_frames_after() -> None:
    bare = np.zeros((360, 640), np.float32)
    bare[70:90, 100:120] = 1
    taken = []
    for _ in range(12):
        (work,) = step_maps(bare, [(360, 640)], 1, 11, 768)
        taken.append(work.extra_steps)
        bare *= FADE
    assert taken == sorted(taken, reverse=True)
    assert taken[:3] == [10, 7, 5]
    assert taken[-1] == 0


@given(st.integers(1, 300), st.integers(1, 300), st.data())
@quick
def test_a_box_sees_its_context_within_the_picture(
    height: int, width: int, data: st.DataObject
) -> None:
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom, right = (
        data.draw(st.integers(top + 1, height)),
        data.draw(st.integers(left + 1, width)),
    )
    seen = around((top, left, bottom, right), (height, width))
    covered = inside((seen,), (height, width))
    y, x = np.mgrid[0:height, 0:width]
    near = (y >= top - CONTEXT) & (y < bottom + CONTEXT)
    near &= (x >= left - CONTEXT) & (x < right + CONTEXT)
    assert np.array_equal(covered == 1, near)
    assert area(seen) == near.sum()


def test_boxes_of_one_are_never_one_over_another() -> None:
    """An L of patches: the boxes around its arms would meet."""
    bare = np.zeros((400, 640), np.float32)
    bare[0:16, 0:320] = bare[0:200, 0:16] = 1
    bare[180:200, 300:320] = 1
    (work,) = step_maps(bare, [(400, 640)], 1, 6, 4000)
    for one, other in combinations(work.boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart


def test_boxes_around_angles_do_not_overlap() -> None:
    bare = np.zeros((800, 1200), np.float32)
    bare[0:16, 0:320] = bare[0:200, 0:16] = 1
    bare[384:400, 304:640] = bare[176:400, 624:640] = 1
    (work,) = step_maps(bare, [(800, 1200)], 1, 6, 4000)
    assert inside(work.boxes, work.size).max() == 1


# Octaves in turn

turns = st.tuples(st.integers(1, 8), st.integers(1, 8))
"""How many octaves there are, and every how many frames the largest has its turn."""


def taking(number: int, octaves: int, stagger: int) -> list[int]:
    turn = Turn(number, octaves, stagger)
    return [octave for octave in range(octaves) if turn.includes(octave)]


@given(turns, st.integers(0, 10_000))
@quick
def test_one_octave_has_each_frame_and_the_largest_every_so_many(
    plan: tuple[int, int], number: int
) -> None:
    octaves, stagger = plan
    if stagger == 1 or octaves == 1:
        assert taking(number, *plan) == list(range(octaves)), "all have every frame"
        return
    (octave,) = taking(number, *plan)
    assert (octave == octaves - 1) == (number % stagger == 0)


@given(turns, st.integers(0, 10_000))
@quick
def test_every_octave_has_its_turn_before_long_and_all_others_as_often(
    plan: tuple[int, int], number: int
) -> None:
    """In as many frames as leave one to each of the others, between those of the largest."""
    octaves, stagger = plan
    if stagger == 1 or octaves == 1:
        return
    within = next(n for n in count(stagger) if n - -(-n // stagger) >= octaves - 1)
    had = {octave for n in range(within) for octave in taking(number + n, *plan)}
    assert had == set(range(octaves))
    whole = stagger * (octaves - 1)
    times = Counter(octave for n in range(whole) for octave in taking(number + n, *plan))
    assert times == {**dict.fromkeys(range(octaves - 1), stagger - 1), octaves - 1: octaves - 1}


def test_between_the_largest_the_others_go_from_large_to_small() -> None:
    assert [taking(n, 4, 3) for n in range(8)] == [[3], [2], [1], [3], [0], [2], [3], [1]]


@given(turns, st.integers(0, 100))
@quick
def test_steps_are_the_larger_the_fewer_take_them(plan: tuple[int, int], number: int) -> None:
    octaves, stagger = plan
    turn = Turn(number, octaves, stagger)
    assert turn.gain == (1 if stagger == 1 else octaves**GAIN)


@given(plans, st.integers(1, 8), st.integers(0, 50))
@quick
def test_what_is_carried_is_dreamed_in_turn_and_what_is_bare_at_every_octave(
    plan: tuple[Fresh, int, int, int], stagger: int, number: int
) -> None:
    bare, steps, burst, largest = plan
    sizes, burst = octaves(*bare.shape), max(steps, burst)
    turn = Turn(number, len(sizes), stagger)
    works = step_map.step_maps(bare, sizes, steps, burst, largest, turn)
    every = step_maps(bare, sizes, steps, burst, largest)
    for octave, (work, whole) in enumerate(zip(works, every, strict=True)):
        if bare.min() == 1:
            assert (work.base_steps, work.gain) == (burst, 1)
        else:
            assert work.base_steps == (steps if turn.includes(octave) else 0)
            assert work.gain == turn.gain
        assert (work.boxes, work.extra_steps) == (whole.boxes, whole.extra_steps)
        np.testing.assert_array_equal(work.extra, whole.extra)
        assert work.idle == (work.base_steps == work.extra_steps == 0)


@pytest.mark.parametrize("number", range(5))
def test_where_nothing_is_carried_every_octave_takes_the_burst(number: int) -> None:
    bare, sizes = np.ones((90, 160), np.float32), octaves(90, 160)
    for work in step_map.step_maps(bare, sizes, 1, 10, 768, Turn(number, 4, 3)):
        assert (work.base_steps, work.extra_steps, work.gain) == (10, 0, 1)
