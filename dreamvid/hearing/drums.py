"""Snare and hat told apart: when their bands rise, and which of the two that is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dreamvid.hearing.envelope import Envelope, above_surroundings
from dreamvid.hearing.spectra import Numbers

BANDS = {"snare": (1200.0, 4500.0), "hat": (7000.0, 11025.0)}
"""Hz: a snare's noise, and a hat, whose band a snare's noise fills as well."""

SURROUNDINGS = 0.4
"""Seconds on both sides that a hit stands out from."""

AFTER, BEFORE = 0.07, 0.03
"""Seconds after a rise whose power is the hit's, and before it whose power is not."""

ONE_HIT = 0.045
"""Seconds on both sides within which rises are of one hit."""

HAT_IN_SNARE, SNARE_IN_HAT = 0.3, 1.4
"""How much power a hat has in the snare's band for 1 in its own, and a snare in the hat's, at most.
White noise has 1.2 there."""

TINY = 1e-20


def drum(
    name: str, rises: Mapping[str, Numbers], powers: Mapping[str, Numbers], rate: float
) -> Envelope:
    """The hits of a snare or hat, 0..1.

    They are told apart by the power of the whole hit in both bands, which varies less from hit to
    hit than its rise does.

    Args:
        name: one of `BANDS`.
        rises, powers: of each of `BANDS`, by hop: the power that begins, and the percussive power.
        rate: hops a second.
    """
    power = rises[name]
    if len(power):
        power = power * _share(name, rises, powers, rate)
    found = above_surroundings(np.sqrt(power), rate, SURROUNDINGS)
    return Envelope(found, rate).normal()


def _share(
    name: str, rises: Mapping[str, Numbers], powers: Mapping[str, Numbers], rate: float
) -> Numbers:
    """The share 0..1 of each hop's rise that is the drum's, one number for a whole hit."""
    snare, hat = (_begun(powers[each], rate) for each in ("snare", "hat"))
    own, other, leak = (snare, hat, HAT_IN_SNARE) if name == "snare" else (hat, snare, SNARE_IN_HAT)
    share = np.clip((own - leak * other) / (own + TINY), 0, 1)
    reach = max(1, round(ONE_HIT * rate))
    both = np.pad(rises["snare"] + rises["hat"], reach)
    strongest = np.lib.stride_tricks.sliding_window_view(both, 2 * reach + 1).argmax(-1)
    places = np.arange(len(share)) + strongest - reach
    decided: Numbers = share[np.clip(places, 0, len(share) - 1)]
    return decided


def _begun(power: Numbers, rate: float) -> Numbers:
    """The mean power after each hop that was not there before it."""
    total = np.concatenate([[0.0], np.cumsum(power)])
    here = np.arange(len(power))

    def mean(first: int, end: int) -> Numbers:
        low, high = np.clip(here + first, 0, len(power)), np.clip(here + end, 0, len(power))
        found: Numbers = (total[high] - total[low]) / np.maximum(high - low, 1)
        return found

    before = -2 - max(1, round(BEFORE * rate))
    return np.maximum(0, mean(-1, round(AFTER * rate)) - mean(before, -2))
