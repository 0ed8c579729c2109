"""Masked dreams: what is dreamed, and what it costs, on a small random network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid import NetworkSpec, Preprocess
from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.masked_part import AROUND, MaskedPart
from dreamvid.dreaming.tensorflow import keras
from dreamvid.errors import MediaError
from dreamvid.frame import Field, Frame
from dreamvid.machine import Machine
from dreamvid.recipe.load import make_recipe
from dreamvid.resolve import resolve
from dreamvid.task import DreamTask


def build(*, include_top: bool = False, weights: None = None) -> Any:
    pictures = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(8, 3, 2, "same", activation="relu", name="edges")(pictures)
    x = keras.layers.Conv2D(4, 3, 2, "same", activation="relu", name="forms")(x)
    return keras.Model(pictures, x)


SPEC = NetworkSpec(
    name="tiny",
    build=build,
    objective=(("edges", 1.0),),
    weights="file",
    preprocess=Preprocess((127.5,) * 3, (127.5,) * 3),
)


@pytest.fixture(scope="module")
def dreamer() -> Dreamer:
    return Dreamer(SPEC, weights="random", octaves=2, octave_top=0, burst=3)


def scene(height: int = 90, width: int = 160) -> Frame:
    rough = np.random.default_rng(3).uniform(60, 190, (height // 10, width // 10, 3))
    return np.kron(rough, np.ones((10, 10, 1))).astype(np.float32)


def box(shape: tuple[int, ...], top: int, left: int, bottom: int, right: int) -> Field:
    mask = np.zeros(shape[:2], np.float32)
    mask[top:bottom, left:right] = 1
    return mask


def test_a_white_mask_changes_nothing(dreamer: Dreamer) -> None:
    picture = scene()
    white = DreamTask(picture, mask=np.ones(picture.shape[:2], np.float32))
    assert np.array_equal(dreamer(white), dreamer(DreamTask(picture)))


def test_a_black_mask_dreams_nothing(dreamer: Dreamer) -> None:
    picture, before = scene(), dreamer.pixels
    black = DreamTask(picture, mask=np.zeros(picture.shape[:2], np.float32))
    assert np.array_equal(dreamer(black), picture)
    assert dreamer.pixels == before


def test_inside_is_dreamed_and_outside_is_hardly(dreamer: Dreamer) -> None:
    picture = scene(180, 320)
    mask = box(picture.shape, 60, 100, 120, 220)
    change = np.abs(dreamer(DreamTask(picture, mask=mask)) - picture).max(-1)
    assert change[mask > 0].mean() > 3
    assert change[mask == 0].mean() < 0.01 * change[mask > 0].mean(), "octaves resize the edge"
    far = np.ones_like(mask, bool)
    far[60 - AROUND - 8 : 120 + AROUND + 8, 100 - AROUND - 8 : 220 + AROUND + 8] = False
    assert np.all(change[far] == 0)


def test_gray_takes_smaller_steps(dreamer: Dreamer) -> None:
    picture = scene()
    gray = np.full(picture.shape[:2], 0.25, np.float32)
    once = Dreamer(SPEC, weights="random", octaves=1, octave_top=0, burst=1)
    whole = once(DreamTask(picture)) - picture
    part = once(DreamTask(picture, mask=gray)) - picture
    assert part == pytest.approx(whole / 4, abs=1e-3)


@pytest.mark.parametrize("size", [(360, 640), (720, 1280)])
@pytest.mark.parametrize("middle", [True, False])
def test_a_quarter_costs_less_than_half(dreamer: Dreamer, size: Any, middle: bool) -> None:
    high, wide = size
    picture = scene(*size)
    top, left = (high // 4, wide // 4) if middle else (0, 0)
    mask = box(picture.shape, top, left, top + high // 2, left + wide // 2)
    costs = []
    for task in (DreamTask(picture), DreamTask(picture, mask=mask)):
        before = dreamer.pixels
        dreamer(task)
        costs.append(dreamer.pixels - before)
    assert costs[1] <= 0.42 * costs[0]


def test_a_small_part_has_as_many_octaves() -> None:
    four = Dreamer(SPEC, weights="random", octaves=4, octave_top=0, burst=1)
    picture = scene()
    octaves = {step.octave for step in four.steps(DreamTask(picture))}
    mask = box(picture.shape, 40, 70, 44, 76)
    assert {step.octave for step in four.steps(DreamTask(picture, mask=mask))} == octaves


def test_a_moving_mask_leaves_few_notes(dreamer: Dreamer) -> None:
    picture, notes = scene(), dict[str, Any]()
    for number in range(6):
        mask = box(picture.shape, 20, 10 * number, 50, 10 * number + 30 + 9 * number)
        dreamer(DreamTask(picture, number, notes=notes, mask=mask))
    assert len(notes) <= 2


def test_a_mask_of_another_shape_is_refused(dreamer: Dreamer) -> None:
    with pytest.raises(MediaError, match=r"mask: must have the canvas's shape \(90, 160\)"):
        dreamer(DreamTask(scene(), mask=np.ones((9, 16), np.float32)))


def test_each_region_has_its_own_objective() -> None:
    recipe = make_recipe(
        {
            "network": {"name": "lite0", "weights": "random"},
            "dream": {"octaves": 1, "octave_top": 0, "burst": 1, "objective": "heads"},
            "regions": [{"mask": "a.png"}, {"mask": "b.png", "objective": "cells"}],
            "size": "96x64",
        },
        "zoom",
    )
    job = resolve(recipe)
    both = Dreamer.of(job, Machine.here())
    picture = scene(60, 100)
    for objective in ("heads", "cells"):
        settings = job.dream.model_copy(
            update={"objective": make_recipe({"dream": {"objective": objective}}).dream.objective}
        )
        alone = make_recipe(
            {
                **recipe.model_dump(mode="json"),
                "regions": [],
                "dream": {**recipe.model_dump(mode="json")["dream"], "objective": objective},
            },
            "zoom",
        )
        wanted = Dreamer.of(resolve(alone), Machine.here())(DreamTask(picture, settings=settings))
        assert np.array_equal(both(DreamTask(picture, settings=settings)), wanted)


@given(
    st.integers(1, 200),
    st.integers(0, 199),
    st.integers(1, 200),
    st.integers(1, 300),
)
def test_a_part_lies_within_its_picture(length: int, begin: int, long: int, least: int) -> None:
    begin %= length
    mask = np.zeros((length, 50), np.float32)
    mask[begin : begin + long] = 1
    canvas = np.zeros((length, 50, 3), np.float32)
    part = MaskedPart.of(DreamTask(canvas, mask=mask), canvas, least)
    assert part is not None
    high = part.task.canvas.shape[0]
    assert min(length, least) <= high <= length
    assert part.task.mask is not None
    assert part.task.mask.sum() == mask.sum(), "all of the mask is in it"
    assert part.pasted(part.task.canvas).shape == canvas.shape
