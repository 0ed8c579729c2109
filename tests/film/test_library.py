"""dreamvid in a program of the caller's: parts of its own, threads, and nothing touched around."""

from __future__ import annotations

import itertools
import json
import logging
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dreamvid
from dreamvid import frames, notices, render
from dreamvid.errors import DreamvidError, MediaError, RecipeError, RunError
from dreamvid.frame import Frame
from dreamvid.media.probe import probe
from dreamvid.media.segment_names import closed_frames
from dreamvid.recipe import Recipe
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering.render import Step
from dreamvid.rendering.run import folder_of, load_checkpoint
from dreamvid.source import Source, checked_frames
from dreamvid.task import DreamTask
from tests import media_factory
from tests.fakes import FakeDreamer, FakeSink, asleep
from tests.scenes import Scene


@pytest.fixture(params=["1", "0"])
def overlap(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With threads and without."""
    monkeypatch.setenv("DREAMVID_OVERLAP", request.param)


@pytest.fixture
def still(tmp_path: Path) -> Path:
    return media_factory.picture(tmp_path / "still.png", 64, 48)


def zoom(still: Path, name: str = "a.mp4", **asked: Any) -> Recipe:
    data = {"source": str(still), "output": str(still.parent / name), "frames": 7, **asked}
    return make_recipe({"network": "none", "motion": {"zoom": 1.05}, **data}, "zoom")


# What is yielded is the caller's own


@pytest.mark.usefixtures("overlap")
@pytest.mark.parametrize("cadence", [1, 3])
def test_a_steps_frame_is_the_callers_own(tmp_path: Path, cadence: int) -> None:
    media_factory.moving_clip(tmp_path / "clip.mp4", 64, 48, 9, cut=5)
    made: list[list[Frame]] = []
    for name, spoils in (("a.mp4", False), ("b.mp4", True)):
        data = {"source": str(tmp_path / "clip.mp4"), "output": str(tmp_path / name)}
        recipe = make_recipe({**data, "cadence": cadence}, "video")
        found: list[Frame] = []
        for step in render(recipe, dreamer=FakeDreamer("mine")):
            found.append(step.frame.copy())
            if spoils:
                step.frame[:] = 0
        made.append(found)
    np.testing.assert_array_equal(made[1], made[0])
    films = [media_factory.decoded(tmp_path / name) for name in ("a.mp4", "b.mp4")]
    np.testing.assert_array_equal(films[1], films[0])


def test_a_stills_frame_is_the_callers_own(still: Path) -> None:
    output = still.parent / "a.png"
    recipe = make_recipe({"source": str(still), "output": str(output)}, "image")
    (step,) = render(recipe, dreamer=asleep)
    assert (step.index, step.total) == (0, 1)
    before = output.read_bytes()
    step.frame[:] = 0
    assert output.read_bytes() == before


@pytest.mark.parametrize(("kind", "cadence"), [("zoom", 1), ("video", 1), ("video", 3)])
def test_a_frame_without_disk_is_the_callers_own(kind: str, cadence: int) -> None:
    recipe = make_recipe({"cadence": cadence} if kind == "video" else {}, kind)
    sources = Scene().frames(7) if kind == "video" else [Scene().frame(0)] * 7
    wanted = [frame.copy() for frame in frames(recipe, sources, FakeDreamer("mine"))]
    given = [source.copy() for source in sources]
    for frame, own in zip(frames(recipe, sources, FakeDreamer("mine")), wanted, strict=True):
        np.testing.assert_array_equal(frame, own)
        frame[:] = 0
    np.testing.assert_array_equal(sources, given, "nor are the sources touched")


def test_a_source_that_is_changed_afterwards_changes_nothing() -> None:
    """As a camera's buffer, which is filled anew for each frame."""

    def reused() -> Generator[Frame]:
        buffer = np.empty_like(Scene().frame(0))
        for frame in Scene().frames(5):
            buffer[:] = frame
            yield buffer

    recipe = make_recipe({"cuts": False}, "video")
    wanted = list(frames(recipe, Scene().frames(5), FakeDreamer("mine")))
    np.testing.assert_array_equal(list(frames(recipe, reused(), FakeDreamer("mine"))), wanted)


@pytest.mark.parametrize(("kind", "cadence"), [("zoom", 1), ("video", 1), ("video", 2)])
def test_parts_of_the_callers_may_change_what_they_are_given(kind: str, cadence: int) -> None:
    """A dreamer its canvas, a sink its frames: nothing else is changed by that."""

    def in_place(task: DreamTask) -> Frame:
        canvas = task.canvas
        canvas += 3
        if task.fresh is not None:
            task.fresh[:] = 0.5
        return canvas

    class Emptied(FakeSink):
        def write(self, frame: Frame) -> None:
            super().write(frame.copy())
            frame[:] = 0

    more = {"cadence": cadence} if kind == "video" else {}
    recipe = make_recipe({"network": "none", "motion": {"zoom": 1.05}, **more}, kind)
    pictures = Scene().frames(6)
    wanted = list(frames(recipe, pictures, lambda task: task.canvas + 3))
    given = [picture.copy() for picture in pictures]
    source = Source.of_frames(pictures)
    sink = Emptied()
    made = [step.frame for step in render(recipe, dreamer=in_place, source=source, sink=sink)]
    np.testing.assert_array_equal(made, wanted)
    np.testing.assert_array_equal(sink.frames, wanted)
    np.testing.assert_array_equal(pictures, given)


@pytest.mark.parametrize("kind", ["zoom", "video"])
def test_a_dreamer_may_return_any_picture_and_nothing_else(kind: str) -> None:
    recipe = make_recipe({"motion": {"zoom": 1.05}}, kind)
    sources = Scene().frames(3)
    for dtype in (np.uint8, np.float64):
        made = list(frames(recipe, sources, lambda task, d=dtype: task.canvas.astype(d)))
        assert {frame.dtype for frame in made} == {np.dtype(np.float32)}
    wrong: list[Callable[[Frame], Any]] = [
        lambda canvas: canvas[:-1],
        lambda canvas: canvas[..., 0],
        lambda canvas: canvas * np.nan,
        lambda canvas: None,
    ]
    for returned in wrong:
        with pytest.raises(MediaError, match="the dreamer returned"):
            list(frames(recipe, sources, lambda task, r=returned: r(task.canvas)))


def test_sources_are_of_one_size_and_closed() -> None:
    closed: list[bool] = []

    def opened(*sizes: tuple[int, int]) -> Generator[Frame]:
        try:
            yield from (np.zeros((high, wide, 3), np.float32) for high, wide in sizes)
        finally:
            closed.append(True)

    for kind in ("zoom", "video"):
        given = opened((48, 64), (48, 64), (32, 32))
        with pytest.raises(MediaError, match="frame 2 of the source is 32x32, not 64x48"):
            list(frames(make_recipe({}, kind), given, asleep))
        given = opened(*[(48, 64)] * 30)
        with closing(frames(make_recipe({}, kind), given, asleep)) as made:
            next(made)
    assert closed == [True] * 4


# What is yielded is on the disk


def stored(output: Path) -> tuple[int, int]:
    """How many frames the checkpoint counts, and how many lie in the run's folder, by themselves or
    in a closed segment."""
    checkpoint = load_checkpoint(folder_of(output) / "state.npz")
    film = folder_of(output) / "film"
    single = len(list(film.glob("*.npy")))
    joined = sum(len(frames) for frames in closed_frames(film, ".mp4"))
    return checkpoint.done if checkpoint else 0, single + joined


@pytest.mark.usefixtures("overlap")
@pytest.mark.parametrize("cadence", [1, 3])
def test_at_each_step_its_frame_and_a_checkpoint_after_it_are_on_the_disk(
    tmp_path: Path, cadence: int
) -> None:
    media_factory.moving_clip(tmp_path / "clip.mp4", 64, 48, 13, cut=7)
    data = {"source": str(tmp_path / "clip.mp4"), "output": str(tmp_path / "a.mp4")}
    recipe = make_recipe({**data, "cadence": cadence}, "video")
    for index, step in enumerate(render(recipe, dreamer=FakeDreamer("mine"), keep="all")):
        assert step.index == index
        counted, lying = stored(tmp_path / "a.mp4")
        assert counted > index
        assert lying > index
    assert index == 12


@pytest.mark.usefixtures("overlap")
def test_after_a_failed_dream_all_that_was_dreamed_is_stored(still: Path) -> None:
    mine = FakeDreamer("mine")

    def failing(task: DreamTask) -> Frame:
        if len(mine.indices) == 4:
            raise RunError("broken")
        return mine(task)

    failing.identity = "mine"  # type: ignore[attr-defined]
    with pytest.raises(RunError, match="broken"):
        list(render(zoom(still), dreamer=failing))
    assert stored(still.parent / "a.mp4")[0] == 4
    assert probe(still.parent / "a.partial.mp4").frames == 4


# Several renders at once


def warning_dreamer(name: str, barrier: Callable[[], object] = lambda: None) -> Any:
    """A dreamer that warns, by its name, at each frame."""

    class Warning(FakeDreamer):
        def __call__(self, task: DreamTask, /) -> Frame:
            barrier()
            notices.warn(f"from {self.identity} at {task.index}")
            return super().__call__(task)

    return Warning(name)


def lines_of(output: Path) -> list[str]:
    """The log of a run, without its times."""
    text = (folder_of(output) / "log.txt").read_text()
    return [line.partition(" ")[2] for line in text.splitlines()]


def assert_own_log(output: Path, name: str, count: int) -> None:
    lines = lines_of(output)
    warned = [line for line in lines if line.startswith("warning: ")]
    assert warned == [f"warning: from {name} at {index}" for index in range(count)]
    others = [line for line in lines if line not in warned and "s a frame" not in line]
    assert others == ["begins", f"joining after {count} frames", f"done after {count} frames"]


@pytest.mark.usefixtures("overlap")
def test_renders_on_two_threads_keep_their_logs_apart(still: Path) -> None:
    together = threading.Barrier(2, timeout=60)

    def work(name: str) -> list[Step]:
        dreamer = warning_dreamer(name, together.wait)
        return list(render(zoom(still, f"{name}.mp4"), dreamer=dreamer))

    with ThreadPoolExecutor(2) as pool:
        for steps in pool.map(work, ("one", "other")):
            assert [step.index for step in steps] == list(range(7))
    for name in ("one", "other"):
        assert_own_log(still.parent / f"{name}.mp4", name, 7)


@pytest.mark.usefixtures("overlap")
def test_renders_in_turn_on_one_thread_keep_their_logs_apart(
    still: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ("one", "other")
    renders = [render(zoom(still, f"{n}.mp4"), dreamer=warning_dreamer(n)) for n in names]
    for one, other in zip(*renders, strict=True):
        assert one.index == other.index
        notices.warn("of the caller's own")
    for name in names:
        assert_own_log(still.parent / f"{name}.mp4", name, 7)
    assert caplog.text.count("of the caller's own") == 7, "it reaches the host's log alone"
    assert caplog.text.count("from one") == caplog.text.count("from other") == 7


def test_a_render_within_a_render_has_a_log_of_its_own(still: Path) -> None:
    outer = render(zoom(still, "outer.mp4"), dreamer=warning_dreamer("outer"))
    for _ in outer:
        inner = zoom(still, "inner.mp4", frames=2)
        list(render(inner, dreamer=warning_dreamer("inner"), overwrite=True))
    assert_own_log(still.parent / "outer.mp4", "outer", 7)
    assert_own_log(still.parent / "inner.mp4", "inner", 2)


# Nothing around is touched


def test_a_render_leaves_the_process_as_it_was(
    still: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    loggers = logging.getLogger("dreamvid"), logging.getLogger()

    def around() -> tuple[object, ...]:
        logs = [(each.level, list(each.handlers), each.propagate) for each in loggers]
        signals = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        chance = random.getstate(), str(np.random.get_state())
        return (*logs, logging.raiseExceptions, *signals, *chance)

    before = around()
    for _ in render(zoom(still), dreamer=FakeDreamer("mine")):
        assert around() == before
    stopped = render(zoom(still, "b.mp4"), dreamer=FakeDreamer("mine"))
    next(stopped)
    stopped.close()
    assert around() == before
    assert capfd.readouterr() == ("", "")


def test_it_works_off_the_main_thread(still: Path) -> None:
    recipe = make_recipe({"cadence": 2}, "video")

    def work() -> tuple[list[Frame], int]:
        made = list(frames(recipe, Scene().frames(5), FakeDreamer("mine")))
        return made, len(list(render(zoom(still))))

    with ThreadPoolExecutor(1) as pool:
        made, rendered = pool.submit(work).result()
    wanted = list(frames(recipe, Scene().frames(5), FakeDreamer("mine")))
    np.testing.assert_array_equal(made, wanted)
    assert rendered == 7


def test_a_generator_may_go_from_thread_to_thread(still: Path) -> None:
    steps = render(zoom(still), dreamer=warning_dreamer("mine"))
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        found = [pool.submit(next, steps, None).result() for pool in (one, other) * 4]
    assert [step.index for step in found if step] == list(range(7))
    assert_own_log(still.parent / "a.mp4", "mine", 7)


# A dreamer of the caller's own


def test_a_dreamer_without_identity_leaves_nothing_but_the_film(
    still: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "dreamvid"):
        assert len(list(render(zoom(still), dreamer=asleep))) == 7
    assert "the dreamer has no identity: nothing is kept to resume the render" in caplog.text
    assert {path.name for path in still.parent.iterdir()} == {"still.png", "a.mp4"}
    assert probe(still.parent / "a.mp4").frames == 7


def test_stopped_without_identity_it_leaves_its_part_and_begins_anew(still: Path) -> None:
    steps = render(zoom(still), dreamer=asleep)
    next(steps)
    steps.close()
    left = {path.name for path in still.parent.iterdir()}
    assert left == {"still.png", "a.partial.mp4"}
    assert next(render(zoom(still), dreamer=asleep)).index == 0


def interrupted(recipe: Recipe, after: int = 3, **parts: Any) -> None:
    steps = render(recipe, **parts)
    for _ in range(after):
        next(steps)
    steps.close()


def test_a_dreamer_with_an_identity_is_resumed_to_the_same_bytes(still: Path) -> None:
    whole = [step.frame for step in render(zoom(still, "whole.mp4"), dreamer=FakeDreamer("mine"))]
    interrupted(zoom(still), dreamer=FakeDreamer("mine"))
    again = FakeDreamer("mine")
    rest = list(render(zoom(still), dreamer=again))
    assert 3 <= rest[0].index < 7
    assert again.indices == list(range(rest[0].index, 7)), "what was done is not dreamed again"
    np.testing.assert_array_equal([step.frame for step in rest], whole[rest[0].index :])
    one, other = (still.parent / name for name in ("a.mp4", "whole.mp4"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("other", [FakeDreamer("another"), None])
def test_another_dreamer_is_refused_on_resume(still: Path, other: FakeDreamer | None) -> None:
    interrupted(zoom(still), dreamer=FakeDreamer("mine"))
    with pytest.raises(RunError, match=r"another recipe or input: .*what is in dreamer; --restart"):
        list(render(zoom(still), dreamer=other))
    assert len(list(render(zoom(still), dreamer=other, restart=True, overwrite=True))) == 7


def test_a_dreamers_identity_is_kept_by_its_hash_alone(still: Path) -> None:
    list(render(zoom(still), dreamer=FakeDreamer("where/my/weights/are")))
    manifest = (folder_of(still.parent / "a.mp4") / "manifest.json").read_text()
    assert "where/my" not in manifest
    assert [each["key"] for each in json.loads(manifest)["files"]] == ["source", "dreamer"]
    assert b"where/my" not in (still.parent / "a.mp4").read_bytes()


# A source of the caller's own


PICTURE = Scene().frame(0)


def named(identity: str, frames: int = 7, picture: Frame = PICTURE) -> Source:
    return Source.of_frames([picture] * frames, identity=identity)


def test_a_source_needs_no_file_and_leaves_nothing_without_identity(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = make_recipe({"output": str(tmp_path / "a.mp4"), "network": "none"}, "zoom")
    with caplog.at_level(logging.INFO, "dreamvid"):
        made = list(render(recipe, source=Source.of_frames([PICTURE] * 4)))
    assert [(step.index, step.total) for step in made] == [(t, 4) for t in range(4)]
    np.testing.assert_array_equal(made[0].frame, PICTURE)
    assert "the source has no identity: nothing is kept to resume" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_of_a_source_no_more_frames_are_taken_than_the_recipe_has(tmp_path: Path) -> None:
    for kind, source in (
        ("zoom", Source.of_picture(PICTURE, None)),
        ("video", Source.of_frames(lambda: itertools.repeat(PICTURE))),
        ("video", named("a")),
    ):
        recipe = make_recipe({"frames": 3, "network": "none"}, kind)
        made = list(render(recipe, source=source, sink=FakeSink()))
        assert [(step.index, step.total) for step in made] == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize(("key", "value"), [("size", (32, 32)), ("fps", 10)])
def test_a_size_or_rate_that_is_not_the_sources_is_refused(key: str, value: Any) -> None:
    recipe = make_recipe({key: value, "network": "none"}, "video")
    with pytest.raises(RecipeError, match=f"{key}: the source has") as raised:
        next(render(recipe, source=named("a"), sink=FakeSink()))
    assert raised.value.key == key


def test_a_source_of_another_size_or_rate_is_another(tmp_path: Path) -> None:
    recipe = make_recipe({"output": str(tmp_path / "a.mp4"), "network": "none"}, "zoom")
    mine = FakeDreamer("mine")
    interrupted(recipe, source=named("a"), dreamer=mine)
    for other in (replace(named("a"), rate=Fraction(9)), named("a", picture=PICTURE[:-2])):
        with pytest.raises(RunError, match=r"another recipe or input: what is in source;"):
            next(render(recipe, source=other, dreamer=mine))


def test_a_source_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="rate: must be a number of frames a second"):
        Source.of_picture(PICTURE, 3, rate=0)
    one_after_the_other = Source.of_frames(picture for picture in [PICTURE] * 3)
    assert len(list(one_after_the_other.open())) == len(list(one_after_the_other.open())) == 3
    own = replace(named("a"), open=lambda: checked_frames([PICTURE[:8]]))
    with pytest.raises(MediaError, match="frame 0 of the source is"):
        list(render(make_recipe({"network": "none"}, "video"), source=own, sink=FakeSink()))
    none = replace(named("a"), open=lambda: checked_frames([]))
    image = make_recipe({"network": "none", "output": str(tmp_path / "a.png")}, "image")
    with pytest.raises(MediaError, match="at least one frame"):
        list(render(image, source=none))
    recipe = make_recipe({"network": "none"}, "video")
    with pytest.raises(RecipeError, match=r"dreamer\.identity: must be a text"):
        next(render(recipe, source=named("a"), dreamer=FakeDreamer(identity=3)))  # type: ignore[arg-type]


def test_a_sink_that_is_empty_is_a_sink(still: Path) -> None:
    class Collected(FakeSink):
        def __len__(self) -> int:
            return len(self.frames)

    sink = Collected()
    list(render(zoom(still), sink=sink))
    assert len(sink) == 7


def test_without_a_source_one_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="source: name the picture or clip"):
        next(render(make_recipe({"output": str(tmp_path / "a.mp4")}, "zoom")))


def test_a_source_with_an_identity_is_resumed_and_no_other(tmp_path: Path) -> None:
    recipe = make_recipe({"output": str(tmp_path / "a.mp4"), "network": "none"}, "zoom")
    mine = FakeDreamer("mine")
    interrupted(recipe, source=named("a"), dreamer=mine)
    with pytest.raises(RunError, match=r"another recipe or input: what is in source;"):
        next(render(recipe, source=named("b"), dreamer=mine))
    rest = list(render(recipe, source=named("a"), dreamer=mine))
    assert rest[0].index >= 3
    assert rest[-1].index == 6


def test_closed_it_closes_its_source(tmp_path: Path) -> None:
    closed: list[bool] = []

    def opened() -> Generator[Frame]:
        try:
            yield from itertools.repeat(PICTURE, 7)
        finally:
            closed.append(True)

    own = replace(named("a"), open=opened)
    recipe = make_recipe({"output": str(tmp_path / "a.mp4"), "network": "none"}, "video")
    interrupted(recipe, source=own)
    assert closed == [True]


# A sink of the caller's own


@pytest.mark.usefixtures("overlap")
def test_a_sink_gets_every_frame_and_is_closed(still: Path) -> None:
    sink = FakeSink()
    made = list(render(zoom(still), sink=sink))
    np.testing.assert_array_equal(sink.frames, [step.frame for step in made])
    assert len(made) == 7
    assert sink.ended == ["closed"]
    assert [path.name for path in still.parent.iterdir()] == ["still.png"], "nothing on disk"


def test_a_sink_gets_the_one_frame_of_a_still(still: Path) -> None:
    sink = FakeSink()
    recipe = make_recipe({"source": str(still), "network": "none"}, "image")
    (step,) = render(recipe, sink=sink)
    np.testing.assert_array_equal(sink.frames, [step.frame])
    assert sink.ended == ["closed"]


def test_with_a_sink_what_is_there_is_no_matter(still: Path) -> None:
    (still.parent / "a.mp4").write_text("mine")
    list(render(zoom(still), sink=FakeSink()))
    assert (still.parent / "a.mp4").read_text() == "mine"


@pytest.mark.usefixtures("overlap")
def test_a_sink_is_told_of_an_early_end(still: Path) -> None:
    sink = FakeSink()
    interrupted(zoom(still), sink=sink)
    assert sink.ended == ["kept"]
    assert 3 <= len(sink.frames) < 7


@pytest.mark.usefixtures("overlap")
def test_a_sink_without_a_frame_is_told_to_keep_nothing(still: Path) -> None:
    def broken(task: DreamTask) -> Frame:
        raise DreamvidError("broken")

    sink = FakeSink()
    with pytest.raises(DreamvidError, match="broken"):
        list(render(zoom(still), sink=sink, dreamer=broken))
    assert sink.ended == ["dropped"]


@pytest.mark.usefixtures("overlap")
def test_a_sinks_own_failure_ends_the_render(still: Path) -> None:
    shown: list[int] = []
    sink = FakeSink(full_after=4)

    def watch() -> None:
        for step in render(zoom(still), sink=sink):
            shown.append(step.index)

    with pytest.raises(RunError, match="sink: full"):
        watch()
    assert shown == list(range(len(shown)))
    assert len(shown) <= 4, "only what was stored is shown"
    assert sink.ended == ["kept"]


# The package


def test_what_is_public_is_shown_and_there() -> None:
    assert set(dreamvid.__all__) <= set(dir(dreamvid))
    assert sorted(dreamvid.__all__) == dreamvid.__all__
    for name in dir(dreamvid):
        assert getattr(dreamvid, name) is not None
    with pytest.raises(AttributeError, match="no attribute nothing"):
        _ = dreamvid.nothing


def test_its_types_are_told() -> None:
    assert files("dreamvid").joinpath("py.typed").is_file()


def test_to_import_it_imports_neither_tensorflow_nor_opencv() -> None:
    code = "import sys, dreamvid; dir(dreamvid); print({'tensorflow', 'cv2'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "set()"
