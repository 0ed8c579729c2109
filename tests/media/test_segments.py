"""Segments of a film: where they end, what a resume takes from them, how a film is cut again."""

from __future__ import annotations

import shutil
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from dreamvid.errors import StateError
from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg
from dreamvid.media.codecs.delivery import H264, H265
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.cutting import cut_film, cut_places
from dreamvid.media.film import FilmSink
from dreamvid.media.outputs import is_finished_part, open_sink
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.segment_names import closed_frames, frames_of
from dreamvid.media.sink import FilmSpec
from tests import media_factory as make
from tests.media.test_write import times

NTSC = Fraction(30000, 1001)

SHOTS = (0, 5, 13, 14)
"""Where shots begin: with segments of at most 4 frames one ends in the middle of another's, one
after a full one, one after a single frame."""

COUNT = 20

NAMES = ["000000-000004", "000004-000005", "000005-000009", "000009-000013", "000013-000014"]
NAMES += ["000014-000018", "last"]


def frame(index: int) -> Frame:
    return make.numbered(index).astype(np.float32)


def opened(path: Path, folder: Path | None = None, done: int = 0) -> FilmSink:
    return opened_as(FilmSpec(Size(64, 48), NTSC, crf=10, segment_frames=4), path, folder, done)


def opened_as(spec: FilmSpec, path: Path, folder: Path | None = None, done: int = 0) -> FilmSink:
    sink = open_sink(path, spec, overwrite=True, folder=folder, done=done)
    assert isinstance(sink, FilmSink)
    return sink


def write(sink: FilmSink, indices: range, shots: tuple[int, ...] = SHOTS) -> FilmSink:
    for index in indices:
        if index in shots:
            sink.end_segment()
        sink.write(frame(index))
    return sink


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".mov", ".gif", ".webp"])
def test_a_segment_ends_where_a_shot_begins(tmp_path: Path, ending: str) -> None:
    (work := tmp_path / "work").mkdir()
    path = tmp_path / f"a{ending}"
    write(sink := opened(path, work), range(COUNT))
    sink.close()
    segments = sorted(work.glob("*-*.*")) + sorted(work.glob("last.*"))
    assert [segment.stem for segment in segments] == NAMES
    read = iio.imiter(path) if ending == ".webp" else read_clip(probe(path))
    assert [make.number(picture) for picture in read] == list(range(COUNT))
    least = {".mp4": 0, ".mov": 0, ".gif": 0.01}.get(ending, 0.001)
    wanted = [index / NTSC for index in range(COUNT)]
    shown = times(path)
    assert len(shown) == COUNT
    assert max(abs(at - due) for at, due in zip(shown, wanted, strict=True)) <= least


def test_killed_after_any_write_a_film_is_the_same_bytes(tmp_path: Path) -> None:
    """As the checkpoint is stored last, a segment may hold more frames than are counted."""
    (work := tmp_path / "work").mkdir()
    path, count = tmp_path / "a.mp4", 10
    sink = opened(path, work)
    for at in range(count + 1):
        if at in SHOTS:
            shutil.copytree(work, tmp_path / f"{at}, before its shot")
            sink.end_segment()
        shutil.copytree(work, tmp_path / f"{at},")
        write(sink, range(at, min(at + 1, count)))
    sink.close()
    whole = path.read_bytes()
    for killed in sorted(tmp_path.glob("*,*")):
        at = int(killed.name.partition(",")[0])
        for part in killed.glob("0*.*.mp4"):  # the open segment's
            part.unlink()
        for counted in {at, max(0, at - 2)}:
            shutil.copytree(killed, resumed := tmp_path / "resumed")
            kept = {each: each.stat().st_ino for each in resumed.glob("*-*.*")}
            write(sink := opened(path, resumed, counted), range(counted, count))
            sink.close()
            assert path.read_bytes() == whole, (killed.name, counted)
            assert kept.items() <= {e: e.stat().st_ino for e in resumed.glob("*-*.*")}.items()
            shutil.rmtree(resumed)


def test_a_frame_of_a_lost_segment_is_named(tmp_path: Path) -> None:
    (work := tmp_path / "work").mkdir()
    write(sink := opened(tmp_path / "a.mp4", work), range(COUNT))
    sink.abandon(keep=False)
    for lost, first in (("000005-000009.mp4", 5), ("000000-000004.mp4", 0), ("000018.npy", 18)):
        (work / lost).rename(tmp_path / "away")
        with pytest.raises(StateError, match=f"frame {first} is missing in .*; --restart begins"):
            opened(tmp_path / "a.mp4", work, COUNT)
        (tmp_path / "away").rename(work / lost)
    opened(tmp_path / "a.mp4", work, COUNT).abandon(keep=False)


def test_frames_of_a_closed_segment_that_a_crash_left_are_removed(tmp_path: Path) -> None:
    (work := tmp_path / "work").mkdir()
    write(sink := opened(tmp_path / "a.mp4", work), range(7))
    sink.abandon(keep=False)
    shutil.copy(work / "000005.npy", work / "000003.npy")
    opened(tmp_path / "a.mp4", work, 7).abandon(keep=False)
    assert sorted(each.name for each in work.glob("*.npy")) == ["000005.npy", "000006.npy"]


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("000048-000060.mp4", range(48, 60)),
        ("1000000-1000048.mp4", range(1_000_000, 1_000_048)),
        ("000048-000048.mp4", None),
        ("000060-000048.mp4", None),
        ("000048.mp4", None),
        ("last.mp4", None),
        ("000048-000060.mkv", None),
        ("000048-000060.mp4.1a2b3c4d.mp4", None),
        ("000000-99999999999999999999.mp4", None),
    ],
)
def test_a_segment_is_known_by_its_name(tmp_path: Path, name: str, frames: range | None) -> None:
    assert frames_of(name, ".mp4") == frames
    if name != "000048-000060.mkv":
        assert is_finished_part(tmp_path / name) == (frames is not None)


def test_the_closed_frames_end_at_the_first_gap(tmp_path: Path) -> None:
    for name in ("000000-000004", "000000-000009", "000004-000009", "000009-000012"):
        (tmp_path / f"{name}.mp4").touch()
    (tmp_path / "000013-000016.mp4").touch()
    assert closed_frames(tmp_path, ".mp4") == [range(9), range(9, 12)]
    assert closed_frames(tmp_path, ".mkv") == []


def test_a_film_of_another_program_is_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write(sink := opened(path), range(COUNT))
    sink.close()
    assert cut_places(path, 4) == [0, 4, 5, 9, 13, 14, 18, 20]
    ffmpeg.run(["-i", ffmpeg.url(path), ffmpeg.url(tmp_path / "b.mp4")])
    with pytest.raises(StateError, match="has no keyframe every 4 frames"):
        cut_places(tmp_path / "b.mp4", 4)


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
@pytest.mark.parametrize("codec", [H264(), H265()], ids=lambda codec: codec.name)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_film_of_few_frames_can_be_cut_and_go_on(
    tmp_path: Path, codec: JoinedCodec, ending: str, count: int
) -> None:
    """So short a film is not decoded ahead of what it shows, but what follows it is."""
    spec = FilmSpec(Size(64, 48), NTSC, crf=10, segment_frames=9, codec=codec.name)
    short, path, work = tmp_path / f"a{ending}", tmp_path / f"b{ending}", tmp_path / "work"
    write(opened_as(spec, short), range(count), ()).close()
    work.mkdir()
    cut_film(short, codec, count, NTSC, work)
    write(opened_as(spec, path, work, count), range(count, count + 8), ()).close()
    assert [make.number(picture) for picture in read_clip(probe(path))] == list(range(count + 8))
    least = 0 if ending == ".mp4" else 0.001
    assert all(abs(at - index / NTSC) <= least for index, at in enumerate(times(path)))


@pytest.mark.parametrize(("name", "share"), [("h264", 0.5), ("h265", 0.75)])
def test_a_segments_last_frames_are_coded_better(tmp_path: Path, name: str, share: float) -> None:
    """Those before a keyframe differ from what was given no more than it does; in a film that
    closes its last frames too."""
    draw = np.random.default_rng(0)
    still = draw.normal(128, 30, (48, 64, 1))
    given = [np.clip(still + draw.normal(0, 6, still.shape), 0, 255) for _ in range(34)]
    given = [np.repeat(grey, 3, axis=2) for grey in given]
    settings: dict[str, Any] = {"crf": 24, "segment_frames": 20, "codec": name}
    spec = FilmSpec(Size(64, 48), Fraction(25), closes_after=34, **settings)
    sink = open_sink(tmp_path / "a.mp4", spec, overwrite=False)
    for frame in given:
        sink.write(frame.astype(np.float32))
    film = sink.close()
    assert film is not None
    with closing(read_clip(probe(film))) as frames:
        errors = [
            float(np.abs(one - other).mean()) for one, other in zip(frames, given, strict=True)
        ]
    for last in (20, 34):
        assert np.mean(errors[last - 3 : last]) < share * np.mean(errors[last - 12 : last - 7])
