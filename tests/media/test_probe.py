from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import MediaError
from dreamvid.frame import Size
from dreamvid.media.probe import probe
from dreamvid.media.timing import snap
from tests import media_factory as make

MEDIA = os.environ.get("DREAMVID_TEST_MEDIA")
needs_media = pytest.mark.skipif(not MEDIA, reason="DREAMVID_TEST_MEDIA is unset")

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm", "avi", "ts", "mpg"])
def test_rate_and_count_are_exact_in_every_container(tmp_path: Path, ending: str) -> None:
    clip = probe(make.clip(tmp_path / f"a.{ending}", rate=NTSC, frames=20))
    assert clip.rate == NTSC
    assert clip.frames == 20
    assert clip.size == (64, 48)
    assert clip.duration == 20 / NTSC
    assert not clip.has_audio


@pytest.mark.parametrize("rate", ["25", "24", "24000/1001", "60000/1001", "25/2", "10", "50"])
def test_rates_are_the_rationals_that_were_written(tmp_path: Path, rate: str) -> None:
    assert probe(make.h264(tmp_path / "a.mp4", rate=Fraction(rate))).rate == Fraction(rate)


@given(st.sampled_from([23.976, 29.97, 59.94, 119.88]), st.integers(-2, 2))
def test_snap_finds_the_broadcast_rates(rounded: float, noise: int) -> None:
    exact = snap(rounded + noise * 1e-5)
    assert exact.denominator == 1001
    assert abs(exact - rounded) < 1e-3


@given(st.fractions(Fraction(1, 2), 240, max_denominator=1001))
def test_snap_keeps_any_rate_to_a_frame_in_an_hour(rate: Fraction) -> None:
    assert abs(snap(float(rate)) / rate - 1) < 1 / (3600 * 10)


def test_count_is_not_that_of_a_longer_sound(tmp_path: Path) -> None:
    clip = probe(make.clip(tmp_path / "a.webm", sound=3))
    assert (clip.frames, clip.has_audio) == (25, True)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_size_is_as_shown_when_turned(tmp_path: Path, rotation: int) -> None:
    clip = probe(make.turned(tmp_path / "a.mp4", rotation))
    assert clip.size == ((64, 48) if rotation == 180 else (48, 64))


def test_size_is_as_shown_with_wide_pixels(tmp_path: Path) -> None:
    path = make.h264(tmp_path / "a.mp4", filters="setsar=4/3")
    assert probe(path).size == (85, 48)
    turned = tmp_path / "b.mp4"
    make.run("-display_rotation", "90", "-i", path, "-c", "copy", turned)
    assert probe(turned).size == (48, 85)


def test_odd_sizes(tmp_path: Path) -> None:
    assert probe(make.clip(tmp_path / "a.mkv", "-c:v", "ffv1", size=(65, 49))).size == (65, 49)


def test_uneven_rate_keeps_the_length(tmp_path: Path) -> None:
    path = make.h264(
        tmp_path / "a.mp4", "-fps_mode", "vfr", filters="select='lt(n,9)+not(mod(n,3))'"
    )
    clip = probe(path)
    assert clip.duration is not None
    assert abs(clip.duration - 1) < Fraction(1, 10)


def test_a_picture_of_an_album_is_no_clip(tmp_path: Path) -> None:
    cover, song = tmp_path / "cover.jpg", tmp_path / "a.m4a"
    cover.write_bytes(make.encoded(make.quadrants(), "JPEG"))
    make.run(
        *("-f", "lavfi", "-i", "sine=d=1", "-i", cover, "-map", "0", "-map", "1"),
        *("-c:v", "copy", "-disposition:v", "attached_pic", song),
    )
    with pytest.raises(MediaError, match="only sound"):
        probe(song)


def hostile(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that are no clips, and what should be said of each."""
    whole = make.h264(folder / "whole.mp4")
    headless = make.cut_off(whole, folder / "headless.mp4", 0.6)
    files = {"empty.mp4": b"", "text.mp4": b"I am no film.\n" * 99, "noise.mkv": bytes(range(256))}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    sound = folder / "sound.mp4"
    make.run("-f", "lavfi", "-i", "sine=d=1", sound)
    no_frames = folder / "none.mp4"
    make.run("-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i", "color=d=0", no_frames)
    script = folder / "script.mp4"
    script.write_text(f"ffconcat version 1.0\nfile '{whole}'\n")
    os.mkfifo(folder / "pipe.mp4")
    return {
        "missing": (folder / "gone.mp4", "no such file"),
        "folder": (folder, "a folder"),
        "empty": (folder / "empty.mp4", "empty"),
        "text": (folder / "text.mp4", "not a clip"),
        "noise": (folder / "noise.mkv", "not a clip"),
        "cut off before its index": (headless, "not a clip"),
        "only sound": (sound, "only sound"),
        "no frames": (no_frames, "only sound|not one frame"),
        "a script that names another file": (script, "not a clip"),
        "a pipe": (folder / "pipe.mp4", "not a plain file"),
    }


def test_what_is_no_clip_is_refused_in_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for what, (path, words) in hostile(tmp_path).items():
        with pytest.raises(MediaError, match=words) as caught:
            probe(path)
        message = str(caught.value)
        assert message.startswith(str(path)), what
        assert "\n" not in message, what
    said = capfd.readouterr()
    assert said.out + said.err == ""


@pytest.mark.parametrize(
    "name",
    ["with space.mp4", "it's.mp4", '"q".mp4', "-dash.mp4", "%d %03d.mp4", "夢 été.mp4", "a:b"],
)
def test_any_name_is_taken_literally(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.h264(tmp_path / "a.mp4").rename(tmp_path / name)
    assert probe(tmp_path / name).frames == 25
    monkeypatch.chdir(tmp_path)
    assert probe(Path(name)).frames == 25


CLIP = make.probed(Path("a.mp4"), Size(64, 48), Fraction(25), 100)


@pytest.mark.parametrize(
    ("start", "end", "frames", "expected"),
    [
        ("0", None, None, (0, 100)),
        ("1", "2", None, (25, 25)),
        ("1/50", None, None, (1, 99)),  # half a frame in: the next one
        ("1", "99", 10, (25, 10)),
        ("3", "99", None, (75, 25)),
    ],
)
def test_span(start: str, end: str | None, frames: int | None, expected: tuple[int, int]) -> None:
    until = None if end is None else Fraction(end)
    assert CLIP.span(Fraction(start), until, frames) == expected


@pytest.mark.parametrize(
    ("start", "end"), [("4", None), ("9", "10"), ("2", "2"), ("2", "1"), ("0", "0")]
)
def test_span_without_a_frame_is_refused(start: str, end: str | None) -> None:
    with pytest.raises(MediaError, match="no frame from"):
        CLIP.span(Fraction(start), None if end is None else Fraction(end), None)


TIMES = st.fractions(0, 5, max_denominator=1000)


@given(TIMES, st.none() | TIMES, st.none() | st.integers(1, 200))
def test_any_span_lies_within_its_times(
    start: Fraction, end: Fraction | None, frames: int | None
) -> None:
    try:
        first, count = CLIP.span(start, end, frames)
    except MediaError:
        assert start > 3 or (end is not None and end - start < Fraction(1, 25))
        return
    assert count is not None
    last = first + count - 1
    assert (first - 1) / CLIP.rate < start <= first / CLIP.rate
    assert last < 100
    assert end is None or last / CLIP.rate < end
    full = last == 99 or (end is not None and (last + 1) / CLIP.rate >= end)
    assert full or count == frames


@needs_media
@pytest.mark.parametrize(
    ("name", "size", "rate", "frames", "sound"),
    [
        ("chaplin", (640, 360), Fraction(25), 241, True),
        ("highway", (640, 480), NTSC, 300, False),
        ("one_second_clip", (1280, 720), Fraction(24), 24, False),
    ],
)
def test_real_clips(
    name: str, size: tuple[int, int], rate: Fraction, frames: int, sound: bool
) -> None:
    clip = probe(Path(str(MEDIA)) / f"{name}.mp4")
    assert (clip.size, clip.rate, clip.frames, clip.has_audio) == (size, rate, frames, sound)
