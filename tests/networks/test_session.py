"""A session: looking at a recipe and rendering it, told by events, cancelled within a gradient."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.dreaming.dreamer import Dreamer
from dreamvid.errors import InputError, NetworkError, RecipeError, RunError
from dreamvid.media.outputs import write_picture
from dreamvid.recipe import Recipe
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.estimate import Estimate
from dreamvid.rendering.events import Before, Event, OctaveDone, Warning
from dreamvid.rendering.render import Step, record, render
from dreamvid.rendering.run import done_frames
from dreamvid.rendering.session import Session
from dreamvid.task import DreamTask
from tests import media_factory

TINY = {"octaves": 2, "octave_top": 0, "steps": 1, "burst": 3}


@pytest.fixture(autouse=True)
def still(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture of 96x64 in the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    path = Path("still.png")
    write_picture(path, rng.uniform(60, 200, (64, 96, 3)).astype(np.float32), False)
    return path


@pytest.fixture(scope="module")
def session() -> Session:
    """A session that has loaded its network."""
    return Session()


def recipe_of(kind: str = "zoom", **data: Any) -> Recipe:
    network = {"name": "squeezenet", "weights": "random"}
    dream = TINY | data.pop("dream", {})
    usual = {"source": "still.png", "network": network, "frames": 4} | data
    return make_recipe({**usual, "dream": dream}, kind)


def told(events: Iterator[Event]) -> dict[type, list[Any]]:
    kinds: dict[type, list[Any]] = {}
    for event in events:
        kinds.setdefault(type(event), []).append(event)
    return kinds


def test_a_look_tells_what_it_dreams_on_each_octave_and_the_dream(session: Session) -> None:
    seen = told(session.look(recipe_of()))
    (before,), (step,) = seen[Before], seen[Step]
    assert [each.octave for each in seen[OctaveDone]] == [0, 1]
    assert {each.octaves for each in seen[OctaveDone]} == {2}
    assert [each.image.shape[1::-1] for each in seen[OctaveDone]] == [
        tuple(each.size) for each in seen[OctaveDone]
    ]
    assert before.frame.shape == step.frame.shape == (64, 96, 3)
    assert np.abs(step.frame - before.frame).mean() > 1
    assert (step.index, step.total) == (0, 4)


def test_a_look_at_a_zooms_first_frame_is_that_frame(session: Session) -> None:
    recipe = recipe_of(motion={"zoom": 1.05}, output="a.mp4")
    (look,) = told(session.look(recipe))[Step]
    first = next(iter(render(recipe)))
    np.testing.assert_allclose(look.frame, first.frame, atol=1e-3)


def test_a_look_has_the_values_of_its_frame(session: Session) -> None:
    weaker = recipe_of(dream={"step_size": "0:(6), 3:(0.01)"})
    changes = []
    for frame in (0, 3):
        seen = told(session.look(weaker, frame))
        changes.append(float(np.abs(seen[Step][0].frame - seen[Before][0].frame).mean()))
    assert changes[0] > 10 * changes[1]


def test_a_look_at_a_clip_shows_its_frame(session: Session) -> None:
    media_factory.clip(Path("clip.mkv"), "-c:v", "ffv1", frames=6, rate=Fraction(5))
    for frame in (0, 4):
        recipe = recipe_of("video", source="clip.mkv", frames=None, size="64x48")
        (before,) = told(session.look(recipe, frame))[Before]
        assert media_factory.number(before.frame) == frame


def test_a_smaller_look_is_smaller(session: Session) -> None:
    seen = told(session.look(recipe_of(size="192x128"), side=96))
    assert seen[Step][0].frame.shape == (64, 96, 3)


def test_a_masked_look_shows_the_whole_frame(session: Session) -> None:
    mask = np.zeros((64, 96, 3), np.float32)
    mask[:, 72:] = 255
    write_picture(Path("mask.png"), mask, False)
    seen = told(session.look(recipe_of(mask="mask.png", size="288x192")))
    before, dream = seen[Before][0].frame, seen[Step][0].frame
    np.testing.assert_array_equal(dream[:, :200], before[:, :200])
    assert np.abs(dream[:, 230:] - before[:, 230:]).mean() > 1
    for each in seen[OctaveDone]:
        assert each.size.width < 288
        assert each.image.shape == (192, 288, 3)
        np.testing.assert_array_equal(each.image[:, :16], before[:, :16])


def test_a_changed_file_is_read_again(session: Session, still: Path) -> None:
    (first,) = told(session.look(recipe_of()))[Before]
    write_picture(still, np.full((64, 96, 3), 90, np.float32), overwrite=True)
    (second,) = told(session.look(recipe_of()))[Before]
    assert np.abs(first.frame - second.frame).mean() > 5


def test_what_does_not_hold_is_raised_and_the_next_look_works(session: Session) -> None:
    with pytest.raises(RecipeError, match="frame: must be from 0 to 3"):
        told(session.look(recipe_of(), 4))
    with pytest.raises(RecipeError, match="source: name the picture"):
        told(session.look(make_recipe({}, "zoom")))
    with pytest.raises(InputError, match=r"gone\.png"):
        told(session.look(recipe_of(source="gone.png")))
    with pytest.raises(NetworkError, match="layer nowhere"):
        told(session.look(recipe_of(dream={"objective": "nowhere"})))
    assert told(session.look(recipe_of()))[Step]


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The objectives whose graphs were made."""
    from dreamvid.dreaming import climb

    made: list[str] = []
    usual = climb.Climb.of

    def counted(spec: Any, network: Any, terms: Any, *rest: Any) -> climb.Climb:
        made.append(",".join(term.name for term in terms))
        return usual(spec, network, terms, *rest)

    monkeypatch.setattr(climb.Climb, "of", counted)
    return made


def test_graphs_are_made_once_for_each_objective(loads: list[str]) -> None:
    session = Session()
    for dream in ({}, {"step_size": 3.0}, {"octaves": 1}, {"burst": 1}):
        told(session.look(recipe_of(dream={"objective": "fire3", **dream})))
    told(session.look(recipe_of(seed=5, dream={"objective": "fire3=0.5"})))
    assert loads == ["fire3"]
    told(session.look(recipe_of(dream={"objective": "fire2"})))
    told(session.look(recipe_of(dream={"objective": "fire3"})))
    assert loads == ["fire3", "fire2"]


def test_weights_of_the_same_graph_count(session: Session) -> None:
    dreams = [
        told(session.look(recipe_of(dream={"objective": f"fire2={a},fire3={b}"})))[Step][0].frame
        for a, b in ((1, 0), (0, 1), (1, 0))
    ]
    assert np.abs(dreams[0] - dreams[1]).mean() > 0.5
    np.testing.assert_array_equal(dreams[0], dreams[2])


def test_the_network_is_loaded_once(anew: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from dreamvid.dreaming.networks import load

    built: list[str] = []
    usual = load.build

    def counted(spec: Any, *rest: Any) -> Any:
        built.append(spec.name)
        return usual(spec, *rest)

    monkeypatch.setattr(load, "build", counted)
    session = Session()
    for layer in ("fire2", "fire3"):
        told(session.look(recipe_of(dream={"objective": layer})))
    assert built == ["squeezenet"]


class Slow:
    """The steps of a dreamer, of which the last ones never come unless it is let go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken = 0
        self.reached = threading.Event()
        self.go = threading.Event()
        usual = Dreamer.steps

        def steps(dreamer: Dreamer, task: DreamTask, **options: Any) -> Any:
            inner = usual(dreamer, task, **options)
            while True:
                try:
                    step = next(inner)
                except StopIteration as end:
                    return end.value
                self.taken += 1
                if self.taken == 2:
                    self.reached.set()
                    assert self.go.wait(20)
                yield step

        monkeypatch.setattr(Dreamer, "steps", steps)


def test_a_cancelled_look_takes_no_further_gradient(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(session.look(recipe_of()))
    slow = Slow(monkeypatch)

    def cancel() -> None:
        assert slow.reached.wait(20)
        session.cancel()
        slow.go.set()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    seen = told(session.look(recipe_of()))
    canceller.join()
    assert Step not in seen
    assert slow.taken == 2
    slow.taken = 9
    assert told(session.look(recipe_of()))[Step]


def test_closing_what_a_look_yields_cancels_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(session.look(recipe_of()))
    slow = Slow(monkeypatch)
    slow.go.set()
    with closing(session.look(recipe_of())) as events:
        assert isinstance(next(events), Before)
    assert slow.taken <= 3  # of six
    assert threading.active_count() < 20


def test_one_thing_at_a_time(session: Session) -> None:
    with closing(session.look(recipe_of())) as events:
        next(events)
        with pytest.raises(RunError, match="the session is at work"):
            next(session.look(recipe_of()))
    assert told(session.look(recipe_of()))[Step]


def test_a_render_is_the_prompts_to_the_byte_and_tells_its_octaves(session: Session) -> None:
    recipe = recipe_of(output="a.mp4")
    seen = told(session.render(recipe))
    assert [step.index for step in seen[Step]] == [0, 1, 2, 3]
    assert len(seen[Estimate]) == 1
    assert "s a frame" in seen[Estimate][0].line
    assert seen[Estimate][0].seconds_left is not None
    assert seen[OctaveDone]
    list(render(recipe.model_copy(update={"output": Path("b.mp4")})))
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()


def test_a_cancelled_render_is_resumed_to_the_same_bytes(session: Session) -> None:
    recipe = recipe_of(output="a.mp4")
    list(render(recipe.model_copy(update={"output": Path("b.mp4")})))
    for event in session.render(recipe):
        if isinstance(event, Step) and event.index == 1:
            session.cancel()
    assert not Path("a.mp4").exists()
    assert Path("a.partial.mp4").exists()
    assert done_frames(Path("a.mp4")) >= 2
    told(session.render(recipe))
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()
    assert not Path("a.partial.mp4").exists()


def test_warnings_are_told(session: Session) -> None:
    recipe = recipe_of(output="a.mp4", dream={"octaves": 9}, size="64x64")
    seen = told(session.render(recipe))
    assert any("octaves are used" in each.message for each in seen[Warning])


def test_a_slow_listener_holds_the_render_and_no_pile_of_frames(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    usual = record

    def counted(*args: Any, **options: Any) -> Any:
        for step in usual(*args, **options):
            made.append(step.index)
            yield step

    monkeypatch.setattr("dreamvid.rendering.session.record", counted)
    recipe = recipe_of(output="a.mp4", network="none", frames=30)
    with closing(session.render(recipe)) as events:
        next(events)
        time.sleep(0.3)
        assert len(made) <= 4
