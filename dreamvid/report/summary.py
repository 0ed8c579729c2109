"""What was measured of a film, summed up: its figures, as a table for people and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from dreamvid.report.measure import Measured, Triple

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
        rate: frames a second; None of a still.
        judge: the network and the layers that told the strength; empty without.
        judge_dreamed: whether that network dreamed the film; None where the film does not say.
        notes: what the two do not have in common, in words.
        frames: every frame's measures; one at least.
    """

    dreamed: str
    source: str
    size: tuple[int, int]
    rate: Fraction | None
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
        told |= {
            "rate": None if self.rate is None else str(self.rate),
            "cuts": self.cuts,
            "overall": self.overall(),
        }
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


NONE = "-"
"""Stands for a number that could not be measured."""

CALM = 0.9
"""Share of the source's own E_warp under which a film is suspect; coding alone comes to .97."""

WARP, SHIFT, SHARE = ".7f", "+.2f", ".2%"


def lines(report: Report) -> Iterator[str]:
    """The table, line by line."""
    yield title(report)
    yield from report.notes
    yield ""
    if report.rate is None:
        yield from _still(report)
        return
    yield from _overall(report)
    yield ""
    yield from _timeline(report)


def title(report: Report) -> str:
    """What was measured, in a line."""
    width, height = report.size
    if report.rate is None:
        return f"{report.dreamed} beside {report.source}: a still of {width}x{height}"
    return (
        f"{report.dreamed} beside {report.source}: {len(report.frames)} frames of "
        f"{width}x{height} at {report.rate} fps"
    )


def _overall(report: Report) -> Iterator[str]:
    told = report.overall()
    yield _row("", ("mean", "first tenth", "last tenth", "drift"), "")
    share = f", {told['reliable']['mean']:.1%} of their pixels" if report.pairs else ""
    yield _course("E_warp of the source", told["e_warp_source"], WARP)
    yield _course("E_warp of the dream", told["e_warp_dreamed"], WARP)
    yield _course("difference", told["flicker"], WARP, f"{report.pairs} pairs{share}")
    if told["strength"]:
        yield _course("J of the source", told["objective_source"], ".4g", report.judged)
        yield _course("strength", told["strength"], ".4g", "J of the dream less its source's")
    yield _course("residual", told["residual"], ".2f", "levels, RMS")
    for name in ("mean", "spread"):
        for color, course in zip("RGB", told[f"{name}_shift"], strict=True):
            yield _course(f"{name} of {color}", course, SHIFT, "levels, less its source's")
    yield _course("clipped in the source", told["clipped_source"], SHARE)
    yield _course("clipped in the dream", told["clipped_dreamed"], SHARE)
    yield ""
    worst = NONE if report.worst is None else report.worst
    yield f"worst flicker: frame {worst}; weakest dream: frame {report.weakest}"
    yield f"cuts: {', '.join(map(str, report.cuts)) or 'none'}"
    if report.pairs and told["e_warp_dreamed"]["mean"] < CALM * told["e_warp_source"]["mean"]:
        yield "calmer than its source: a film that is blurred or frozen has a low E_warp too"


def _still(report: Report) -> Iterator[str]:
    """The figures of a still, which is one frame, and has no flicker and no drift."""
    (one,) = report.frames
    if one.strength is not None:
        yield _row("J of the source", [_number(one.objective_source, ".4g")], report.judged)
        yield _row("strength", [_number(one.strength, ".4g")], "J of the dream less its source's")
    yield _row("residual", [_number(one.residual, ".2f")], "levels, RMS")
    for name in COLORS:
        for color, value in zip("RGB", getattr(one, name), strict=True):
            meaning = "levels, less its source's"
            yield _row(f"{name.partition('_')[0]} of {color}", [_number(value, SHIFT)], meaning)
    yield _row("clipped in the source", [_number(one.clipped_source, SHARE)], "")
    yield _row("clipped in the dream", [_number(one.clipped_dreamed, SHARE)], "")


def _course(name: str, course: Course | None, form: str, meaning: str = "") -> str:
    parts = ("mean", "first", "last", "drift")
    cells = [_number(course[part] if course else None, form) for part in parts]
    return _row(name, cells, meaning)


def _row(name: str, cells: Sequence[str], meaning: str) -> str:
    return f"{name:22}{''.join(f'{cell:>13}' for cell in cells)}  {meaning}".rstrip()


HEAD = (
    ("frames", 11),
    ("E_warp source", 15),
    ("dream", 11),
    ("strength", 10),
    ("residual", 10),
    ("mean R, G, B", 22),
    ("spread R, G, B", 22),
    ("clipped", 9),
    ("cuts", 6),
)


def _timeline(report: Report) -> Iterator[str]:
    yield "".join(f"{name:>{width}}" for name, width in HEAD)
    widths = [width for _, width in HEAD]
    for part in np.array_split(np.arange(len(report.frames)), min(PARTS, len(report.frames))):
        own = [report.frames[index] for index in part]
        numbers = [
            _mean([one.e_warp_source for one in own], WARP),
            _mean([one.e_warp_dreamed for one in own], WARP),
            _mean([one.strength for one in own], ".4g"),
            _mean([one.residual for one in own], ".2f"),
            _colors([one.mean_shift for one in own]),
            _colors([one.spread_shift for one in own]),
            _mean([one.clipped_dreamed for one in own], SHARE),
            str(sum(one.cut for one in own) or ""),
        ]
        span = f"{part[0]}-{part[-1]}" if len(part) > 1 else f"{part[0]}"
        cells = zip([span, *numbers], widths, strict=True)
        yield "".join(f"{cell:>{width}}" for cell, width in cells).rstrip()


def _colors(values: list[Triple]) -> str:
    return " ".join(_mean(channel, SHIFT) for channel in zip(*values, strict=True))


def _mean(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return _number(mean(known) if known else None, form)


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else f"{value:{form}}"
