from __future__ import annotations

from itertools import islice, pairwise, repeat
from typing import Any

import numpy as np
import pytest

from dreamvid import frames as dream_frames
from dreamvid.blend import (
    FADE,
    STRAIN_BURST,
    Carried,
    Coverage,
    Warp,
    canvas,
    crossfade,
    needs_source,
)
from dreamvid.frame import Frame, Fresh, Size
from dreamvid.motion.affine import Affine, camera_step
from dreamvid.motion.warp import warp
from dreamvid.recipe import Blend, FilmRecipe, Motion, Recipe, ZoomBlend
from dreamvid.recipe.load import make_recipe
from dreamvid.task import AnyDreamer, DreamTask
from tests.fakes import asleep, dreaming

H, W = 24, 32


def noise(seed: int, low: float = 60, high: float = 200) -> Frame:
    return np.random.default_rng(seed).uniform(low, high, (H, W, 3)).astype(np.float32)


SOURCE, DREAM, BEFORE = noise(1), noise(2), noise(3)
LAST = Carried(dream=DREAM, source=BEFORE, fresh=np.zeros((H, W), np.float32))


def still(frame: Frame, ground: Any = 0) -> Frame:
    return frame


def aside(frame: Frame, ground: Any = 0) -> Frame:
    return np.roll(frame, 3, axis=1)


def frames(recipe: Recipe, sources: list[Frame], dream: AnyDreamer) -> list[Any]:
    return list(dream_frames(recipe, iter(sources), dream))


# The canvas


@pytest.mark.parametrize("move", [still, aside])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.9, 1.0])
def test_a_residual_is_laid_on_the_new_source(move: Warp, share: float) -> None:
    made, _ = canvas(SOURCE, LAST, move, Blend(carry="residual", share=share))
    assert np.allclose(made, SOURCE + share * move(DREAM - BEFORE, 0.0), atol=1e-3)
    assert made.dtype == np.float32


@pytest.mark.parametrize("move", [still, aside])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.9, 1.0])
def test_a_picture_is_mixed_with_the_new_source(move: Warp, share: float) -> None:
    made, _ = canvas(SOURCE, LAST, move, Blend(carry="picture", share=share))
    assert np.allclose(
        made, (1 - share) * SOURCE + share * np.asarray(move(DREAM, SOURCE)), atol=1e-3
    )
    assert made.dtype == np.float32


@pytest.mark.parametrize("what", ["residual", "picture"])
def test_the_first_frame_and_no_share_are_the_source_itself(what: Any) -> None:
    for made, bare in (
        canvas(SOURCE, None, aside, Blend(carry=what)),
        canvas(SOURCE, LAST, aside, Blend(carry=what, share=0)),
    ):
        assert made is SOURCE
        assert np.array_equal(bare, np.ones((H, W)))


def test_the_whole_picture_is_the_moved_dream_to_the_bit() -> None:
    assert np.array_equal(canvas(SOURCE, LAST, aside, ZoomBlend())[0], aside(DREAM))


def test_a_residual_may_leave_the_levels_and_is_not_clipped() -> None:
    white, black = np.full_like(SOURCE, 255), np.zeros_like(SOURCE)
    made, _ = canvas(white, Carried(white, black, LAST.fresh), still, Blend(share=1))
    assert made.min() == 510


def covering(frame: Frame, ground: Any = 0) -> Frame:
    """Nothing comes from the left half, and from below it half of what was there."""
    trust = np.ones((H, W, 1), np.float32)
    trust[:, : W // 2] = 0
    trust[H // 2 :, : W // 2] = 0.5
    return trust * frame + (1 - trust) * np.float32(ground)


def test_where_nothing_is_carried_it_is_bare_and_fades_after() -> None:
    for before in (0.0, 1.0, 0.3):
        last = Carried(DREAM, BEFORE, np.full((H, W), before, np.float32))
        _, bare = canvas(SOURCE, last, covering, Blend())
        assert np.allclose(bare[: H // 2, : W // 2], 1)
        assert np.allclose(bare[:, W // 2 :], FADE * before)
        assert np.allclose(bare[H // 2 :, : W // 2], 0.5 + 0.5 * FADE * before)
    assert 0 < FADE < 1, "one step a frame does not hold at once what a burst has made"


def test_what_is_worn_is_dreamed_anew() -> None:
    worn = np.linspace(0, 2, W, dtype=np.float32) * np.ones((H, 1), np.float32)
    last = Carried(DREAM, BEFORE, np.full((H, W), 0.3, np.float32))
    plain, _ = canvas(SOURCE, last, aside, Blend())
    made, bare = canvas(SOURCE, last, aside, Blend(), worn)
    assert np.array_equal(made, plain), "what is carried stays"
    np.testing.assert_allclose(bare, np.clip(FADE * 0.3 + STRAIN_BURST * worn, 0, 1), rtol=1e-5)
    on = last.onto(SOURCE, aside, worn)
    np.testing.assert_allclose(on.fresh, np.clip(0.3 + STRAIN_BURST * worn, 0, 1), rtol=1e-5)
    for nothing in (canvas(SOURCE, LAST, aside, ZoomBlend(), worn)[1], LAST.fresh):
        assert not nothing.any(), "a picture that is carried whole is nowhere bare"


def test_bare_stays_within_bounds_whatever_the_look_up_overshoots() -> None:
    def ringing(frame: Frame, ground: Any = 0) -> Frame:
        return 1.2 * frame - 0.05

    for before in (0.0, 1.0):
        last = Carried(DREAM, BEFORE, np.full((H, W), before / FADE, np.float32))
        _, bare = canvas(SOURCE, last, ringing, Blend())
        assert bare.min() >= 0
        assert bare.max() <= 1


def test_a_picture_is_nowhere_bare_once_it_is_carried() -> None:
    _, bare = canvas(SOURCE, LAST, aside, ZoomBlend())
    assert not bare.any()


def test_a_last_dream_lies_on_the_next_source() -> None:
    last = Carried(DREAM, BEFORE, np.full((H, W), 0.25, np.float32))
    on = last.onto(SOURCE, covering)
    assert on.source is SOURCE
    assert np.allclose(on.dream[:, W // 2 :], (SOURCE + DREAM - BEFORE)[:, W // 2 :], atol=1e-3)
    assert np.array_equal(on.dream[: H // 2, : W // 2], SOURCE[: H // 2, : W // 2])
    assert np.allclose(on.fresh[:, W // 2 :], 0.25)
    assert np.allclose(on.fresh[: H // 2, : W // 2], 1)


# Between two dreams


def held(levels: float, cover: float) -> Coverage:
    """An even residual on what is covered, none elsewhere."""
    residual = np.full((H, W, 3), levels * cover, np.float32)
    return Coverage(residual, np.full((H, W, 1), cover, np.float32))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_a_frame_between_is_nearer_to_the_nearer_dream(share: float) -> None:
    frame = crossfade(SOURCE, held(10, 1), held(30, 1), share)
    assert np.allclose(frame - SOURCE, 10 + 20 * share, atol=1e-3)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_what_only_one_dream_covers_is_that_dream(share: float) -> None:
    assert np.allclose(crossfade(SOURCE, held(10, 0), held(30, 1), share) - SOURCE, 30, atol=1e-3)
    assert np.allclose(crossfade(SOURCE, held(10, 1), held(30, 0), share) - SOURCE, 10, atol=1e-3)
    assert np.array_equal(crossfade(SOURCE, held(10, 0), held(30, 0), share), SOURCE)


def test_what_is_half_covered_is_half_as_strong() -> None:
    frame = crossfade(SOURCE, held(20, 0.5), held(20, 0.5), 0.5)
    assert np.allclose(frame - SOURCE, 10, atol=1e-3)


def test_a_dream_is_held_onward_with_what_it_covers() -> None:
    after = Coverage.full(LAST).warped(covering)
    assert np.allclose(after.cover[: H // 2, : W // 2], 0)
    assert np.allclose(after.cover[:, W // 2 :], 1)
    assert np.allclose(after.residual[:, W // 2 :], (DREAM - BEFORE)[:, W // 2 :])
    assert not after.residual[: H // 2, : W // 2].any()


def test_a_frame_between_stays_within_the_levels() -> None:
    frame = crossfade(SOURCE, held(300, 1), held(300, 1), 0.5)
    assert np.array_equal(frame, np.full_like(SOURCE, 255))


@pytest.mark.parametrize(
    ("what", "share", "needed"),
    [
        ("picture", 1, False),
        ("picture", 0.9, True),
        ("picture", "1 - t/99", True),
        ("residual", 1, True),
        ("residual", 0, True),
    ],
)
def test_only_a_whole_picture_needs_no_source(what: Any, share: Any, needed: bool) -> None:
    assert needs_source(Blend(carry=what, share=share)) is needed


# The recurrence with a dreamer that changes nothing

CLIP = [noise(seed) for seed in range(10, 15)]


@pytest.mark.parametrize("motion", [{}, {"zoom": 1.1, "angle": 3}, {"zoom": 0.9}])
@pytest.mark.parametrize("share", [0.0, 0.9, 1.0])
def test_a_clip_without_dream_is_the_clip(motion: dict[str, Any], share: float) -> None:
    recipe = make_recipe({"motion": motion, "blend": share}, "video")
    made = frames(recipe, CLIP, asleep)
    assert len(made) == len(CLIP)
    for frame, source in zip(made, CLIP, strict=True):
        assert np.array_equal(frame, source)


def test_a_clip_whose_camera_moves_is_cropped_by_the_schedule() -> None:
    motion = {"zoom": 1.1, "angle": 2, "translate": [1, 0], "moves": "camera"}
    recipe = make_recipe({"motion": motion}, "video")
    camera, step = Affine(), camera_step(Motion.model_validate(motion), Size(W, H))
    for frame, source in zip(frames(recipe, CLIP, asleep), CLIP, strict=True):
        # Cubic overshoot is clipped where the anchor ends.
        assert np.array_equal(frame, warp(source, camera, "reflect").clip(0, 255))
        camera = camera.then(step)


@pytest.mark.parametrize(
    "motion",
    [
        {"zoom": 1.02},
        {"zoom": 0.98, "border": "wrap"},
        {"zoom": 1.05, "angle": -3, "center": [0.3, 0.6], "border": "reflect"},
        {"translate": [0.5, -2], "border": "reflect"},
        {"trim": [2, 1], "border": "edge"},
        {"zoom": 1.02, "moves": "dream"},
    ],
)
def test_a_zooms_next_frame_is_this_one_moved(motion: dict[str, Any]) -> None:
    recipe = make_recipe({"motion": motion, "color": {"anchor": 0}}, "zoom")
    assert isinstance(recipe, FilmRecipe)
    step = camera_step(recipe.motion, Size(W, H))
    border = motion.get("border", "reflect")  # going in, nothing comes in from outside
    made = frames(recipe, [SOURCE] * 6, asleep)
    assert np.array_equal(made[0], SOURCE)
    for this, following in pairwise(made):
        assert np.array_equal(following, warp(this, step, border))


def test_what_comes_in_from_outside_is_the_source_again() -> None:
    """Zoomed out, the inner part is the last frame moved; around it lies the source, mirrored."""
    recipe = make_recipe({"motion": {"zoom": 0.5}, "color": {"anchor": 0}}, "zoom")
    wide = np.full((H, W, 3), 60, np.float32)
    wide[:, : W // 2] = 200
    last = frames(
        recipe, [wide] * 3, dreaming(lambda canvas, t, _: canvas + (10 if t == 0 else 0))
    )[-1]
    inside = last[H * 2 // 5 : H * 3 // 5, W * 2 // 5 : W * 3 // 5]
    assert {round(float(v)) for v in np.unique(inside.round())} >= {70, 210}
    edges = np.concatenate([last[0, ::5], last[-1, ::5]])
    assert {round(float(v)) for v in np.unique(edges.round())} <= set(range(60, 201))
    assert edges.max() == pytest.approx(200, abs=1)


def test_a_residual_does_not_come_in_from_outside() -> None:
    recipe = make_recipe({"motion": {"zoom": 0.5}, "color": {"anchor": 0}}, "video")
    last = frames(
        recipe, [SOURCE] * 2, dreaming(lambda canvas, t, _: np.clip(canvas + 5 * (t == 0), 0, 255))
    )[-1]
    assert np.array_equal(last[0], SOURCE[0])
    assert last[H // 2, W // 2].mean() > SOURCE[H // 2, W // 2].mean() + 3


def test_a_zoom_that_stands_still_never_changes() -> None:
    recipe = make_recipe({"motion": {"zoom": 1}}, "zoom")
    assert all(np.array_equal(frame, SOURCE) for frame in frames(recipe, [SOURCE] * 5, asleep))


def test_what_of_a_zoom_is_seed_zooms_as_the_rest_does() -> None:
    """With half the seed mixed in, both halves show the same place: no double picture."""
    y, x = np.mgrid[0:H, 0:W].astype(np.float32)
    seed = 128 + 60 * np.stack([np.sin(x / 5), np.cos(y / 5), np.sin((x + y) / 7)], -1)
    recipe = make_recipe({"blend": 0.5, "color": {"anchor": 0}}, "zoom")
    camera, step = Affine(), camera_step(Motion(zoom=1.02), Size(W, H))
    for frame in frames(recipe, [seed.astype(np.float32)] * 8, asleep):
        assert np.abs(frame - warp(seed, camera, "reflect"))[3:-3, 3:-3].max() < 0.5
        camera = camera.then(step)


# The recurrence with a dreamer that leaves a mark


@dreaming
def marking(frame: Frame, t: int, bare: Fresh) -> Frame:
    """Lays a checkerboard of 8 levels on the canvas: no mean, so that no anchor pulls it."""
    y, x = np.mgrid[0:H, 0:W]
    board = np.where((x + y) % 2, 8.0, -8.0)[..., None].astype(np.float32)
    split_shots: Frame = np.clip(frame + board, 0, 255)
    return split_shots


def test_a_dream_gathers_on_a_still_clip_up_to_its_share() -> None:
    blend = {"follow": "still", "share": 0.5, "warmup": 0}
    recipe = make_recipe({"blend": blend, "color": {"anchor": 0}}, "video")
    made = frames(recipe, CLIP, marking)
    for t, (frame, source) in enumerate(zip(made, CLIP, strict=True)):
        gathered = 8 * sum(0.5**age for age in range(t + 1))
        assert np.abs(np.abs(frame - source) - gathered).max() < 1e-3


def test_without_a_share_every_frame_is_dreamed_alone() -> None:
    recipe = make_recipe({"blend": 0, "color": {"anchor": 0}}, "video")
    for frame, source in zip(frames(recipe, CLIP, marking), CLIP, strict=True):
        assert np.array_equal(frame, marking(DreamTask(source)))


def test_a_clips_dream_moves_and_its_source_stays() -> None:
    """`moves: dream`: a tunnel of feedback over the running clip."""

    @dreaming
    def once(frame: Frame, t: int, bare: Fresh) -> Frame:
        frame = frame.copy()
        if t == 0:
            frame[5, 6] += 50
        return frame

    motion = {"translate": [2, 1], "moves": "dream"}
    blend = {"follow": "still", "share": 1, "warmup": 0}
    recipe = make_recipe({"motion": motion, "blend": blend, "color": {"anchor": 0}}, "video")
    for t, (frame, source) in enumerate(zip(frames(recipe, CLIP, once), CLIP, strict=True)):
        mark = np.zeros_like(source)
        mark[5 + t, 6 + 2 * t] = 50
        assert np.abs(frame - source - mark).max() < 1e-3


def test_a_shift_goes_on_the_canvas_before_the_dream() -> None:
    seen = []

    @dreaming
    def look(frame: Frame, t: int, bare: Fresh) -> Frame:
        seen.append(frame)
        return frame

    color = {"shift": [2, 0, -1], "anchor": 0}
    recipe = make_recipe({"motion": {"zoom": 1}, "color": color}, "zoom")
    made = frames(recipe, [SOURCE] * 3, look)
    for t, frame in enumerate(seen):
        assert np.allclose(frame, SOURCE + (t + 1) * np.array([2, 0, -1]), atol=1e-3)
        assert np.array_equal(frame, made[t])


def test_the_dreamer_is_told_which_frame_it_dreams() -> None:
    told = []

    @dreaming
    def note(frame: Frame, t: int, bare: Fresh) -> Frame:
        told.append(t)
        return frame

    frames(make_recipe({"blend": {"warmup": 0}}, "video"), CLIP, note)
    assert told == [0, 1, 2, 3, 4]


def test_an_image_is_dreamed_once_and_nothing_is_read_ahead() -> None:
    recipe = make_recipe({"color": {"anchor": 0}}, "image")
    assert np.array_equal(frames(recipe, [SOURCE], marking)[0], marking(DreamTask(SOURCE)))
    endless = dream_frames(make_recipe({}, "zoom"), repeat(SOURCE), asleep)
    assert len(list(islice(endless, 3))) == 3


def test_no_frame_is_written_to_once_it_is_given_away() -> None:
    recipe = make_recipe({"motion": {"zoom": 1.1}, "color": {"shift": [1, 1, 1]}}, "zoom")
    source, kept = SOURCE.copy(), []
    for frame in dream_frames(recipe, [source] * 4, marking):
        kept.append((frame, frame.copy()))
    assert all(np.array_equal(frame, as_given) for frame, as_given in kept)
    assert np.array_equal(source, SOURCE)
