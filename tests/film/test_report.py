"""The report: what it measures on films made by hand, what it tells, what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import weakref
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.cli import main
from dreamvid.cli.inspect import report_lines
from dreamvid.errors import MediaError
from dreamvid.frame import Frame, Size
from dreamvid.media.outputs import open_sink
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture
from dreamvid.media.sink import FilmSpec
from dreamvid.opening import fit
from dreamvid.report import compare as films_module
from dreamvid.report.compare import open_films, report
from dreamvid.report.gallery import Gallery
from dreamvid.report.measure import Compared, Measured, measure, track
from dreamvid.report.request import Request
from dreamvid.report.summary import Report, course
from tests import media_factory as make_media
from tests.report_films import RATE, grain, lossless, pan, plain_e_warp, texture, whole


def measured(source: Sequence[Frame], dreamed: Sequence[Frame], **more: Any) -> list[Measured]:
    return [one.measured for one in measure(source, dreamed, **more)]


def summed(frames: Sequence[Measured], judge: str = "") -> Report:
    return Report("d.mkv", "s.mkv", (96, 72), RATE, judge, None, (), tuple(frames))


def numbers(*words: str | Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What `--json -` prints."""
    assert main(["report", *map(str, words), "--judge", "none", "--json", "-"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# What is measured


def test_the_whole_report_of_two_files_is_what_a_few_plain_lines_say(
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = whole(pan(texture(1), (2, -1), 3))
    dreamed = whole([frame * 0.9 + 20 + grain(t, frame) for t, frame in enumerate(source)])
    lossless(Path("s.mkv"), source)
    lossless(Path("d.mkv"), dreamed)
    told = numbers("d.mkv", "--source", "s.mkv", capsys=capsys)
    assert [one["frame"] for one in told["frames"]] == [0, 1, 2]
    assert told["frames"][0]["e_warp_dreamed"] is None
    for t, one in enumerate(told["frames"]):
        own, film = source[t].astype(float), dreamed[t].astype(float)
        assert one["residual"] == pytest.approx(((film - own) ** 2).mean() ** 0.5, rel=1e-6)
        for c in range(3):
            shift = film[..., c].mean() - own[..., c].mean()
            assert one["mean_shift"][c] == pytest.approx(shift, abs=1e-4)
            spread = film[..., c].std() - own[..., c].std()
            assert one["spread_shift"][c] == pytest.approx(spread, abs=1e-4)
        clipped = [float(((x < 1.5) | (x > 253.5)).sum()) / x.size for x in (own, film)]
        assert [one["clipped_source"], one["clipped_dreamed"]] == pytest.approx(clipped)
        if t:
            moved = track(source[t - 1], source[t])
            for name, pictures in (("source", source), ("dreamed", dreamed)):
                before, after = pictures[t - 1], pictures[t]
                plain = plain_e_warp(before, after, moved.backward, moved.reliable)
                assert one[f"e_warp_{name}"] == pytest.approx(plain, rel=1e-4)
            assert one["flicker"] == one["e_warp_dreamed"] - one["e_warp_source"]
    warps = [one["e_warp_dreamed"] for one in told["frames"][1:]]
    assert told["overall"]["e_warp_dreamed"]["mean"] == pytest.approx(sum(warps) / 2)
    assert told["overall"]["pairs"] == 2


def test_a_film_that_is_its_source_differs_by_nothing() -> None:
    source = pan(texture(1), (2, -1), 4)
    report = summed(measured(source, source, objective=lambda frame: float(frame.mean())))
    told = report.overall()
    for name in ("flicker", "strength", "residual"):
        assert set(told[name].values()) == {0.0}
    assert told["mean_shift"] == told["spread_shift"] == [course([0.0])] * 3
    assert told["e_warp_source"] == told["e_warp_dreamed"]


def test_noise_redrawn_flickers_and_noise_carried_by_the_motion_does_not() -> None:
    canvas = texture(1)
    source = pan(canvas, (2, 1), 5)
    carried = [a + b for a, b in zip(source, pan(grain(1, canvas), (2, 1), 5), strict=True)]
    still = [frame + grain(1, frame) for frame in source]
    redrawn = [frame + grain(t, frame) for t, frame in enumerate(source)]
    steady, stuck, fresh = (
        summed(measured(source, film)).overall()["flicker"]["mean"]
        for film in (carried, still, redrawn)
    )
    assert fresh == pytest.approx(2 * (10 / 255) ** 2, rel=0.1)
    assert steady < fresh / 20
    assert stuck > fresh / 2, "what stays in its place while the source moves is no steadier"


def test_a_frozen_film_is_told_by_the_sources_own_flicker() -> None:
    still = texture(1)[:72, :96]
    source = [still + grain(t, still, 4) for t in range(5)]
    report = summed(measured(source, [source[0]] * 5))
    told = report.overall()
    assert told["e_warp_dreamed"]["mean"] < told["e_warp_source"]["mean"] / 5
    assert told["flicker"]["mean"] < 0
    assert any("frozen" in line for line in report_lines(Request(), report, None))
    calm = summed(measured(source, source))
    assert not any("frozen" in line for line in report_lines(Request(), calm, None))


def test_drift_and_clipping_of_a_film_that_grows_brighter() -> None:
    source = [texture(1)[:72, :96]] * 20
    dreamed = [np.clip(frame + 4 * t, 0, 255) for t, frame in enumerate(source)]
    dreamed = [frame * np.array([1, 1, 0.5], np.float32) for frame in dreamed]
    told = summed(measured(source, dreamed)).overall()
    red, _, blue = told["mean_shift"]
    means = [float(frame[..., 0].mean() - source[0][..., 0].mean()) for frame in dreamed]
    assert red["mean"] == pytest.approx(np.mean(means), abs=1e-3)
    assert red["first"] == pytest.approx(np.mean(means[:2]), abs=1e-3)
    assert red["drift"] == pytest.approx(np.mean(means[-2:]) - np.mean(means[:2]), abs=1e-3)
    assert red["drift"] > 50
    assert blue["drift"] == pytest.approx(red["drift"] / 2, rel=0.1)
    assert told["spread_shift"][2]["first"] < -10
    clipped = told["clipped_dreamed"]
    assert clipped["last"] == pytest.approx((dreamed[18] >= 254).mean() / 2 + (
        dreamed[19] >= 254).mean() / 2)  # fmt: skip
    assert clipped["drift"] > 0.02
    assert told["clipped_source"]["drift"] == 0


def test_strength_is_what_the_dream_raised_the_objective_by() -> None:
    source = pan(texture(1), (1, 0), 4)
    dreamed = [frame + 3 * (t != 2) for t, frame in enumerate(source)]
    frames = measured(source, dreamed, objective=lambda frame: 7 * float(frame.mean()))
    assert [one.strength for one in frames] == pytest.approx([21, 21, 0, 21], abs=1e-2)
    report = summed(frames, "some: layer")
    assert report.weakest == 2
    assert frames[0].objective_source == pytest.approx(7 * source[0].mean(), rel=1e-5)
    nothing = measured(source, dreamed, objective=lambda frame: float("nan"))
    assert [one.strength for one in nothing] == [None] * 4
    json.loads(summed(nothing, "some: layer").json())


def test_pairs_across_a_cut_are_left_out() -> None:
    source = pan(texture(1), (1, 0), 8) + pan(255 - texture(9), (0, 1), 8)
    report = summed(measured(source, source))
    assert report.cuts == [8]
    assert [one.frame for one in report.frames if one.flicker is None] == [0, 8]
    assert report.pairs == 14
    across = track(source[7], source[8]).e_warp(source[7], source[8]) or 1.0
    told = report.overall()["e_warp_source"]["mean"]
    assert told < across / 20
    assert json.loads(report.json())["cuts"] == [8]


def test_frames_are_let_go() -> None:
    """However long the films are: of each two, and those that the cuts are looked for in ahead."""
    alive = most = 0

    def gone() -> None:
        nonlocal alive
        alive -= 1

    def film(seed: int) -> Iterator[Frame]:
        nonlocal alive
        for t in range(24):
            frame = grain(seed + t, np.zeros((32, 32, 3), np.float32)) + 128
            weakref.finalize(frame, gone)
            alive += 1
            yield frame

    for _ in measure(film(0), film(100)):
        most = max(most, alive)
    assert most <= 10


# Two films that are not alike


def residuals(dreamed: str, source: str, **more: Any) -> list[float]:
    films = open_films(Path(dreamed), Path(source), **more)
    with films.opened() as (own, film):
        return [one.measured.residual for one in measure(own, film)]


def test_a_film_that_begins_later_and_ends_earlier(capsys: pytest.CaptureFixture[str]) -> None:
    source = pan(texture(1), (2, 1), 12)
    lossless(Path("s.mkv"), source)
    lossless(Path("d.mkv"), source[5:9])
    assert residuals("d.mkv", "s.mkv", start=Fraction(5, 25)) == [0] * 4
    assert min(residuals("d.mkv", "s.mkv", start=Fraction(4, 25))) > 1
    told = numbers("d.mkv", "--source", "s.mkv", "--start", "0.2", capsys=capsys)
    assert told["notes"] == ["the first 4 of the source's 7 frames are compared"]
    told = numbers("s.mkv", "--source", "d.mkv", capsys=capsys)
    assert told["notes"] == ["the first 4 of the film's 12 frames are compared"]
    told = numbers("d.mkv", "--source", "s.mkv", "--frames", "2", capsys=capsys)
    assert (len(told["frames"]), told["notes"]) == (2, [])


def test_a_source_of_another_size_and_rate_is_brought_to_the_films() -> None:
    source = whole(pan(texture(1), (2, 1), 10))
    lossless(Path("s.mkv"), source)
    lossless(Path("small.mkv"), [fit(frame, Size(48, 24)) for frame in source])
    assert max(residuals("small.mkv", "s.mkv")) < 0.5, "only rounded"
    lossless(Path("half.mkv"), source[::2], RATE / 2)
    assert residuals("half.mkv", "s.mkv") == [0] * 5
    films = open_films(Path("half.mkv"), Path("s.mkv"))
    assert films.notes == ("the source, 25 fps, is read at 25/2 fps",)
    assert residuals("half.mkv", "s.mkv", fps=RATE)[1] > 1
    assert "96x72, is fitted to 48x24" in open_films(Path("small.mkv"), Path("s.mkv")).notes[0]


def test_a_pixel_that_the_coding_added_is_left_out() -> None:
    source = [frame[:71, :95] for frame in whole(pan(texture(1), (2, 1), 3))]
    lossless(Path("s.mkv"), source)
    coded = FilmSpec(Size(95, 71), RATE, crf=0, segment_frames=48)
    sink = open_sink(Path("d.mp4"), coded, overwrite=False)
    for frame in source:
        sink.write(frame)
    sink.close()
    assert probe(Path("d.mp4")).size == (96, 72)
    assert open_films(Path("d.mp4"), Path("s.mkv")).size == (95, 71)
    film = list(read_clip(probe(Path("d.mp4"))))
    wanted = [float(np.sqrt(((a[:71, :95] - b) ** 2).mean())) for a, b in zip(film, source)]  # noqa: B905
    assert residuals("d.mp4", "s.mkv") == pytest.approx(wanted, rel=1e-4)


# What is told


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source of 24 frames with a cut, and a film of it that flickers."""
    folder = tmp_path_factory.mktemp("films")
    source = pan(texture(1), (1, 0), 12) + pan(255 - texture(9), (0, 1), 12)
    dreamed = [frame + grain(t % 5, frame, 6) for t, frame in enumerate(source)]
    lossless(folder / "s.mkv", source)
    lossless(folder / "d.mkv", dreamed)
    return folder


@pytest.fixture
def films(made: Path) -> list[str]:
    """The words that name them, here."""
    for path in made.iterdir():
        shutil.copy(path, path.name)
    return ["report", "d.mkv", "--source", "s.mkv", "--judge", "none"]


def test_the_table_and_the_json_say_the_same(
    films: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*films, "--json", "d.json"]) == 0
    table = capsys.readouterr().out.splitlines()
    told = json.loads(Path("d.json").read_text())
    assert table[0] == "d.mkv beside s.mkv: 24 frames of 96x72 at 25 fps"
    overall = told["overall"]
    for row, name, form in (
        ("E_warp of the source", "e_warp_source", ".7f"),
        ("E_warp of the dream", "e_warp_dreamed", ".7f"),
        ("difference", "flicker", ".7f"),
        ("residual", "residual", ".2f"),
        ("clipped in the dream", "clipped_dreamed", ".2%"),
    ):
        line = next(line for line in table if line.startswith(row))
        parts = [overall[name][part] for part in ("mean", "first", "last", "drift")]
        assert line[len(row) :].split()[:4] == [f"{part:{form}}" for part in parts]
    assert not any(line.startswith("strength") for line in table)
    assert f"worst flicker: frame {overall['worst']}" in "\n".join(table)
    assert "cuts: 12" in table
    rows = table[-10:]
    assert [row.split()[0] for row in rows] == [
        "0-2", "3-5", "6-8", "9-11", "12-13", "14-15", "16-17", "18-19", "20-21", "22-23",
    ]  # fmt: skip
    assert rows[4].split()[-1] == "1", "the cut"
    part = [told["frames"][t]["e_warp_dreamed"] for t in (14, 15)]
    assert rows[5].split()[2] == f"{sum(part) / 2:.7f}"


def test_the_plot_opens_and_shows_the_frames_that_matter(films: list[str]) -> None:
    assert main([*films, "--plot", "d.png"]) == 0
    picture = read_picture(Path("d.png"))
    assert picture.shape == (1400, 1200, 3)
    assert picture.std() > 20
    assert {p.name for p in Path().iterdir()} == {"s.mkv", "d.mkv", "d.png"}


def test_the_frames_that_matter() -> None:
    source = pan(texture(1), (1, 0), 8)
    dreamed = [frame + 8 for frame in source]
    dreamed[3] = source[3] + grain(1, source[3], 30)
    dreamed[6] = source[6] + 5
    gallery, seen = Gallery(), list[Compared]()
    for one in measure(source, dreamed):
        gallery.offer(*one)
        seen.append(one)
    told = summed([one.measured for one in seen])
    pairs = gallery.pairs
    assert list(pairs) == ["first", "worst flicker", "weakest dream", "last"]
    assert [index for index, *_ in pairs.values()] == [0, told.worst, told.weakest, 7]
    assert (told.worst, told.weakest) == (3, 6)
    for index, own, film in pairs.values():
        np.testing.assert_array_equal(own, source[index])
        np.testing.assert_array_equal(film, dreamed[index])


def test_one_frame_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    frames = pan(texture(1), (1, 0), 2)
    lossless(Path("s.mkv"), frames)
    words = ["s.mkv", "--source", "s.mkv", "--frames", "1", "--plot", "p.png"]
    assert main(["report", *words, "--judge", "none"]) == 0
    assert "worst flicker: frame -" in capsys.readouterr().out
    made, _ = report(Request(dreamed="s.mkv", source="s.mkv", frames=1, judge="none"))
    assert (made.pairs, made.worst, made.weakest) == (0, None, 0)
    assert json.loads(made.json())["overall"]["flicker"] is None


def test_the_help_and_a_report_without_a_plot_import_no_more_than_they_need() -> None:
    code = """
import sys
from dreamvid.cli import main
try:
    main(["report", "--help"])
except SystemExit as stop:
    assert not stop.code
assert not {"tensorflow", "cv2", "matplotlib"} & set(sys.modules)
import dreamvid.plots.report
assert not {"tensorflow", "matplotlib"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--overwrite" in done.stdout


# What is refused


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["report"], "dreamed: name the film"),
        (["report", "d.mkv"], "source: name the clip"),
        (["report", "d.mkv", "s.mkv", "--source", "s.mkv"], "dreamed: takes one film"),
        (["report", "none.mkv", "--source", "s.mkv"], "none.mkv: no such file"),
        (["report", "d.mkv", "--source", "s.mkv", "--start", "9"], "s.mkv: no frame from 9 s"),
        (["report", "d.mkv", "--source", "text.mp4"], "text.mp4: not a clip"),
        (["report", "d.mkv", "--source", "s.mkv", "--json", "d.txt"], "name it .json"),
        (
            ["report", "no.mkv", "--source", "s.mkv", "--json", "old.json"],
            "output exists: old.json",
        ),
        (["report", "no.mkv", "--source", "s.mkv", "--plot", "old.png"], "output exists: old.png"),
        (["report", "d.mkv", "--source", "s.mkv", "--plot", "no/d.png"], "no such folder"),
        (["report", "d.mkv", "--source", "s.mkv", "--judge", "vgg61"], "did you mean vgg"),
        (["report", "d.mkv", "--source", "s.mkv", "--layers", "clouds"], "layer clouds: network"),
    ],
)
def test_refusals_are_one_line_and_leave_nothing(
    films: list[str], words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("old.json", "old.png", "text.mp4"):
        Path(name).write_text("as it was")
    before = {p.name for p in Path().iterdir()}
    assert main(words) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert told.err.startswith("dreamvid: error: ")
    assert told.err.count("\n") == 1
    assert {p.name for p in Path().iterdir()} == before
    assert Path("old.json").read_text() == "as it was"


def test_what_exists_is_replaced_when_asked(films: list[str]) -> None:
    Path("old.json").write_text("as it was")
    assert main([*films, "--json", "old.json", "--overwrite"]) == 0
    assert json.loads(Path("old.json").read_text())["cuts"] == [12]


def test_two_files_with_nothing_in_common(monkeypatch: pytest.MonkeyPatch) -> None:
    lossless(Path("s.mkv"), pan(texture(1), (1, 0), 2))
    monkeypatch.setattr(films_module, "measure", lambda *films: iter(()))
    with pytest.raises(MediaError, match="no frame in common with s"):
        report(Request(dreamed="s.mkv", source="s.mkv", judge="none"))


def test_a_line_of_pixels_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    line = make_media.probed(Path("s.avi"), Size(1, 8), RATE, 2)
    monkeypatch.setattr(films_module, "probe", lambda path: line)
    with pytest.raises(MediaError, match="1x8 is too small"):
        open_films(Path("s.avi"), Path("s.avi"))
