"""What is heard in synthetic sounds, whose hits, tones and levels are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from dreamvid.hearing.ear import Ear
from dreamvid.hearing.envelope import Envelope, typical_peak
from dreamvid.hearing.separation import HALF, percussive_share
from dreamvid.hearing.spectra import Spectrogram, spectra_of
from dreamvid.media.sound_decoder import RATE
from dreamvid.recipe.heard import CHROMA, HITS, LEVELS, Heard
from tests import sound_factory
from tests.sound_factory import Sound

ONSET = Heard("onset")


def heard(sound: Sound, *wanted: Heard, size: int = 2**16) -> dict[str, Envelope]:
    ear = Ear(wanted, tracks=False)
    ear.listen(block for block in sound_factory.blocks(sound, size))
    assert ear.seconds == pytest.approx(len(sound) / RATE)
    return {str(each): ear.envelope(each) for each in wanted}


def at_frames(
    envelope: Envelope, fps: float, seconds: float, start: int = 0, peaks: bool = True
) -> NDArray[np.float64]:
    rate = Fraction(fps)
    return envelope.sampled(Fraction(start), rate, int(seconds * rate), peaks=peaks)


def peaks(values: NDArray[np.float64], least: float = 0.3) -> list[int]:
    """The frames of local maxima over `least`."""
    around = np.pad(values, 1, constant_values=-1)
    higher = (values >= around[:-2]) & (values > around[2:]) & (values > least)
    return [int(frame) for frame in np.flatnonzero(higher)]


def assert_found(envelope: Envelope, times: Iterable[float], fps: float, seconds: float) -> None:
    """Each time has a peak in its frame or one beside it, and there are no other peaks."""
    wanted = [int(time * fps + 1e-9) for time in times]
    found = peaks(at_frames(envelope, fps, seconds))
    assert len(found) == len(wanted), (found, wanted)
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 1


SECONDS = 20.0
CLICKS = [0.7, 1.31, 2.9, 3.16, 5.02, 6.5, 7.77, 9.3, 10.9, 11.55, 13.4, 15.11, 16.8, 18.3]
UNDER = {
    "nothing": sound_factory.silence(SECONDS),
    "noise": sound_factory.noise(SECONDS, 0.03),
    "tones": sound_factory.tones(SECONDS),
    "music": sound_factory.tones(SECONDS) + sound_factory.noise(SECONDS, 0.02),
    "loud noise": sound_factory.noise(SECONDS, 0.06),
}


@pytest.mark.parametrize("under", UNDER)
@pytest.mark.parametrize("fps", [24, 30, 60])
def test_clicks_are_onsets_at_their_frames_and_nothing_else_is(under: str, fps: int) -> None:
    sound = UNDER[under] + sound_factory.clicks(SECONDS, CLICKS)
    assert_found(heard(sound, ONSET)[str(ONSET)], CLICKS, fps, SECONDS)


@pytest.mark.parametrize("under", ["noise", "tones", "loud noise"])
def test_without_clicks_there_are_no_onsets(under: str) -> None:
    assert heard(UNDER[under], ONSET)["onset"].values.max() < 0.3


def test_a_hit_on_the_first_sample_is_an_onset() -> None:
    sound = sound_factory.noise(6, 0.01)
    for time in (0, 2, 4):
        sound_factory.put(sound, time, sound_factory.kick())
    for name, envelope in heard(sound, ONSET, Heard("kick")).items():
        values = at_frames(envelope, 25, 6)
        assert peaks(np.append(0, values))[0] in (1, 2), name
        assert values[:2].max() > 0.6, name


def test_a_sweep_from_60_to_240_beats_a_minute_is_followed() -> None:
    times, bpm = [1.0], 60.0
    while bpm < 240:
        times.append(times[-1] + 60 / bpm)
        bpm *= 1.02
    seconds = times[-1] + 1
    assert 30 < seconds < 50
    sound = sound_factory.clicks(seconds, times) + sound_factory.noise(seconds, 0.01)
    for fps in (24, 30, 60):
        assert_found(heard(sound, ONSET)["onset"], times, fps, seconds)


ROCK = {"kick": "x.......x.x.....", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."}
APART = {"kick": "x.......x.......", "snare": "....x.......x...", "hat": "..x...x...x...x."}
OPEN = {"kick": "x.....x.x.......", "snare": "....x.......x..x", "hat": "x.x...x.x.x...x."}


def drum_loop(pattern: dict[str, str], bpm: float, seconds: float) -> tuple[Sound, list[float]]:
    """A loop over tones and a bass; the times of its sixteenths."""
    draw = np.random.default_rng(7)
    sound = sound_factory.tones(seconds, 0.08) + sound_factory.bass_line(seconds, 0.12)
    sound += sound_factory.noise(seconds, 0.003)
    times = list(np.arange(0.5, seconds - 1, 15 / bpm))
    for index, time in enumerate(times):
        for name, hits in pattern.items():
            if hits[index % 16] == "x":
                make = getattr(sound_factory, name)
                level = {"kick": 0.8, "snare": 0.6, "hat": 0.3}[name] * draw.uniform(0.7, 1)
                seed = {} if name == "kick" else {"seed": int(draw.integers(1000))}
                sound_factory.put(sound, time, make(level, **seed))
    return sound, times


@pytest.mark.parametrize("name", ["kick", "snare", "hat"])
@pytest.mark.parametrize(
    ("pattern", "bpm"), [(ROCK, 120.0), (APART, 100.0), (OPEN, 92.0)], ids=["rock", "apart", "open"]
)
def test_kick_snare_and_hat_are_told_apart(pattern: dict[str, str], bpm: float, name: str) -> None:
    """Of all sixteenths at least 95 % are right: over .3 where the drum is hit, and only there."""
    sound, times = drum_loop(pattern, bpm, 30)
    values = at_frames(heard(sound, Heard(name))[name], 30, 30)
    right = []
    for index, time in enumerate(times):
        frame = int(time * 30)
        is_hit = values[max(0, frame - 1) : frame + 2].max() > 0.3
        right.append(is_hit == (pattern[name][index % 16] == "x"))
    assert np.mean(right) >= 0.95


def tone(hertz: float, seconds: float = 2.0, level: float = 0.3) -> Sound:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def test_levels_are_of_their_bands() -> None:
    sound = np.concatenate([tone(80), tone(600), tone(5000), 0 * tone(80), 0.1 * tone(80)])
    wanted = [*map(Heard, LEVELS), Heard("low", (50, 120)), Heard("low", (400, 800))]
    found = {
        name: [round(float(each), 2) for each in at_frames(envelope, 2, 10, peaks=False)[2::4]]
        for name, envelope in heard(sound, *wanted).items()
    }
    quiet = pytest.approx(0.1, abs=0.03)
    assert found["bass"] == [1, 0, 0, 0, quiet]
    assert found["low(50,120)"] == [1, 0, 0, 0, quiet]
    assert found["mid"] == found["low(400,800)"] == [0, 1, 0, 0, 0]
    assert found["treble"] == [0, 0, 1, 0, 0]
    assert found["loud"] == [1, 1, 1, 0, quiet]


def test_chroma_is_the_class_of_the_pitch() -> None:
    pitches = [9, 0, 4, 7, 1]  # A, C, E, G, C sharp, in several octaves
    sound = np.concatenate(
        [tone(440 * 2 ** ((pitch - 9) / 12 + octave)) for pitch, octave in
         zip(pitches, (0, -1, 1, 0, -1), strict=True)]
    )  # fmt: skip
    found = heard(sound, *map(Heard, CHROMA))
    for index, pitch in enumerate(pitches):
        values = [at_frames(found[name], 2, 10, peaks=False)[4 * index + 2] for name in CHROMA]
        assert int(np.argmax(values)) == pitch
        assert values[pitch] > 0.9
        assert sorted(values)[-2] < 0.2


def test_hits_and_tones_are_separated() -> None:
    sound = tone(1000, 2) + sound_factory.clicks(2, [1.0])
    spectrogram = Spectrogram(1024, 256)
    parts = list(percussive_share(spectra_of(spectrogram, sound_factory.blocks(sound, 5000))))
    share = np.concatenate([each[1] for each in parts])
    spectra = np.concatenate([each[0] for each in parts])
    hop, tone_bin = round(RATE / 256), round(1000 / RATE * 1024)
    assert share[20 : hop - HALF, tone_bin].max() < 0.05
    others = np.abs(np.arange(513) - tone_bin) > 12
    assert np.median(share[hop, others]) > 0.95
    assert spectra[20, tone_bin] == pytest.approx(0.3, rel=0.15)


@pytest.mark.parametrize("size", [1000, 4096, 70_001])
def test_the_blocks_in_which_sound_comes_change_nothing(size: int) -> None:
    sound = sound_factory.clicks(4, [0.5, 1.9, 3.3]) + sound_factory.tones(4)
    for window, hop in ((512, 128), (2048, 512)):
        whole, parts = (
            np.concatenate(list(spectra_of(Spectrogram(window, hop), blocks)))
            for blocks in (sound_factory.blocks(sound, n) for n in (len(sound), size))
        )
        assert len(whole) == -(-len(sound) // hop)
        assert np.array_equal(whole, parts)


@pytest.mark.parametrize("samples", [1, 100, 3000])
def test_silence_and_the_shortest_sounds_are_heard_as_0(samples: int) -> None:
    wanted = [*map(Heard, (*LEVELS, *HITS, *CHROMA))]
    for name, envelope in heard(np.zeros(samples), *wanted).items():
        assert not envelope.values.any(), name
        assert np.isfinite(at_frames(envelope, 25, 1)).all()
    loud = heard(np.full(samples, 0.5), *wanted)
    assert all(np.isfinite(envelope.values).all() for envelope in loud.values())


def spiky(*heights: float, rate: float = 100.0) -> Envelope:
    values = np.zeros(int(rate) * len(heights))
    values[int(rate) // 2 :: int(rate)] = heights
    return Envelope(values, rate)


def test_one_bang_does_not_make_all_else_small() -> None:
    usual = spiky(*[1.0] * 20, *[10.0], *[1.0] * 60)
    found = usual.normal().values
    assert np.median(found[found > 0]) >= 0.9
    assert found.max() == 1
    mixed = spiky(*[1.0, 0.5] * 20).normal().values
    assert sorted({round(float(each), 2) for each in mixed}) == [0, 0.5, 1]
    assert spiky(0.1, 0.1).normal(floor=1.0).values.max() == pytest.approx(0.1)
    assert typical_peak(np.zeros(9), 100) == 0


def test_smoothing_is_in_seconds_and_never_late() -> None:
    sharp = spiky(0, 1, 0, 0)
    for fps in (24, 48):
        smooth = sharp.smooth(0.1, 0.4).sampled(Fraction(0), Fraction(fps), 4 * fps, peaks=True)
        peak = int(np.argmax(smooth))
        assert peak == 1.5 * fps
        assert smooth[peak] == 1
        # A frame shows the highest while it lasts: of a rise its end, of a fall its beginning.
        falls = round(0.5 * fps)
        assert smooth[peak + falls] == pytest.approx(np.exp(-0.5 / 0.4), rel=0.03)
        rises = round(0.25 * fps)
        assert smooth[peak - 1 - rises] == pytest.approx(np.exp(-0.25 / 0.1), rel=0.12)
    assert np.array_equal(sharp.smooth(0, 0).values, sharp.values)


def test_a_part_of_a_film_has_the_values_of_the_whole() -> None:
    sound = UNDER["music"] + sound_factory.clicks(SECONDS, CLICKS)
    for name, envelope in heard(sound, ONSET, Heard("loud"), Heard("kick")).items():
        whole = at_frames(envelope, 30, 20)
        part = at_frames(envelope, 30, 10, start=5)
        assert np.allclose(whole[150:450], part), name


def frames_of(values: Sequence[float], rate: float, fps: int, peaks: bool) -> list[float]:
    envelope = Envelope(np.array(values, float), rate)
    return list(envelope.sampled(Fraction(0), Fraction(fps), 4, peaks=peaks))


def test_frames_take_the_mean_of_levels_and_the_highest_of_hits() -> None:
    values = [0, 1, 0, 0, 0, 0, 1, 1, 0, 1, 0, 1]
    assert frames_of(values, 30, 10, peaks=True) == [1, 0, 1, 1]
    assert frames_of(values, 30, 10, peaks=False) == pytest.approx([1 / 3, 0, 2 / 3, 2 / 3])
    # With more frames than values they go evenly between.
    assert frames_of([0, 1], 10, 20, peaks=False) == pytest.approx([0, 0.75, 1, 1], abs=0.3)
