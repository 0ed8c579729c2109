"""Time kept: of clips whose frames come when they like, in pictures and in sound."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.cli import main
from dreamvid.errors import MediaError
from dreamvid.media import ffmpeg
from dreamvid.media.outputs import open_sink
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip
from dreamvid.media.sink import FilmSpec
from dreamvid.opening import open_source
from dreamvid.recipe import VideoRecipe
from tests import media_factory as make

NTSC = Fraction(30000, 1001)

RATES = [Fraction(24), Fraction(25), NTSC, Fraction(30), Fraction(60), Fraction(24000, 1001)]

Parts = list[tuple[int, Fraction]]

SLOWER: Parts = [(40, Fraction(30)), (40, Fraction(15))]
PHONE: Parts = [(70, Fraction(30)), (60, Fraction(24)), (60, Fraction(30))]
SCREEN: Parts = [(30, Fraction(60)), (2, Fraction(1, 2)), (30, Fraction(60)), (20, Fraction(12))]


def given(path: Path, **changes: Any) -> list[int]:
    """The numbers of the frames that a recipe dreams on; as many as it said there would be."""
    source = open_source(VideoRecipe(source=(path,), **changes))
    numbers = [make.number(frame) for frame in source.open()]
    assert len(numbers) == source.frames
    return numbers


def expected(times: list[float], moments: list[float], grace: float) -> list[int]:
    """The number of the last frame that has come at each moment, or within the grace."""
    return [max(n for n, time in enumerate(times) if time <= at + grace) for at in moments]


def grid(count: int, rate: Fraction, begin: float = 0) -> list[float]:
    return [begin + float(k / rate) for k in range(count)]


# Even clips


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_an_even_clip_comes_frame_for_frame(tmp_path: Path, rate: Fraction, ending: str) -> None:
    path = make.h264(tmp_path / f"a.{ending}", "-bf", "3", rate=rate, frames=200)
    clip = probe(path)
    assert (clip.rate, clip.frames, clip.even) == (rate, 200, True)
    assert given(path) == list(range(200))


def test_a_little_jitter_moves_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    make.uneven(path, parts=[(150, NTSC)], jitter=0.01)
    assert probe(path).even
    assert given(path) == list(range(150))


def test_another_rate_shows_what_the_clip_shows_then(tmp_path: Path) -> None:
    path = make.h264(tmp_path / "a.mp4", rate=Fraction(25), frames=50)
    for rate in (Fraction(10), Fraction(24), Fraction(60), NTSC):
        moments = grid(int(2 * rate), rate)
        times = [n / 25 for n in range(50)]
        assert given(path, fps=rate) == expected(times, moments, 1e-9)


def test_frames_that_cannot_be_decoded_leave_the_others_in_their_place(tmp_path: Path) -> None:
    whole = make.h264(tmp_path / "whole.ts", "-g", "10", "-bf", "0", frames=100)
    data = bytearray(whole.read_bytes())
    hole = len(data) // 2 // 188 * 188
    data[hole : hole + 30 * 188] = bytes(30 * 188)
    path = tmp_path / "a.ts"
    path.write_bytes(data)
    numbers = given(path)
    assert len(numbers) == 100
    assert len(set(numbers)) < 100
    # What is whole again stands where it stood.
    assert numbers[:40] == list(range(40))
    assert numbers[75:] == list(range(75, 100))


# Uneven ones


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(
    ("parts", "jitter", "rate"),
    [
        (SLOWER, 0, 30),
        (SLOWER[::-1], 0, 30),
        (PHONE, 0.004, 30),
        (SCREEN, 0, 60),
        ([(4, Fraction(1)), (3, Fraction(1, 3))], 0, 10),
    ],
    ids=["slower", "quicker", "phone", "screen", "slides"],
)
def test_every_frame_shows_what_has_come_by_its_time(
    tmp_path: Path, parts: Parts, jitter: float, rate: int, ending: str
) -> None:
    path = tmp_path / f"a.{ending}"
    times = make.uneven(path, "-bf", "3", parts=parts, jitter=jitter)
    clip = probe(path)
    assert (clip.rate, clip.even) == (Fraction(rate), False)
    assert clip.frames is not None
    last = clip.timing.moment(len(clip.timing.ticks) - 1)
    assert float(last) == pytest.approx(times[-1], abs=0.001)
    seen = given(path)
    assert clip.frames == len(seen)
    if ending == "mkv":
        times = [round(time, 3) for time in times]
    assert seen == expected(times, grid(len(seen), clip.rate), 0.5 / rate)
    # Nothing of it is lost, and nothing goes on.
    assert set(seen) == set(range(len(times)))
    assert len(seen) / rate > times[-1]


def test_an_uneven_clip_at_another_rate(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    times = make.uneven(path, parts=PHONE, jitter=0.002)
    for rate in (Fraction(10), Fraction(25), Fraction(60)):
        seen = given(path, fps=rate)
        grace = 0.5 / max(float(rate), 30)
        assert seen == expected(times, grid(len(seen), rate), grace)
        assert len(seen) / rate == pytest.approx(times[-1] + 1 / 30, abs=float(2 / rate))


def test_ranges_are_of_time(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    times = make.uneven(path, parts=SLOWER)
    for start, end in (("1/2", "2"), ("1.51", "3"), ("2.99", None), ("0", "1/3")):
        until = None if end is None else Fraction(end)
        seen = given(path, start=Fraction(start), end=until)
        begin = -(-Fraction(start) * 30 // 1) / 30
        assert seen == expected(times, grid(len(seen), Fraction(30), float(begin)), 1 / 60)
        if until is not None:
            assert abs(begin + Fraction(len(seen), 30) - until) < Fraction(1, 30)
    assert len(given(path, frames=7, start=Fraction(2))) == 7
    with pytest.raises(MediaError, match="no frame from 5 s"):
        open_source(VideoRecipe(source=(path,), start=Fraction(5)))


def test_a_gif_keeps_its_pauses(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    pause = "setpts='(N+if(gte(N,6),15,0))/10/TB'"
    make.clip(path, "-fps_mode", "vfr", frames=12, rate=Fraction(10), filters=pause)
    clip = probe(path)
    assert (clip.rate, clip.even) == (Fraction(10), False)
    seen = given(path)
    assert seen[:27] == [0, 1, 2, 3, 4, *[5] * 16, 6, 7, 8, 9, 10, 11]


def test_a_gifs_rounded_delays_move_no_frame(tmp_path: Path) -> None:
    """At 30 a second they are .03, .04, .03 s."""
    path = make.clip(tmp_path / "a.gif", frames=60, rate=Fraction(30))
    assert given(path) == list(range(60))


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_a_clip_that_begins_late_on_its_own_clock(tmp_path: Path, ending: str) -> None:
    first = tmp_path / "first.mp4"
    times = make.uneven(first, "-bf", "2", parts=SLOWER)
    path = tmp_path / f"a.{ending}"
    make.run("-itsoffset", "7.5", "-i", first, "-c", "copy", path)
    seen = given(path)
    assert seen == expected(times, grid(len(seen), Fraction(30)), 1 / 60)


def test_what_an_edit_list_hides_takes_no_time(tmp_path: Path) -> None:
    first = tmp_path / "first.mp4"
    times = make.uneven(first, "-bf", "2", "-g", "300", parts=SLOWER)
    path = tmp_path / "a.mp4"
    make.run("-ss", "0.8", "-i", first, "-c", "copy", path)
    seen = given(path)
    begin = times[seen[0]]
    assert 0.75 < begin < 0.85
    assert seen == expected(times, grid(len(seen), Fraction(30), begin), 1 / 60)


def test_a_new_clock_within_a_broadcast_is_no_pause(tmp_path: Path) -> None:
    one = make.h264(tmp_path / "one.ts", frames=40)
    late = tmp_path / "late.ts"
    make.run("-copyts", "-itsoffset", "500", "-i", one, "-c", "copy", late)
    for second in (one, late):
        path = tmp_path / "a.ts"
        path.write_bytes(one.read_bytes() + second.read_bytes())
        assert given(path) == [*range(40), *range(40)]


# Sound with them


def rendered(path: Path, output: Path, **changes: Any) -> Path:
    """A film of the clip as it is, without the expense of many segments."""
    source = open_source(VideoRecipe(source=(path,), **changes))
    spec = FilmSpec(source.size, source.rate, 20, segment_frames=100_000, sound=source.sound)
    sink = open_sink(output, spec, overwrite=True)
    for frame in source.open():
        sink.write(frame)
    return sink.close()


def beeps_at(moments: list[float]) -> str:
    spans = "+".join(f"between(t\\,{at:.6f}\\,{at + 0.1:.6f})" for at in moments)
    return f"aevalsrc=.8*sin(2764*t)*({spans}):s=44100"


def errors(film: Path, count: int) -> list[float]:
    """How many frames each flash comes after its beep."""
    clip = probe(film)
    assert clip.even
    bright = np.array([frame.mean() > 200 for frame in read_clip(clip)])
    flashes = np.flatnonzero(bright & ~np.roll(bright, 1)) / float(clip.rate)
    loud = np.flatnonzero(np.abs(make.heard(film).astype(int)) > 3000) / 44100
    beeps = loud[np.flatnonzero(np.diff(loud, prepend=-1) > 0.5)]
    assert len(flashes) == len(beeps) == count
    return [float(error) for error in (flashes - beeps) * float(clip.rate)]


@pytest.mark.slow
def test_after_ten_minutes_flash_and_beep_agree_to_within_a_frame(tmp_path: Path) -> None:
    parts: Parts = [(1000, Fraction(4)), (1050, Fraction(7)), (2000, Fraction(10))]
    white = [8, 500, 1100, 2030, 2300, 4040]
    moments = [2, 125, 250 + 100 / 7, 250 + 1030 / 7, 425, 599]
    path = tmp_path / "a.mp4"
    sound = beeps_at(moments)
    times = make.uneven(
        path, "-t", "600", "-g", "100", parts=parts, white=white, size=(16, 16), sound=sound
    )
    assert [times[n] for n in white] == pytest.approx(moments)
    film = rendered(path, tmp_path / "film.mp4")
    assert probe(film).duration == 600
    assert max(map(abs, errors(film, len(white)))) < 1
    part = rendered(path, tmp_path / "part.mkv", start=Fraction(590))
    assert max(map(abs, errors(part, 1))) < 1


def sounded(path: Path, *tones: int, options: tuple[str, ...] = ()) -> Path:
    """Two seconds with a sound track for each tone (Hz), the second one French."""
    words: list[str | Path] = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=2"]
    maps: list[str | Path] = ["-map", "0:v"]
    for index, tone in enumerate(tones):
        words += ["-f", "lavfi", "-i", f"sine={tone}:d=2:r=44100"]
        maps += ["-map", f"{index + 1}:a"]
    tags = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"]
    tags += ["-disposition:a", "0", "-disposition:a:1", "default"] if len(tones) > 1 else []
    coding = ["-c:v", "libx264", "-c:a", "aac", "-pix_fmt", "yuv420p", *tags, *options]
    make.run(*words, *maps, *coding, path)
    return path


def tracks(path: Path) -> list[str]:
    return [line for line in ffmpeg.describe(path).splitlines() if " Audio: " in line]


def pitch(path: Path, track: int) -> float:
    """The loudest tone of a sound track, in Hz; 0 for silence."""
    words = ["-i", ffmpeg.url(path), "-map", f"0:a:{track}", "-ac", "1", "-ar", "8000"]
    words += ["-f", "s16le", "-"]
    said = subprocess.run(ffmpeg.command(words), capture_output=True, check=True).stdout
    samples = np.frombuffer(said, np.int16)[2000:10000].astype(float)
    loud = np.abs(np.fft.rfft(samples))
    return float(np.argmax(loud)) if samples.std() > 100 else 0.0


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(1, 2)])
def test_every_sound_track_is_kept_with_its_language(
    tmp_path: Path, ending: str, start: Fraction
) -> None:
    clip = sounded(tmp_path / f"a.{ending}", 440, 880)
    film = rendered(clip, tmp_path / f"film.{ending}", start=start)
    english, french = tracks(film)
    assert "(eng)" in english
    assert "(fra)" in french
    assert "(default)" in french
    assert "(default)" not in english
    assert [pitch(film, 0), pitch(film, 1)] == [440, 880]


def test_a_sound_that_is_damaged_is_silent_there(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = sounded(tmp_path / "a.mkv", 440)
    broken = tmp_path / "broken.mkv"
    holes = "noise=amount=if(between(n\\,20\\,43)\\,3\\,0)"
    make.run("-i", clip, "-map", "0", "-c", "copy", "-bsf:a", holes, broken)
    film = rendered(broken, tmp_path / "film.mp4", start=None, end=Fraction("1.8"))
    assert "its sound is damaged" in caplog.text
    assert len(caplog.records) == 1
    heard = np.abs(make.heard(film).astype(int))
    assert heard[4410 : 4410 * 4].max() > 1000
    assert heard[44100 * 12 // 10 : 44100 * 17 // 10].max() > 1000
    assert len(heard) == pytest.approx(44100 * 1.8, abs=44)


def unknown(path: Path, source: Path, count: int) -> Path:
    """A clip whose first `count` sound tracks are of a kind that no one knows."""
    data = source.read_bytes()
    assert data.count(b"A_AAC") >= count
    path.write_bytes(data.replace(b"A_AAC", b"A_QQQ", count))
    return path


def test_a_sound_of_an_unknown_kind_is_left_out(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    clip = unknown(tmp_path / "a.mkv", sounded(tmp_path / "s.mkv", 440), 1)
    for start in (None, Fraction(1, 2)):
        film = rendered(clip, tmp_path / "film.mp4", start=start)
        assert not tracks(film)
        assert "the film is silent" in caplog.text
        assert caplog.text.count("\n") == 1
        caplog.clear()
    both = unknown(tmp_path / "b.mkv", sounded(tmp_path / "t.mkv", 440, 880), 1)
    film = rendered(both, tmp_path / "film.mp4")
    [french] = tracks(film)
    assert "(fra)" in french
    assert pitch(film, 0) == 880
    assert "of its 2 sound tracks only 1" in caplog.text


def test_the_prompt_is_told_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clip = unknown(tmp_path / "a.mkv", sounded(tmp_path / "s.mkv", 440), 1)
    words = ["video", str(clip), "--network", "none", "-o", str(tmp_path / "film.mp4")]
    assert main([*words, "--frames", "3"]) == 0
    said = capfd.readouterr().err
    assert said.count("its sound cannot be read") == 1
    assert "a.mkv: its sound cannot be read, the film is silent (" in said
    assert main([*words, "--frames", "3", "--overwrite", "--quiet"]) == 0
    assert capfd.readouterr().err == ""


def test_no_sound_no_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    film = rendered(make.h264(tmp_path / "a.mp4"), tmp_path / "film.mp4")
    assert not tracks(film)
    assert not caplog.text


@pytest.mark.parametrize("ending", ["mp4", "mkv", "mov"])
def test_the_sound_of_an_edited_clip_stays_with_its_pictures(tmp_path: Path, ending: str) -> None:
    whole = tmp_path / "whole.mp4"
    times = make.uneven(
        whole, "-g", "300", "-t", "3", parts=[(90, Fraction(30))], white=[60], sound=beeps_at([2.0])
    )
    clip = tmp_path / "a.mp4"
    make.run("-ss", "1.3", "-i", whole, "-c", "copy", clip)
    film = rendered(clip, tmp_path / f"film.{ending}")
    assert times[60] == 2
    assert abs(errors(film, 1)[0]) < 1


# Clips that break off


@pytest.mark.parametrize(
    ("ending", "share"),
    [(ending, share) for ending in ("mp4", "mkv", "ts", "avi") for share in (0.6, 0.9)]
    + [("mpg", 0.6)],
)
def test_a_clip_that_breaks_off_is_told_after_its_last_frame(
    tmp_path: Path, ending: str, share: float
) -> None:
    options = ["-movflags", "+faststart"] if ending == "mp4" else []
    noisy = "noise=alls=40:allf=t"
    whole = make.clip(tmp_path / f"whole.{ending}", *options, frames=60, filters=noisy)
    assert len(given(whole)) == 60
    path = make.cut_off(whole, tmp_path / f"a.{ending}", share)
    source = open_source(VideoRecipe(source=(path,)))
    came: list[int] = []
    with pytest.raises(MediaError, match="breaks off after frame"):
        came.extend(make.number(frame) for frame in source.open())
    assert share * 60 - 15 < len(came) < 60


@pytest.mark.parametrize("ending", ["ts", "mpg"])
def test_a_broadcast_cut_off_leaves_what_was_good(
    tmp_path: Path, ending: str, capfd: pytest.CaptureFixture[str]
) -> None:
    noisy = "noise=alls=40:allf=t"
    whole = make.clip(tmp_path / f"whole.{ending}", frames=60, filters=noisy, sound=2.4)
    path = make.cut_off(whole, tmp_path / f"a.{ending}", 0.6)
    words = ["video", str(path), "--network", "none", "-o", str(tmp_path / "film.mp4"), "-q"]
    assert main(words) == 1
    assert "breaks off after frame" in capfd.readouterr().err
    assert not (tmp_path / "film.mp4").exists()
    kept = probe(tmp_path / "film.partial.mp4")
    assert kept.frames is not None
    assert 25 < kept.frames < 60
    assert kept.has_audio


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_an_uneven_clip_that_breaks_off(tmp_path: Path, ending: str) -> None:
    whole = tmp_path / f"whole.{ending}"
    times = make.uneven(whole, "-movflags", "+faststart", parts=PHONE, jitter=0.004)
    path = make.cut_off(whole, tmp_path / f"a.{ending}", 0.7)
    came: list[int] = []
    frames = open_source(VideoRecipe(source=(path,))).open()
    with pytest.raises(MediaError, match="breaks off after frame"):
        came.extend(make.number(frame) for frame in frames)
    assert 40 < len(came) < len(times)
    told = [round(time, 3) for time in times]
    assert came[:-8] == expected(told, grid(len(came) - 8, Fraction(30)), 1 / 60)


def test_a_broadcast_that_begins_with_half_a_group_keeps_its_sound(tmp_path: Path) -> None:
    first, whole = tmp_path / "first.mp4", tmp_path / "whole.ts"
    make.uneven(first, "-t", "4", parts=[(100, Fraction(25))], white=[75], sound=beeps_at([3.0]))
    # Of an open group the first pictures need the group before.
    groups = ["-c:v", "mpeg2video", "-q:v", "2", "-bf", "2", "-g", "15", "-flags", "-cgop"]
    make.run("-i", first, "-r", "25", *groups, whole)
    data = whole.read_bytes()
    path = tmp_path / "a.ts"
    path.write_bytes(data[len(data) // 188 // 4 * 188 :])
    zero, listed = ffmpeg.first_picture(path), ffmpeg.packets(path, "video")
    assert zero is not None
    assert listed is not None
    assert zero > listed.start
    film = rendered(path, tmp_path / "film.mp4")
    assert abs(errors(film, 1)[0]) < 0.5
    assert probe(path).frames == len(given(path))


def test_a_broadcast_that_begins_within_a_group_of_pictures_is_whole(tmp_path: Path) -> None:
    whole = make.h264(tmp_path / "whole.ts", "-g", "12", "-bf", "3", frames=100)
    data = whole.read_bytes()
    path = tmp_path / "a.ts"
    path.write_bytes(data[len(data) // 188 // 3 * 188 :])
    numbers = given(path)
    assert numbers == list(range(numbers[0], 100))


def test_a_picture_a_day_is_a_slide_show(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    make.clip(path, frames=3)
    data = bytearray(path.read_bytes())
    at = data.index(b"strh") + 8 + 20  # the scale, over which the rate is 25
    data[at : at + 4] = (25 * 20_000).to_bytes(4, "little")
    path.write_bytes(data)
    clip = probe(path)
    assert not clip.even
    assert clip.rate == 10
    assert clip.duration == 60_000
