"""The camera's path over points of interest, and the shake of a camera held by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from dreamvid.errors import RecipeError
from dreamvid.frame import Size
from dreamvid.hearing.beats import Beats
from dreamvid.hearing.features import Features
from dreamvid.motion.affine import Affine, camera_step
from dreamvid.motion.camera import CameraWalk
from dreamvid.motion.flow import SourceFrame
from dreamvid.motion.resample import Floats
from dreamvid.motion.steps import CameraSteps
from dreamvid.recipe import Motion
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.schema import recipe_schema
from dreamvid.recipe.sections import ZoomMotion
from dreamvid.recipe.timeline import Timeline
from dreamvid.resolve import resolve

SIZE = Size(320, 180)
MIDDLE = np.array([159.5, 89.5])

QUICK = settings(deadline=None, max_examples=40)


def steps(
    path: list[dict[str, Any]], timeline: Timeline | None = None, kind: str = "zoom", **motion: Any
) -> CameraSteps:
    said = {"network": "none", "motion": {"path": path, **motion}}
    return CameraSteps(resolve(make_recipe(said, kind)), timeline or Timeline())


def positions(camera: CameraSteps, frames: int) -> list[Affine]:
    """The camera's position in each frame: its steps, one after another."""
    moved = (camera.step(index, SIZE) for index in range(1, frames))
    return list(accumulate(moved, Affine.then, initial=camera.start(0, SIZE)))


def point(center: tuple[float, float]) -> Floats:
    return np.array([center[0] * SIZE.width - 0.5, center[1] * SIZE.height - 0.5])


def at(position: Affine, where: Floats) -> Floats:
    moved: Floats = position.matrix @ [*where, 1]
    return moved[:2]


def passed(camera: CameraSteps, index: int) -> Floats:
    """Px that the middle of the frame moves by in a step."""
    moved: Floats = at(camera.step(index, SIZE), MIDDLE) - MIDDLE
    return moved


def slow_enough(path: list[dict[str, Any]], zoom: float | str) -> CameraSteps:
    try:
        return steps(path, zoom=zoom)
    except RecipeError:
        reject()


SHARE = st.floats(0, 1)


@st.composite
def paths(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Slow enough, and not so long that the picture is magnified without end."""
    gaps = draw(st.lists(st.integers(8, 40), min_size=1, max_size=4))
    frames = list(accumulate(gaps, initial=draw(st.sampled_from([0, 20]))))
    zooms = st.none() | st.floats(0.985, 1.015)
    return [
        {
            "at": frame,
            "center": (draw(SHARE), draw(SHARE)),
            "zoom": draw(zooms),
            "angle": draw(st.none() | st.floats(-2, 2)),
        }
        for frame in frames
    ]


@QUICK
@given(paths())
def test_each_point_is_in_the_middle_at_its_frame(path: list[dict[str, Any]]) -> None:
    camera = slow_enough(path, 1.01)
    made = positions(camera, path[-1]["at"] + 1)
    for key in path:
        if key["at"]:
            assert at(made[key["at"]], point(key["center"])) == pytest.approx(MIDDLE, abs=1e-6)
    assert made[0].identity


@QUICK
@given(paths(), st.floats(0, 0.01))
def test_the_speed_changes_smoothly(path: list[dict[str, Any]], pulse: float) -> None:
    """Also under a zoom that beats. A leg of n frames speeds up by at most 3.1 of its peak over n,
    which is the steepest slope of s²(1 - s)²; what is turned or zoomed besides is bounded too."""
    for key in path:
        key["zoom"] = key["angle"] = None
    camera = slow_enough(path, f"1.01 + {pulse!r}*(t % 7 < 1)")
    ends = [0, *(key["at"] for key in path if key["at"])]
    # A first point that lies apart from the middle is zoomed about where it lies, pulses and all.
    begins = np.max(np.abs(np.array(path[0]["center"]) - 0.5) * SIZE) if not path[0]["at"] else 0
    for first, last in pairwise(ends):
        moved = [passed(camera, each) for each in range(first + 1, last + 1)]
        jumps = np.abs(np.diff([moved[0] * (first == 0), *moved, (0, 0)], axis=0)).max()
        allowed = 3.2 * np.abs(moved).max() / (last - first)
        assert jumps <= allowed + (0 if first else (0.01 + pulse) * begins) + 1e-9


def test_it_rests_at_its_points_and_is_quickest_between() -> None:
    camera = steps([{"at": 0, "center": (0.5, 0.5)}, {"at": 40, "center": (0.7, 0.4)}], zoom=1.02)
    speeds = [np.hypot(*passed(camera, index)) for index in range(1, 60)]
    assert speeds[0] < 0.1
    assert speeds[39] < 0.1
    assert not any(speeds[40:])
    assert np.argmax(speeds) in (19, 20)
    assert speeds[10] == pytest.approx(speeds[29], rel=0.1)  # over the screen, however magnified


def test_a_repeated_point_stands() -> None:
    camera = steps(
        [{"at": frame, "center": (0.7, 0.4)} for frame in (20, 50)],
        zoom=1.02,
    )
    still = camera_step(Motion(zoom=1.02), SIZE)
    for index in (21, 35, 50, 51, 70):
        assert np.allclose(camera.step(index, SIZE).matrix, still.matrix, atol=1e-12)


def test_a_point_at_frame_0_alone_is_zoomed_about_where_it_is() -> None:
    camera = steps([{"at": 0, "center": (0.3, 0.4)}], zoom=1.02, angle=0.5)
    same = camera_step(Motion(zoom=1.02, angle=0.5, center=(0.3, 0.4)), SIZE)
    assert all(np.allclose(camera.step(t, SIZE).matrix, same.matrix) for t in (1, 9, 400))


def test_a_first_point_at_frame_0_is_set_out_for_without_a_jerk() -> None:
    """It lies where it is, and moves from there slowly at first."""
    camera = steps(
        [{"at": 0, "center": (0.3, 0.4)}, {"at": 60, "center": (0.6, 0.6)}], zoom=1.02, angle=0.5
    )
    made = positions(camera, 61)
    here = point((0.3, 0.4))
    assert at(made[1], here) == pytest.approx(here, abs=0.05)
    assert at(made[60], point((0.6, 0.6))) == pytest.approx(MIDDLE, abs=1e-6)


def test_zoom_and_angle_go_from_point_to_point() -> None:
    camera = steps(
        [
            {"at": 10, "center": (0.5, 0.5), "zoom": 1.0, "angle": 0},
            {"at": 20, "center": (0.5, 0.5)},
            {"at": 30, "center": (0.5, 0.5), "zoom": 1.04, "angle": 4},
        ],
        zoom=1.5,
    )
    scale = [np.linalg.norm(camera.step(t, SIZE).matrix[:2, 0]) for t in (5, 20, 30, 99)]
    assert scale == pytest.approx([1, 1.02, 1.04, 1.04])
    turned = camera.step(20, SIZE).matrix
    assert np.degrees(np.arctan2(turned[0, 1], turned[0, 0])) == pytest.approx(2)


@pytest.mark.parametrize("index", [0, 1, 15, 40, 41, 77, 120])
def test_a_position_is_that_of_the_steps_before_it(index: int) -> None:
    """So that a clip's later shots begin where the path is."""
    path = [
        {"at": 0, "center": (0.3, 0.4), "zoom": 1.02, "angle": 1},
        {"at": 40, "center": (0.6, 0.6), "zoom": 0.99},
        {"at": 77, "center": (0.5, 0.3), "angle": -1},
    ]
    camera = steps(path, handheld=1)
    made = positions(camera, index + 1)[index]
    assert np.allclose(made.matrix, camera.start(index, SIZE).matrix, atol=1e-8)


def test_after_a_cut_the_path_goes_on() -> None:
    said: dict[str, Any] = {
        "path": [{"at": 0, "center": (0.5, 0.5)}, {"at": 6, "center": (0.6, 0.6)}]
    }
    said |= {"moves": "camera", "zoom": 1.1}
    job = resolve(make_recipe({"network": "none", "motion": said}, "video"))
    y, x = np.mgrid[0:18, 0:32].astype(np.float32)
    picture = np.stack([x * 8, y * 8, x + y], -1)
    whole, cut = CameraWalk(job, Timeline()), CameraWalk(job, Timeline())
    for t in range(7):
        one = whole.view(SourceFrame(t, picture))
        other = cut.view(SourceFrame(t if t < 4 else t - 4, picture))
        assert np.allclose(one.camera.matrix, other.camera.matrix)
        assert one.source == pytest.approx(other.source, abs=1e-3)


def test_a_longer_film_has_the_same_steps_at_first() -> None:
    path = [{"at": 0, "center": (0.3, 0.4)}, {"at": 40, "center": (0.6, 0.6)}]
    for t in (1, 20, 40, 41):
        made = [steps(path, Timeline(frames=n), handheld=1).step(t, SIZE) for n in (30, 400)]
        assert np.array_equal(made[0].matrix, made[1].matrix)


@pytest.mark.parametrize(
    ("place", "frame"), [(12, 12), ("0.5s", 12), ("2b", 12), ("max_f/4", 12), ("24/2", 12)]
)
def test_a_point_lies_at_a_frame_a_time_a_beat_or_a_part_of_the_film(
    place: int | str, frame: int
) -> None:
    # From .02 s on, a beat in a quarter of a second: the third at .52 s, in frame 12.48.
    beats = Beats(tuple(0.02 + 0.25 * beat for beat in range(40)), 0, "a test")
    timeline = Timeline(Fraction(24), 49, Features(Fraction(0), Fraction(24), 100, {}, beats))
    camera = steps([{"at": place, "center": (0.6, 0.6)}], timeline)
    assert camera.path
    assert camera.path.frames == [frame]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ([{"at": 9, "center": (0, 1.5)}], r"motion\.path\.0\.center\.1: must be at most 1"),
        ([{"at": 9}], r"motion\.path\.0\.center: is missing"),
        ([{"at": "soon", "center": (0, 0)}], r"motion\.path\.0\.at: 'soon' is no key"),
        (
            [{"at": 9, "center": (0, 0)}, {"at": 5, "center": (0, 0)}],
            "motion.path: its keys must rise: 5 stands after 9",
        ),
        ([{"at": 9, "center": (0, 0)}] * 2, "motion.path: has the key 9 twice"),
        (
            [{"at": 9, "center": (0, 0)}, {"at": "1s", "center": (0, 0)}],
            "motion.path: mixes frames and seconds",
        ),
        ([{"at": 10**8, "center": (0, 0)}], "motion.path: 100000000 is not before frame 1000000"),
        ([{"at": "1b", "center": (0, 0)}], "motion.path: a beat needs the beats: name a sound"),
        ([{"at": "max_f", "center": (0, 0)}], "motion.path: uses n, but the length"),
        (
            [{"at": 500, "center": (0.5, 0.5)}, {"at": 520, "center": (0.6, 0.5)}],
            r"motion.path: from frame 500 to 520 the camera would pass .* magnified 2.9\d+e\+04",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_path_that_leads_nowhere_is_refused(path: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        steps(path)


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ((20, "max_f"), "its keys must rise: max_f is not after 20 here"),
        (("0.01s", "0.02s"), r"0.01s and 0.02s are both in frame 1"),
    ],
)
def test_points_that_meet_in_this_film_are_refused(places: tuple[Any, Any], message: str) -> None:
    path = [{"at": place, "center": (0.5, 0.5)} for place in places]
    with pytest.raises(RecipeError, match=message):
        steps(path, Timeline(frames=10))


@pytest.mark.parametrize(
    ("motion", "message"),
    [
        ({"center": (0.3, 0.5)}, "motion.path: leads the camera itself; leave center out"),
        ({"translate": (1, 0)}, "leave translate out"),
        ({"trim": (1, 1)}, "leave trim out"),
        ({"angle": "t/9"}, "motion.path: its points say angle too; leave one of the two out"),
        ({"moves": "dream"}, "motion.path: leads over the source; set moves: camera"),
    ],
)
def test_a_path_beside_what_contradicts_it_is_refused(motion: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        steps([{"at": 9, "center": (0, 0), "angle": 1}], **motion)


def test_an_editor_is_told_what_a_path_is() -> None:
    schema = recipe_schema()
    path: list[dict[str, Any]] = [{"at": 0, "center": [0.3, 0.4]}, {"at": "2s", "center": [0, 1]}]
    jsonschema.validate({"motion": {"path": path, "handheld": "3*bass"}}, schema)
    for wrong in ({"center": [0, 1]}, {"at": 3, "center": [0, 2]}, {"at": 1, "centre": [0, 0]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"motion": {"path": [wrong]}}, schema)


# Held by hand


def shaken(rate: int = 24, seconds: float = 20, seed: int = 0, **motion: Any) -> Any:
    """Where the shake has the middle of the frame, px: (frames, 2)."""
    said = {"network": "none", "motion": {"zoom": 1, **motion}, "seed": seed}
    recipe = make_recipe(said, "zoom")
    camera = CameraSteps(resolve(recipe), Timeline(Fraction(rate)))
    made = positions(camera, int(seconds * rate))
    return np.array([at(each, MIDDLE) - MIDDLE for each in made])


def test_the_shake_does_not_drift_and_keeps_within_its_bound() -> None:
    moved = shaken(handheld=2)
    assert np.abs(moved).max() <= 0.02 * SIZE.width
    assert 0.15 * 6.4 < moved[24:].std() < 0.6 * 6.4
    for axis in moved.T:  # back across its path again and again
        assert np.count_nonzero(np.diff(np.sign(axis))) > 12


def test_the_shake_is_smooth_and_begins_at_rest() -> None:
    moved = shaken(handheld=2, rate=60)
    assert not moved[0].any()
    assert np.abs(moved[1]).max() < 0.01
    speeds = np.diff(moved, axis=0)
    assert np.abs(np.diff(speeds, axis=0)).max() < 0.35 * np.abs(speeds).max()


def test_another_frame_rate_shows_the_same_shake_and_another_seed_another() -> None:
    slow, fast = shaken(rate=12, handheld=1), shaken(rate=24, handheld=1)
    assert np.allclose(slow, fast[::2])
    assert not np.allclose(shaken(handheld=1), shaken(handheld=1, seed=1), atol=1)


def test_the_shake_may_change_over_a_film() -> None:
    moved = shaken(handheld="0s:(0), 10s:(2) step")
    assert not moved[:240].any()
    assert np.abs(moved[240:]).max() > 1


def test_a_still_camera_moves_nothing() -> None:
    assert Motion().rests
    assert not Motion(handheld=1).rests
    assert not ZoomMotion(zoom=1, path=[{"at": 9, "center": (0.4, 0.5)}]).rests
