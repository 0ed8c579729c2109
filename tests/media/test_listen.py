"""Listening to files: what ffmpeg decodes, at the times of the film."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid.errors import DreamvidError
from dreamvid.hearing.listen import listen
from dreamvid.media import sound_decoder
from dreamvid.media.sound import Sound, beginning
from dreamvid.media.sound_decoder import RATE, decode_sound
from dreamvid.recipe.audio import Audio
from dreamvid.recipe.heard import Heard
from tests import media_factory, sound_factory

pytestmark = pytest.mark.media

CLICKS = [0.3, 1.0, 1.75, 2.5]
SHARP = Audio(attack=0, release=0)
ONSET = Heard("onset")


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sound = sound_factory.clicks(3, CLICKS, 0.9) + sound_factory.noise(3, 0.002)
    return sound_factory.write(tmp_path_factory.mktemp("sound") / "clicks.wav", sound)


def clicks_in(values: Iterable[float], rate: float) -> list[float]:
    """The times of what is over half the loudest, each once."""
    loud = np.abs(np.array(list(values)))
    places = np.flatnonzero(loud > 0.5 * loud.max())
    return [float(each / rate) for each in places[np.diff(places, prepend=-1e9) > 0.1 * rate]]


def onsets(path: Path, fps: int = 50, **part: Any) -> list[float]:
    """The times of the frames with onsets."""
    heard = listen(Sound(path, **part), Fraction(fps), [ONSET], SHARP)
    return clicks_in((heard.at(ONSET, t) for t in range(heard.frames)), fps)


CODED = {
    "clicks.mp3": [],
    "clicks.m4a": [],
    "clicks.ogg": ["-c:a", "libvorbis"],
    "clicks.opus": [],
    "clicks.flac": [],
    "clicks.aiff": [],
    "clicks.mka": ["-c:a", "ac3"],
    "clicks.w64": ["-ar", "96000", "-ac", "6"],
}


@pytest.mark.parametrize("name", CODED)
def test_sounds_of_any_codec_are_heard_at_their_times(wav: Path, tmp_path: Path, name: str) -> None:
    """Also where the first packets only prime the decoder, as in MP3 and AAC."""
    path = tmp_path / name
    media_factory.run("-i", wav, *CODED[name], path)
    sound = np.concatenate(list(decode_sound(path, beginning(Sound(path)))))
    assert len(sound) / RATE == pytest.approx(3, abs=0.03)
    assert clicks_in(sound, RATE) == pytest.approx(CLICKS, abs=0.003)
    assert onsets(path) == pytest.approx(CLICKS, abs=0.021)


def test_a_cover_is_no_film(wav: Path, tmp_path: Path) -> None:
    cover, path = tmp_path / "cover.jpg", tmp_path / "song.mp3"
    media_factory.run("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", cover)
    media_factory.run("-i", wav, tmp_path / "plain.mp3")
    maps = ["-map", "0:a", "-map", "1:v", "-c", "copy", "-disposition:v", "attached_pic"]
    media_factory.run("-i", tmp_path / "plain.mp3", "-i", cover, *maps, path)
    sound = np.concatenate(list(decode_sound(path, beginning(Sound(path)))))
    assert clicks_in(sound, RATE) == pytest.approx(CLICKS, abs=0.003)


@pytest.mark.parametrize("late", [0.0, 0.4, -0.2])
def test_a_clips_sound_is_heard_from_its_first_picture_on(
    wav: Path, tmp_path: Path, late: float
) -> None:
    path = tmp_path / "clip.mkv"
    pictures = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=25:d=3"]
    shift = ["-itsoffset", f"{1 + late}"]
    maps = ["-map", "0:v", "-map", "1:a", "-c:v", "ffv1", "-c:a", "pcm_s16le"]
    media_factory.run("-itsoffset", "1", *pictures, *shift, "-i", wav, *maps, path)
    wanted = [time + late for time in CLICKS]
    sound = np.concatenate(list(decode_sound(path, beginning(Sound(path)))))
    assert clicks_in(sound, RATE) == pytest.approx(wanted, abs=0.003)


def test_a_part_is_heard_as_in_the_whole(wav: Path) -> None:
    whole = listen(Sound(wav), Fraction(25), [ONSET, Heard("bass")], Audio())
    part = listen(
        Sound(wav, start=Fraction(1), duration=Fraction(1)),
        Fraction(25),
        [ONSET, Heard("bass")],
        Audio(),
    )
    assert (whole.frames, part.frames) == (75, 25)
    for heard in (ONSET, Heard("bass")):
        for t in range(25):
            assert part.at(heard, t) == pytest.approx(whole.at(heard, t + 25), abs=1e-6)
    assert part.at(ONSET, 25) == 0


def test_smoothing_of_one_name_goes_before_that_of_all(wav: Path) -> None:
    slow = Heard("onset", release=1.0)
    heard = listen(Sound(wav), Fraction(25), [ONSET, slow], Audio(release=0.05))
    after = [heard.at(each, 7 + 10) / heard.at(each, 7) for each in (ONSET, slow)]
    assert after[0] < 0.01
    assert after[1] == pytest.approx(np.exp(-0.4), abs=0.1)


def test_parts_are_counted_or_go_from_0_to_1(tmp_path: Path) -> None:
    """Of a piece with three parts, in a film that begins within the first."""
    kinds = sound_factory.tones(20), sound_factory.noise(20, 0.1), sound_factory.bass_line(20)
    path = sound_factory.write(tmp_path / "parts.wav", np.concatenate(kinds))
    part, section = Heard("part"), Heard("section")
    heard = listen(Sound(path, start=Fraction(10)), Fraction(2), [part, section], Audio())
    times = [4, 20, 45]  # seconds of the film
    assert [heard.at(part, 2 * time) for time in times] == [0, 1, 2]
    assert [heard.at(section, 2 * time) for time in times] == [0, 0.5, 1]


def test_beats_of_a_tempo_and_of_a_file(wav: Path, tmp_path: Path) -> None:
    beat = Heard("beat")
    by_tempo = listen(Sound(wav), Fraction(30), [beat], Audio(bpm=80, first_beat=0.25))
    assert [t for t in range(90) if by_tempo.at(beat, t) == 1] == [7, 30, 52, 75]
    times = tmp_path / "beats.txt"
    times.write_text("0.3\n1\n1.75\n2.5\n")
    by_file = listen(Sound(wav), Fraction(30), [beat], Audio(bpm=80, beats=str(times)))
    assert [t for t in range(90) if by_file.at(beat, t) == 1] == [9, 30, 52, 75]
    assert by_file.beats is not None
    assert by_file.beats.source == "of beats.txt"


def refused(path: Path, *wanted: Heard, **how: Any) -> str:
    with pytest.raises(DreamvidError) as caught:
        listen(Sound(path), Fraction(25), wanted or [ONSET], Audio(**how))
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_what_has_no_sound_is_refused_in_a_line(tmp_path: Path) -> None:
    silent = media_factory.clip(tmp_path / "silent.mkv", "-c:v", "ffv1", frames=3)
    text = tmp_path / "song.txt"
    text.write_text("la la la")
    empty = tmp_path / "empty.mp3"
    empty.touch()
    why = "audio: has no sound that can be read; name a sound or a clip with sound"
    assert refused(silent) == f"{silent}: {why}"
    assert refused(text) == f"{text}: {why}"
    assert refused(empty) == f"{empty}: the file is empty"
    assert refused(tmp_path / "none.mp3") == f"{tmp_path / 'none.mp3'}: no such file"
    assert refused(tmp_path) == f"{tmp_path}: a folder; name a file in it"


def test_sound_that_cannot_be_decoded_is_refused_in_a_line(wav: Path, tmp_path: Path) -> None:
    path = tmp_path / "broken.flac"
    media_factory.run("-i", wav, path)
    data = bytearray(path.read_bytes())
    data[9000:] = b"\x00" * (len(data) - 9000)
    data[8200:9000] = b"\x55" * 800
    path.write_bytes(data[:200] + bytes(len(data) - 200))
    assert refused(path).startswith(f"{path}: audio: its sound cannot be decoded (")


def test_a_damaged_sound_is_heard_with_a_warning(
    wav: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "damaged.flac"
    media_factory.run("-i", wav, path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(range(250)) * 16
    path.write_bytes(data)
    with caplog.at_level(logging.WARNING, "dreamvid"):
        sound = np.concatenate(list(decode_sound(path, beginning(Sound(path)))))
    assert clicks_in(sound, RATE)[0] == pytest.approx(CLICKS[0], abs=0.003)
    assert clicks_in(sound, RATE)[-1] == pytest.approx(CLICKS[-1], abs=0.003)
    (line,) = caplog.messages
    assert line.startswith(f"{path}: its sound is damaged")


def test_silence_and_a_short_sound_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = sound_factory.write(tmp_path / "silence.wav", sound_factory.silence(1))
    with caplog.at_level(logging.WARNING, "dreamvid"):
        heard = listen(Sound(path), Fraction(25), [ONSET, Heard("kick"), Heard("chroma4")], Audio())
        heard.warn_if_short(path, 25)
        heard.warn_if_short(path, 50)
    assert caplog.messages == [
        f"{path}: audio: is silent, so that nothing is heard in it",
        f"{path}: audio: ends after 1.0 of the film's 2.0 s; what is heard is 0 after it",
    ]
    assert [heard.at(ONSET, t) for t in (0, 12, 24, 25, 999)] == [0] * 5


def test_a_band_over_the_sounds_own_highest_frequency_is_refused(wav: Path, tmp_path: Path) -> None:
    path = tmp_path / "phone.wav"
    media_factory.run("-i", wav, "-ar", "8000", path)
    assert refused(path, Heard("low", (5000, 6000))) == (
        f"{path}: audio: low(5000,6000) lies over 4000 Hz, the highest of this sound"
    )
    listen(Sound(path), Fraction(25), [Heard("low", (3000, 6000)), Heard("treble")], Audio())


def test_beats_without_a_tracker_are_refused(wav: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dreamvid.hearing.tracker.find_spec", lambda name: None)
    for heard, name in ((Heard("bar"), "bar"), (Heard("1b"), "4b"), (Heard("b"), "b")):
        assert refused(wav, heard) == (
            f"audio: {name} needs the beats: give bpm or beats, or pip install 'dreamvid[sound]'"
        )
    listen(Sound(wav), Fraction(25), [ONSET, Heard("section")], Audio())


def test_a_sound_that_lasts_for_hours_is_refused(
    wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_decoder, "MAX_SOUND_SECONDS", 2)
    assert refused(wav) == f"{wav}: audio: lasts longer than 0 hours; cut it"


def test_the_same_is_heard_every_time(wav: Path, tmp_path: Path) -> None:
    wanted = [ONSET, Heard("snare"), Heard("chroma0"), Heard("loud"), Heard("section")]
    for name in "ab":
        listen(Sound(wav), Fraction(25), wanted, Audio(bpm=90)).store(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_nothing_of_it_is_imported_for_a_film_without_sound_to_listen_to() -> None:
    script = (
        "import sys, dreamvid.cli.commands, dreamvid.rendering.plan, dreamvid.rendering.render\n"
        "from dreamvid import load_recipe\n"
        "from dreamvid.recipe.at_frame import check\n"
        "from dreamvid.recipe.timeline import Timeline\n"
        "check(load_recipe({'motion': {'zoom': '1 + t/n'}}), Timeline(frames=9))\n"
        "found = [m for m in sys.modules if m.startswith(('dreamvid.hearing', 'librosa'))]\n"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_librosa_finds_the_beats_of_a_loop(tmp_path: Path) -> None:
    pytest.importorskip("librosa", reason="the extra sound is not installed")
    seconds, period = 30, 60 / 110
    sound = sound_factory.tones(seconds, 0.08) + sound_factory.noise(seconds, 0.003)
    for index, time in enumerate(np.arange(0.4, seconds - 1, period / 2)):
        for make, hit in ((sound_factory.kick, 0), (sound_factory.snare, 2)):
            if index % 4 == hit:
                sound_factory.put(sound, time, make())
        sound_factory.put(sound, time, sound_factory.hat(seed=index))
    path = sound_factory.write(tmp_path / "loop.wav", 0.7 * sound)
    beats = listen(Sound(path), Fraction(30), [Heard("beat")], Audio()).beats
    assert beats is not None
    assert beats.tempo == pytest.approx(110, abs=0.5)
    off = [(time - 0.4 + period / 2) % period - period / 2 for time in beats.times if time < 29]
    assert np.abs(off).max() < 0.02


SONG = """
import resource, sys
from fractions import Fraction
from pathlib import Path
from dreamvid.hearing.listen import listen
from dreamvid.media.sound import Sound
from dreamvid.recipe.audio import Audio
from dreamvid.recipe.heard import NAMES, Heard

wanted = [*map(Heard, NAMES), Heard("low", (50, 120)), Heard("onset", (200, 4000))]
listen(Sound(Path(sys.argv[1])), Fraction(30), wanted, Audio(bpm=120))
used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = sum(each.ru_utime + each.ru_stime for each in used)
print(seconds, sum(each.ru_maxrss for each in used) / 1024)
"""


@pytest.mark.slow
def test_a_song_of_four_minutes_takes_little_time_and_memory(tmp_path: Path) -> None:
    sound = sound_factory.tones(240) + sound_factory.bass_line(240) + sound_factory.noise(240, 0.01)
    path = sound_factory.write(tmp_path / "song.wav", 0.5 * sound)
    done = subprocess.run(
        [sys.executable, "-c", SONG, path], capture_output=True, text=True, check=True
    )
    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 20
    assert megabytes < 500
