"""Summary of the measures of a film, as a table and as JSON."""

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
"""Parts of a film; drift is the last part minus the first."""

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
"""Measures with one number a frame, or None."""

COLORS = ("mean_shift", "spread_shift")
"""Measures with three numbers, for R, G and B."""

RELATIONS = {
    True: "it dreamed the film, and judges its own dream too kindly",
    False: "it did not dream the film",
    None: "the film does not say what dreamed it",
}
"""Descriptions of `Report.judge_dreamed`."""

Course = dict[str, float]
"""A measure over a film: its `mean`, its means over the `first` and the `last` tenth of the frames
that have it, and its `drift`, last minus first."""


@dataclass(frozen=True)
class Report:
    """The measures of a film.

    Attributes:
        dreamed: file name of the film.
        source: file name of the clip.
        size: (width, height) at which they were compared.
        rate: frames a second; None for a still.
        judge: the network and layers that measured the strength; "" if none.
        judge_dreamed: whether that network dreamed the film; None if unknown.
        notes: how film and source differ, for people.
        frames: the measures of every frame, at least one.
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
        """The judge and its relation to the film; "" if none judged."""
        return f"{self.judge}; {RELATIONS[self.judge_dreamed]}" if self.judge else ""

    @property
    def cuts(self) -> list[int]:
        """The frames at which a shot begins, except the first."""
        return [one.frame for one in self.frames if one.cut]

    @property
    def pairs(self) -> int:
        """How many pairs of frames have an E_warp."""
        return sum(one.flicker is not None for one in self.frames)

    @property
    def worst(self) -> int | None:
        """The frame with the most flicker; None if it was not measured."""
        values = [(-one.flicker, one.frame) for one in self.frames if one.flicker is not None]
        return min(values)[1] if values else None

    @property
    def weakest(self) -> int:
        """The frame of the least strength or, if that was not measured, of the least residual."""
        values = [(one.strength, one.frame) for one in self.frames if one.strength is not None]
        return min(values or [(one.residual, one.frame) for one in self.frames])[1]

    def overall(self) -> dict[str, Any]:
        """Statistics over the film by measure; None for what could not be measured."""
        values: dict[str, Any] = {"pairs": self.pairs, "worst": self.worst, "weakest": self.weakest}
        for name in NUMBERS:
            values[name] = course([getattr(one, name) for one in self.frames])
        for name in COLORS:
            channels = zip(*(getattr(one, name) for one in self.frames), strict=True)
            values[name] = [course(list(channel)) for channel in channels]
        return values

    def json(self) -> str:
        """All data as JSON: finite numbers, and null for what could not be measured."""
        values = asdict(self)
        del values["frames"]
        values |= {
            "rate": None if self.rate is None else str(self.rate),
            "cuts": self.cuts,
            "overall": self.overall(),
        }
        values["frames"] = [
            {**asdict(one), "flicker": one.flicker, "strength": one.strength} for one in self.frames
        ]
        return json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False)


def course(values: Sequence[float | None]) -> Course | None:
    """The statistics of a measure, given its value for each frame; None if all are None."""
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
"""Shown for a number that could not be measured."""

CALM = 0.9
"""Ratio to the source's E_warp under which a film is suspicious; encoding alone yields .97."""

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
    """The title of a report, in one line."""
    width, height = report.size
    if report.rate is None:
        return f"{report.dreamed} beside {report.source}: a still of {width}x{height}"
    return (
        f"{report.dreamed} beside {report.source}: {len(report.frames)} frames of "
        f"{width}x{height} at {report.rate} fps"
    )


def _overall(report: Report) -> Iterator[str]:
    values = report.overall()
    yield _row("", ("mean", "first tenth", "last tenth", "drift"), "")
    share = f", {values['reliable']['mean']:.1%} of their pixels" if report.pairs else ""
    yield _course("E_warp of the source", values["e_warp_source"], WARP)
    yield _course("E_warp of the dream", values["e_warp_dreamed"], WARP)
    yield _course("difference", values["flicker"], WARP, f"{report.pairs} pairs{share}")
    if values["strength"]:
        yield _course("J of the source", values["objective_source"], ".4g", report.judged)
        yield _course("strength", values["strength"], ".4g", "J of the dream less its source's")
    yield _course("residual", values["residual"], ".2f", "levels, RMS")
    for name in ("mean", "spread"):
        for color, course in zip("RGB", values[f"{name}_shift"], strict=True):
            yield _course(f"{name} of {color}", course, SHIFT, "levels, less its source's")
    yield _course("clipped in the source", values["clipped_source"], SHARE)
    yield _course("clipped in the dream", values["clipped_dreamed"], SHARE)
    yield ""
    worst = NONE if report.worst is None else report.worst
    yield f"worst flicker: frame {worst}; weakest dream: frame {report.weakest}"
    yield f"cuts: {', '.join(map(str, report.cuts)) or 'none'}"
    if report.pairs and values["e_warp_dreamed"]["mean"] < CALM * values["e_warp_source"]["mean"]:
        yield "calmer than its source: a film that is blurred or frozen has a low E_warp too"


def _still(report: Report) -> Iterator[str]:
    """The table of a still, which has no flicker and no drift."""
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
    return f"{name:22}{''.join(f' {cell:>12}' for cell in cells)}  {meaning}".rstrip()


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
        frames = [report.frames[index] for index in part]
        numbers = [
            _mean_of(frames, "e_warp_source", WARP),
            _mean_of(frames, "e_warp_dreamed", WARP),
            _mean_of(frames, "strength", ".4g"),
            _mean_of(frames, "residual", ".2f"),
            _colors([one.mean_shift for one in frames]),
            _colors([one.spread_shift for one in frames]),
            _mean_of(frames, "clipped_dreamed", SHARE),
            str(sum(one.cut for one in frames) or ""),
        ]
        span = f"{part[0]}-{part[-1]}" if len(part) > 1 else f"{part[0]}"
        cells = zip([span, *numbers], widths, strict=True)
        yield "".join(f" {cell:>{width - 1}}" for cell, width in cells).rstrip()


def _mean_of(frames: Sequence[Measured], name: str, form: str) -> str:
    return _mean([getattr(one, name) for one in frames], form)


def _colors(values: list[Triple]) -> str:
    return " ".join(_mean(channel, SHIFT) for channel in zip(*values, strict=True))


def _mean(values: Sequence[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return _number(mean(known) if known else None, form)


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else f"{value:{form}}"
