"""A tracker of beats: librosa, which the extra `sound` installs."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from dreamvid.errors import RecipeError
from dreamvid.hearing.envelope import Envelope


def require_tracker(name: str) -> None:
    """Raise RecipeError if beats cannot be found, where `name` needs them."""
    if find_spec("librosa") is None:
        raise RecipeError(
            f"{name} needs the beats: give bpm, beats, or pip install 'dreamvid[sound]'",
            key="audio",
        )


def tracked_beats(onsets: Envelope) -> list[float]:
    """The times of the beats in seconds; empty if none are found.

    By D. Ellis, "Beat Tracking by Dynamic Programming", J. New Music Research 36 (2007), as in
    librosa. No tracker is always right: the tempo may be half or twice.
    """
    import librosa

    _, times = librosa.beat.beat_track(
        onset_envelope=onsets.values.astype(np.float32),
        sr=round(onsets.rate * 1000),
        hop_length=1000,
        units="time",
        trim=False,
    )
    found = np.asarray(times, float) * 1.0 + onsets.since
    return [float(time) for time in found if time >= 0]
