"""Listening to a sound for what a recipe's schedules hear."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dreamvid.errors import RecipeError
from dreamvid.hearing.beats import Beats, beats_of_tempo, beats_of_times, read_beats
from dreamvid.hearing.ear import Ear
from dreamvid.hearing.features import ENDLESS, Features, Strengths
from dreamvid.hearing.tracker import require_tracker, tracked_beats
from dreamvid.media.sound import Sound, beginning
from dreamvid.media.sound_decoder import AUDIO, decode_sound, sound_rate
from dreamvid.notices import warn
from dreamvid.recipe.audio import Audio
from dreamvid.recipe.heard import BAR, HITS, PARTS, Heard

_log = logging.getLogger(__name__)


class Film(NamedTuple):
    """What is sampled for: the film's start in the sound (seconds), its rate, and its frames."""

    start: Fraction
    rate: Fraction
    frames: int


def listen(sound: Sound, rate: Fraction, wanted: Iterable[Heard], how: Audio) -> Features:
    """Listen to a whole sound, whatever part of it a film has.

    Args:
        sound: the file, and the part of it that the film has.
        rate: the film's frames a second.
        wanted: what its schedules hear.
        how: its tempo or beats, and how what is heard rises and falls.

    Raises:
        InputError: the sound or the file of beats cannot be read.
        RecipeError: a band is over the sound's highest frequency; or beats are needed, and there
            is no way to know them.
        RunError: ffmpeg cannot be started, or hangs.
    """
    wanted = list(dict.fromkeys(wanted))
    rhythm = next((each for each in wanted if each.is_rhythm), None)
    given = _times(how)
    tracks = rhythm is not None and given is None and how.bpm is None
    if rhythm and tracks:
        require_tracker("4b" if rhythm.name == "1b" else str(rhythm))
    _check_bands(sound.path, wanted)
    ear = Ear(wanted, tracks=tracks)
    _log.info("%s: listening", sound.path)
    with closing(decode_sound(sound.path, beginning(sound))) as blocks:
        ear.listen(blocks)
    if not ear.loudest:
        warn(f"{sound.path}: audio: is silent, so that nothing is heard in it")
    beats = _given(how, given, ear.seconds)
    beats = _tracked(how, ear, sound.path) if beats is None and rhythm else beats
    lasts = ear.seconds - float(sound.start)
    if sound.duration is not None:
        lasts = min(lasts, float(sound.duration))
    frames = max(0, math.ceil(lasts * float(rate) - 1e-6))
    film = Film(sound.start, rate, frames)
    values = {}
    for each in wanted:
        if each.name in PARTS:
            values[str(each)] = _sections(ear, beats, film, counted=each.name == "part")
        elif not each.is_rhythm:
            values[str(each)] = _sampled(ear, each, how, film)
    return Features(sound.start, rate, frames, values, beats)


def beats_alone(rate: Fraction, how: Audio) -> Features | None:
    """The beats of a film without a sound, from its first frame on and without end; None: neither
    a tempo nor a file of beats is given.

    Raises:
        InputError: the file of beats cannot be read.
    """
    beats = _given(how, _times(how), 0.0)
    return None if beats is None else Features(Fraction(0), rate, ENDLESS, {}, beats)


def _sampled(ear: Ear, each: Heard, how: Audio, film: Film) -> Strengths:
    attack = how.attack if each.attack is None else each.attack
    release = how.release if each.release is None else each.release
    smooth = ear.envelope(each).smooth(attack, release)
    return smooth.sampled(*film, peaks=each.name in HITS).astype(np.float32)


def _sections(ear: Ear, beats: Beats | None, film: Film, *, counted: bool) -> Strengths:
    """0 in the first section, 1 in the last, with even steps between, or `counted` from 0 on; they
    begin with a bar."""
    ends = ear.boundaries()
    if beats is not None:
        bars = np.array(beats.times[beats.first % BAR :: BAR])
        ends = [float(bars[np.abs(bars - end).argmin()]) for end in ends]
    times = np.array(sorted(set(ends))) - float(film.start)
    places = np.floor(times * float(film.rate) + 1e-6)
    section = np.searchsorted(places, np.arange(film.frames), "right")
    return (section / (1 if counted else max(1, len(places)))).astype(np.float32)


def _check_bands(path: Path, wanted: Iterable[Heard]) -> None:
    """Raise RecipeError if a band begins over the highest frequency of a file's sound."""
    highest = sound_rate(path) / 2
    for each in wanted:
        if each.band and highest and each.band[0] >= highest:
            raise RecipeError(
                f"{each} lies over {highest:g} Hz, the highest of this sound", key=AUDIO, path=path
            )


def _tracked(how: Audio, ear: Ear, path: Path) -> Beats:
    times = tracked_beats(ear.onsets())
    if len(times) < 2:
        raise RecipeError("no beats are found in this sound; give bpm", key=AUDIO, path=path)
    return beats_of_times(times, _first_beat(how), "found by librosa")


def _given(how: Audio, times: list[float] | None, seconds: float) -> Beats | None:
    """The beats of a file's times or of a tempo, over so many seconds."""
    if times is not None and how.beats is not None:
        return beats_of_times(times, _first_beat(how), f"of {Path(how.beats).name}")
    if how.bpm is not None:
        return beats_of_tempo(how.bpm, _first_beat(how) or 0.0, seconds)
    return None


def _times(how: Audio) -> list[float] | None:
    return None if how.beats is None else read_beats(Path(how.beats))


def _first_beat(how: Audio) -> float | None:
    return None if how.first_beat is None else float(how.first_beat)
