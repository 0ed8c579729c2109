"""What was measured of a film, summed up: figures, and all of it as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from dreamvid.comparison import Measured

PARTS = 10
"""Parts of a film, of which the first and the last tell its drift."""

NUMBERS = (
    "e_warp_source",
    "e_warp_dreamed",
    "flicker",
    "reliable",
    "objective_source",
    "objective_dreamed",
    "strength",
    "residual",
    "clipped_source",
    "clipped_dreamed",
)
"""What is one number a frame; some frames have none."""

COLORS = ("mean_shift", "spread_shift")
"""What is three, for R, G and B."""

RELATIONS = {
    True: "it dreamed the film, and judges its own dream too kindly",
    False: "it did not dream the film",
    None: "the film does not say what dreamed it",
}
"""What a judge is to the film."""

Course = dict[str, float]
"""A number over a film: its `mean`, its means over the `first` and the `last` tenth of the frames
that have it, and its `drift` from that to this."""


@dataclass(frozen=True)
class Report:
    """What was measured of a film.

    Attributes:
        dreamed: its file name.
        source: the clip's.
        size: (width, height) at which they were compared.
        rate: frames a second.
        judge: the network and the layers that told the strength; empty without.
        judge_dreamed: whether that network dreamed the film; None where the film does not say.
        notes: what the two do not have in common, in words.
        frames: every frame's measures; one at least.
    """

    dreamed: str
    source: str
    size: tuple[int, int]
    rate: Fraction
    judge: str
    judge_dreamed: bool | None
    notes: tuple[str, ...]
    frames: tuple[Measured, ...]

    @property
    def judged(self) -> str:
        """The judge, and whether it is to be believed; empty where none judged."""
        return f"{self.judge}; {RELATIONS[self.judge_dreamed]}" if self.judge else ""

    @property
    def cuts(self) -> list[int]:
        """The frames at which a shot begins, but for the first."""
        return [one.frame for one in self.frames if one.cut]

    @property
    def pairs(self) -> int:
        """How many pairs of frames E_warp was measured on."""
        return sum(one.flicker is not None for one in self.frames)

    @property
    def worst(self) -> int | None:
        """The frame whose E_warp is most above its source's."""
        told = [(-one.flicker, one.frame) for one in self.frames if one.flicker is not None]
        return min(told)[1] if told else None

    @property
    def weakest(self) -> int:
        """The frame of the least strength, or, where that was not told, of the least residual."""
        told = [(one.strength, one.frame) for one in self.frames if one.strength is not None]
        return min(told or [(one.residual, one.frame) for one in self.frames])[1]

    def overall(self) -> dict[str, Any]:
        """The whole film's figures, by name; None for what could not be measured."""
        told: dict[str, Any] = {"pairs": self.pairs, "worst": self.worst, "weakest": self.weakest}
        for name in NUMBERS:
            told[name] = course([getattr(one, name) for one in self.frames])
        for name in COLORS:
            channels = zip(*(getattr(one, name) for one in self.frames), strict=True)
            told[name] = [course(list(channel)) for channel in channels]
        return told

    def json(self) -> str:
        """Everything: finite numbers, and null for what could not be measured."""
        told = asdict(self)
        del told["frames"]
        told |= {"rate": str(self.rate), "cuts": self.cuts, "overall": self.overall()}
        told["frames"] = [
            {**asdict(one), "flicker": one.flicker, "strength": one.strength} for one in self.frames
        ]
        return json.dumps(told, indent=1, allow_nan=False, ensure_ascii=False)


def course(values: Sequence[float | None]) -> Course | None:
    """The course of a number, given a value a frame; None where no frame has one."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    tenth = math.ceil(len(known) / PARTS)
    first, last = mean(known[:tenth]), mean(known[-tenth:])
    return {"mean": mean(known), "first": first, "last": last, "drift": last - first}


def mean(values: Sequence[float]) -> float:
    """The mean of some numbers."""
    return math.fsum(values) / len(values)
