"""The dream itself, on the default network and on tiny ones with random weights."""

from __future__ import annotations

import http.server
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from keras.src.legacy.saving import legacy_h5_format

from dreamvid.dreaming.ascent import Ascent, StepParams
from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.inputs import Inputs
from dreamvid.dreaming.networks.activations import Activations, preprocessed
from dreamvid.dreaming.networks.layers import layers
from dreamvid.dreaming.networks.load import build, load
from dreamvid.dreaming.objectives import ObjectiveFunction
from dreamvid.dreaming.octaves import octave_sizes
from dreamvid.dreaming.step_map import StepMap
from dreamvid.dreaming.tiles import OffsetTiles, RolledTiles, Tiling
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame, Fresh, Notes, Size
from dreamvid.networks.builtin import BUILTIN
from dreamvid.networks.defaults import with_network_defaults
from dreamvid.networks.network_spec import Download
from dreamvid.networks.registry import spec
from dreamvid.recipe import MAX_GROWTH, Dream, LayerTerm, Network
from dreamvid.recipe.load import make_recipe
from dreamvid.resolve import DreamSettings, resolve
from dreamvid.task import DreamTask
from tests.loaded import build_once, dreamer_of

SLOW = [pytest.mark.slow]


def dreamer(network: Any = "lite0", **dream: Any) -> Dreamer:
    """Of float32, in whose digits sums are right on any machine; its largest octave is the frame's
    own size."""
    own = {"name": network} if isinstance(network, str) else network
    own = Network(**{"precision": "float32", **own})
    return Dreamer(own, **{"octave_top": 0, **dream})


@pytest.mark.parametrize("method", ["detail", "resize", "recursive"])
@pytest.mark.parametrize("power", [1, 2])
def test_the_objective_rises(picture: Frame, method: str, power: int) -> None:
    dream = dreamer(method=method, power=power, steps=3, octaves=2)
    assert dream.objective_of(dream(DreamTask(picture, 0))) > 1.05 * dream.objective_of(picture)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("power", [1, 2])
def test_an_objective_is_the_weighted_sum_of_means(picture: Frame, power: Literal[1, 2]) -> None:
    network = Network(name="squeezenet", weights="random", precision="float32")
    own = BUILTIN["squeezenet"]
    first, last = (own.objective[n][0] for n in (0, -1))
    features = Activations(own, network, [first, last])(picture[np.newaxis])
    means = {name: float(np.mean(found**power)) for name, found in features.items()}
    terms = [LayerTerm(layer=name) for name in (first, last)]
    function = ObjectiveFunction(own, network, terms, power)
    found = float(function(tf.constant(picture), Inputs.of([2.0, -0.5])))
    assert found == pytest.approx(2 * means[first] - 0.5 * means[last], rel=1e-4)


def test_the_objective_rises_at_every_octave(picture: Frame) -> None:
    """Judged on the whole, unjittered picture at each octave's own size."""
    dream = dreamer()
    dreamed = dream(DreamTask(picture, 0))
    for size in dream.sizes(Size(64, 48)):
        before, after = (
            tf.image.resize(one, size.shape, method="bicubic", antialias=True).numpy()
            for one in (picture, dreamed)
        )
        assert dream.objective_of(after) > dream.objective_of(before)


def test_a_step_is_of_the_size_asked_for(picture: Frame) -> None:
    for normalize, measure in (("std", np.std), ("mean", lambda d: np.mean(np.abs(d)))):
        dream = dreamer(octaves=1, steps=1, step_size=1.5, normalize=normalize)
        assert measure(dream(DreamTask(picture, 0)) - picture) == pytest.approx(1.5, rel=0.02)


def test_the_same_frame_dreams_the_same_and_no_other_does(picture: Frame) -> None:
    alone: dict[str, Any] = {"octaves": 1, "stagger": 1, "steps": 1, "burst": 1}
    first, again, other = dreamer(**alone), dreamer(**alone), dreamer(**alone, seed=1)
    dreamed = first(DreamTask(picture, 3))
    np.testing.assert_array_equal(dreamed, again(DreamTask(picture, 3)))
    assert not np.array_equal(dreamed, first(DreamTask(picture, 4))), (
        "the jitter is that of the frame"
    )
    assert not np.array_equal(dreamed, other(DreamTask(picture, 3))), (
        "the jitter is that of the seed"
    )


def test_one_trace_serves_every_frame_octave_and_size(picture: Frame) -> None:
    dream = dreamer(steps=1, tile=64)
    for t in range(3):
        dream(DreamTask(picture, t))
    assert dream.traces == 1
    for t in range(3):
        dream(DreamTask(np.tile(picture, (1, 2, 1)), t))
    assert dream.traces == 2, "one in a single tile, one in several"


def test_the_first_frame_of_a_film_dreams_in_a_burst(picture: Frame) -> None:
    recipe = make_recipe({"dream": {"octaves": 1, "steps": 1, "burst": 6}}, "zoom")
    dream = dreamer_of(recipe)
    moved = [float(np.std(dream(DreamTask(picture, t)) - picture)) for t in (0, 1)]
    assert moved[0] > 2 * moved[1]


def test_what_a_recipe_leaves_open_the_network_settles() -> None:
    own = BUILTIN["lite0"]
    film, still = (with_network_defaults(make_recipe({}, kind)).dream for kind in ("zoom", "image"))
    alone = with_network_defaults(make_recipe({"blend": 0}, "video")).dream
    assert (film.burst, film.steps) == (own.steps, own.steps_carried)
    assert still.steps == alone.steps == own.steps, "nothing is carried: full steps each frame"
    assert with_network_defaults(make_recipe({"dream": {"steps": 7}}, "zoom")).dream.burst == 7


@pytest.mark.parametrize("value", [0.0, 128.0, 255.0])
def test_flat_pictures_dream_without_a_fault(value: float) -> None:
    flat = np.full((48, 64, 3), value, np.float32)
    dreamed = dreamer(steps=2)(DreamTask(flat, 0))
    assert np.isfinite(dreamed).all()
    assert dreamed.min() >= 0
    assert dreamed.max() <= 255


def test_smoothing_takes_the_fine_grain_out_of_the_dream(picture: Frame) -> None:
    """And as far where bands that are evened out have taken some already."""

    dream = dreamer(octaves=1, steps=4, step_size=1)

    def grain(smooth: float, **shape: Any) -> float:
        alone = {"octaves": 1, "octave_top": 0, "steps": 4, "step_size": 1}
        recipe = make_recipe({"dream": {**alone, "gradient_blur": smooth, **shape}}, "image")
        residual = dream(DreamTask(picture, 0, None, resolve(recipe).dream)) - picture
        return float(np.abs(np.diff(residual, axis=1)).mean() / residual.std())

    bare, smoothed = grain(0.0, laplacian=0), grain(2.0, laplacian=0)
    assert smoothed < 0.6 * bare
    assert bare > 1.1 * grain(0.0)
    assert grain(2.0) == pytest.approx(smoothed, rel=0.1)


# Boxes

PLACE = (48, 80, 64, 96)
"""A patch without a dream, where cells of boxes begin and end."""
OWN = (slice(PLACE[0], PLACE[2]), slice(PLACE[1], PLACE[3]))


def patch(size: tuple[int, int], value: float = 1) -> Fresh:
    bare = np.zeros(size, np.float32)
    bare[PLACE[0] : PLACE[2], PLACE[1] : PLACE[3]] = value
    return bare


@pytest.fixture
def wide() -> Frame:
    """144 rows of 192 pixels: soft blobs of color and grain."""
    draw = np.random.default_rng(5)
    y, x = np.mgrid[0:144, 0:192] / 10
    waves = [np.sin(x + k) * np.cos(1.3 * y + 2 * k) for k in range(3)]
    return (120 + 45 * np.stack(waves, -1) + draw.normal(0, 6, (144, 192, 3))).astype(np.float32)


@pytest.mark.parametrize("normalize", ["std", "mean"])
def test_a_step_in_a_box_is_the_step_that_the_whole_would_take(wide: Frame, normalize: str) -> None:
    """Of an objective whose gradient is the picture itself, so that it is known at each pixel."""
    picture = wide / 10
    ascent = Ascent(
        lambda tile, inputs: inputs.weights[0] * tf.reduce_mean(tile**2),
        RolledTiles(768, 32, 32),
        normalize=normalize,
        clip=True,
    )
    push = StepParams((0.3,), 1.5, (0.0, 0.0))
    draws = np.array([[7, -5], [-16, 3]], np.int32)
    steps = StepMap((144, 192), 1, 1.0, patch((144, 192), 0), (), 0)
    unused = np.random.default_rng(0)
    (ascended,) = ascent.ascend(tf.constant(picture), steps, push, draws[:1], unused)
    once, scale = ascended.picture, ascended.scale
    size = picture.std() if normalize == "std" else np.abs(picture).mean()
    np.testing.assert_allclose(once, picture + 1.5 * picture / size, rtol=1e-4)

    seen = (PLACE[0] - 32, PLACE[1] - 20, PLACE[2] + 9, PLACE[3] + 32)
    more = patch((144, 192), 1.5)
    *_, last = ascent.ascend_box(once, PLACE, more, push, draws, scale, seen)
    twice = last.numpy()
    wanted = once.numpy()[OWN]
    for weight in (1, 0.5):
        wanted = wanted + weight * 1.5 * wanted / size
    np.testing.assert_allclose(twice[OWN], wanted, rtol=1e-4)
    twice[OWN] = once.numpy()[OWN]
    np.testing.assert_array_equal(twice, once)


@pytest.mark.parametrize(
    "tile",
    [768, 96],
    ids=["whole", "tiled"],
)
def test_a_box_is_dreamed_as_strongly_as_the_whole_would_be(
    wide: Frame, tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hole in a dream takes about what the picture has taken there in a burst."""
    monkeypatch.setattr("dreamvid.dreaming.step_map.BUDGET", 10)
    # What a deeper layer dreams in a box hangs on more of what is around it than a box sees.
    dream = dreamer(objective="strokes", octaves=1, steps=1, burst=8, tile=tile, tile_margin=16)
    all_bare = np.ones(wide.shape[:2], np.float32)
    holed = dream(DreamTask(wide, 0, all_bare))
    holed[OWN] = wide[OWN]
    boxed = (dream(DreamTask(holed, 3, patch((144, 192)))) - holed)[OWN]
    burst = (dream(DreamTask(wide, 3, all_bare)) - wide)[OWN]
    assert 0.6 < boxed.std() / burst.std() < 1.6
    assert np.corrcoef(boxed.ravel(), burst.ravel())[0, 1] > 0.6, "and the same is dreamed there"


IN_TURN = {"objective": "strokes", "octaves": 2, "steps": 1, "burst": 8, "stagger": 2}


@pytest.mark.parametrize("noted", [True, False], ids=["as noted", "without notes"])
@pytest.mark.parametrize("index", [1, 2])
def test_a_box_is_as_strong_where_its_octave_has_no_turn(
    wide: Frame, index: int, noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the burst of all was; and without notes the whole is looked at, and does not step."""
    monkeypatch.setattr("dreamvid.dreaming.step_map.BUDGET", 10)
    dream = dreamer(**IN_TURN)
    all_bare = np.ones(wide.shape[:2], np.float32)
    notes: Notes = {}
    holed = dream(DreamTask(wide, 0, all_bare, notes=notes))
    holed[OWN] = wide[OWN]
    assert set(notes) == {"scale.103x137", "scale.144x192"}
    burst = (dream(DreamTask(wide, index, all_bare)) - wide)[OWN]
    before = dream.pixels
    kept = dict(notes) if noted else {}
    found = dream(DreamTask(holed, index, patch((144, 192)), notes=kept))
    boxed = (found - holed)[OWN]
    assert 0.8 < boxed.std() / burst.std() < 1.25
    assert np.corrcoef(boxed.ravel(), burst.ravel())[0, 1] > 0.3, "and the same is dreamed there"
    # The small octave takes its further steps whole, the large one in a box of 16 px and context;
    # the one whose turn it is takes an even one besides.
    small, large = 103 * 137, 144 * 192
    looked = 7 * small + 7 * (16 + 64) ** 2 + (small if index == 1 else large)
    unknown = index == 1 and not noted
    assert dream.pixels - before == looked + unknown * large
    assert np.array_equal(kept["scale.144x192"], notes["scale.144x192"]) == (index == 1 and noted)


def test_where_no_octave_but_one_has_its_turn_the_others_add_nothing(wide: Frame) -> None:
    dream = dreamer(**IN_TURN)
    bare = np.zeros((144, 192), np.float32)
    notes: Notes = {}
    for index, size in ((0, (144, 192)), (1, (103, 137)), (2, (144, 192)), (3, (103, 137))):
        before = dream.pixels
        dream(DreamTask(wide, index, bare, notes=notes))
        assert dream.pixels - before == size[0] * size[1]
    assert set(notes) == {"scale.103x137", "scale.144x192"}


def test_a_note_of_another_shape_is_not_taken_for_a_scale(wide: Frame) -> None:
    """As where a schedule has changed the bands: the whole is looked at again."""
    dream = dreamer(**IN_TURN, laplacian=1)
    all_bare, bare = np.ones((144, 192), np.float32), patch((144, 192))
    notes: Notes = {}
    dream(DreamTask(wide, 0, all_bare, notes=notes))
    settings = how(**IN_TURN, laplacian=2)
    fresh: Notes = {}
    wanted = dream(DreamTask(wide, 1, bare, settings, notes=fresh))
    np.testing.assert_array_equal(dream(DreamTask(wide, 1, bare, settings, notes=notes)), wanted)
    assert {len(note) for note in notes.values()} == {4}, "the norm, two bands and what is left"


def test_outside_its_boxes_a_dream_is_the_same_to_the_bit(wide: Frame) -> None:
    dream = dreamer(octaves=1, steps=1, burst=6)
    with_box, without = (dream(DreamTask(wide, 2, patch((144, 192), value))) for value in (1, 0))
    assert (with_box[OWN] != without[OWN]).any(-1).all()
    with_box[OWN] = without[OWN]
    np.testing.assert_array_equal(with_box, without)


def test_boxes_of_any_size_at_every_octave_are_one_trace(wide: Frame) -> None:
    dream = dreamer(octaves=2, steps=1, burst=3)
    small, large = patch((144, 192)), np.zeros((144, 192), np.float32)
    large[100:, :40] = 1
    for t, bare in enumerate((small, large, np.maximum(small, large), np.ones((144, 192)))):
        dream(DreamTask(wide, t, bare.astype(np.float32)))
    dream(DreamTask(np.tile(wide, (1, 2, 1)), 4, np.tile(small, (1, 2))))
    assert dream.traces == 1
    assert dream._climbs[0].ascent.box_traces == 1


def test_a_box_costs_what_it_looks_at(wide: Frame) -> None:
    dream = dreamer(octaves=1, steps=1, burst=3)
    dream(DreamTask(wide, 1, patch((144, 192), 0)))
    even = dream.pixels
    assert even == 144 * 192
    dream(DreamTask(wide, 1, patch((144, 192))))
    assert dream.pixels - 2 * even == 2 * (16 + 64) ** 2


def test_bare_is_everywhere_at_first_and_then_nowhere_unless_told(wide: Frame) -> None:
    dream = dreamer(octaves=1, steps=1, burst=3)
    for t, told in ((0, np.ones((144, 192))), (1, np.zeros((144, 192)))):
        np.testing.assert_array_equal(
            dream(DreamTask(wide, t)), dream(DreamTask(wide, t, told.astype(np.float32)))
        )


def test_the_recursive_method_dreams_evenly(wide: Frame) -> None:
    dream = dreamer(method="recursive", octaves=1, steps=1, burst=3)
    np.testing.assert_array_equal(
        dream(DreamTask(wide, 1, patch((144, 192)))), dream(DreamTask(wide, 1))
    )


# What changes from frame to frame

ANIMALS = {
    "objective": {"animals": 1, "cells": 0.5},
    "octaves": 2,
    "octave_top": 0,
    "steps": 1,
    "burst": 3,
}
CHANGES: list[dict[str, Any]] = [
    {"step_size": 3.3},
    {"objective": {"animals": 0.2, "cells": 0.7}},
    {"objective": {"animals": -1, "cells": 0}},
    {"octaves": 3},
    {"octave_scale": 1.7},
    {"octave_top": 1},
    {"steps": 2},
    {"burst": 5},
    {"jitter": 3},
    {"gradient_blur": 0},
    {"gradient_blur": 1.6},
    {"decorrelate": 0},
    {"decorrelate": 0.5},
    {"palette": "source"},
    {"laplacian": 0},
    {"laplacian": 1},
    {"stagger": 1},
]


TOGETHER: list[dict[str, Any]] = [
    {"step_size": 3.3, "octaves": 3, "jitter": 3, "gradient_blur": 1.6},
    {"objective": {"animals": 0.2, "cells": 0.7}, "octave_scale": 1.7, "burst": 5},
    {"objective": {"animals": -1, "cells": 0}, "octave_top": 1, "steps": 2, "laplacian": 0},
    {"gradient_blur": 0, "decorrelate": 0, "laplacian": 1},
    {"decorrelate": 0.5, "palette": "source", "stagger": 1},
]
"""All that changes, a few at a time: were one of them not heeded, the frame would show it."""


def how(**dream: Any) -> DreamSettings:
    """A dream as a frame is given it, with all that its network settles."""
    return resolve(make_recipe({"dream": {**ANIMALS, **dream}}, "image")).dream


@pytest.fixture(scope="module")
def changing() -> Dreamer:
    """One for many changes, so that what stays behind of a frame shows in the next."""
    return dreamer(**ANIMALS, step_size=1.2, gradient_blur=0.5)


@pytest.mark.parametrize(
    "change", [*TOGETHER, *(pytest.param(change, marks=SLOW) for change in CHANGES)], ids=str
)
def test_a_frame_with_its_own_values_is_that_of_a_recipe_with_them(
    wide: Frame, changing: Dreamer, change: dict[str, Any]
) -> None:
    bare = patch((144, 192))
    whole = {"step_size": 1.2, "gradient_blur": 0.5, **change}
    own = changing(DreamTask(wide, 1, bare))
    other = dreamer(**{**ANIMALS, **whole})(DreamTask(wide, 1, bare))
    np.testing.assert_array_equal(changing(DreamTask(wide, 1, bare, how(**whole))), other)
    np.testing.assert_array_equal(changing(DreamTask(wide, 1, bare)), own)
    assert not np.array_equal(own, other), "a change that shows"


@pytest.mark.parametrize("method", ["resize", "recursive"])
def test_so_it_is_with_every_method(wide: Frame, method: str) -> None:
    wide = wide[:96, :128]
    whole: dict[str, Any] = {**ANIMALS, "method": method}
    for change in CHANGES:
        if method != "recursive" or not {"decorrelate", "laplacian"} & change.keys():
            whole.update(change)
    found = dreamer(**ANIMALS, method=method)(DreamTask(wide, 1, None, how(**whole)))
    np.testing.assert_array_equal(found, dreamer(**whole)(DreamTask(wide, 1)))


def test_changing_values_are_one_trace_and_smoothing_or_not_are_two(wide: Frame) -> None:
    dream = dreamer(**ANIMALS, gradient_blur=0.5)
    few = CHANGES[:2]
    again = ((1.6, 1, few), (0, 2, CHANGES), (2.3, 2, few), (0, 2, few))
    for smooth, traces, changes in ((0.5, 1, CHANGES), *again):
        for t, change in enumerate(changes):
            dream(DreamTask(wide, t, patch((144, 192)), how(**{**change, "gradient_blur": smooth})))
        assert dream.traces == traces
    assert dream._climbs[0].ascent.box_traces == 2, "smoothed, and not"


@pytest.mark.parametrize("method", ["detail", "resize", "recursive"])
def test_weights_of_nothing_leave_the_picture_as_it_is(picture: Frame, method: str) -> None:
    dream = dreamer(**ANIMALS, method=method)
    own = how(method=method, octave_top=1)
    terms = own.objective
    nothing = tuple(term.model_copy(update={"weight": 0.0}) for term in terms)
    asleep = own.model_copy(update={"objective": nothing})
    np.testing.assert_array_equal(dream(DreamTask(picture, 0, None, asleep)), picture)
    assert dream.pixels == 0, "and cost nothing"
    assert not np.array_equal(dream(DreamTask(picture, 1, None, own)), picture)


def test_weights_say_how_much_of_each_layer_not_how_strongly(picture: Frame) -> None:
    soft = {"step_size": 1, "gradient_blur": 0.5}
    dream = dreamer(**ANIMALS, **soft)
    weights = {"animals": 1e-4, "cells": 5e-5}
    faint = dream(DreamTask(picture, 1, None, how(objective=weights, **soft)))
    np.testing.assert_allclose(faint, dream(DreamTask(picture, 1)), atol=0.05)


@pytest.mark.parametrize("stagger", [1, 2])
@pytest.mark.parametrize("laplacian", [0, 2])
def test_a_layer_that_has_all_but_faded_out_has_no_sudden_strength(
    picture: Frame, changing: Dreamer, stagger: int, laplacian: int
) -> None:
    weights = {"animals": 1e-30, "cells": 0}
    own = how(objective=weights, step_size=1, stagger=stagger, laplacian=laplacian)
    assert np.abs(changing(DreamTask(picture, 1, None, own)) - picture).max() < 0.05


def test_smoothing_that_fades_out_ends_in_none(picture: Frame) -> None:
    dream = dreamer(**ANIMALS, gradient_blur=0)
    for smooth in (1e-4, 1e-20, 1e-30):
        faded = dream(DreamTask(picture, 1, None, how(gradient_blur=smooth)))
        np.testing.assert_array_equal(faded, dream(DreamTask(picture, 1)))


def test_the_octaves_are_those_of_the_frame() -> None:
    dream = dreamer(**ANIMALS)
    assert dream.sizes(Size(192, 144)) == [(137, 103), (192, 144)]
    assert dream.sizes(Size(192, 144), how(octaves=2, octave_scale=2, octave_top=1)) == [
        (192, 144),
        (384, 288),
    ]


# Octaves


def test_small_frames_have_an_octave_above_their_own_size_unless_told() -> None:
    """Where what the network knows has little room in them."""
    dream = dreamer(octaves=2, octave_top=None)
    assert dream.sizes(Size(192, 144)) == [(192, 144), (269, 202)]
    assert dream.sizes(Size(400, 300)) == [(286, 214), (400, 300)]
    assert dream.sizes(Size(192, 144), how(octave_top=0)) == [(137, 103), (192, 144)]
    for method in ("resize", "recursive"):
        other = dreamer(octaves=2, octave_top=None, method=method)
        assert other.sizes(Size(192, 144))[-1] == (192, 144)
    assert BUILTIN["vgg16"].octave_top(Dream(), (100, 100)) == 0


@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(1, 12),
    st.floats(1.05, 3),
    st.integers(0, 3),
    st.integers(1, 100),
)
def test_octaves_grow_to_the_frame_and_skip_what_is_too_small(
    high: int, wide: int, octaves: int, scale: float, top: int, least: int
) -> None:
    assume(scale**top <= MAX_GROWTH)
    dream = Dream(octaves=octaves, octave_scale=scale)
    sizes = octave_sizes((high, wide), dream, top, least)
    assert sizes == sorted(sizes)
    assert all(min(size) >= least for size in sizes)
    if top == 0 and min(high, wide) >= least:
        assert sizes[-1] == (high, wide)
    if top == 1 and octaves > 1 and min(high, wide) >= least:
        assert sizes[-2:] == [(high, wide), (round(high / scale**-1), round(wide / scale**-1))]


def test_a_picture_under_the_least_size_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"size 20x31: network lite0 needs at least 32x32"):
        dreamer()(DreamTask(np.zeros((31, 20, 3), np.float32), 0))


# Tiles


@given(st.integers(1, 5000), st.integers(64, 1024))
def test_cores_cover_every_pixel_once(length: int, largest: int) -> None:
    count, core, margin = RolledTiles(largest, 32, 32).axis(length)
    assert (count - 1) * core < length <= count * core
    assert core <= largest
    assert core * count - length < count, "the tiles are as equal as they can be"
    assert margin == (32 if count > 1 else 0)


def _gradient(how: Tiling, value: Any, picture: Frame, draw: tuple[int, int]) -> Frame:
    rows, columns = (tf.constant(how.axis(edge)) for edge in picture.shape[:2])
    found = tf.function(how.gradient)(value, tf.constant(picture), tf.constant(draw), rows, columns)
    return np.asarray(found)


@settings(max_examples=8, deadline=None)
@given(st.integers(-99, 99), st.integers(-99, 99), st.sampled_from([64, 70, 100, 300]))
def test_tiles_push_every_pixel_equally(down: int, right: int, tile: int) -> None:
    picture = np.random.default_rng(1).uniform(0, 255, (131, 157, 3)).astype(np.float32)
    found = _gradient(
        RolledTiles(tile, 32, 32), lambda t: tf.reduce_sum(t**2) / 2, picture, (down, right)
    )
    np.testing.assert_allclose(found, picture, rtol=1e-6)


def test_tiles_show_no_seam() -> None:
    """In tiles the gradient is the whole picture's, for features no wider than the margin."""
    draw = np.random.default_rng(2)
    picture = draw.uniform(0, 255, (128, 192, 3)).astype(np.float32)
    kernels = [tf.constant(draw.normal(0, 0.1, (5, 5, 3, 3)), tf.float32) for _ in range(3)]

    def value(tile: tf.Tensor) -> tf.Tensor:
        x = tile[tf.newaxis] / 128
        for kernel in kernels:
            x = tf.nn.elu(tf.nn.conv2d(x, kernel, 1, "SAME"))
        return tf.reduce_mean(x**2)

    whole = _gradient(RolledTiles(256, 32, 32), value, picture, (0, 0))
    tiled = _gradient(RolledTiles(64, 32, 32), value, picture, (0, 0))
    inner = (slice(20, -20), slice(20, -20))  # at its border the whole sees zeros, a tile the wrap
    scale = whole[inner].std() / tiled[inner].std()
    np.testing.assert_allclose(tiled[inner] * scale, whole[inner], atol=1e-3 * whole.std())


@settings(max_examples=15, deadline=None)
@given(
    st.integers(32, 300), st.integers(32, 300), st.sampled_from([64, 100, 400]), st.integers(0, 99)
)
def test_offset_tiles_push_every_pixel_at_unit_strength(
    high: int, wide: int, about: int, seed: int
) -> None:
    """Each at its own deviation, also where a part is so small that it reads on into the next."""
    how = OffsetTiles(about, 32)
    picture = np.random.default_rng(1).uniform(0, 255, (high, wide, 3)).astype(np.float32)
    draws = how.draws(np.random.default_rng(seed), (high, wide), 1, 32)
    sizes = set()

    def value(tile: tf.Tensor) -> tf.Tensor:
        sizes.add(min(tile.shape[:2]))
        return tf.reduce_sum(tile**2) / 2

    rows, columns = (tf.constant(how.axis(edge)) for edge in (high, wide))
    found = np.asarray(
        how.gradient(value, tf.constant(picture), tf.constant(draws[0]), rows, columns)
    )
    assert min(sizes) >= 32
    ratio = picture / found
    tops, lefts = (
        sorted({0, *(at for at in range(start, edge, cut[1]) if at > 0)})
        for start, edge, cut in zip(
            draws[0].tolist(), (high, wide), (how.axis(high), how.axis(wide)), strict=True
        )
    )
    for top, below in zip(tops, [*tops[1:], high], strict=True):
        for left, after in zip(lefts, [*lefts[1:], wide], strict=True):
            own = picture[top:below, left:after]
            np.testing.assert_allclose(ratio[top:below, left:after], own.std(), rtol=1e-4)


@given(st.integers(75, 2000), st.integers(64, 800), st.integers(0, 40))
def test_a_tile_with_its_context_is_never_too_small(length: int, largest: int, margin: int) -> None:
    _, core, context = RolledTiles(largest, margin, 75).axis(length)
    assert core + 2 * context >= 75
    assert context <= max(margin, 38)


def test_a_tile_near_a_quarter_begins_before_the_picture() -> None:
    how = OffsetTiles(400, 32)
    draws = how.draws(np.random.default_rng(0), (450, 800), 500, 32)
    assert how.axis(450)[1] == 450
    assert how.axis(800)[1] == 400
    assert draws[:, 0].min() >= -0.75 * 450 - 1
    assert draws[:, 0].max() <= -0.25 * 450 + 1
    assert np.ptp(draws[:, 1]) > 180, "anywhere in between"


# Networks and weights


def test_an_unknown_network_or_layer_names_the_near_ones() -> None:
    with pytest.raises(NetworkError, match=r"lite00: unknown; did you mean lite0\?"):
        dreamer("lite00")
    with pytest.raises(NetworkError, match=r"layer head: network lite0 has none.*heads"):
        dreamer(objective="head")


def _archive(model: Any, path: Path, **changed: Any) -> Path:
    arrays = {f"{la.name}/{v.name}": v.numpy() for la in model.layers for v in la.weights}
    np.savez(path, **{**arrays, **changed})
    return path


@pytest.mark.usefixtures("eager")
def test_weights_from_a_file_are_those_of_the_file(tmp_path: Path, picture: Frame) -> None:
    model = load(BUILTIN["squeezenet"], Network(weights="random", precision="float32"))
    model.layers[1].kernel.assign(model.layers[1].kernel * 1.7)
    model.save_weights(tmp_path / "w.weights.h5")
    model.save(tmp_path / "w.keras")
    names = ["w.weights.h5", "w.keras", _archive(model, tmp_path / "w.npz").name]
    given = [
        dreamer({"name": "squeezenet", "weights": str(tmp_path / name)}).objective_of(picture)
        for name in names
    ]
    random = dreamer({"name": "squeezenet", "weights": "random"}).objective_of(picture)
    assert given == pytest.approx([given[0]] * 3, rel=1e-5, abs=0)
    assert given[0] != pytest.approx(random, rel=1e-3, abs=0)


def test_weights_that_do_not_fit_are_refused_in_one_line(tmp_path: Path) -> None:
    model = load(BUILTIN["squeezenet"], Network(weights="random", precision="float32"))
    kernel = f"{model.layers[1].name}/kernel"
    files = {
        "no such file": tmp_path / "missing.npz",
        "not an .npz of plain arrays": tmp_path / "text.npz",
        "has shape": _archive(model, tmp_path / "shape.npz", **{kernel: np.zeros((2, 2))}),
        "must be imagenet": tmp_path / "weights.bin",
        "cannot be read": tmp_path / "text.h5",
        "cannot be read: File is not a zip": tmp_path / "text.keras",
    }
    for name in ("text.npz", "weights.bin", "text.h5", "text.keras"):
        (tmp_path / name).write_text("no weights at all")
    for message, path in files.items():
        with pytest.raises(NetworkError, match=message) as caught:
            load(BUILTIN["squeezenet"], Network(weights=str(path)))
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_pickle_in_an_archive_is_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "went-off",)

    np.savez(tmp_path / "bomb.npz", kernel=np.array([Bomb()], dtype=object))
    with pytest.raises(NetworkError):
        load(BUILTIN["lite0"], Network(weights=str(tmp_path / "bomb.npz")))
    assert not (tmp_path / "went-off").exists()


FETCHED = [own.name for own in BUILTIN.values() if own.weights == "imagenet"]


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine that reaches nothing, with an empty cache: Keras's folder."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # the port where nobody answers
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    return tmp_path


def cached_name(name: str) -> str:
    """Of the file in Keras's cache."""
    download = BUILTIN[name].download
    assert download is not None
    return download.file.name


def test_no_network_to_reach_says_what_was_tried(
    closed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    name = "vgg16"  # the soonest built
    with pytest.raises(NetworkError, match=rf"{name}: .*could not be fetched") as caught:
        load(BUILTIN[name], Network(name=name))
    assert "--network lite0" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not capfd.readouterr().out


@pytest.mark.parametrize("newer", [False, True], ids=["as Keras keeps them", "weights.h5"])
def test_weights_in_the_cache_of_keras_are_not_fetched(
    newer: bool, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = BUILTIN["vgg16"]
    model = build(own)
    first = model.get_layer("block1_conv1")
    first.kernel.assign(first.kernel * 2)
    (closed / "models").mkdir()
    if newer:
        model.save_weights(closed / "its.weights.h5")
        (closed / "its.weights.h5").rename(closed / "models" / cached_name(own.name))
    else:
        with h5py.File(closed / "models" / cached_name(own.name), "w") as file:
            legacy_h5_format.save_weights_to_hdf5_group(file, model)

    def tried(*words: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr("socket.socket.connect", tried)
    found = load(own, Network(name=own.name))
    for variable, wanted in zip(found.variables, model.variables, strict=True):
        np.testing.assert_array_equal(variable.numpy(), wanted.numpy())


def test_a_broken_file_in_the_cache_is_fetched_again(closed: Path) -> None:
    (closed / "models").mkdir()
    (closed / "models" / cached_name("vgg16")).write_bytes(b"\x89HDF\r\n cut off")
    with pytest.raises(NetworkError, match="could not be fetched"):
        load(BUILTIN["vgg16"], Network(name="vgg16"))


@pytest.mark.parametrize("stalls", [False, True], ids=["cut", "stalled"])
def test_a_download_that_is_cut_leaves_nothing(
    stalls: bool, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    class Cut(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"\x89HDF\r\n\x1a\n" + bytes(1000))
            if stalls:
                over.wait(20)

        def log_message(self, *words: Any) -> None:
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("dreamvid.dreaming.networks.download.TIMEOUT", 0.5)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cut) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        there = f"http://127.0.0.1:{server.server_port}/"
        spec = replace(BUILTIN["vgg16"], download=Download(f"{there}weights.h5"))
        with pytest.raises(NetworkError, match="could not be fetched") as caught:
            load(spec, Network(name="vgg16"))
        over.set()
        server.shutdown()
    assert "\n" not in str(caught.value)
    assert not list((closed / "models").iterdir())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "vgg16" else SLOW) for name in FETCHED]
)
def test_what_is_fetched_is_what_keras_would_fetch(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, asked = BUILTIN[name], []

    def get_file(file: str, origin: str, *, cache_subdir: str, file_hash: str = "") -> None:
        asked.append((Path(cache_subdir) / file, origin, file_hash))
        raise OSError("far away")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    with pytest.raises(OSError, match="far away"):
        spec.builder()(include_top=False, weights="imagenet")
    assert spec.download is not None
    file = spec.download.file
    assert asked == [(Path(file.parent.name, file.name), spec.download.url, spec.download.md5)]


OTHERS = [name for name in BUILTIN if name != "lite0"]


def raises_its_objective(name: str) -> bool:
    """On its default layers, with random weights; unjittered, for to them a shift is a stranger."""
    picture = np.random.default_rng(0).uniform(60, 200, (80, 96, 3)).astype(np.float32)
    dream = dreamer({"name": name, "weights": "random"}, steps=1, octaves=1, jitter=0)
    return dream.objective_of(dream(DreamTask(picture, 0))) > dream.objective_of(picture)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=SLOW if name == "vgg19" else []) for name in OTHERS]
)
def test_every_network_raises_its_objective(name: str) -> None:
    assert raises_its_objective(name)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "squeezenet" else SLOW) for name in OTHERS]
)
def test_so_it_does_as_a_graph(name: str) -> None:
    assert raises_its_objective(name)


PREPROCESSING = {
    "inception_v3": keras.applications.inception_v3,
    "xception": keras.applications.xception,
    "densenet121": keras.applications.densenet,
    "resnet50v2": keras.applications.resnet_v2,
    "vgg16": keras.applications.vgg16,
    "vgg19": keras.applications.vgg19,
    "mobilenet_v2": keras.applications.mobilenet_v2,
    "efficientnet_v2_b0": keras.applications.efficientnet_v2,
}


@pytest.mark.parametrize("name", FETCHED)
def test_preprocessing_is_that_of_keras(name: str) -> None:
    whole = np.linspace(0, 255, 64 * 48 * 3, dtype=np.float32).reshape(1, 48, 64, 3)
    whole = np.random.default_rng(0).permutation(whole.ravel()).reshape(whole.shape)
    wanted = PREPROCESSING[name].preprocess_input(whole.copy())
    found = preprocessed(tf.constant(whole), BUILTIN[name].preprocess)
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("spelled", ["DenseNet121", "densenet-121", "DENSENET_121"])
def test_a_network_goes_by_any_spelling_of_its_name(spelled: str) -> None:
    assert spec(spelled) is BUILTIN["densenet121"]


# Layers


def test_layers_say_sizes_and_strides_and_mark_the_defaults() -> None:
    found = {layer.name: layer for layer in layers(Network(name="vgg16"), (320, 200))}
    deep = found["block4_conv3"]
    assert (deep.size, deep.channels, deep.stride) == ((40, 25), 512, 8)
    assert [name for name, layer in found.items() if layer.default] == [
        "block4_conv3",
        "block5_conv3",
    ]
    assert "input_layer" not in found


def test_strides_are_whole_also_where_edges_are_cut_off() -> None:
    found = {layer.name: layer for layer in layers(Network(name="inception_v3"), (299, 299))}
    assert found["mixed2"].size == (35, 35)
    assert [found[name].stride for name in ("mixed2", "mixed3", "mixed8")] == [8, 16, 32]


@pytest.mark.parametrize("name", BUILTIN)
def test_the_default_layers_are_there(name: str) -> None:
    own = BUILTIN[name]
    found = layers(Network(name=name), (own.min_size, own.min_size))
    assert {layer.name for layer in found if layer.default} == {on for on, _ in own.objective}


def test_a_layer_is_called_the_same_in_every_model() -> None:
    own = BUILTIN["inception_v3"]
    first, second = (
        [layer.name for layer in model.layers] for model in (build_once(own), build(own))
    )
    assert first == second
