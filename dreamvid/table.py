"""A report for people: the film's figures, then how they go from its first part to its last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from dreamvid.comparison import Triple
from dreamvid.summary import PARTS, Course, Report, mean

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
    yield from _overall(report)
    yield ""
    yield from _timeline(report)


def title(report: Report) -> str:
    """What was measured, in a line."""
    width, height = report.size
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
