"""A tracker of beats: librosa, which the extra `sound` installs."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from dreamvid.errors import RecipeError
from dreamvid.hearing.envelope import Envelope

EACH = 4
"""Hops of an envelope of onsets that the tracker takes as one, for its memory's sake; of 23 ms, for
which it was made."""

STRONG = 0.1
"""An onset over this near to a beat is the beat."""


def require_tracker(name: str) -> None:
    """Raise RecipeError if beats cannot be found, where `name` needs them."""
    if find_spec("librosa") is None:
        raise RecipeError(
            f"{name} needs the beats: give bpm or beats, or pip install 'dreamvid[sound]'",
            key="audio",
        )


def tracked_beats(onsets: Envelope) -> list[float]:
    """The times of the beats in seconds; empty if none are found.

    By D. Ellis, "Beat Tracking by Dynamic Programming", J. New Music Research 36 (2007), as in
    librosa; each beat then moves to the strongest onset within 23 ms. No tracker is always right:
    the tempo may be half or twice.
    """
    from librosa.beat import beat_track

    count = len(onsets.values) // EACH
    coarse = onsets.values[: count * EACH].reshape(count, EACH).max(1)
    _, hops = beat_track(
        onset_envelope=coarse.astype(np.float32),
        sr=round(1000 * onsets.rate / EACH),
        hop_length=1000,
        units="frames",
        trim=False,
    )
    times, strong = [], []
    for hop in np.asarray(hops, int) * EACH + EACH // 2:
        first = max(0, hop - EACH)
        near = onsets.values[first : hop + EACH + 1]
        strong.append(near.max(initial=0) > STRONG)
        place = first + near.argmax() if strong[-1] else hop
        times.append(max(0.0, float(place / onsets.rate + onsets.since)))
    # Before the first and after the last onset a tracker guesses.
    kept = np.flatnonzero(strong)
    return sorted(set(times[kept[0] : kept[-1] + 1])) if len(kept) else []
