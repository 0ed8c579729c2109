"""A film that closes: its last frame leads into its first, so that it can be played without end."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

USUAL_BLEND = Fraction(1)
"""Seconds over which a loop's end passes into its beginning."""

LOOP_SHARE = 0.95
"""Share of the last frame in the next one in a zoom that closes: the seed comes back every round,
out of the middle of the picture."""

DEAREST = Fraction(1, 2)
"""Most frames that are dreamed before a zoom's first, as a share of its frames."""


@dataclass(frozen=True)
class Loop:
    """How a film closes.

    Before its first frame, number 0, others are dreamed, numbered -`lead` to -1, which lead into
    it. Towards the film's end each frame N - k passes over into what was dreamed at -k, a round
    before; the last one, N - 1, is frame -1 itself, whose next is frame 0.

    Attributes:
        frames: of the film, N.
        lead: frames dreamed before the first, at least `blend`.
        blend: frames over which the end passes over, at least 1.
    """

    frames: int
    lead: int
    blend: int

    def own(self, index: int) -> float:
        """How much of frame `index` is its own, 1 to 0; the rest is of a round before."""
        left = min(1.0, (self.frames - 1 - index) / self.blend)
        return left * left * (3 - 2 * left)

    def pull(self, index: int, since: int) -> float:
        """How far frame `index` is to be drawn towards that of a round before, 0 to 1, so that
        `own` comes of it, where frame `since` was the last that was."""
        before = self.own(since)
        return 1.0 if before == 0 else 1 - self.own(index) / before
