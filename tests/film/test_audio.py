"""Films with a sound of their own: as long as it, in sync with it, moved by what is heard in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dreamvid import frames as dream_frames
from dreamvid.cli import main
from dreamvid.errors import DreamvidError
from dreamvid.frame import Frame
from dreamvid.hearing import listen as listening
from dreamvid.media import ffmpeg, tracks
from dreamvid.media.cutting import count_frames
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture
from dreamvid.plots import schedules as curves
from dreamvid.recipe import FilmRecipe
from dreamvid.recipe.load import make_recipe
from dreamvid.rendering import extend as extending
from dreamvid.rendering import plan as planning
from dreamvid.rendering import render as rendering
from dreamvid.rendering.embedded import read_embedded
from dreamvid.rendering.film_source import open_film
from dreamvid.rendering.preview import preview
from dreamvid.source import Source
from dreamvid.task import DreamTask
from tests import media_factory as make
from tests import sound_factory as sounds

FPS = 20
CLICKS = [0.33, 0.83, 1.43]
HEARD = "where(onset > .7, 10, 1)"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "SEGMENT", 6)
    monkeypatch.setattr(extending, "SEGMENT", 6)
    make.picture(Path("still.png"), 40, 30)
    sounds.write(Path("clicks.wav"), sounds.clicks(1.9, CLICKS, 0.9))


class Flashes:
    """Paints each frame as bright as its steps are many."""

    identity = "flashes"

    def __call__(self, task: DreamTask, /) -> Frame:
        assert task.settings is not None
        return np.full_like(task.canvas, 20 * float(task.settings.steps))


def recipe(kind: str = "zoom", **more: Any) -> Any:
    source = {"zoom": "still.png", "video": "clip.mkv"}[kind]
    plain = {"source": source, "output": "a.mp4", "color": {"anchor": 0}}
    rate = {"fps": FPS} if kind == "zoom" else {}
    dream = {"steps": HEARD, "burst": HEARD}
    return make_recipe({**plain, **rate, "dream": dream, **more}, kind)


def rendered(made: Any, **how: Any) -> None:
    list(rendering.render(made, dreamer=Flashes(), **how))


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line by which a command is refused."""
    assert main([*words]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


def places(levels: Iterable[float]) -> list[int]:
    """Where levels rise over half the highest."""
    loud = np.array(list(levels)) > 0.5 * max(levels)
    return [int(at) for at in np.flatnonzero(np.diff(loud.astype(int), prepend=0) == 1)]


def clicks_of(film: Path) -> list[float]:
    """The times of the clicks in a film's sound."""
    loud = np.flatnonzero(np.abs(make.heard(film).astype(int)) > 4000) / 44100
    return [float(time) for time in loud[np.diff(loud, prepend=-1) > 0.1]]


def flashes_of(film: Path) -> list[int]:
    with closing(read_clip(probe(film))) as pictures:
        return places([float(picture.mean()) for picture in pictures])


def frames_with(times: Iterable[float], rate: float = FPS) -> list[int]:
    return [int(time * rate) for time in times]


def test_a_zoom_is_as_long_as_its_sound_and_in_sync_with_it() -> None:
    rendered(recipe(audio="clicks.wav"))
    film = Path("a.mp4")
    assert count_frames(film) == 38
    assert len(make.heard(film)) / 44100 == pytest.approx(1.9, abs=0.03)
    assert clicks_of(film) == pytest.approx(CLICKS, abs=0.003)
    assert flashes_of(film) == frames_with(CLICKS)


def test_a_part_of_a_sound_is_in_sync_too() -> None:
    rendered(recipe(audio={"file": "clicks.wav", "start": 0.5, "end": 1.6}))
    film, shifted = Path("a.mp4"), [time - 0.5 for time in CLICKS[1:]]
    assert count_frames(film) == 22
    assert clicks_of(film) == pytest.approx(shifted, abs=0.003)
    assert flashes_of(film) == frames_with(shifted)


@pytest.mark.parametrize("frames", [10, 50])
def test_frames_go_before_the_sounds_length(frames: int, caplog: pytest.LogCaptureFixture) -> None:
    rendered(recipe(audio="clicks.wav", frames=frames))
    film = Path("a.mp4")
    assert count_frames(film) == frames
    assert len(make.heard(film)) / 44100 == pytest.approx(frames / FPS, abs=0.03)
    within = [time for time in CLICKS if time < frames / FPS]
    assert clicks_of(film) == pytest.approx(within, abs=0.003)
    assert flashes_of(film) == frames_with(within)
    said = "clicks.wav: audio: ends after 1.9 of the film's 2.5 s; what is heard is 0 after it"
    assert (said in caplog.messages) == (frames == 50)


def test_without_a_sound_a_zoom_has_fifty_frames() -> None:
    planned = planning.plan(recipe(dream={}), dreamer=Flashes())
    assert planned.timeline.frames == 50
    own = Source.of_picture(np.zeros((30, 40, 3), np.uint8), None)
    planned = planning.plan(recipe(dream={}, fps=30), dreamer=Flashes(), source=own)
    assert planned.timeline.frames == 50


@pytest.mark.parametrize(("kind", "rate"), [("zoom", FPS), ("video", 25)])
def test_a_length_in_beats_is_that_of_the_tempo(kind: str, rate: int) -> None:
    make.moving_clip(Path("clip.mkv"), 40, 30, 40, cut=99)
    audio = {"file": "clicks.wav", "bpm": 100}
    planned = planning.plan(recipe(kind, audio=audio, frames="2b"), dreamer=Flashes())
    assert planned.timeline.frames == round(2 * 0.6 * rate)
    assert len(list(planned.source.open())) == round(2 * 0.6 * rate)
    assert "clicks.wav: 100.0 beats a minute, the first at 0.00 s (by bpm 100)" in planned.notes


def test_a_clip_gets_another_sound_and_hears_it() -> None:
    make.moving_clip(Path("clip.mkv"), 40, 30, 40, cut=99)
    rendered(recipe("video", audio={"file": "clicks.wav", "start": 0.2}))
    film, shifted = Path("a.mp4"), [time - 0.2 for time in CLICKS]
    assert len(tracks.listed(ffmpeg.describe(film))) == 1
    assert count_frames(film) == 40
    assert clicks_of(film) == pytest.approx(shifted, abs=0.003)
    assert flashes_of(film) == frames_with(shifted, 25)


def test_a_clips_own_sound_is_heard_also_where_the_film_has_none() -> None:
    make.moving_clip(Path("silent.mkv"), 40, 30, 40, cut=99)
    make.run("-i", "silent.mkv", "-i", "clicks.wav", "-map", "0:v", "-map", "1:a", "-c:v", "copy",
             "clip.mkv")  # fmt: skip
    for sound in ("keep", "none"):
        rendered(recipe("video", start=0.4, encode={"audio": sound}), overwrite=True)
        film, shifted = Path("a.mp4"), [time - 0.4 for time in CLICKS[1:]]
        assert flashes_of(film) == frames_with(shifted, 25)
        assert bool(tracks.listed(ffmpeg.describe(film))) == (sound == "keep")
    rendered(recipe(audio="clicks.wav", encode={"audio": "none"}), overwrite=True)
    assert flashes_of(film) == frames_with(CLICKS)
    assert not tracks.listed(ffmpeg.describe(film))


def begun(made: Any, until: int = 9) -> None:
    """A render that is stopped after a frame."""
    steps = rendering.render(made, dreamer=Flashes())
    for step in steps:
        if step.index == until:
            steps.close()


def test_a_film_resumes_by_what_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = {"file": "clicks.wav", "bpm": 120}
    rendered(recipe(audio=audio, output="whole.mp4"))
    begun(recipe(audio=audio))

    def listen(*given: Any) -> None:
        raise AssertionError("listened again")

    monkeypatch.setattr(listening, "listen", listen)
    rendered(recipe(audio=audio))
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()


def test_another_sound_or_way_to_listen_is_refused_on_resume() -> None:
    begun(recipe(audio="clicks.wav"))
    before = Path("clicks.wav").read_bytes()
    sounds.write(Path("clicks.wav"), sounds.clicks(1.9, [0.5], 0.9))
    with pytest.raises(DreamvidError, match=r"another recipe or input: what is in audio\.file;"):
        rendered(recipe(audio="clicks.wav"))
    Path("clicks.wav").write_bytes(before)
    with pytest.raises(DreamvidError, match=r"audio\.release \(0\.2, now 1\.0\)"):
        rendered(recipe(audio={"file": "clicks.wav", "release": 1}))
    rendered(recipe(audio="clicks.wav"))


def test_what_was_heard_in_another_sound_is_not_known() -> None:
    """A film that is made anew, over one whose ears heard another sound."""
    before = planning.plan(recipe(audio="clicks.wav"), dreamer=Flashes()).source.heard
    sounds.write(Path("other.wav"), sounds.clicks(1.9, [0.53], 0.9))
    for made, beat in (
        (recipe(audio="other.wav"), [0.53]),
        (recipe(audio={"file": "clicks.wav", "start": 0.4}), [0.43, 1.03]),
        (recipe(audio={"file": "clicks.wav", "end": 1.2}), CLICKS[:2]),
    ):
        source = open_film(made, known=before)
        values = curves._values(made, ["dream.steps"], range(20), source.timeline)["dream.steps"]
        assert places(values) == [at for at in frames_with(beat) if at < 20]


def test_a_film_whose_ears_are_damaged_says_so() -> None:
    begun(recipe(audio="clicks.wav"))
    Path(".a.mp4.dreamvid/heard.npz").write_bytes(b"PK")
    with pytest.raises(DreamvidError, match="what was heard cannot be read"):
        rendered(recipe(audio="clicks.wav"))
    rendered(recipe(audio="clicks.wav"), restart=True)


def test_a_film_names_its_sound_by_hash_and_goes_on_with_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(Path("clicks.wav").absolute().parent)
    words = ["zoom", "still.png", "--network", "none", "-q", "--fps", "20"]
    words += ["--zoom", "1.01 + onset/20", "--audio", f"{folder}/clicks.wav"]
    assert main([*words, "-o", "whole.mp4"]) == 0
    assert main([*words, "-n", "15", "-o", "a.mp4"]) == 0
    assert main([*words, "-n", "15", "-o", "b.mp4", "--no-keep"]) == 0
    assert folder.encode() not in Path("a.mp4").read_bytes()
    found = read_embedded(Path("a.mp4"))
    assert isinstance(found.recipe, FilmRecipe)
    assert found.recipe.audio.file is None, "a film is not trusted"
    assert found.name_of("audio.file") == "clicks.wav"
    digest = hashlib.sha256(Path("clicks.wav").read_bytes()).hexdigest()
    assert found.hashes_of("audio.file") == [digest]
    longer = ["continue", "b.mp4", "-q", "--source", "still.png"]
    assert "audio.file: name clicks.wav again" in told(capsys, *longer, "-n", "9")
    sound = ["--audio", "clicks.wav"]
    assert main([*longer, *sound]) == 0  # to the sound's end
    assert flashes_of(Path("b.mp4")) == flashes_of(Path("whole.mp4"))
    assert clicks_of(Path("b.mp4")) == pytest.approx(CLICKS, abs=0.003)
    monkeypatch.setattr(listening, "listen", None)
    assert main(["continue", "a.mp4", "-q", "--from", "10", "-o", "branch.mp4"]) == 0
    assert main(["continue", "a.mp4", "-q"]) == 0
    assert Path("a.mp4").read_bytes() == Path("whole.mp4").read_bytes()
    said = "frames: the sound ends where the film does; say how many"
    assert said in told(capsys, "continue", "a.mp4", "-q")


def test_a_preview_has_the_sound() -> None:
    shown = recipe(audio="clicks.wav", network="none", dream={}, motion={"zoom": "1.01 + loud/9"})
    list(preview(shown, 2))
    assert count_frames(Path("a.preview.mp4")) == 38
    assert clicks_of(Path("a.preview.mp4")) == pytest.approx(CLICKS, abs=0.003)


def test_frames_in_python_and_a_plot_hear_too(capsys: pytest.CaptureFixture[str]) -> None:
    made = recipe(audio="clicks.wav", dream={"steps": HEARD, "burst": HEARD}, fps=FPS)
    pictures = [np.zeros((30, 40, 3), np.uint8)] * 38
    levels = [float(frame.mean()) for frame in dream_frames(made, pictures, Flashes())]
    assert places(levels) == frames_with(CLICKS)
    source, _ = curves._film("a", made, film=False)
    assert source.frames == 38
    values = curves._values(made, ["dream.steps"], range(38), source.timeline)["dream.steps"]
    assert places(values) == frames_with(CLICKS)
    in_beats = recipe(audio={"file": "clicks.wav", "bpm": 60}, frames="1b")
    assert curves._film("a", in_beats, film=False)[0].frames == FPS


def test_a_plot_draws_the_sound_its_bands_and_its_beats() -> None:
    sound = {"file": "clicks.wav", "start": 0.1, "bpm": 120, "first_beat": 0.2}
    made = recipe(audio=sound, encode={"audio": "none"}, output="plot.png")
    source, _ = curves._film("a", made, film=False)
    drawn = curves._sound(made, source)
    assert drawn is not None
    assert np.flatnonzero(drawn.wave > 0.5).tolist() == frames_with([t - 0.1 for t in CLICKS])
    assert len(drawn.wave) == source.frames == 36
    assert sorted(drawn.bands) == ["bass", "mid", "treble"]
    assert drawn.bars == pytest.approx([2])
    assert drawn.beats == pytest.approx([12, 22, 32])
    assert read_picture(curves.plot("a", made, overwrite=False)).shape[:2] == (750, 1200)
    deaf = recipe(dream={}, motion={"zoom": "1 + t/99"}, output="deaf.png")
    assert read_picture(curves.plot("a", deaf, overwrite=False)).shape[:2] == (300, 1200)


def test_a_film_is_made_some_beats_longer(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", "still.png", "--network", "none", "-q", "--fps", "20", "--audio", "clicks.wav"]
    assert main([*words, "--bpm", "120", "--frames", "1b", "-o", "a.mp4"]) == 0
    assert main(["continue", "a.mp4", "--frames", "1.5b", "-q"]) == 0
    assert count_frames(Path("a.mp4")) == 10 + 15
    assert main([*words, "--frames", "10", "-o", "b.mp4"]) == 0
    line = told(capsys, "continue", "b.mp4", "--frames", "1b", "-q")
    assert "frames: must be frames, as no beats were kept of the film" in line


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--audio", "still.png"], "still.png: audio: has no sound that can be read"),
        (["--audio", "none.mp3"], "none.mp3: no such file"),
        (["--audio", "none"], "audio.file: names a sound; to keep or drop a film's own, say"),
        (["--audio-start", "1"], "audio.start: is of a sound; name it: --audio FILE"),
        (["--audio", "clicks.wav", "--audio-start", "1.9"], "clicks.wav: audio.start: 1.9 s is a"),
        (["--audio", "clicks.wav", "--audio-end", "0"], "audio.end: must be after audio.start"),
        (["--audio", "clicks.wav", "--bpm", "0"], "audio.bpm: must be at least 1"),
        (["--audio", "clicks.wav", "--beats", "no.txt", "--angle", "beat"], "no.txt: no such file"),
        (["--audio", "clicks.wav", "--angle", "low(12000, 13000)"], "ends over 11025 Hz"),
        (["--angle", "kick"], "motion.angle: kick is heard in a sound; name one: --audio FILE"),
        (["--frames", "8b"], "frames: 8b needs the beats: name a sound, --audio FILE"),
        (["--frames", "0b"], "frames: must be more than 0 beats"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    zoom = ["zoom", "still.png", "--network", "none", "-o", "a.mp4"]
    assert line in told(capsys, *zoom, *words)
    assert not list(Path().glob("*.mp4")) + list(Path().glob(".a*"))


def test_beats_need_no_sound(capsys: pytest.CaptureFixture[str]) -> None:
    beat = "where(beat > .99, 10, 1)"
    audio = {"bpm": 100, "first_beat": 0.25}
    pulse = recipe(audio=audio, frames="4b", dream={"steps": beat, "burst": beat})
    rendered(pulse)
    film, beats = Path("a.mp4"), [0.25, 0.85, 1.45, 2.05]
    assert count_frames(film) == 48
    assert flashes_of(film) == frames_with(beats)
    assert not tracks.listed(ffmpeg.describe(film))
    begun(recipe(audio=audio, frames="4b", dream=pulse.dream, output="b.mp4"))
    rendered(recipe(audio=audio, frames="4b", dream=pulse.dream, output="b.mp4"))
    assert Path("b.mp4").read_bytes() == film.read_bytes()
    Path("beats.txt").write_text("0.25\n0.85\n2.05\n")
    uneven = {"beats": "beats.txt"}
    rendered(recipe(audio=uneven, frames=48, dream=pulse.dream), overwrite=True)
    assert flashes_of(film) == frames_with([0.25, 0.85, 2.05])
    words = ["zoom", "still.png", "--network", "none", "-n", "20", "--zoom"]
    assert "motion.zoom: beat needs the beats" in told(capsys, *words, "1.01 + beat/20")
    only = told(capsys, *words, "1.01 + kick*beat/20", "--bpm", "100")
    assert "motion.zoom: kick is heard in a sound" in only


def test_a_silent_film_on_the_beat_goes_on() -> None:
    words = ["still.png", "--network", "none", "-q", "--fps", "20", "--bpm", "100"]
    words += ["--zoom", "1 + beat/20"]
    assert main(["zoom", *words, "-n", "8b", "-o", "whole.mp4"]) == 0
    assert main(["zoom", *words, "-n", "4b", "-o", "a.mp4"]) == 0
    assert main(["continue", "a.mp4", "-q", "--frames", "4b"]) == 0
    longer, whole = (list(read_clip(probe(Path(name)))) for name in ("a.mp4", "whole.mp4"))
    assert len(longer) == 96
    assert np.array_equal(longer, whole)
    plot = ["recipe", "plot", "pulse", "--bpm", "100", "--frames", "8b", "-o", "plot.png"]
    assert main(plot) == 0


def test_a_film_of_beats_is_known_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["zoom", "still.png", "--network", "none", "--fps", "20", "--zoom", "1.01 + onset/20"]
    words += ["--audio", "clicks.wav", "--bpm", "120", "-n", "2b", "-o", "a.mp4", "--no-keep"]
    assert main(words) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "dreamvid: clicks.wav: listening"
    assert main(words) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "dreamvid: a.mp4: done already"
    assert main([*words, "-q"]) == 0
    assert not capsys.readouterr().err
