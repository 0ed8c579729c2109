"""Sound of any layout, codec and container reaches the film: each tone, at its level, in time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from dreamvid.cli import main
from dreamvid.media import ffmpeg, sound, tracks
from dreamvid.media.probe import probe
from dreamvid.media.sound import Sound
from tests import media_factory as make
from tests import sound_factory

MEDIA = os.environ.get("DREAMVID_TEST_MEDIA")
HARD = Path(str(MEDIA)) / "hard" / "pcm4_unsd.mov"

Tones = Sequence[int]


def cut(
    clip: Path, ending: str = ".mp4", start: Fraction = Fraction(0), length: Fraction = Fraction(1)
) -> Path:
    """The sound of a film of a part of a clip, as a file beside it."""
    name = sound.cut(Sound(clip, start), clip.parent, ending, length, Fraction(1, 25))
    assert name is not None
    return clip.parent / name


def layouts(path: Path) -> list[str]:
    return [track.layout for track in tracks.listed(ffmpeg.describe(path))]


def found(
    path: Path, tones: Tones, begin: float = 0.25, end: float = 0.75
) -> list[tuple[int, int]]:
    """The track and channel where each tone is loudest; that it sounds, and when, is checked."""
    places: dict[int, tuple[float, tuple[int, int]]] = dict.fromkeys(tones, (0, (0, 0)))
    for track in range(len(layouts(path))):
        heard = make.samples(path, track)
        part = heard[round(begin * 48000) + 2400 : round(end * 48000) - 2400]
        times = np.arange(len(part)) / 48000
        window = np.hanning(len(part))
        for tone in tones:
            wave = (window * np.exp(-2j * np.pi * tone * times)) @ part
            levels = np.abs(wave) * 2 / window.sum() / make.LOUD
            channel = int(levels.argmax())
            places[tone] = max(places[tone], (float(levels[channel]), (track, channel)))
        loud = np.flatnonzero(np.abs(heard).max(axis=1) > 0.3 * make.LOUD) / 48000
        assert loud[0] == pytest.approx(begin, abs=0.005)
        assert loud[-1] == pytest.approx(end, abs=0.012)
    levels = [level for level, _ in places.values()]
    assert min(levels) > 0.65
    assert max(levels) < 1.15
    return [place for _, place in places.values()]


def hertz(count: int) -> list[int]:
    return [440 + 110 * index for index in range(count)]


# Channels


@pytest.mark.parametrize(
    ("layout", "count", "film"),
    [
        ("1 channels", 1, ["mono"]),
        ("2 channels", 2, ["stereo"]),
        ("3 channels", 3, ["3.0"]),
        ("4 channels", 4, ["4.0"]),
        ("5 channels", 5, ["5.0"]),
        ("6 channels", 6, ["stereo"] * 3),
        ("7 channels", 7, ["stereo"] * 3 + ["mono"]),
        ("10 channels", 10, ["stereo"] * 5),
        ("24 channels", 24, ["stereo"] * 12),
        ("FR", 1, ["mono"]),
        ("7.1.4", 12, ["7.1", "mono"]),
        ("FL+FR+FC+LFE+SL+SR+DL+DR", 8, ["5.1", "stereo", "mono"]),
    ],
)
def test_no_channel_is_lost(tmp_path: Path, layout: str, count: int, film: list[str]) -> None:
    clip = make.sounding(tmp_path / "a.mov", (layout, hertz(count)))
    places = found(cut(clip), hertz(count))
    assert layouts(tmp_path / "sound.mp4") == film
    if "+" not in layout and layout != "7.1.4":
        assert places == sorted(places)
        assert len(set(places)) == count


def test_channels_in_another_order_are_put_in_their_places(tmp_path: Path) -> None:
    tones = [440, 550, 660, 770, 880, 60]
    clip = make.sounding(tmp_path / "a.mov", ("FL+FC+FR+SL+SR+LFE", tones))
    left, center, right, side_left, side_right, bass = found(cut(clip), tones)
    assert layouts(tmp_path / "sound.mp4") == ["5.1"]
    places = [left, right, center, bass, side_left, side_right]
    assert places == [(0, channel) for channel in range(6)]


def test_unlabelled_51_stays_51(tmp_path: Path) -> None:
    tones = [440, 550, 660, 160, 880, 990]
    clip = make.sounding(tmp_path / "a.mkv", ("6 channels", tones))
    assert found(cut(clip), tones) == [(0, channel) for channel in range(6)]
    assert layouts(tmp_path / "sound.mp4") == ["5.1"]


def test_of_split_channels_the_first_are_played(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = make.sounding(tmp_path / "a.mov", ("16 channels", hertz(16)))
    made = tracks.listed(ffmpeg.describe(cut(clip)))
    assert [track.default for track in made] == [True] + [False] * 7
    assert caplog.messages == [f"{clip}: its sound track 1 becomes 8 tracks of its 16 channels"]


def test_discrete_tracks_are_all_kept(tmp_path: Path) -> None:
    mono = [("mono", [tone]) for tone in hertz(16)]
    clip = make.sounding(tmp_path / "a.mov", *mono)
    assert found(cut(clip), hertz(16)) == [(track, 0) for track in range(16)]
    mpeg = ("-c:v", "mpeg2video", "-pix_fmt", "yuv420p")
    broadcast = make.sounding(tmp_path / "b.mxf", *mono[:8], video=mpeg)
    assert found(cut(broadcast), hertz(8)) == [(track, 0) for track in range(8)]


@pytest.mark.parametrize("codec", ["pcm_s16be", "pcm_s24le", "pcm_f32be"])
@pytest.mark.parametrize("ending", [".mov", ".mkv"])
def test_pcm_is_cut_to_the_sample_and_keeps_its_channels(
    tmp_path: Path, codec: str, ending: str
) -> None:
    noise = ("7 channels", hertz(7))
    clip = make.sounding(tmp_path / "a.mov", noise, coding=("-c:a", codec))
    whole = make.samples(clip, 0)
    for start, length in ((Fraction(0), Fraction(1)), (Fraction(7, 25), Fraction(2, 5))):
        part = cut(clip, ending, start, length)
        first, count = int(start * 48000), int(length * 48000)
        assert np.array_equal(make.samples(part, 0), whole[first : first + count])
    [made] = tracks.listed(ffmpeg.describe(part))
    assert made.codec == codec.replace("be", "le")


def test_pcm_whose_places_mkv_would_lose_is_coded(tmp_path: Path) -> None:
    clip = make.sounding(tmp_path / "a.mov", ("3.0", hertz(3)))
    assert found(cut(clip, ".mkv"), hertz(3)) == [(0, 0), (0, 1), (0, 2)]
    assert layouts(tmp_path / "sound.mkv") == ["3.0"]
    assert "Audio: aac" in ffmpeg.describe(tmp_path / "sound.mkv")


@pytest.mark.skipif(not MEDIA, reason="DREAMVID_TEST_MEDIA is unset")
@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_a_cameras_unlabelled_channels(tmp_path: Path, ending: str) -> None:
    film = tmp_path / f"film{ending}"
    words = ["video", str(HARD), "--network", "none", "--blend", "0", "--no-cuts", "--quiet"]
    assert main([*words, "--start", "0.4", "--end", "1.6", "-o", str(film)]) == 0
    heard, source = make.samples(film, 0), make.samples(HARD, 0)
    assert heard.shape == (57600, 4)
    loud = np.abs(np.fft.rfft(heard[4800:52800], axis=0)) / 24000
    assert list(loud.argmax(axis=0)) == [440, 550, 660, 880]
    assert loud.max(axis=0) == pytest.approx(np.abs(source).max(), rel=0.05)


@pytest.mark.parametrize("start", ["0", "0.2"])
def test_a_film_leaves_unlabelled_channels_unlabelled(tmp_path: Path, start: str) -> None:
    clip = make.sounding(tmp_path / "a.mov", ("3 channels", hertz(3)))
    film = tmp_path / "film.mov"
    words = ["video", str(clip), "--network", "none", "--blend", "0", "--no-cuts", "--quiet"]
    assert main([*words, "--start", start, "-o", str(film)]) == 0
    assert layouts(film) == ["3 channels"]
    found(film, hertz(3), 0.25 - float(start), 0.75 - float(start))


# Codecs and containers


@pytest.mark.parametrize(
    ("name", "coding", "rate"),
    [
        ("a.mkv", ("-c:a", "pcm_s16le"), 192_000),
        ("a.mkv", ("-c:a", "pcm_s16le"), 7_000),
        ("a.mkv", ("-c:a", "pcm_s16le"), 11_025),
        ("a.mov", ("-c:a", "pcm_f64be"), 48_000),
        ("a.mov", ("-c:a", "adpcm_ima_qt"), 44_100),
        ("a.avi", ("-c:a", "adpcm_ms"), 44_100),
        ("a.mkv", ("-c:a", "wavpack"), 48_000),
        ("a.mkv", ("-c:a", "libvorbis"), 48_000),
        ("a.mp4", ("-c:a", "pcm_s16le"), 48_000),
        ("a.mkv", ("-c:a", "g722"), 16_000),
    ],
)
@pytest.mark.parametrize("ending", [".mp4", ".mov"])
def test_codecs_and_rates(
    tmp_path: Path, name: str, coding: tuple[str, ...], rate: int, ending: str
) -> None:
    video = ("-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p")
    tones = [440] if "g722" in coding else [440, 660]
    layout = "mono" if "g722" in coding else "stereo"
    clip = make.sounding(tmp_path / name, (layout, tones), coding=coding, video=video, rate=rate)
    made = cut(clip, ending)
    found(made, tones)
    assert 16_000 <= tracks.listed(ffmpeg.describe(made))[0].rate <= 96_000 or ending == ".mov"


@pytest.mark.parametrize("name", ["a.avi", "a.flv"])
def test_the_beginning_is_found_where_seeking_to_it_fails(tmp_path: Path, name: str) -> None:
    # With B-frames, ffmpeg seeks to before the beginning, and so to anywhere.
    video = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10")
    coding = ("-c:a", "libmp3lame")
    clip = make.sounding(tmp_path / name, ("mono", [440]), coding=coding, video=video, rate=44100)
    late = make.samples(clip, 0)
    first = ffmpeg.first_picture(clip)
    assert first is not None
    assert first > 0
    begin = np.flatnonzero(np.abs(late) > 0.3 * make.LOUD)[0] / 48000 - float(first)
    found(cut(clip, length=Fraction(1)), [440], begin, begin + 0.5)


def test_a_late_start_is_sought(tmp_path: Path) -> None:
    clip = make.sounding(tmp_path / "a.mkv", ("mono", [440]), coding=("-c:a", "ac3"), seconds=16)
    found(cut(clip, start=Fraction(15)), [440])


@pytest.mark.parametrize("start", [11.0, 6.0])
def test_a_part_of_vorbis_begins_at_its_sample(tmp_path: Path, start: float) -> None:
    """Also just before a click, where the times of its packets are off by 10 ms."""
    clicks = [start + 0.02, start + 0.3]
    wav = sound_factory.write(
        tmp_path / "a.wav", sound_factory.clicks(13, [*clicks, start - 4.98], 0.9)
    )
    make.run("-i", wav, "-c:a", "libvorbis", "-ar", "44100", "-q:a", "6", tmp_path / "a.ogg")
    for film in (cut(tmp_path / "a.ogg", start=Fraction(start)), tmp_path / "a.ogg"):
        heard = make.heard(film).astype(float)
        begin = 0 if film.suffix == ".mp4" else round(start * 44100)
        loudest = [
            begin_of + np.abs(heard[begin:][begin_of : begin_of + 6000]).argmax()
            for begin_of in (0, 10000)
        ]
        expected = [round((time - start) * 44100) for time in clicks]
        assert loudest == pytest.approx(expected, abs=100)


def test_packets_that_are_not_marked_as_key_ones_are_heard(tmp_path: Path) -> None:
    clip = make.sounding(tmp_path / "a.mkv", ("mono", [440]), coding=("-c:a", "dfpwm"))
    for ending in (".mp4", ".mkv"):
        found(cut(clip, ending), [440])


def test_a_sound_whose_layout_changes_keeps_its_time(tmp_path: Path) -> None:
    data = b""
    for index, (layout, tones) in enumerate((("5.1(side)", [440, 550]), ("stereo", [440, 550]))):
        part = tmp_path / f"{index}.ts"
        more = [60] * 4 if layout != "stereo" else []
        make.sounding(
            part,
            (layout, [*tones, *more]),
            coding=("-c:a", "ac3", "-output_ts_offset", str(2 * index)),
            video=("-c:v", "mpeg2video", "-pix_fmt", "yuv420p"),
            seconds=2,
        )
        data += part.read_bytes()
    clip = tmp_path / "a.ts"
    clip.write_bytes(data)
    heard = make.samples(cut(clip, length=Fraction(4)), 0)
    loud = np.flatnonzero(np.abs(heard).max(axis=1) > 0.3 * make.LOUD) / 48000
    begins = loud[np.flatnonzero(np.diff(loud, prepend=-1) > 0.2)]
    assert begins == pytest.approx([1.25, 3.25], abs=0.04)
    assert len(heard) == pytest.approx(4 * 48000, abs=48)
    listed = ffmpeg.packets(tmp_path / "sound.mp4", "audio")
    assert listed is not None
    assert listed.count < 4 * 48000 / 1024 + 4


# What cannot be read


def test_samples_that_are_no_numbers_do_not_silence_a_film(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = make.sounding(tmp_path / "a.mov", ("mono", [440]), coding=("-c:a", "pcm_f32le"))
    data = bytearray(clip.read_bytes())
    at = data.index(b"mdat") + 4
    silence = data.index(bytes(4000), at)
    data[silence : silence + 4] = np.float32(np.nan).tobytes()
    clip.write_bytes(data)
    heard = make.samples(cut(clip), 0)
    assert np.abs(heard[14400:33600]).max() == pytest.approx(make.LOUD, rel=0.1)
    assert len(caplog.messages) == 1
    assert "its sound is damaged" in caplog.text


def test_one_track_that_cannot_be_read_costs_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    three = [("stereo", [440, 550]), ("4 channels", hertz(4)), ("mono", [880])]
    tags = ["-metadata:s:a:2", "language=fra", "-disposition:a:0", "0"]
    tags += ["-disposition:a:2", "default"]
    clip = make.sounding(tmp_path / "a.mkv", *three, coding=("-c:a", "flac", *tags))
    data = clip.read_bytes()
    clip.write_bytes(data.replace(b"A_FLAC", b"A_QQQQ", 1))
    made = cut(clip, length=Fraction(9, 10))
    assert layouts(made) == ["quad", "mono"]
    found(made, [*hertz(4), 880])
    assert "of its 3 sound tracks only 2 can be read" in caplog.text
    four, french = tracks.listed(ffmpeg.describe(made))
    assert (four.language, four.default) == ("", False)
    assert (french.language, french.default) == ("fra", True)
    assert not list(tmp_path.glob("sound-*"))


def test_pictures_that_cannot_be_decoded_do_not_silence_a_film(tmp_path: Path) -> None:
    clip = make.sounding(tmp_path / "a.mkv", ("mono", [440]))
    clip.write_bytes(clip.read_bytes().replace(b"V_MJPEG", b"V_QQQQQ"))
    with pytest.raises(Exception, match="ecod"):
        ffmpeg.first_picture(clip)
    found(cut(clip), [440])


def test_the_picture_track_says_when_a_film_begins(tmp_path: Path) -> None:
    clip = make.sounding(tmp_path / "a.mkv", ("mono", [440]))
    two = tmp_path / "two.mkv"
    maps = ["-map", "0:v", "-map", "1:v", "-map", "0:a", "-c", "copy"]
    make.run("-i", clip, "-itsoffset", "0.08", "-i", clip, *maps, two)
    name = sound.cut(Sound(two, pictures=1), tmp_path, ".mp4", Fraction(4, 5), Fraction(1, 25))
    assert name is not None
    found(tmp_path / name, [440], 0.17, 0.67)


@pytest.mark.parametrize("language", ["por", "pt-BR", "x)y: Audio: z"])
def test_a_clip_with_sound_has_tracks_whatever_its_language(tmp_path: Path, language: str) -> None:
    tag = ["-metadata:s:a:0", f"language={language}", "-metadata:s:a:1", "title=Stream #0:9: Audio"]
    both = [("mono", [440]), ("mono", [550])]
    clip = make.sounding(tmp_path / "a.mkv", *both, coding=("-c:a", "flac", *tag))
    assert probe(clip).has_audio
    assert len(tracks.listed(ffmpeg.describe(clip))) == 2
    found(cut(clip, ".mkv"), [440, 550])
    silent = tmp_path / "silent.mkv"
    subprocess.run(
        ffmpeg.command(["-i", ffmpeg.url(clip), "-an", "-c", "copy", ffmpeg.url(silent)]),
        check=True,
    )
    assert not probe(silent).has_audio
    assert tracks.listed(ffmpeg.describe(silent)) == []
