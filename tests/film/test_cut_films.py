"""Films with cuts: a shot has the same segments in its film and alone; resumed, continued."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dreamvid.cli import main
from dreamvid.errors import StateError
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.manifest import FORM
from dreamvid.rendering.run import Keep, folder_of
from tests import media_factory as make
from tests.fakes import FakeDreamer, FakeSink

CUT, COUNT = 7, 14

CODECS = [("h264", ".mp4"), ("h265", ".mp4"), ("prores", ".mov"), ("ffv1", ".mkv")]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 3)
    monkeypatch.setattr(extending, "SEGMENT", 3)
    monkeypatch.setattr(planning, "make_dreamer", lambda job, machine=None: FakeDreamer("lite0"))
    make.moving_clip(Path("clip.mp4"), 64, 48, COUNT, CUT)


def render(output: str, *, stop: int = COUNT, keep: Keep = "state", **said: Any) -> None:
    """Render the clip; `stop`: closed after so many frames."""
    data = {"source": "clip.mp4", "output": output, "network": "lite0", **said}
    steps = rendering.render(make_recipe(data, "video"), keep=keep)
    for step in steps:
        if step.index == stop - 1 and stop < COUNT:
            steps.close()


def segments(output: str) -> dict[str, bytes]:
    film = folder_of(Path(output)) / "film"
    found = [*film.glob("*-*.*"), *film.glob("last.*")]
    return {path.stem: path.read_bytes() for path in sorted(found)}


@pytest.mark.parametrize(
    ("codec", "ending", "cadence"), [*((*pair, 1) for pair in CODECS), ("h264", ".mp4", 2)]
)
def test_a_shot_rendered_apart_has_the_same_segments(codec: str, ending: str, cadence: int) -> None:
    coded: dict[str, Any] = {"encode": {"codec": codec}, "cadence": cadence}
    render(f"film{ending}", keep="all", **coded)
    film = segments(f"film{ending}")
    assert list(film) == [
        *("000000-000003", "000003-000006", "000006-000007"),
        *("000007-000010", "000010-000013", "last"),
    ]
    render(f"second{ending}", keep="all", start=CUT / 25, **coded)
    second = segments(f"second{ending}")
    assert list(second) == ["000000-000003", "000003-000006", "last"]
    assert list(second.values()) == list(film.values())[3:]
    render(f"first{ending}", keep="all", frames=CUT, **coded)
    assert list(segments(f"first{ending}").values()) == list(film.values())[:3]


def test_without_cuts_a_segment_ends_when_it_is_full() -> None:
    render("a.mp4", keep="all", cuts=False, frames=8)
    assert list(segments("a.mp4")) == ["000000-000003", "000003-000006", "last"]


@pytest.mark.parametrize(("cadence", "stops"), [(1, range(1, COUNT)), (3, (4, 7, 8, 11))])
def test_stopped_at_any_frame_a_film_is_the_same_bytes(cadence: int, stops: Sequence[int]) -> None:
    render("whole.mp4", cadence=cadence)
    for stop in stops:
        render(f"{stop}.mp4", stop=stop, cadence=cadence)
        assert not Path(f"{stop}.mp4").exists()
        render(f"{stop}.mp4", cadence=cadence)
        assert Path(f"{stop}.mp4").read_bytes() == Path("whole.mp4").read_bytes()
        assert not list(Path().glob("*.partial*"))


@pytest.mark.parametrize("name", ["a.gif", "pictures"])
def test_other_outputs_of_a_film_with_a_cut_are_the_same_too(name: str) -> None:
    render(f"whole-{name}")
    render(name, stop=CUT + 1)
    render(name)
    made, wanted = Path(name), Path(f"whole-{name}")
    if name == "pictures":
        names = [path.name for path in sorted(made.iterdir())]
        assert names == [f"{index:06d}.png" for index in range(COUNT)]
        assert all((made / each).read_bytes() == (wanted / each).read_bytes() for each in names)
    else:
        assert made.read_bytes() == wanted.read_bytes()


@pytest.mark.parametrize(
    ("codec", "ending", "keep"), [*((*pair, "state") for pair in CODECS), ("h264", ".mp4", "all")]
)
def test_a_film_with_a_cut_made_longer_is_the_one_made_whole(
    codec: str, ending: str, keep: Keep
) -> None:
    """Also where no segment is open, as the last one is full."""
    coded: dict[str, Any] = {"encode": {"codec": codec}}
    render(f"whole{ending}", frames=COUNT, **coded)
    for done in (8, 10):
        render(f"{done}{ending}", frames=done, keep=keep, **coded)
        words = ["--frames", str(COUNT - done), "-q", "--source", "clip.mp4"]
        assert main(["continue", f"{done}{ending}", *words, "-o", f"{done}b{ending}"]) == 0
        assert main(["continue", f"{done}{ending}", *words]) == 0
        for name in (f"{done}{ending}", f"{done}b{ending}"):
            assert Path(name).read_bytes() == Path(f"whole{ending}").read_bytes()


def test_a_film_made_longer_keeps_no_segment_twice() -> None:
    render("a.mp4", frames=11, keep="all")
    assert main(["continue", "a.mp4", "--frames", "3", "-q", "--keep"]) == 0
    assert list(segments("a.mp4")) == ["000000-000010", "000010-000013", "last"]


@pytest.mark.parametrize(("codec", "ending", "same"), [("h264", ".mp4", 7), ("ffv1", ".mkv", 8)])
def test_a_branch_keeps_the_frames_up_to_a_keyframe(codec: str, ending: str, same: int) -> None:
    """Of a codec whose every frame is one, all frames."""
    render(f"a{ending}", frames=9, encode={"codec": codec})
    words = ["--from", "8", "--source", "clip.mp4", "--frames", "3", "-q", "-o", f"b{ending}"]
    assert main(["continue", f"a{ending}", *words]) == 0
    before, after = make.decoded(Path(f"a{ending}")), make.decoded(Path(f"b{ending}"))
    assert len(after) == 11
    assert (after[:same] == before[:same]).all()
    assert abs(after[:8].astype(int) - before[:8]).mean() < 4


def test_without_its_run_no_frame_of_a_film_is_coded_again() -> None:
    render("a.mp4", frames=8, keep="nothing")
    before = make.decoded(Path("a.mp4"))
    assert main(["continue", "a.mp4", "--source", "clip.mp4", "--frames", "5", "-q"]) == 0
    after = make.decoded(Path("a.mp4"))
    assert len(after) == 13
    assert (after[:8] == before).all()


def test_a_run_of_another_form_is_not_resumed() -> None:
    render("a.mp4", stop=5)
    manifest = folder_of(Path("a.mp4")) / "manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace(f'"form": {FORM}', f'"form": {FORM - 1}'))
    with pytest.raises(StateError, match="the form of its folder; --restart begins anew"):
        render("a.mp4")


def test_a_sink_of_the_callers_is_not_told_of_shots() -> None:
    class Told(FakeSink):
        def end_segment(self) -> None:
            raise AssertionError

    recipe = make_recipe({"source": "clip.mp4"}, "video")
    assert len(list(rendering.render(recipe, sink=Told()))) == COUNT
