"""Commands as new users typed them: names among flags, lengths, several films, exit statuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from dreamvid.cli import main
from dreamvid.cli.arguments import join_layers, split_names
from dreamvid.cli.messages import status_of
from dreamvid.cli.option_table import all_options
from dreamvid.cli.options import is_recipe
from dreamvid.errors import (
    DownloadError,
    MediaError,
    NetworkError,
    RecipeError,
    RunError,
    StateError,
    UsageError,
)
from dreamvid.frame import Frame
from dreamvid.media.outputs import write_picture
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture
from dreamvid.recipe.load import first_sentence, presets
from dreamvid.rendering import plan as planning
from dreamvid.rendering.estimate import Pace
from dreamvid.rendering.run import folder_of
from dreamvid.task import DreamTask
from tests import media_factory as make

NONE = ["--network", "none", "-q"]
QUIETLY = ["--network", "none"]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def still() -> str:
    make.picture(Path("still.png"), 64, 48)
    return "still.png"


@pytest.fixture
def clip() -> str:
    """Twenty frames of blobs that move."""
    make.moving_clip(Path("clip.mp4"), 64, 48, 20, cut=12)
    return "clip.mp4"


def frames_of(path: str) -> int | None:
    return probe(Path(path)).frames


def night(text: str = "", name: str = "night.yaml") -> str:
    Path(name).write_text(f"kind: zoom\nsource: still.png\nnetwork: none\n{text}")
    return name


# Flags and names in any order


@pytest.mark.parametrize(
    ("argv", "names"),
    [
        (["--frames", "10", "night.yaml"], ["night.yaml"]),
        (["a.yaml", "--overwrite", "b.yaml", "-n", "3"], ["a.yaml", "b.yaml"]),
        (["--trim", "1", "-2", "a.yaml", "--color-shift=1", "b.yaml"], ["a.yaml", "b.yaml"]),
        (["--no-cuts", "a.yaml", "-o", "x.mp4"], ["a.yaml"]),
        (["-q", "--", "--odd.yaml"], ["--odd.yaml"]),
        (["--seconds", "4", "--range", "5-6", "-"], ["-"]),
        (["--source", "a.jpg", "b.jpg", "night.yaml"], ["night.yaml"]),
        (["--source", "a.jpg", "spiral", "--frames"], ["spiral"]),
        (["--trim", "2", "--frames", "3", "a.yaml"], ["a.yaml"]),
    ],
)
def test_names_are_found_among_flags(argv: list[str], names: list[str]) -> None:
    found, flags = split_names(argv, all_options(), is_recipe)
    assert found == names
    assert sorted([*found, *flags]) == sorted(word for word in argv if word != "--")


def test_layers_end_where_a_preset_is_named() -> None:
    words = ["--layers", "heads", "cells=min(1,t/9)", "spiral"]
    assert join_layers(words, presets().__contains__) == [
        "--layers",
        "heads,cells=min(1,t/9)",
        "spiral",
    ]


def test_every_command_takes_its_name_after_flags(
    still: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "--frames", "2", "-o", "a.mp4", "-q", night()]) == 0
    assert main(["continue", "--frames", "3", "-q", "a.mp4"]) == 0
    assert frames_of("a.mp4") == 5
    assert main(["recipe", "show", "--fps", "5", "night.yaml"]) == 0
    assert "fps: 5" in capsys.readouterr().out
    assert main(["zoom", "--frames", "2", still, "-o", "b.mp4", *NONE]) == 0


# Lengths and parts


def test_seconds_are_frames_at_the_recipes_rate(still: str, clip: str) -> None:
    assert main(["zoom", still, "--seconds", "0.5", "--fps", "12", "-o", "a.mp4", *NONE]) == 0
    assert frames_of("a.mp4") == 6
    assert main(["video", clip, "--seconds", "0.2", "-o", "b.mp4", *NONE]) == 0
    assert frames_of("b.mp4") == round(probe(Path(clip)).rate * Fraction("0.2"))
    assert main(["continue", "a.mp4", "--seconds", "0.25", "-q"]) == 0
    assert frames_of("a.mp4") == 9


def test_a_range_is_those_frames_of_the_clip(clip: str) -> None:
    whole = list(read_clip(probe(Path(clip))))
    assert main(["video", clip, "--range", "5-8", "-o", "part/", *NONE]) == 0
    part = [read_picture(path) for path in sorted(Path("part").iterdir())]
    np.testing.assert_allclose(part, whole[5:9], atol=0.51)


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["zoom", "still.png", "--range", "5-6"], 1, "works on clips only"),
        (["video", "clip.mp4", "--range", "6-5"], 1, "range: must be FIRST-LAST such as 50-60"),
        (["video", "clip.mp4", "--range", "50f"], 1, "range: must be FIRST-LAST such as 50-60"),
        (["video", "clip.mp4", "--range", "90-95"], 1, "no frame from"),
        (["video", "--range", "1-2"], 1, "source: name the picture or clip"),
        (["video", "clip.mp4", "--range", "1-2", "--start", "1"], 2, "exclude each other"),
        (["zoom", "still.png", "--seconds", "1", "-n", "3"], 2, "exclude each other"),
        (["zoom", "still.png", "--seconds", "soon"], 1, "seconds: must be seconds or"),
        (["zoom", "still.png", "--seconds", "0"], 1, "seconds: must be more than 0"),
        (["image", "still.png", "--seconds", "1"], 1, "an image is a single frame"),
    ],
)
def test_lengths_that_cannot_be_say_why(
    words: list[str],
    status: int,
    message: str,
    still: str,
    clip: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*words, *NONE]) == status
    assert message in capsys.readouterr().err


# Several


def test_several_clips_are_each_a_film(clip: str, capsys: pytest.CaptureFixture[str]) -> None:
    make.moving_clip(Path("b.mp4"), 64, 48, 6, cut=9)
    words = ["video", clip, "gone.mp4", "b.mp4", "--frames", "3", *QUIETLY]
    assert main([*words, "-o", "films/"]) == 1
    assert (frames_of("films/clip-dream.mp4"), frames_of("films/b-dream.mp4")) == (3, 3)
    told = capsys.readouterr().err.splitlines()
    assert "dreamvid: error: gone.mp4: no such file" in told
    assert told[-1] == "dreamvid: 2 of 3 done; failed: gone.mp4"
    assert main([*words, "-o", "one.mp4"]) == 2
    assert "cannot be that of several clips" in capsys.readouterr().err


def test_clips_of_one_name_are_refused_before_any_work(
    clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("in").mkdir()
    shutil.copy(clip, "in/clip.mp4")
    assert main(["video", clip, "in/clip.mp4", "-o", "out/", *QUIETLY]) == 2
    assert f"{clip} and in/clip.mp4 would both become out/" in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["-o", "no/such/"], 1, "error: no/such: cannot be made: No such file or directory"),
        (["-o", "out/", "--dry-run"], 0, ""),
        (["-o", "out/", "--octaves", "0"], 1, "octaves: must be at least 1"),
    ],
)
def test_a_folder_for_clips_is_made_only_for_films(
    clip: str, words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(clip, "other.mp4")
    before = sorted(Path().rglob("*"))
    assert main(["video", clip, "other.mp4", *words, *NONE]) == status
    assert message in capsys.readouterr().err
    assert sorted(Path().rglob("*")) == before


def test_a_recipe_without_an_option_of_the_others_is_named(
    still: str, clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("clip.yaml").write_text(f"kind: video\nsource: {clip}\nframes: 2\nnetwork: none\n")
    assert main(["render", night(), "clip.yaml", "--no-cuts"]) == 2
    told = capsys.readouterr().err
    assert "error: night.yaml: --no-cuts: unknown option" in told
    assert "1 of 2 done; failed: night.yaml" in told


def test_a_recipe_that_fails_twice_is_counted_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "gone.yaml", "gone.yaml"]) == 1
    assert "0 of 2 done; failed: gone.yaml, gone.yaml" in capsys.readouterr().err


def test_a_recipe_takes_its_kind_from_the_source_at_the_prompt(clip: str) -> None:
    Path("any.yaml").write_text("network: none\n")
    assert main(["render", "any.yaml", "--source", clip, "--no-cuts", "-o", "a.mp4", "-q"]) == 0
    assert frames_of("a.mp4") == 20


def test_a_failed_recipe_of_several_is_named(
    still: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = [
        night("frames: 2\noutput: a.mp4\n", "a.yaml"),
        "b.yaml",
        night("frames: 2\noutput: c.mp4\n", "c.yaml"),
    ]
    Path("b.yaml").write_text("kind: zoom\nsource: gone.png\nnetwork: none\noutput: b.mp4\n")
    assert main(["render", *recipes]) == 1
    told = capsys.readouterr().err.splitlines()
    assert "dreamvid: error: b.yaml: gone.png: no such file" in told
    assert told[-1] == "dreamvid: 2 of 3 done; failed: b.yaml"
    assert (frames_of("a.mp4"), frames_of("c.mp4")) == (2, 2)


# Exit statuses


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RecipeError("a"), 1),
        (MediaError("a"), 1),
        (NetworkError("a"), 1),
        (StateError("a"), 1),
        (MemoryError(), 1),
        (UsageError("a"), 2),
        (RunError("a"), 3),
        (DownloadError("a"), 3),
        (OSError(5, "a"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_status_says_whether_trying_again_can_help(error: BaseException, status: int) -> None:
    assert status_of(error) == status


def test_a_lock_that_is_held_may_be_let_go(still: str, capsys: pytest.CaptureFixture[str]) -> None:
    from filelock import FileLock

    folder = folder_of(Path("a.mp4"))
    folder.mkdir()
    with FileLock(folder / "lock"):
        assert main(["zoom", still, "-n", "2", "-o", "a.mp4", *NONE]) == 3
    assert "another dreamvid is rendering it" in capsys.readouterr().err


# Unfinished and finished films


def stop_at(monkeypatch: pytest.MonkeyPatch, index: int) -> None:
    """From now on the dreamer fails at a frame's index within its shot."""

    def dream(task: DreamTask) -> Frame:
        if task.index == index:
            raise RunError("broken")
        return np.asarray(task.canvas * 0.98 + 1, np.float32)

    monkeypatch.setattr(planning, "make_dreamer", lambda job, machine=None: dream)


def test_an_unfinished_film_may_be_lengthened(
    still: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["zoom", still, "--zoom", "1 + t/300"]
    stop_at(monkeypatch, 5)
    assert main([*words, "--frames", "8", "-o", "a.mp4"]) == 3
    assert "run the same command again to resume" in capsys.readouterr().err
    stop_at(monkeypatch, -1)
    assert main([*words, "--frames", "12", "-o", "b.mp4", "-q"]) == 0
    assert main([*words, "--frames", "12", "-o", "a.mp4"]) == 0
    assert "dreamvid: a.mp4: resumes at frame 5 of 12" in capsys.readouterr().err
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()


@pytest.mark.parametrize(
    ("zoom", "frames"), [("1 + t/300", "4"), ("1 + t/(90*n)", "12"), ("1.03", "12")]
)
def test_a_film_shorter_than_what_is_done_or_one_that_counts_with_its_length_is_another(
    still: str,
    zoom: str,
    frames: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stop_at(monkeypatch, 5)
    begun = "1.02" if zoom == "1.03" else zoom
    assert main(["zoom", still, "--zoom", begun, "-n", "8", "-o", "a.mp4", "-q"]) == 3
    assert main(["zoom", still, "--zoom", zoom, "-n", frames, "-o", "a.mp4", "-q"]) == 1
    assert "frames (8, now" in capsys.readouterr().err


@pytest.mark.parametrize("length", [["-n", "6"], ["-n", "5"]])
def test_an_unfinished_film_may_end_after_what_is_done(
    still: str, length: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["zoom", still, "-q", "--zoom", "1 + t/300"]
    stop_at(monkeypatch, 5)
    assert main([*words, "-n", "8", "-o", "a.mp4"]) == 3
    stop_at(monkeypatch, -1)
    assert main([*words, *length, "-o", "a.mp4"]) == 0
    assert main([*words, *length, "-o", "b.mp4"]) == 0
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()


def test_a_clips_part_may_be_lengthened_while_unfinished(
    clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["video", clip, "-q"]
    stop_at(monkeypatch, 11)
    assert main([*words, "--seconds", ".48", "-o", "a.mp4"]) == 3
    assert main([*words, "--seconds", ".2", "-o", "a.mp4"]) == 1, "how long that is, is not known"
    stop_at(monkeypatch, -1)
    assert main([*words, "--seconds", ".6", "-o", "a.mp4"]) == 0
    assert main([*words, "--seconds", ".6", "-o", "b.mp4"]) == 0
    assert Path("a.mp4").read_bytes() == Path("b.mp4").read_bytes()


def test_rendered_anew_it_does_not_resume(still: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", still, "-n", "3", "-o", "a.mp4", *QUIETLY]
    assert main(words) == 0
    Path("a.mp4").unlink()
    assert main(words) == 0
    assert main([*words, "--overwrite"]) == 0
    assert "resumes" not in capsys.readouterr().err


def test_a_part_of_a_clip_is_continued_beyond_its_end(clip: str) -> None:
    for begun in (["--end", ".2"], ["--seconds", ".2"], ["--range", "0-4"]):
        assert main(["video", clip, *begun, "-o", "a.mp4", "--overwrite", *NONE]) == 0
        assert frames_of("a.mp4") == 5
        assert main(["continue", "a.mp4", "--frames", "4", "-q"]) == 0
        assert frames_of("a.mp4") == 9


@pytest.mark.parametrize("ending", [".mp4", ".gif"])
def test_what_is_there_already_is_done(
    still: str, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["zoom", still, "-n", "4", "-o", f"a{ending}", *QUIETLY]
    assert main(words) == 0
    made = Path(f"a{ending}").stat().st_mtime_ns
    capsys.readouterr()
    assert main(words) == 0
    assert capsys.readouterr().err == f"dreamvid: a{ending}: done already\n"
    assert Path(f"a{ending}").stat().st_mtime_ns == made
    assert main([*words, "--angle", "1"]) == 1
    assert "output exists" in capsys.readouterr().err


def test_a_film_is_known_by_its_own_recipe_where_its_run_is_gone(
    still: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after a kill between the film's taking its name and the end."""
    words = ["zoom", still, "-n", "4", "-o", "a.mp4", "--no-keep", *NONE]
    assert main(words) == 0
    assert not folder_of(Path("a.mp4")).exists()
    assert main(words) == 0
    for other in (["-n", "5"], ["--angle", "1"]):
        assert main([*words, *other]) == 1
    make.picture(Path("still.png"), 64, 48, seed=9)
    assert main(words) == 1, "another picture"


def test_a_branch_that_is_there_is_done(still: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoom", still, "-n", "4", "-o", "a.mp4", *NONE]) == 0
    words = ["continue", "a.mp4", "--from", "2", "--frames", "3", "-o", "b.mp4"]
    assert main(words) == 0
    capsys.readouterr()
    assert main(words) == 0
    assert "b.mp4: done already" in capsys.readouterr().err


def test_a_film_goes_on_with_the_keys_of_another_recipe(
    still: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that it lacks are the film's, and options are over both."""
    assert main(["zoom", still, "-n", "3", "--zoom", "1.03", "-o", "a.mp4", *NONE]) == 0
    Path("other.yaml").write_text("motion: {angle: 2, border: wrap}\n", encoding="utf-8")
    words = ["continue", "a.mp4", "--frames", "2", "-o", "b.mp4", "-q", "--recipe", "other.yaml"]
    assert main([*words, "--border", "edge"]) == 0
    capsys.readouterr()
    assert main(["recipe", "show", "b.mp4"]) == 0
    shown = capsys.readouterr().out
    assert all(key in shown for key in ("zoom: 1.03", "angle: 2.0", "border: edge", "frames: 5"))


@pytest.mark.parametrize("start", [[], ["--from", "3"]])
@pytest.mark.parametrize("output", ["b.gif", "b.webp", "b"])
def test_a_film_goes_on_in_another_format(still: str, output: str, start: list[str]) -> None:
    """Its frames are taken from the film, the first segment's too."""
    assert main(["zoom", still, "-n", "5", "--size", "47x33", "-o", "a.mp4", *NONE]) == 0
    assert main(["continue", "a.mp4", *start, "--frames", "2", "-o", output, "-q"]) == 0
    done = 3 if start else 5
    film = [frame[:33, :47] for frame in read_clip(probe(Path("a.mp4")))]
    if output == "b":
        assert len(list(Path("b").iterdir())) == done + 2
        for index in range(done):
            np.testing.assert_array_equal(read_picture(Path(f"b/{index:06d}.png")), film[index])
    else:
        made = list(iio.imiter(output))
        assert (len(made), made[0].shape[:2]) == (done + 2, (33, 47))
        assert np.abs(made[1][..., :3] - film[1]).mean() < 12


# Silent shortfalls


def test_fewer_frames_than_asked_are_warned_of(
    clip: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["video", clip, "--frames", "400", "-o", "a.mp4", *QUIETLY]) == 0
    told = capsys.readouterr().err
    assert (
        "dreamvid: warning: a.mp4: only 20 of the 400 frames can be made: the source ends there\n"
        in told
    )
    assert main(["video", clip, "-n", "5", "-o", "b.mp4", *NONE]) == 0
    assert main(["continue", "b.mp4", "--frames", "90"]) == 0
    assert (
        "b.mp4: only 20 of the 95 frames can be made: the source ends there"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("length", [["--seconds", "9"], ["--end", "9"], ["--range", "3-200"]])
def test_a_part_beyond_the_clips_end_is_warned_of(
    clip: str, length: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["video", clip, *length, "-o", "a.mp4", *QUIETLY]) == 0
    assert "frames can be made: the source ends there" in capsys.readouterr().err
    assert main(["video", clip, "--end", ".8", "-o", "b.mp4", *QUIETLY]) == 0
    assert "can be made" not in capsys.readouterr().err, "all of the clip"


def test_octaves_and_bursts_that_are_cut_short_are_warned_of(
    still: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["image", still, "--octaves", "20", "--steps", "1", "-o", "a.png"]
    assert main(words) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert [line.partition(":")[0] for line in told] == ["dreamvid"] * 2
    assert "of 20 octaves are used: smaller ones are under the network's minimum size" in told[0]
    assert "--steps 1 also sets the steps of a first frame, 12 by default" in told[1]
    assert main([*words, "--burst", "1", "--octaves", "1", "--overwrite"]) == 0
    assert "--steps" not in capsys.readouterr().err
    assert main([*words, "--overwrite", "-q"]) == 0
    assert capsys.readouterr().err == ""


def test_one_clock_tells_the_pace() -> None:
    pace = Pace()
    start = pace._start
    assert not pace.enough(9)
    for at in (10.0, 11.0, 12.0, 14.0):
        pace.note(start + at)
    assert pace.enough(9)
    assert pace.first == pytest.approx(10)
    assert pace.later == pytest.approx(4 / 3), "the first frame's burst is no pace"


# Names that are no files


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["video", "https://example.com/a.mp4"], "error: https://example.com/a.mp4: a URL"),
        (["zoom", "https://example.com/a.jpg"], "https://example.com/a.jpg: a URL"),
        (["continue", "https://example.com/a.mp4"], "error: https://example.com/a.mp4: a URL"),
        (["report", "https://example.com/a.mp4", "--source", "b.mp4"], "https://example.com/a.mp4"),
        (["zoom", "still.png", "-o", "s3://b/a.mp4"], "error: s3://b/a.mp4: a URL"),
        (["video", "seq/%06d.png"], "seq/%06d.png: no numbered pictures are there"),
        (["video", "seq/*.png"], "seq/*.png: no pictures of such names are there"),
        (["video", "seq"], "seq: no numbered pictures are there"),
    ],
)
def test_a_source_that_is_no_file_says_what_would_be(
    still: str, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("seq").mkdir()
    network = NONE if words[0] in ("zoom", "video") else []
    assert main([*words, *network]) == 1
    told = capsys.readouterr().err
    assert message in told
    assert "zoom and image" not in told


def test_an_address_in_a_recipe_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.yaml").write_text("kind: video\nsource: https://example.com/a.mp4\nnetwork: none\n")
    assert main(["render", "a.yaml"]) == 1
    assert "https://example.com/a.mp4: a URL" in capsys.readouterr().err


# recipe list, layers


def test_the_presets_are_listed_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == presets()
    swing = next(line for line in lines if line.startswith("swing "))
    assert "zoom" in swing
    assert "Four seconds without an end: the camera swings out and back" in swing
    assert main(["recipe", "list", "zoom"]) == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("# One. Two.\n", "One."),
        ("# Of 2.5 %\n# a frame. More\nkind: zoom\n", "Of 2.5 % a frame."),
        ("# No end\n#   dreamvid zoom a.jpg\n", "No end"),
        ("kind: zoom\n", ""),
    ],
)
def test_the_first_sentence_of_a_recipes_comment(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_layers_that_are_described_come_first_and_all_when_asked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["layers", "--network", "lite0"]) == 0
    named = capsys.readouterr().out
    assert "furry heads and fur" in named
    assert "--all" in named
    assert main(["layers", "--network", "lite0", "--all"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 2 * len(named.splitlines())


# The course of an objective


def test_the_objective_of_an_image_is_drawn_by_octave_and_step(
    still: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Measured:
        def __call__(self, task: DreamTask) -> Frame:
            return task.canvas

        def steps(self, picture: Frame, *, measure: bool) -> Iterator[Any]:
            assert measure
            for at in range(6):
                yield SimpleNamespace(
                    octave=at // 3, step=at % 3, objective=float(at), image=picture
                )

    monkeypatch.setattr(planning, "make_dreamer", lambda job, machine=None: Measured())
    words = ["image", still, "-o", "a.png", "--plot", "objective.png"]
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == ["a.png", "objective.png"]
    assert read_picture(Path("objective.png")).shape[1] == 1200
    Path("a.png").unlink()
    assert main(words) == 1, "the plot is there, which is seen before any work"
    assert not Path("a.png").exists()


def test_where_there_is_no_objective_is_seen_before_any_work(
    still: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["image", still, "-o", "a.png", "--plot", "b.png", *NONE]) == 1
    assert "plot: network none has no objective" in capsys.readouterr().err
    assert not Path("a.png").exists()


# A still that is reported


def test_a_still_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    seed = np.full((48, 64, 3), 100, np.float32)
    dreamed = seed.copy()
    dreamed[:, :32] += 20
    write_picture(Path("seed.png"), seed, False)
    write_picture(Path("still.png"), dreamed, False)
    words = ["report", "still.png", "--source", "seed.png", "--judge", "none"]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert told.startswith("still.png beside seed.png: a still of 64x48\n")
    assert "E_warp" not in told
    assert main([*words, "--json", "-"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["frames"]
    assert one["residual"] == pytest.approx(200**0.5)
    assert one["mean_shift"] == pytest.approx([10] * 3)
    assert one["spread_shift"] == pytest.approx([10] * 3)
    assert one["strength"] is None
    assert main([*words, "--plot", "plot.png"]) == 0
    write_picture(Path("large.png"), np.full((96, 128, 3), 100, np.float32), False)
    assert main(["report", "still.png", "--source", "large.png", "--judge", "none"]) == 0
    assert "128x96, is fitted to 64x48" in capsys.readouterr().out


def test_a_still_has_its_strength(capsys: pytest.CaptureFixture[str]) -> None:
    make.picture(Path("seed.png"), 96, 64)
    assert main(["image", "seed.png", "-o", "still.png", "--octaves", "1", "-q"]) == 0
    assert main(["report", "still.png", "--source", "seed.png", "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["judge"].startswith("lite0: ")
    assert told["frames"][0]["strength"] > 0
