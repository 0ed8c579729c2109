"""All that listens to a sound at once: its onsets, levels and tones."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator
from itertools import tee, zip_longest

import numpy as np
from numpy.typing import NDArray

from dreamvid.hearing import levels, sections
from dreamvid.hearing.envelope import Envelope
from dreamvid.hearing.hits import WHOLE, Hits
from dreamvid.hearing.kicks import Kicks
from dreamvid.hearing.levels import Levels
from dreamvid.hearing.tones import Tones
from dreamvid.media.sound_decoder import RATE, Samples
from dreamvid.recipe.heard import CHROMA, HITS, PARTS, Heard


class Ear:
    """All that listens to a sound at once, as far as something is wanted of it.

    Attributes:
        seconds: how long the sound was.
        loudest: the highest of its samples.
    """

    def __init__(self, wanted: Collection[Heard], *, tracks: bool) -> None:
        """Begin to listen for what is wanted; `tracks`: for the beats as well."""
        self.seconds = self.loudest = 0.0
        names = {each.name for each in wanted}
        onsets = {str(e.band): e.band for e in wanted if e.name == "onset" and e.band}
        level = {str(e.band): e.band for e in wanted if e.name == "low" and e.band}
        parts = sections.BANDS if names & {*PARTS} else {}
        level |= {name: levels.BANDS[name] for name in names & levels.BANDS.keys()} | parts
        self._hits = Hits({"": WHOLE} | onsets) if tracks or names & {*HITS} else None
        self._kicks = Kicks() if "kick" in names else None
        self._levels = Levels(level) if level else None
        self._tones = Tones() if names & {*PARTS, *CHROMA} else None

    def listen(self, blocks: Generator[Samples]) -> None:
        """Listen to the whole sound once."""
        ears = self._hits, self._kicks, self._levels, self._tones
        parts = [each for each in ears if each is not None]
        copies = tee(self._counted(blocks), len(parts) + 1)
        heard = [each.listen(copy) for each, copy in zip(parts, copies[1:], strict=True)]
        for _ in zip_longest(copies[0], *heard):
            pass

    def _counted(self, blocks: Iterable[Samples]) -> Iterator[NDArray[np.float32]]:
        for block in blocks:
            self.seconds += len(block) / RATE
            self.loudest = max(self.loudest, float(np.abs(block).max(initial=0)))
            yield block

    def onsets(self) -> Envelope:
        """The onsets of the whole sound."""
        assert self._hits
        return self._hits.onset("")

    def envelope(self, each: Heard) -> Envelope:
        """How strong something is heard, 0..1; not for `PARTS` and what needs beats."""
        if each.name in HITS:
            assert self._hits
            if each.name == "onset":
                return self._hits.onset(str(each.band) if each.band else "")
            if each.name == "kick":
                assert self._kicks
                return self._kicks.kick(self.onsets())
            return self._hits.drum(each.name)
        if each.name in CHROMA:
            assert self._tones
            return self._tones.chroma(CHROMA.index(each.name))
        assert self._levels
        return self._levels.level(str(each.band) if each.band else each.name)

    def boundaries(self) -> list[float]:
        """When new sections begin, in seconds, without the first."""
        assert self._tones
        assert self._levels
        tones, rate = self._tones.all()
        bands = [self._levels.raw(name) for name in sections.BANDS]
        return sections.boundaries(sections.together(tones, rate, bands), rate)
