"""Films that close, on disk: resumed in any of their rounds, coded, and at the prompt."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid import frames as dream_frames
from dreamvid.cli import main
from dreamvid.errors import DreamvidError, RecipeError
from dreamvid.media.cutting import count_frames
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.embedded import find_embedded
from dreamvid.rendering.estimate import tried
from dreamvid.rendering.preview import preview
from dreamvid.rendering.seam import seam
from dreamvid.report.compare import open_films
from tests import media_factory as make
from tests.fakes import FakeDreamer, FakeSink

LEAD, FRAMES = 10, 20


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 6)
    monkeypatch.setattr(extending, "SEGMENT", 6)
    make.picture(Path("still.png"), 48, 32)


def recipe(**more: Any) -> Any:
    plain = {"source": "still.png", "output": "a.mp4", "frames": FRAMES, "loop": True}
    return make_recipe({**plain, "motion": {"zoom": 1.05}, "loop_blend": 0.2, **more}, "zoom")


def rendered(made: Any, **how: Any) -> list[int]:
    """Render; the indices of the frames."""
    steps = rendering.render(made, dreamer=FakeDreamer(), **how)
    return [step.index for step in steps]


@pytest.mark.parametrize("stop", [3, 7, LEAD - 1, LEAD, LEAD + 5, LEAD + FRAMES - 2])
def test_a_loop_is_resumed_in_any_of_its_rounds(stop: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(recipe(output="whole.mp4")) == list(range(FRAMES))

    class Stopped(FakeDreamer):
        def __call__(self, task: Any, /) -> Any:
            if len(self.indices) == stop:
                raise DreamvidError("stopped")
            return super().__call__(task)

    with pytest.raises(DreamvidError, match="stopped"):
        list(rendering.render(recipe(), dreamer=Stopped()))
    again = FakeDreamer()
    steps = list(rendering.render(recipe(), dreamer=again))
    assert again.indices[0] >= stop - 1, "nothing is dreamed twice"
    assert [step.index for step in steps][-1] == FRAMES - 1
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    assert not Path(".a.mp4.dreamvid/lead").exists()


def test_what_leads_in_is_checked() -> None:
    steps = rendering.render(recipe(), dreamer=FakeDreamer())
    with closing(steps):
        next(steps)
    kept = sorted(Path(".a.mp4.dreamvid/lead").iterdir())
    assert len(kept) == 6, "as many as the end passes over in"
    kept[0].write_bytes(b"PK")
    with pytest.raises(DreamvidError, match="cannot be read"):
        rendered(recipe())
    assert rendered(recipe(), restart=True) == list(range(FRAMES))


@pytest.mark.parametrize("ending", [".mp4", ".gif", ".webp", ""])
def test_no_frame_is_doubled_in_any_format(ending: str) -> None:
    output = Path(f"a{ending}")
    rendered(recipe(output=str(output), encode={"codec": None if ending else "png", "crf": 5}))
    found = seam(output)
    assert found.step <= 1.5 * found.usual
    assert found.step > found.usual / 2, "the last frame is not the first once more"
    if ending:
        assert count_frames(output) == FRAMES


def test_a_sink_of_ones_own_gets_the_film_alone() -> None:
    sink = FakeSink()
    dreamer = FakeDreamer()
    list(rendering.render(recipe(), dreamer=dreamer, sink=sink))
    assert len(sink.frames) == FRAMES
    assert len(dreamer.indices) == LEAD + FRAMES
    ordinary = [np.abs(a - b).mean() for a, b in zip(sink.frames, sink.frames[1:], strict=False)]
    assert min(ordinary) > np.median(ordinary) / 3, "none is shown twice"
    last = np.abs(sink.frames[-1] - sink.frames[0]).mean()
    assert last <= 1.5 * np.median(ordinary)


def test_the_prompt_prints_the_seam(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", "still.png", "--network", "none", "--loop", "--zoom", "1.1", "-n", "12"]
    assert main([*words, "-o", "a.mp4"]) == 0
    said = capsys.readouterr().err
    assert "a.mp4: from the last frame to the first it is " in said
    assert " of an ordinary step" in said
    assert main([*words, "-o", "b.mp4", "-q"]) == 0
    assert capsys.readouterr().err == ""
    assert main([*words, "-o", "c.mp4", "--dry-run"]) == 0
    assert main(["zoom", "still.png", "--network", "none", "--loop", "-n", "5"]) == 1
    assert "loop: 5 frames zoom by 1.10 in all" in capsys.readouterr().err


def test_a_loop_has_no_end_to_go_on_from(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", "still.png", "--network", "none", "-q", "--zoom", "1.1", "-n", "12"]
    assert main([*words, "--loop", "-o", "a.mp4"]) == 0
    assert main(["continue", "a.mp4", "-q"]) == 1
    assert "loop: closes a film, which has no end to go on from" in capsys.readouterr().err
    assert main([*words, "-o", "b.mp4"]) == 0
    assert main(["continue", "b.mp4", "-q", "--loop"]) == 1
    assert "loop: closes a film from its first frame on" in capsys.readouterr().err
    with pytest.raises(RecipeError, match="closes a film that is rendered"):
        next(dream_frames(recipe(), [np.zeros((32, 48, 3))], FakeDreamer()))


def test_a_clips_loop_has_its_sound(capsys: pytest.CaptureFixture[str]) -> None:
    """The sound too passes over into what comes before the film."""
    make.clip(Path("clip.mkv"), frames=40, rate=Fraction(20), size=(48, 32), sound=0.5)
    words = ["video", "clip.mkv", "--network", "none", "--loop", "--loop-blend", "0.5"]
    assert main([*words, "-o", "a.mp4"]) == 0
    assert count_frames(Path("a.mp4")) == 30
    heard = make.heard(Path("a.mp4")).astype(float)
    assert len(heard) / 44100 == pytest.approx(1.5, abs=0.03)
    assert main([*words, "--seconds", "1", "-o", "b.mp4", "-q"]) == 0
    assert count_frames(Path("b.mp4")) == 20, "as long as asked"
    loud = [np.abs(heard[int(at * 44100) :][:4000]).mean() for at in (0.3, 0.8, 1.15, 1.35)]
    assert max(loud[:2]) < 0.01 * loud[3], "what comes before the film is heard at its end"
    assert loud[2] < 0.8 * loud[3]


def test_a_report_knows_that_a_clip_closes() -> None:
    """Its film begins where the clip passes over to."""
    make.clip(Path("clip.mkv"), frames=40, rate=Fraction(20), size=(48, 32))
    words = ["video", "clip.mkv", "--network", "none", "--loop", "--loop-blend", "0.5", "-q"]
    assert main([*words, "-o", "a.mp4", "--crf", "4"]) == 0
    said = find_embedded(Path("a.mp4"))
    assert said is not None
    films = open_films(Path("a.mp4"), Path("clip.mkv"), said=said.recipe)
    with films.opened() as (source, dreamed):
        pairs = list(zip(source, dreamed, strict=True))
    assert len(pairs) == 30
    assert max(np.abs(one - other).mean() for one, other in pairs) < 3


def test_a_preview_of_a_loop_closes_and_a_dry_run_is_quick() -> None:
    shown = recipe(network="none", size="400x300")
    list(preview(shown, 3))
    found = seam(Path("a.preview.mp4"))
    assert found.step <= 1.5 * found.usual
    dreamer = FakeDreamer()
    planned = planning.plan(recipe(), dreamer=dreamer, overwrite=True)
    assert "in all" in tried(planned).line
    assert len(dreamer.indices) < LEAD
