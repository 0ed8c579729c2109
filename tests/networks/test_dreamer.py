"""The dreamer as others use it: pictures in and out, its steps, its objective, what it leaves."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf

from dreamvid.dreaming import objectives
from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.dreaming.networks.load import build
from dreamvid.dreaming.objective import Objective, layer
from dreamvid.dreaming.still import dream
from dreamvid.errors import MediaError, NetworkError, RecipeError
from dreamvid.frame import Frame, Size
from dreamvid.machine import Machine
from dreamvid.networks.builtin import BUILTIN
from dreamvid.recipe import LayerTerm, ZoomRecipe
from dreamvid.recipe.base_term import BaseTerm
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.dreamers import make_dreamer
from dreamvid.resolve import resolve
from dreamvid.task import DreamTask

TINY: dict[str, Any] = {"octaves": 2, "octave_top": 0, "steps": 2}


@pytest.fixture(scope="module")
def tiny() -> Dreamer:
    return Dreamer("squeezenet", weights="random", **TINY)


# What it leaves of the process


def test_making_a_dreamer_leaves_the_process_as_it_was() -> None:
    random.seed(7)
    np.random.seed(7)
    before = random.getstate(), _numpy_state(), dict(os.environ)
    streams = sys.stdout, sys.stderr, socket.getdefaulttimeout()
    fresh = Dreamer("squeezenet", weights="random", **TINY)
    fresh(DreamTask(np.full((48, 64, 3), 99, np.float32)))
    assert (random.getstate(), _numpy_state(), dict(os.environ)) == before
    assert (sys.stdout, sys.stderr, socket.getdefaulttimeout()) == streams


def _numpy_state() -> str:
    return repr(np.random.get_state())


IMPORTING = """
import os, random, sys, threading
import numpy as np
drawn = random.getstate(), repr(np.random.get_state())
set_here = set()
def hook(event, arguments):
    if event == "os.putenv":
        frame = sys._getframe(1)
        while frame.f_globals["__name__"] in ("os", "_collections_abc"):
            frame = frame.f_back
        if frame.f_globals["__name__"].startswith("dreamvid.dreaming"):
            set_here.add(os.fsdecode(arguments[0]))
sys.addaudithook(hook)
done = threading.Event()
def write():
    count = 0
    while not done.wait(0.002):
        os.write(2, b"a line\\n")
        count += 1
    print(count)
thread = threading.Thread(target=write)
thread.start()
import dreamvid.dreaming.dreamer
done.set()
thread.join()
print(*sorted(set_here))
print(drawn == (random.getstate(), repr(np.random.get_state())))
"""


def test_importing_it_loses_nothing_that_others_write_and_sets_what_is_documented() -> None:
    quiet = {"TF_CPP_MIN_LOG_LEVEL", "GRPC_VERBOSITY"}
    environment = {key: value for key, value in os.environ.items() if key not in quiet}
    found = subprocess.run(
        [sys.executable, "-c", IMPORTING],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    count, changed, same_draws = found.stdout.splitlines()
    assert int(count) > 10
    assert found.stderr.count("a line\n") == int(count)
    assert set(changed.split()) == quiet
    assert same_draws == "True", "the random states are what they were"


def test_random_weights_are_the_same_whatever_was_drawn_before() -> None:
    drawn = []
    for seed in (1, 2):
        random.seed(seed)
        drawn.append(build(BUILTIN["squeezenet"]).get_weights())
    for one, other in zip(*drawn, strict=True):
        np.testing.assert_array_equal(one, other)


# Pictures in and out


def test_a_picture_of_bytes_dreams_as_bytes_and_one_of_floats_as_floats(picture: Frame) -> None:
    options: dict[str, Any] = {"network": "squeezenet", "weights": "random", **TINY}
    before = picture.copy()
    floats = dream(picture, **options)
    np.testing.assert_array_equal(picture, before)
    assert floats.dtype == np.float32
    whole = np.rint(picture).astype(np.uint8)
    rounded = dream(whole, **options)
    assert rounded.dtype == np.uint8
    np.testing.assert_array_equal(rounded, np.rint(dream(whole.astype(np.float64), **options)))
    for wrong in (picture[..., 0], np.zeros((48, 64, 4), np.uint8), picture.astype(int)):
        with pytest.raises(MediaError, match="a picture must"):
            dream(wrong, **options)


def test_a_setting_that_cannot_be_is_refused() -> None:
    for settings, said in (
        ({"octave": 3}, "octave"),
        ({"octaves": 0}, "octaves: must be at least 1"),
        ({"layers": {"fire6": 0}}, "every weight is 0"),
        ({"steps": "0:(1), 5:(3)"}, "steps: a schedule needs a film"),
        ({"layers": {"fire6": "t"}}, "fire6: a schedule needs a film"),
    ):
        with pytest.raises(RecipeError, match=said):
            Dreamer("squeezenet", weights="random", **settings)
    with pytest.raises(NetworkError, match="did you mean squeezenet"):
        Dreamer("squeezenets")


def test_sizes_are_width_and_height(tiny: Dreamer) -> None:
    assert tiny.sizes(Size(192, 144)) == [Size(137, 103), Size(192, 144)]


def test_a_job_is_dreamed_as_its_recipe_says(picture: Frame) -> None:
    network = {"name": "squeezenet", "weights": "random", "precision": "float32"}
    job = resolve(make_recipe({"network": network, "dream": TINY, "seed": 3}, "image"))
    of_job = Dreamer.of(job, Machine.here())
    alone = Dreamer("squeezenet", weights="random", precision="float32", seed=3, **TINY)
    task = DreamTask(picture)
    np.testing.assert_array_equal(of_job(task), alone(task))
    assert of_job.machine.precision == "float32"
    assert of_job.identity == alone.identity


# Its steps


@pytest.mark.parametrize("method", ["detail", "resize", "recursive"])
def test_steps_are_those_of_the_dream(picture: Frame, method: str) -> None:
    dreamer = Dreamer("squeezenet", weights="random", method=method, **TINY)
    seen, steps = [], dreamer.steps(picture)
    try:
        while True:
            seen.append(next(steps))
    except StopIteration as end:
        dreamed = end.value
    np.testing.assert_array_equal(dreamed, dreamer(DreamTask(picture)))
    places = [(step.octave, step.octaves, step.step, step.steps) for step in seen]
    assert places == [(octave, 2, step, 2) for octave in (0, 1) for step in (0, 1)]
    for step in seen:
        assert step.image.shape == (*step.size.shape, 3)
        assert step.image.dtype == np.float32
        assert step.objective is None
    np.testing.assert_array_equal(np.clip(seen[-1].image, 0, 255), dreamed)


def test_a_step_says_its_objective_where_that_is_asked_for(picture: Frame) -> None:
    dreamer = Dreamer("squeezenet", weights="random", **TINY)
    heights = [step.objective for step in dreamer.steps(picture, measure=True)]
    last = dreamer.objective_of(dreamer(DreamTask(picture)))
    assert heights[-1] == pytest.approx(last, rel=1e-4)
    assert None not in heights


def test_steps_may_be_left_and_a_step_changed(tiny: Dreamer, picture: Frame) -> None:
    whole = tiny(DreamTask(picture))
    for step in tiny.steps(DreamTask(picture)):
        step.image[:] = 0
        break
    np.testing.assert_array_equal(tiny(DreamTask(picture)), whole)


def test_boxes_are_steps_too(tiny: Dreamer) -> None:
    canvas = np.random.default_rng(0).uniform(60, 200, (144, 192, 3)).astype(np.float32)
    bare = np.zeros((144, 192), np.float32)
    bare[48:80, 64:96] = 1
    settings = resolve(make_recipe({"dream": {**TINY, "burst": 6, "stagger": 1}})).dream
    seen = [*tiny.steps(DreamTask(canvas, 1, bare, settings))]
    for octave in (0, 1):
        numbers = [(s.step, s.steps) for s in seen if s.octave == octave]
        assert numbers == [(number, len(numbers)) for number in range(len(numbers))]
        assert len(numbers) > 2


# Its objective


def test_objectives_add_subtract_and_scale() -> None:
    both = layer("cells") - 0.5 * layer("heads")
    assert both.terms == (LayerTerm(layer="cells"), LayerTerm(layer="heads", weight=-0.5))
    assert str(both) == "cells,heads=-0.5"
    assert str(-both) == "cells=-1,heads=0.5"
    assert both + layer("heads") == Objective(
        (LayerTerm(layer="cells"), LayerTerm(layer="heads", weight=0.5))
    )
    assert layer("cells") + layer("cells") == 2 * layer("cells") == layer("cells") * 2
    assert sum([both, both]) == both * 2
    assert str(both / 2) == "cells=0.5,heads=-0.25"
    value: Any = both
    for wrong in ("value + 1", "value * value", "1 - value"):
        with pytest.raises(TypeError):
            eval(wrong, {"value": value})


def test_a_recipe_takes_an_objective_and_an_objective_schedules() -> None:
    both = layer("cells") - 0.5 * layer("heads")
    recipe = ZoomRecipe(dream={"objective": both})
    assert recipe.dream.objective == both.terms
    fading = Objective(
        ZoomRecipe(dream={"objective": "cells=t/50,heads=0.5"}).dream.objective or ()
    )
    assert str(fading * 2) == "cells=(t/50) * (2.0),heads"
    assert str(fading + fading) == "cells=t/50,heads,cells=t/50"
    again = ZoomRecipe(dream={"objective": str(fading * 2)})
    assert again.dream.objective == (fading * 2).terms


def test_layers_and_an_objective_exclude_each_other() -> None:
    with pytest.raises(RecipeError, match="objective: is what `layers` sets"):
        Dreamer(layers="cells", objective="heads")


@pytest.mark.parametrize(
    "task",
    [
        lambda picture: DreamTask(picture[..., 0]),
        lambda picture: DreamTask(np.dstack([picture, picture[..., :1]])),
        lambda picture: DreamTask(picture * np.nan),
        lambda picture: DreamTask(picture, 1, np.zeros((5, 5), np.float32)),
    ],
)
def test_a_task_is_checked(picture: Frame, task: Callable[[Frame], DreamTask]) -> None:
    dreamer = Dreamer("squeezenet", weights="random", **TINY)
    with pytest.raises(MediaError):
        dreamer(task(picture))
    asleep = make_dreamer(resolve(make_recipe({"network": "none"}, "zoom")))
    if task(picture).fresh is None:
        with pytest.raises(MediaError):
            asleep(task(picture))


def test_whatever_the_canvas_a_dream_is_float32(picture: Frame) -> None:
    asleep = make_dreamer(resolve(make_recipe({"network": "none"}, "zoom")))
    for dreamer in (Dreamer("squeezenet", weights="random", **TINY), asleep):
        for dtype in (np.uint8, np.float64):
            assert dreamer(DreamTask(picture.astype(dtype))).dtype == np.float32


def test_an_objective_says_what_to_dream_on(picture: Frame) -> None:
    options: dict[str, Any] = {"weights": "random", "precision": "float32", **TINY}
    value = layer("fire6") - 0.5 * layer("fire8")
    frames = [
        Dreamer("squeezenet", layers=layers, **options)(DreamTask(picture))
        for layers in (value, {"fire6": 1, "fire8": -0.5}, "fire6,fire8=-0.5", value.terms)
    ]
    for frame in frames[1:]:
        np.testing.assert_array_equal(frame, frames[0])


def test_a_frames_weights_are_taken_where_they_are_of_the_same_terms(
    tiny: Dreamer, picture: Frame
) -> None:
    """A dreamer that a recipe of another network is given keeps its own."""

    def settings(layers: Any) -> Any:
        return resolve(make_recipe({"dream": {**TINY, "objective": layers}}, "image")).dream

    own = tiny(DreamTask(picture, 1))
    foreign = tiny(DreamTask(picture, 1, None, settings({"heads": 1, "cells": -3})))
    shifted = tiny(DreamTask(picture, 1, None, settings({"fire6": 1, "fire8": -3})))
    assert not np.array_equal(own, shifted)
    as_own = tiny(DreamTask(picture, 1, None, settings({"fire6": 1, "fire8": 1})))
    np.testing.assert_array_equal(foreign, as_own)


def test_a_term_may_need_no_layer(picture: Frame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its function is given the picture; of a network nothing is loaded for it."""

    class Bright(BaseTerm):
        telling: ClassVar[str] = "bright"

    def bright(term: Any, given: objectives.Given) -> tf.Tensor:
        assert not given.features
        return tf.reduce_mean(given.picture)

    monkeypatch.setitem(objectives.OBJECTIVES, "bright", bright)
    term = Bright(weight=2.0)
    network = resolve(make_recipe({}, "image")).network
    value = objectives.ObjectiveFunction(BUILTIN["lite0"], network, [term], 2)
    measured = objectives.measure(value)
    assert measured(picture, [2.0]) == pytest.approx(2 * picture.mean(), rel=1e-5)


# Its identity


def test_a_dreamer_is_known_by_what_its_dreams_depend_on(tmp_path: Path) -> None:
    def identity(network: Any = "squeezenet", **options: Any) -> str:
        return Dreamer(network, **{"weights": "random", **TINY, **options}).identity

    own = identity()
    assert own == identity()
    others = [identity(octaves=1), identity(seed=1), identity(layers="fire6")]
    file = tmp_path / "own.weights.h5"
    for scale in (1, 2):
        model = build(BUILTIN["squeezenet"])
        model.set_weights([scale * array for array in model.get_weights()])
        model.save_weights(file)
        others.append(identity(weights=str(file)))
    assert len({own, *others}) == 6
    assert all(len(each) == 64 for each in others)
