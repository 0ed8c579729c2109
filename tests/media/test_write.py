from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest

from dreamvid.errors import MediaError, OutputError, RunError
from dreamvid.frame import Frame, Size
from dreamvid.media import ffmpeg, segments
from dreamvid.media.codecs import table
from dreamvid.media.codecs.joining import JoinedCodec
from dreamvid.media.film import FilmSink
from dreamvid.media.frame_store import FrameStore
from dreamvid.media.opencv import cv2
from dreamvid.media.output_checks import check_output, check_picture
from dreamvid.media.outputs import open_sink, write_picture
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture
from dreamvid.media.sequence import SequenceSink
from dreamvid.media.sink import FilmSpec, Sink, partial_name, to_uint8
from dreamvid.media.sound import Sound
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.run import folder_of
from tests import media_factory as make

MEDIA = os.environ.get("DREAMVID_TEST_MEDIA")
needs_media = pytest.mark.skipif(not MEDIA, reason="DREAMVID_TEST_MEDIA is unset")

NTSC = Fraction(30000, 1001)


def begin(path: Path, *, overwrite: bool = False, **changes: Any) -> FilmSink | SequenceSink:
    settings: dict[str, Any] = {
        "size": Size(64, 48),
        "rate": Fraction(25),
        "crf": 10,
        "segment_frames": 7,
    }
    settings |= changes
    settings["size"] = Size(*settings["size"])
    return open_sink(path, FilmSpec(**settings), overwrite=overwrite)


def frames(count: int, size: tuple[int, int] = (64, 48)) -> Iterable[Frame]:
    for index in range(count):
        yield make.numbered(index, *size).astype(np.float32)


def film(path: Path, count: int, **changes: Any) -> Path:
    sink = begin(path, **changes)
    for frame in frames(count, changes.get("size", (64, 48))):
        sink.write(frame)
    return sink.close()


def numbers(path: Path) -> list[int]:
    return [make.number(frame) for frame in read_clip(probe(path))]


def times(path: Path) -> list[Fraction]:
    """When the frames of a film are shown, in seconds, in order."""
    listing, _ = ffmpeg.run(
        ["-copyts", "-i", ffmpeg.url(path), "-map", "0:v", "-c", "copy", "-f", "framecrc", "-"]
    )
    [tick] = [Fraction(line[7:]) for line in listing.splitlines() if line.startswith("#tb 0:")]
    shown = [line.split(",")[2] for line in listing.splitlines() if not line.startswith("#")]
    return sorted(int(time) * tick for time in shown)


# Films


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "gif"])
def test_a_film_holds_every_frame_once_and_leaves_nothing_else(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    assert film(path, 17) == path
    assert numbers(path) == list(range(17))
    assert probe(path).rate == 25
    assert list(tmp_path.iterdir()) == [path]


def test_a_webp_holds_every_frame_once(tmp_path: Path) -> None:
    pictures = iio.imiter(film(tmp_path / "a.webp", 17))
    assert [make.number(picture) for picture in pictures] == list(range(17))
    assert list(tmp_path.iterdir()) == [tmp_path / "a.webp"]


@pytest.mark.parametrize("rate", [NTSC, Fraction(25), Fraction(7, 3)])
@pytest.mark.parametrize(("count", "segment"), [(22, 7), (1, 48), (2, 48), (5, 1)])
def test_times_are_exact_across_segments(
    tmp_path: Path, rate: Fraction, count: int, segment: int
) -> None:
    path = film(tmp_path / "a.mp4", count, rate=rate, segment_frames=segment)
    assert times(path) == [index / rate for index in range(count)]
    clip = probe(path)
    assert (clip.rate, clip.frames) == (rate, count)
    # Players and OpenCV take the mean of the decoding times for the rate.
    stated = cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS)
    assert stated == pytest.approx(float(rate), rel=1e-9)


def test_times_do_not_drift_over_many_segments(tmp_path: Path) -> None:
    # In microseconds a frame is a third of one too short, and a tick is 33 of them.
    path = film(tmp_path / "a.mp4", 60, rate=NTSC, size=(16, 16), segment_frames=1)
    assert times(path) == [index / NTSC for index in range(60)]
    gif = film(tmp_path / "a.gif", 60, rate=NTSC, segment_frames=1)
    shown = times(gif)
    assert len(shown) == 60
    assert max(abs(at - index / NTSC) for index, at in enumerate(shown)) <= Fraction(1, 100)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.gif", "a.webp", "frames"])
def test_the_same_frames_are_the_same_bytes(tmp_path: Path, name: str) -> None:
    made = []
    for turn in ("first", "second"):
        (tmp_path / turn).mkdir()
        path = film(tmp_path / turn / name, 20)
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        made.append([file.read_bytes() for file in files])
    assert made[0] == made[1]


def test_colors_survive(tmp_path: Path) -> None:
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 30, 40)]
    colors += [(10, 200, 250), (128, 128, 128)]
    sink = begin(tmp_path / "a.mp4", crf=0)
    for color in colors:
        sink.write(np.full((48, 64, 3), color, np.float32))
    path = sink.close()
    for color, frame in zip(colors, read_clip(probe(path)), strict=True):
        assert np.abs(frame - color).max() <= 2, color
    assert "yuv420p(tv, bt709" in ffmpeg.describe(path)


def test_the_index_comes_first_and_no_tool_is_named(tmp_path: Path) -> None:
    data = film(tmp_path / "a.mp4", 10).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"Lavf" not in data
    assert b"Lavc6" not in data


@pytest.mark.parametrize("size", [(65, 49), (65, 48), (1, 1), (3, 5)])
def test_odd_sides_grow_by_a_repeated_line(tmp_path: Path, size: tuple[int, int]) -> None:
    path = film(tmp_path / "a.mp4", 2, size=size, crf=1)
    even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert probe(path).size == even
    first = next(read_clip(probe(path)))
    if size == (65, 49):
        assert np.abs(first[:, 65] - first[:, 64]).mean() < 4
        assert np.abs(first[49] - first[48]).mean() < 4
    gif = film(tmp_path / "a.gif", 2, size=size)
    assert probe(gif).size == size


def test_gif_has_a_palette_of_its_own(tmp_path: Path) -> None:
    first = next(read_clip(probe(film(tmp_path / "a.gif", 3))))
    assert np.abs(np.array(make.corners(first)[2:]) - make.QUADRANTS[2:]).max() < 6


def test_a_still_film_keeps_its_count(tmp_path: Path) -> None:
    for ending in ("mp4", "gif"):
        sink = begin(tmp_path / f"a.{ending}")
        for _ in range(15):
            sink.write(np.full((48, 64, 3), 90, np.float32))
        assert probe(sink.close()).frames == 15


def test_a_gif_too_fast_to_play_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="at most 50 frames a second, not 60"):
        begin(tmp_path / "a.gif", rate=Fraction(60))
    assert not list(tmp_path.iterdir())


def test_to_uint8_rounds_and_cuts() -> None:
    levels = np.array([-3, -0.4, 0.49, 0.51, 127.5, 254.6, 300], np.float32)
    assert to_uint8(levels).tolist() == [0, 0, 0, 1, 128, 255, 255]


def test_a_frame_of_another_size_is_a_mistake(tmp_path: Path) -> None:
    for name in ("a.mp4", "frames"):
        sink = begin(tmp_path / name)
        with pytest.raises(ValueError, match="a frame of shape"):
            sink.write(np.zeros((64, 48, 3), np.float32))
        sink.abandon(keep=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "name",
    ["with space.mp4", "it's.mp4", '"q".mp4', "-dash.mp4", "%d.mp4", "夢 é.mp4", "a\nb.mp4"],
)
def test_any_name_is_taken_literally(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make.h264(tmp_path / "source.mp4", sound=1).rename(tmp_path / f"source {name}")
    monkeypatch.chdir(tmp_path)
    made = film(Path(name), 8, sound=Sound(Path(source.name)))
    assert made == Path(name)
    assert (probe(made).frames, probe(made).has_audio) == (8, True)
    assert sorted(tmp_path.iterdir()) == sorted([source, tmp_path / name])


# Folders and stills


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    path = film(tmp_path / "frames", 3)
    assert [file.name for file in sorted(path.iterdir())] == [f"{n:06d}.png" for n in range(3)]
    for index, file in enumerate(sorted(path.iterdir())):
        assert np.array_equal(read_picture(file), make.numbered(index))
    assert list(tmp_path.iterdir()) == [path]


def test_overwriting_a_folder_takes_only_what_was_numbered(tmp_path: Path) -> None:
    path = film(tmp_path / "frames", 5)
    (path / "mine.png").write_bytes(b"dear to me")
    with pytest.raises(MediaError, match=r"output exists: .*frames/ \(use --overwrite\)"):
        begin(path)
    film(path, 2, overwrite=True)
    assert sorted(file.name for file in path.iterdir()) == ["000000.png", "000001.png", "mine.png"]


def test_an_empty_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert film(Path(), 2) == Path()
    assert sorted(Path().iterdir()) == [Path("000000.png"), Path("000001.png")]
    assert list(tmp_path.iterdir()) == [tmp_path / "here"]


@pytest.mark.parametrize("ending", [".png", ".jpg", ".JPEG", ".webp"])
def test_stills(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    frame = make.quadrants().astype(np.float32) + 0.3
    write_picture(path, frame, False)
    seen = read_picture(path)
    off = np.abs(np.array(make.corners(seen)) - make.QUADRANTS).max()
    assert off <= (0 if ending == ".png" else 4)
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(MediaError, match=r"output exists: .* \(use --overwrite\)"):
        write_picture(path, frame, False)
    write_picture(path, frame * 0, True)
    assert read_picture(path).max() <= 1


# Sound


def toned(path: Path, *options: str, offset: float = 0, video: str = "libx264") -> Path:
    """Four seconds at 25 a second; a tone sounds from 2 to 3 s of a sound `offset` seconds late."""
    tone = "aevalsrc=if(between(t\\,2\\,3)\\,.8*sin(2764*t)\\,0):d=4:s=44100"
    make.run(
        *("-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=4", "-itsoffset", str(offset)),
        *("-f", "lavfi", "-i", tone, "-c:v", video, "-pix_fmt", "yuv420p", *options),
        f"file:{path}",
    )
    return path


def lengths(path: Path) -> tuple[float, float]:
    """Of a film's pictures, and of its sound as heard, in seconds."""
    pictures = ffmpeg.packets(path, "video")
    assert pictures is not None
    words = [
        "-i",
        ffmpeg.url(path),
        "-map",
        "0:a:0",
        "-ac",
        "1",
        "-ar",
        "44100",
        "-f",
        "s16le",
        "-",
    ]
    heard = subprocess.run(ffmpeg.command(words), capture_output=True, check=True).stdout
    return float(pictures.end), len(heard) / 2 / 44100


@pytest.mark.parametrize(
    ("source", "options", "offset", "ending"),
    [
        ("s.mp4", [], 0, "mp4"),
        ("s.mp4", ["-c:a", "libmp3lame"], 0, "mp4"),
        ("s.mp4", ["-c:a", "libmp3lame"], 0, "mkv"),
        ("s.mkv", ["-c:a", "pcm_s16le"], 0, "mov"),
        ("s.webm", ["-c:v", "libvpx", "-c:a", "libopus"], 0, "mp4"),
        ("s.ts", ["-c:v", "mpeg2video"], 0, "mp4"),  # its first picture is 1.4 s into its clock
        ("s.ts", ["-c:v", "mpeg2video"], 0, "mkv"),
        ("s.mp4", [], 0.5, "mp4"),
        ("s.mkv", ["-c:a", "flac"], 0.5, "mkv"),
    ],
)
def test_sound_stays_with_the_pictures(
    tmp_path: Path, source: str, options: list[str], offset: float, ending: str
) -> None:
    clip = toned(tmp_path / source, *options, offset=offset)
    # From when, how many frames, where the tone must be.
    cases = [("0", 100, 2.0, 3.0), ("0", 75, 2.0, 3.0), ("3/2", 50, 0.5, 1.5)]
    for start, count, first, last in cases:
        path = film(
            tmp_path / f"film.{ending}",
            count,
            size=(16, 16),
            sound=Sound(clip, Fraction(start)),
            overwrite=True,
            segment_frames=100,
        )
        seen, heard = lengths(path)
        assert abs(heard - seen) < 0.04
        begins, ends = make.tone_bounds(path)
        assert abs(begins - first - offset) < 0.005
        assert abs(ends - min(last + offset, seen)) < 0.02


def test_sound_that_fits_is_copied_and_a_cut_one_is_exact(tmp_path: Path) -> None:
    clip = toned(tmp_path / "s.mp4", "-c:a", "libmp3lame")
    whole = film(tmp_path / "whole.mp4", 100, sound=Sound(clip), segment_frames=48)
    assert "Audio: mp3" in ffmpeg.describe(whole)
    limited = film(tmp_path / "limited.mp4", 100, sound=Sound(clip, duration=Fraction(4)))
    assert "Audio: mp3" in ffmpeg.describe(limited)
    part = film(tmp_path / "part.mp4", 50, sound=Sound(clip))
    assert "Audio: aac" in ffmpeg.describe(part)
    assert lengths(part) == (2, 2.0)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_late_sound_is_late_in_its_copy(tmp_path: Path, ending: str) -> None:
    clip = toned(tmp_path / "s.mp4", "-c:a", "libmp3lame", "-t", "4", offset=0.5)
    path = film(tmp_path / f"a.{ending}", 100, sound=Sound(clip))
    assert "Audio: mp3" in ffmpeg.describe(path)
    assert make.tone_bounds(path)[0] == pytest.approx(2.5, abs=0.005)


def test_what_no_mp4_player_plays_is_coded_again(tmp_path: Path) -> None:
    clip = toned(tmp_path / "s.mkv", "-c:a", "pcm_s16le")
    assert "Audio: aac" in ffmpeg.describe(film(tmp_path / "a.mp4", 100, sound=Sound(clip)))
    assert "Audio: pcm" in ffmpeg.describe(film(tmp_path / "a.mkv", 100, sound=Sound(clip)))


def test_a_short_sound_is_filled_with_silence(tmp_path: Path) -> None:
    clip = toned(tmp_path / "s.mp4")
    for sound in (Sound(clip), Sound(clip, Fraction(1)), Sound(clip, duration=Fraction(5, 2))):
        path = film(tmp_path / "a.mp4", 150, sound=sound, overwrite=True, segment_frames=150)
        assert lengths(path) == (6, 6.0)
    assert make.tone_bounds(path)[1] == pytest.approx(2.5, abs=0.01)


def test_no_sound_is_no_fault(tmp_path: Path) -> None:
    silent = make.h264(tmp_path / "s.mp4")
    assert not probe(film(tmp_path / "a.mp4", 5, sound=Sound(silent))).has_audio
    toned(tmp_path / "t.mp4")
    film(tmp_path / "a.gif", 5, sound=Sound(tmp_path / "t.mp4"))


@needs_media
def test_real_sound(tmp_path: Path) -> None:
    clip = Path(str(MEDIA)) / "chaplin.mp4"
    whole = film(tmp_path / "whole.mp4", 241, sound=Sound(clip), segment_frames=48)
    assert "Audio: mp3" in ffmpeg.describe(whole)
    assert abs(lengths(whole)[1] - lengths(clip)[1]) < 0.001
    part = film(tmp_path / "part.mp4", 50, sound=Sound(clip, Fraction(4)), segment_frames=48)
    assert lengths(part) == (2, 2.0)


# What may be written where


def test_outputs_are_refused_before_anything_is_done(tmp_path: Path) -> None:
    there, link = tmp_path / "there.mp4", tmp_path / "link.mp4"
    there.write_bytes(b"x")
    link.symlink_to(there)
    (tmp_path / "dangling.mp4").symlink_to(tmp_path / "nowhere.mp4")
    (tmp_path / "plain").write_bytes(b"x")
    full = tmp_path / "full"
    full.mkdir()
    (full / "a.png").write_bytes(b"x")
    cases: list[tuple[Path, list[Path], bool, str]] = [
        (there, [], False, r"output exists: .*there\.mp4 \(use --overwrite\)"),
        (tmp_path / "dangling.mp4", [], False, "output exists"),
        (there, [there], True, "is the input itself"),
        (link, [there], True, "is the input itself"),
        (there, [link], True, "is the input itself"),
        (tmp_path / "full" / ".." / "there.mp4", [there], True, "is the input itself"),
        (full, [], False, "output exists"),
        (full, [full / "a.png"], True, "holds the input"),
        (tmp_path / "plain", [], True, "means a folder"),
        (tmp_path / "gone" / "a.mp4", [], False, "no such folder: .*gone"),
        (there / "a.mp4", [], False, "not a folder"),
        (tmp_path / "a.txt", [], False, r"\.mp4, \.mov, \.mkv, \.gif, \.webp"),
        (tmp_path / "a.png", [], False, "a still, not a film"),
        (tmp_path / ("a" * 300 + ".mp4"), [], False, "cannot be written: File name too long"),
        (tmp_path / "nul\0.mp4", [], False, "null"),
    ]
    before = sorted(tmp_path.iterdir())
    for path, inputs, overwrite, words in cases:
        with pytest.raises(MediaError, match=words) as caught:
            check_output(path, inputs, overwrite)
        assert "\n" not in str(caught.value)
    with pytest.raises(MediaError, match=r"name it \.png"):
        check_picture(tmp_path / "a.mp4", [], False)
    with pytest.raises(MediaError, match="is a folder"):
        check_picture(make_folder(tmp_path / "a.png"), [], True)
    (tmp_path / "a.png").rmdir()
    check_output(there, [], True)
    check_output(tmp_path / "new.mp4", [there], False)
    assert sorted(tmp_path.iterdir()) == before


def make_folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that no one may write into")
def test_a_folder_that_cannot_be_written_into(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot write into /proc"):
        begin(Path("/proc/a.mp4"))


def test_the_output_of_a_sound_is_not_its_source(tmp_path: Path) -> None:
    clip = toned(tmp_path / "s.mp4")
    with pytest.raises(MediaError, match="is the input itself"):
        begin(clip, sound=Sound(clip), overwrite=True)


# Stopping early


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "a.webp", "frames"])
def test_abandoned_with_keep_leaves_a_partial_film(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sink = begin(path)
    for frame in frames(10):
        sink.write(frame)
    kept = sink.abandon(keep=True)
    assert kept == partial_name(path)
    assert list(tmp_path.iterdir()) == [kept]
    if name != "a.webp":
        assert len(numbers(kept) if kept.is_file() else list(kept.iterdir())) == 10


@pytest.mark.parametrize("name", ["a.mp4", "a.gif", "frames"])
@pytest.mark.parametrize(("count", "keep"), [(0, True), (10, False), (0, False)])
def test_abandoned_otherwise_leaves_nothing(
    tmp_path: Path, name: str, count: int, keep: bool
) -> None:
    sink = begin(tmp_path / name)
    for frame in frames(count):
        sink.write(frame)
    assert sink.abandon(keep=keep) is None
    assert not list(tmp_path.iterdir())


def test_partial_sound_is_as_long_as_the_partial_film(tmp_path: Path) -> None:
    clip = toned(tmp_path / "s.mp4")
    sink = begin(tmp_path / "a.mp4", sound=Sound(clip))
    for frame in frames(50):
        sink.write(frame)
    kept = sink.abandon(keep=True)
    assert kept is not None
    assert lengths(kept) == (2, 2.0)


def test_no_frame_is_no_film(tmp_path: Path) -> None:
    for name in ("a.mp4", "frames"):
        sink = begin(tmp_path / name)
        with pytest.raises(RunError, match="not one frame"):
            sink.close()
        sink.abandon(keep=True)
    assert not list(tmp_path.iterdir())


def test_an_existing_output_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", 3)
    sink = begin(path, overwrite=True)
    for frame in frames(10):
        sink.write(frame)
    assert len(numbers(path)) == 3
    sink.abandon(keep=False)
    assert len(numbers(path)) == 3
    film(path, 10, overwrite=True)
    assert len(numbers(path)) == 10


def broken_ffmpeg(folder: Path, script: str) -> str:
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (
            "echo '[out @ 0x1] No space left on device' >&2; echo Conversion failed! >&2; exit 228",
            "No space left on device$",
        ),
        ("head -c 20000 >/dev/null; kill -9 $$", "ffmpeg was killed by signal 9"),
        ("cat >/dev/null; exit 3", "ffmpeg ended with status 3"),
        ("exec sleep 60", "the encoder hung: it took nothing for"),
        ("cat >/dev/null; exec sleep 60", "it hung, and was ended after"),
    ],
)
def test_an_encoder_that_fails_is_told_and_costs_its_segment_alone(
    tmp_path: Path, script: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_folder(tmp_path / "home")
    sink = begin(home / "a.mp4")
    for frame in frames(7):
        sink.write(frame)
    with monkeypatch.context() as patch:
        broken = broken_ffmpeg(tmp_path, script)
        patch.setattr(ffmpeg, "executable", lambda: broken)
        patch.setattr(segments, "PATIENCE", 0.7)
        with pytest.raises(RunError, match=words) as caught:
            write_all(sink, 20)
    assert "\n" not in str(caught.value)
    kept = sink.abandon(keep=True)
    assert kept == home / "a.partial.mp4"
    assert numbers(kept) == list(range(7))
    assert list(home.iterdir()) == [kept]


def write_all(sink: Sink, count: int) -> None:
    for frame in frames(count):
        sink.write(frame)


def test_no_encoder_is_left_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = broken_ffmpeg(tmp_path, f"echo $$ > '{tmp_path}/id'; exec sleep 60")
    home = make_folder(tmp_path / "home")
    monkeypatch.setattr(ffmpeg, "executable", lambda: broken)
    sink = begin(home / "a.mp4", size=(8, 8))
    sink.write(np.zeros((8, 8, 3), np.float32))
    while not (tmp_path / "id").exists() or not (tmp_path / "id").read_text():
        time.sleep(0.01)
    assert sink.abandon(keep=False) is None
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "id").read_text()), 0)
    assert not list(home.iterdir())


def test_segments_that_cannot_be_joined_are_kept_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = begin(tmp_path / "a.mp4")
    write_all(sink, 10)
    real = ffmpeg.run

    def full(arguments: list[str], **rest: Any) -> tuple[str, str]:
        if "concat" in arguments:
            raise RunError("No space left on device")
        return real(arguments, **rest)

    monkeypatch.setattr(ffmpeg, "run", full)
    with pytest.raises(RunError, match="No space left"):
        sink.close()
    kept = sink.abandon(keep=True)
    assert kept == tmp_path / "a.partial"
    assert list(tmp_path.iterdir()) == [kept]
    assert [numbers(piece) for piece in sorted(kept.iterdir())] == [list(range(7)), [7, 8, 9]]


STOPPED = """
import signal
import sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from dreamvid.frame import Size
from dreamvid.media.sink import FilmSpec
from dreamvid.media.outputs import open_sink

spec = FilmSpec(Size(640, 360), Fraction(25), crf=18, segment_frames=1000)
sink = open_sink(Path(sys.argv[1]), spec, overwrite=False)
noise = np.random.default_rng(1).random((360, 640, 3), np.float32) * 255
# A test run in a shell's background is born deaf to Ctrl-C, and this would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    count = 0
    while True:
        sink.write(noise)
        count += 1
        if count == 10:
            print("going", flush=True)
except KeyboardInterrupt:
    print(count, sink.abandon(keep=True))
"""


def test_ctrl_c_reaches_dreamvid_and_not_the_encoder(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED, str(path)], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"going\n"
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
        count, kept = process.stdout.read().decode().split(maxsplit=1)
    assert Path(kept.strip()) == partial_name(path)
    assert list(tmp_path.iterdir()) == [partial_name(path)]
    # The frame that was on its way may or may not have been counted, or be whole.
    assert abs(len(times(partial_name(path))) - int(count)) <= 1


def test_a_missing_ffmpeg_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "executable", lambda: str(tmp_path / "none"))
    sink = begin(tmp_path / "a.mp4")
    with pytest.raises(RunError, match="ffmpeg cannot be started"):
        write_all(sink, 1)
    assert sink.abandon(keep=True) is None
    assert not list(tmp_path.iterdir())


def test_writing_needs_no_opencv() -> None:
    script = "import sys, dreamvid.media.outputs; sys.exit('cv2' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


class MJPEG(JoinedCodec):
    """One whose segments are called as no other codec's."""

    name = "mjpeg"
    endings = (".m.mov",)
    segment_ending = ".avi"
    disk_bytes = 1.0
    multiple = 2

    def options(self, film: FilmSpec) -> list[str]:
        return ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p", "-threads", "1"]


@pytest.fixture
def mjpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "FILM_CODECS", (*table.FILM_CODECS, MJPEG()))


@pytest.mark.usefixtures("mjpeg")
def test_another_codec_is_one_entry(tmp_path: Path) -> None:
    path = film(tmp_path / "a.m.mov", 17)
    assert numbers(path) == list(range(17))
    assert "mjpeg" in ffmpeg.describe(path)
    assert "h264" in ffmpeg.describe(film(tmp_path / "a.mov", 3))
    with pytest.raises(OutputError, match=r"name it \.mp4, .*\.webp, \.m\.mov, without"):
        begin(tmp_path / "a.avi")


@pytest.mark.usefixtures("mjpeg")
def test_a_resume_loses_no_closed_segment_of_any_codec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "SEGMENT", 3)
    still = make.picture(tmp_path / "a.png", 16, 16)
    output = tmp_path / "a.m.mov"
    recipe = make_recipe(
        {"source": str(still), "output": str(output), "frames": 18, "network": "none"}
    )
    steps = rendering.render(recipe)
    for step in steps:
        if step.index == 7:
            steps.close()
    segments_of = folder_of(output) / "film"
    before = {path.name: path.stat().st_ino for path in segments_of.glob("0*.avi")}
    assert {"000000-000003.avi", "000003-000006.avi"} <= before.keys()
    steps = rendering.render(recipe)
    next(steps)
    now = {path.name: path.stat().st_ino for path in segments_of.glob("0*.avi")}
    assert before.items() <= now.items()
    list(steps)
    assert probe(output).frames == 18


def test_what_a_codec_keeps_of_a_frame_is_stored_as_it_is(tmp_path: Path) -> None:
    store = FrameStore(tmp_path)
    deep = np.arange(4 * 6 * 3, dtype="<u2").reshape(4, 6, 3) * 600
    bytes_each = (deep // 256).astype(np.uint8)
    store.add(0, deep)
    store.add(1, bytes_each)
    store.shrink()
    (tmp_path / "000000.mp4").write_bytes(b"x")
    store.remove_others()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000.npy", "000001.png"]
    assert np.array_equal(store[0], deep)
    assert np.array_equal(store[1], bytes_each)


def test_an_error_names_the_output(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        begin(tmp_path / "a.avi")
    assert caught.value.path == tmp_path / "a.avi"
