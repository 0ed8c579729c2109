"""Films whose shots are rendered apart and joined: the same bytes as the film of one machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dreamvid import machine
from dreamvid.cli import main
from dreamvid.errors import InputError, StateError
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.join import plan_join
from dreamvid.rendering.plan import plan
from dreamvid.rendering.shot_runs import ShotRuns
from tests import media_factory as make
from tests.fakes import FakeDreamer

LENGTHS = (7, 5, 8, 6)
"""Frames of the clip's shots."""


@pytest.fixture(autouse=True)
def dreamers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[FakeDreamer]:
    """Those that were made, in a folder with a clip and a recipe for it."""
    made: list[FakeDreamer] = []

    def dreamer(job: Any, machine: Any = None) -> FakeDreamer:
        made.append(FakeDreamer("lite0"))
        return made[-1]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 3)
    monkeypatch.setattr(extending, "SEGMENT", 3)
    monkeypatch.setattr(planning, "make_dreamer", dreamer)
    make.shots_clip(Path("clip.mp4"), 64, 48, LENGTHS)
    write("night.yaml")
    return made


def write(name: str, **said: Any) -> str:
    Path(name).write_text(json.dumps({"kind": "video", "source": "clip.mp4", **said}), "utf-8")
    return name


def rendered(*words: str) -> int:
    return main(["render", *words, "-q"])


def joined(recipe: str, output: str, order: Sequence[int] = (3, 1, 4, 2), *more: str) -> bytes:
    """The film of shots that were rendered in this order."""
    for number in order:
        assert rendered(recipe, "-o", output, "--shot", str(number), *more) == 0
    assert main(["join", recipe, "-o", output, "-q", *more]) == 0
    return Path(output).read_bytes()


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (".mp4", {}),
        (".mp4", {"cadence": 2}),
        (".mp4", {"cadence": 3, "frames": 22}),
        (".mp4", {"start": 0.08, "blend": {"follow": "flow"}}),
        (".mp4", {"motion": {"zoom": "1+t/200", "moves": "camera"}, "color": {"shift": "t/9"}}),
        (".mp4", {"fps": 40}),
        (".mov", {"encode": {"codec": "prores"}}),
        (".mkv", {"encode": {"codec": "ffv1"}}),
        (".mp4", {"mask": {"file": "clip.mp4"}}),
        (".mp4", {"cuts": False}),
    ],
)
def test_shots_in_any_order_are_joined_to_the_film_of_one_machine(
    ending: str, said: dict[str, Any]
) -> None:
    write("night.yaml", **said)
    assert rendered("night.yaml", "-o", f"alone{ending}", "--keep") == 0
    one = said.get("cuts") is False
    film = joined("night.yaml", f"apart{ending}", (1,) if one else (3, 1, 4, 2))
    assert film == Path(f"alone{ending}").read_bytes()
    assert not list(Path().glob(".apart*.shots"))


def test_passes_and_pictures_are_joined_too() -> None:
    write("night.yaml", encode={"passes": ["dream", "residual"]})
    assert rendered("night.yaml", "-o", "alone.mkv") == 0
    joined("night.yaml", "apart.mkv")
    for name in ("alone.mkv", "alone.residual.mkv"):
        assert Path(name).read_bytes() == Path(name.replace("alone", "apart")).read_bytes()
    write("night.yaml")
    for output in ("alone/", "apart/"):
        Path(output).mkdir()
    assert rendered("night.yaml", "-o", "alone/") == 0
    for number in (4, 2, 3, 1):
        assert rendered("night.yaml", "-o", "apart/", "--shot", str(number), "--overwrite") == 0
    assert main(["join", "night.yaml", "-o", "apart/", "-q", "--overwrite"]) == 0
    names = [path.name for path in sorted(Path("alone").iterdir())]
    assert len(names) == sum(LENGTHS)
    assert names == [path.name for path in sorted(Path("apart").iterdir())]
    for name in names:
        assert Path("alone", name).read_bytes() == Path("apart", name).read_bytes()


def test_only_the_frames_of_the_shot_are_dreamed_and_a_stopped_one_is_resumed(
    dreamers: list[FakeDreamer],
) -> None:
    recipe = make_recipe({"source": "clip.mp4", "output": "a.mp4"}, "video")
    planned = plan(recipe)
    runs = ShotRuns(planned.output)
    listed = runs.begin(planned)
    assert [shot.count for shot in listed.shots] == list(LENGTHS)
    shot = listed.shots[2]
    steps = rendering.record(runs.plan_of(planned, listed, shot))
    assert [next(steps).index for _ in range(3)] == [12, 13, 14]
    steps.close()
    done = runs.frames_done(shot)
    assert (runs.state(shot), 3 <= done <= 8) == ("begun", True)
    again = plan(recipe)
    steps = rendering.record(runs.plan_of(again, runs.begin(again), shot))
    assert [step.index for step in steps] == list(range(12 + done, 20))
    assert dreamers[1].indices[-1] == 8 - 1 + dreamers[1].indices[0] - done
    assert runs.state(shot) == "done"
    assert runs.missing(listed) == [1, 2, 4]


def test_what_is_missing_is_named_and_what_is_done_stays(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["join", "night.yaml", "-o", "a.mp4", "-q"]) == 1
    assert "none of its shots has been rendered" in capsys.readouterr().err
    assert rendered("night.yaml", "-o", "a.mp4", "--shots", "2-3") == 0
    assert main(["join", "night.yaml", "-o", "a.mp4", "-q"]) == 1
    assert "of 4 shots, not rendered yet: 1, 4; --shot 1 renders one" in capsys.readouterr().err
    assert rendered("night.yaml", "-o", "a.mp4", "--shot", "5") == 1
    assert "there is no shot 5; there are 4" in capsys.readouterr().err
    other = write("other.yaml", dream={"octaves": 2})
    assert rendered(other, "-o", "a.mp4", "--shot", "1") == 1
    told = capsys.readouterr().err
    assert "its shots were begun with another recipe or input: dream.octaves" in told
    assert rendered("night.yaml", "-o", "a.mp4", "--shots", "1,4", "--join") == 0
    assert Path("a.mp4").exists()
    assert main(["join", "night.yaml", "-o", "a.mp4"]) == 0
    assert "a.mp4: done already" in capsys.readouterr().err


def test_a_shot_of_another_recipe_is_not_joined() -> None:
    assert rendered("night.yaml", "-o", "a.mp4", "--shots", "1-4") == 0
    recipe = make_recipe({"source": "clip.mp4", "output": "a.mp4"}, "video")
    runs = ShotRuns(Path("a.mp4"))
    manifest = runs.output_of(runs.shots.shots[1]).parent / ".a.mp4.dreamvid" / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"seed": 0', '"seed": 1'), encoding="utf-8")
    with pytest.raises(StateError, match="shot 2 was rendered with another recipe or input: seed"):
        plan_join(recipe)
    assert not runs.missing(runs.shots)
    manifest.write_text(text, encoding="utf-8")
    assert main(["join", "night.yaml", "-o", "a.mp4", "-q"]) == 0


def test_a_shot_of_another_processor_is_joined_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for number, flags in ((1, {"avx", "avx2"}), (2, {"avx"}), (3, {"avx", "avx2"}), (4, set())):
        monkeypatch.setattr(machine, "processor_flags", lambda flags=flags: flags)
        assert rendered("night.yaml", "-o", "a.mp4", "--shot", str(number)) == 0
    assert main(["join", "night.yaml", "-o", "a.mp4"]) == 0
    told = [each.getMessage() for each in caplog.records if ": shot" in each.getMessage()]
    assert [each.partition(" was")[0] for each in told] == ["a.mp4: shot 2", "a.mp4: shot 4"]
    assert "with another processor (avx2, now avx)" in told[0]
    assert "with another processor (avx2, now unknown)" in told[1]


def test_one_shot_is_the_film_and_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    make.picture(Path("seed.png"), 64, 48)
    words = ["zoom", "seed.png", "--frames", "4"]
    assert main([*words, "-o", "alone.mp4", "-q"]) == 0
    assert main([*words, "-o", "apart.mp4", "--shot", "1"]) == 0
    assert "apart.mp4: one shot, of 4 frames, which is the film" in capsys.readouterr().err
    assert Path("apart.mp4").read_bytes() == Path("alone.mp4").read_bytes()
    assert main([*words, "-o", "other.mp4", "--shot", "2"]) == 1


def test_a_joined_film_is_continued_as_one_that_was_rendered_whole() -> None:
    short, long = write("short.yaml", frames=22), write("long.yaml", frames=25)
    assert rendered(long, "-o", "whole.mp4") == 0
    joined(short, "a.mp4")
    assert main(["continue", "a.mp4", "--source", "clip.mp4", "--frames", "3", "-q"]) == 0
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()


@pytest.mark.parametrize("ending", ["json", "edl"])
def test_an_edited_list_is_obeyed(ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["shots", "clip.mp4", "--edl"]) == 0
    out = capsys.readouterr().out
    assert "2  frames 7 to 11 (5), at 0.28 s" in out
    listed = Path(f"shots.{ending}")
    assert rendered("night.yaml", "-o", "found.mp4", "--no-keep") == 0
    assert rendered("night.yaml", "-o", "listed.mp4", "--cuts", str(listed), "--no-keep") == 0
    found, same = make.decoded(Path("found.mp4")), make.decoded(Path("listed.mp4"))
    assert (found == same).all()
    text = listed.read_text(encoding="utf-8")
    if ending == "json":
        text = text.replace('"start": 7', '"start": 9').replace('"stop": 7', '"stop": 9')
    else:
        text = text.replace("00:00:00:07", "00:00:00:09")
    listed.write_text(text, encoding="utf-8")
    write("night.yaml", cuts=str(listed))
    assert rendered("night.yaml", "-o", "alone.mp4") == 0
    assert joined("night.yaml", "apart.mp4") == Path("alone.mp4").read_bytes()
    assert (make.decoded(Path("alone.mp4"))[7] != found[7]).any()


@pytest.mark.parametrize(
    ("shots", "said"),
    [
        ([(0, 9), (8, 26)], "shots 1 and 2 overlap: one stops at frame 9, the other starts at 8"),
        ([(0, 9), (10, 26)], "shots 1 and 2 leave a gap"),
        ([(0, 9), (9, 20)], "ends before frame 20, and the film has 26"),
        ([(1, 26)], "the first shot must start at frame 0, not 1"),
        ([(0, 2), (2, 26)], "the first shot has 2 frames; it needs 3"),
        ([(0, 9), (9, 9), (9, 26)], "shot 2 stops at frame 9"),
        ([], "has no shot"),
        ([(0, "x")], "whole numbers of frames, not 'x'"),
        ("junk", "cannot be read: no list of shots"),
    ],
)
def test_a_wrong_list_is_refused_in_one_line(
    shots: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = shots if isinstance(shots, str) else [{"start": a, "stop": b} for a, b in shots]
    Path("list.json").write_text(json.dumps({"shots": rows}), encoding="utf-8")
    assert rendered("night.yaml", "--cuts", "list.json", "-o", "a.mp4") == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "list.json: cuts: " in line
    assert said in line
    assert not Path("a.mp4").exists()


def test_a_list_of_another_rate_is_refused() -> None:
    assert main(["shots", "clip.mp4", "-q"]) == 0
    recipe = make_recipe({"source": "clip.mp4", "cuts": "shots.json", "fps": 30}, "video")
    with pytest.raises(InputError, match="is of 25 frames a second, the film of 30"):
        plan(recipe)
    recipe = make_recipe({"source": "clip.mp4", "cuts": "shots.json", "start": 0.2}, "video")
    with pytest.raises(InputError, match=r"begins at 0 s of the clip, the film at 1/5"):
        plan(recipe)
