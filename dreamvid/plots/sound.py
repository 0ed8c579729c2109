"""The sound of a film as curves: its wave, three bands, and its beats."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamvid.hearing.features import Features
from dreamvid.media.sound import Sound, beginning
from dreamvid.media.sound_decoder import RATE, decode_sound
from dreamvid.recipe.heard import BAR, Heard

COLORS = ("#1f4e9c", "#3a9d5d", "#e08a1e")
"""Of the bands, from the lowest on."""

Curve = NDArray[np.float64]


@dataclass(frozen=True)
class SoundCurves:
    """What is drawn of a sound.

    Attributes:
        wave: the largest sample of each frame, (frames,), 0..1.
        bands: of each of some bands, (frames,), 0..1.
        beats, bars: the frames, with fractions, at which they are.
    """

    wave: Curve
    bands: dict[str, Curve]
    beats: Curve
    bars: Curve

    @classmethod
    def of(cls, sound: Sound, heard: Features, bands: Sequence[Heard], frames: int) -> SoundCurves:
        """The curves of a film's first frames. Raises InputError.

        Args:
            bands: three of what was heard.
        """
        levels = {each.name: np.array([heard.at(each, t) for t in range(frames)]) for each in bands}
        times, first = np.zeros(0), 0
        if heard.beats is not None:
            times = (np.array(heard.beats.times) - float(heard.start)) * float(heard.rate)
            first = heard.beats.first % BAR
        within = (times >= 0) & (times < frames)
        is_bar = np.arange(len(times)) % BAR == first
        wave = _wave(sound, heard, frames)
        return cls(wave, levels, times[within & ~is_bar], times[within & is_bar])

    def draw(self, wave: Any, bands: Any, times: Any) -> None:
        """Draw the wave and the bands at some frames, each on an axis, with the beats on both."""
        wave.fill_between(times, -self.wave[times], self.wave[times], color="0.55", linewidth=0)
        wave.set_ylim(-1, 1)
        wave.set_yticks([])
        wave.set_title("sound", loc="left", fontsize=10)
        for (name, curve), color in zip(self.bands.items(), COLORS, strict=True):
            bands.plot(times, curve[times], color=color, linewidth=1.0, label=name)
        bands.set_ylim(0, 1.05)
        bands.set_title("what is heard", loc="left", fontsize=10)
        bands.legend(
            loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncols=len(COLORS), frameon=False
        )
        for axis in (wave, bands):
            for places, color in ((self.beats, "0.8"), (self.bars, "0.3")):
                for place in places:
                    axis.axvline(place, color=color, linewidth=0.7, zorder=0)


def _wave(sound: Sound, heard: Features, frames: int) -> Curve:
    """The largest sample of each frame, as a share of the largest of all; 0 after the sound."""
    peaks, before = np.zeros(frames), 0
    with closing(decode_sound(sound.path, beginning(sound))) as blocks:
        for block in blocks:
            seconds = np.arange(before, before + len(block)) / RATE - float(sound.start)
            at = np.floor(seconds * float(heard.rate)).astype(int)
            inside = (at >= 0) & (at < min(frames, heard.frames))
            np.maximum.at(peaks, at[inside], np.abs(block[inside]))
            before += len(block)
    return np.asarray(peaks / max(peaks.max(initial=0), 1e-9))
