"""Small synthetic sounds, mono at the rate of the analysis, each as its name says."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dreamvid.media.sound_decoder import RATE

Sound = NDArray[np.float64]


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE))


def noise(seconds: float, level: float, seed: int = 1) -> Sound:
    """White noise of that root mean square."""
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE))


def tones(seconds: float, level: float = 0.1, every: float = 2.0, seed: int = 2) -> Sound:
    """Chords of harmonic tones with soft beginnings, a new one every so many seconds."""
    draw = np.random.default_rng(seed)
    sound = silence(seconds)
    fade = np.sin(np.linspace(0, np.pi / 2, RATE // 4)) ** 2
    for start in np.arange(0, seconds, every):
        length = min(round(every * RATE), len(sound) - round(start * RATE))
        time = np.arange(length) / RATE
        chord = np.zeros(length)
        for pitch in draw.choice(np.arange(-24, 12), 3, replace=False):
            for harmonic in range(1, 6):
                chord += np.sin(2 * np.pi * 440 * 2 ** (pitch / 12) * harmonic * time) / harmonic
        ends = min(len(fade), length // 2)
        chord[:ends] *= fade[:ends]
        chord[length - ends :] *= fade[:ends][::-1]
        sound[round(start * RATE) :][:length] += level * chord / 3
    return sound


def bass_line(seconds: float, level: float = 0.15, beat: float = 0.5) -> Sound:
    """A plucked bass: a note each half beat, some on the beats and some not."""
    sound = silence(seconds)
    for index, start in enumerate(np.arange(0, seconds - beat / 2, beat / 2)):
        hertz = 55 * 2 ** ([0, 0, 7, 0, 5, 5, 3, 0][index % 8] / 12)
        time = np.arange(round(beat / 2 * RATE)) / RATE
        note = sum(np.sin(2 * np.pi * hertz * k * time) / k**1.5 for k in range(1, 7))
        shape = (
            np.minimum(time / 0.015, 1)
            * np.exp(-time / 0.25)
            * np.minimum((beat / 2 - time) / 0.01, 1)
        )
        put(sound, start, level * note * shape)
    return sound


def put(sound: Sound, time: float, part: Sound) -> None:
    """Add a part to a sound, from a time in seconds on."""
    start = round(time * RATE)
    end = min(len(sound), start + len(part))
    if start < end:
        sound[start:end] += part[: end - start]


def clicks(seconds: float, times: Iterable[float], level: float = 0.5) -> Sound:
    """A click of 2 ms at each time."""
    sound = silence(seconds)
    draw = np.random.default_rng(3)
    for time in times:
        put(sound, time, level * draw.uniform(-1, 1, RATE // 500))
    return sound


def kick(level: float = 0.8) -> Sound:
    """A sine that falls from 160 to 50 Hz, and a short knock."""
    time = np.arange(round(0.25 * RATE)) / RATE
    hertz = 50 + 110 * np.exp(-time / 0.02)
    body = np.sin(2 * np.pi * np.cumsum(hertz) / RATE) * np.exp(-time / 0.09)
    knock = np.random.default_rng(4).normal(0, 0.1, len(time)) * np.exp(-time / 0.003)
    return level * (body + knock) * np.minimum(1, time / 0.001)


def snare(level: float = 0.6, seed: int = 5) -> Sound:
    """A short tone of 190 Hz under noise."""
    time = np.arange(round(0.2 * RATE)) / RATE
    body = np.sin(2 * np.pi * 190 * time) * np.exp(-time / 0.04)
    rattle = np.random.default_rng(seed).normal(0, 0.5, len(time)) * np.exp(-time / 0.06)
    return level * (0.6 * body + rattle)


def hat(level: float = 0.25, seed: int = 6) -> Sound:
    """Noise above 6500 Hz, for 50 ms."""
    time = np.arange(round(0.1 * RATE)) / RATE
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, len(time)))
    spectrum[np.fft.rfftfreq(len(time), 1 / RATE) < 6500] = 0
    return level * np.fft.irfft(spectrum, len(time)) * np.exp(-time / 0.025)


def write(path: Path, sound: Sound) -> Path:
    """Write a WAV of 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def blocks(sound: Sound, size: int = 2**16) -> list[NDArray[np.float32]]:
    """As a decoder gives them."""
    return [sound[i : i + size].astype(np.float32) for i in range(0, len(sound), size)]
