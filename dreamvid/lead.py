"""What was dreamed before a film's first frame, into which its end passes over (`Loop`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from dreamvid.blend import Carried
from dreamvid.frame import Field
from dreamvid.recipe import Blend
from dreamvid.recipe.loop import Loop


class LeadStore(Protocol):
    """Keeps a field (H, W, 3) of each frame that leads into a film."""

    def keep(self, index: int, dreamed: Field) -> None:
        """Keep that of frame `index`, below 0."""

    def at(self, index: int) -> Field:
        """That of frame `index`. Raises StateError if it was not kept, or is damaged."""


@dataclass(frozen=True)
class InMemory:
    """A store for renders that keep nothing to resume from."""

    fields: dict[int, Field] = field(default_factory=dict)

    def keep(self, index: int, dreamed: Field) -> None:
        """See `LeadStore`."""
        self.fields[index] = dreamed

    def at(self, index: int) -> Field:
        """See `LeadStore`."""
        return self.fields[index]


@dataclass(frozen=True)
class Lead:
    """The dreams that lead into a film, and those of its end, which are drawn towards them."""

    loop: Loop
    store: LeadStore

    def keep(self, index: int, carried: Carried, blend: Blend) -> None:
        """Keep what was dreamed at a frame before the film's first, if its end passes over into
        it."""
        if -self.loop.blend <= index < 0:
            self.store.keep(index, _moving(carried, blend).astype(np.float16))

    def drawn(self, index: int, since: int, carried: Carried, blend: Blend) -> Carried:
        """What was dreamed at a frame, drawn towards what was a round before; `since` is the last
        frame that was. The film's last frame is that of a round before."""
        before = index - self.loop.frames
        if before < -self.loop.blend:
            return carried
        pull, own = np.float32(self.loop.pull(index, since)), _moving(carried, blend)
        drawn = own + pull * (self.store.at(before).astype(np.float32) - own)
        ground = carried.source if blend.carry == "residual" else np.float32(0)
        return replace(carried, dream=np.clip(ground + drawn, 0, 255))


def _moving(carried: Carried, blend: Blend) -> Field:
    """What passes from frame to frame: the residual, or the whole picture."""
    return carried.dream - carried.source if blend.carry == "residual" else carried.dream
