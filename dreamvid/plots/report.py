"""Plot of a report: its numbers over time, and selected frames beneath them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dreamvid.frame import Frame
from dreamvid.media.sink import to_uint8
from dreamvid.plots.figure import DREAM, new_figure, pixels
from dreamvid.report.gallery import Gallery, Pair
from dreamvid.report.summary import Report, title

SIZE = 12.0, 14.0
"""Inches of the picture."""

SOURCE, CUT = "0.55", "#d9480f"
COLORS = "#d62728", "#2ca02c", "#1f77b4"


def draw(report: Report, gallery: Gallery) -> Frame:
    """Draw the figure as a frame of 1200 by 1400 px."""
    figure = new_figure(SIZE)
    pairs = gallery.pairs
    pictures = _inches_of(pairs)
    above, below = figure.subfigures(2, 1, height_ratios=(SIZE[1] - pictures, pictures))
    above.suptitle(title(report), parse_math=False)
    _curves(above.subplots(5, 1, sharex=True), report)
    _pictures(below.subplots(2, len(pairs), squeeze=False), pairs)
    return pixels(figure)


def _inches_of(pairs: dict[str, Pair]) -> float:
    """Height in inches of the two rows of pictures with their titles; the curves get the rest."""
    _, picture, _ = next(iter(pairs.values()))
    height, width = picture.shape[:2]
    natural: float = 2 * SIZE[0] / len(pairs) * height / width + 0.8
    return min(5 / 13 * SIZE[1], natural)


def _curves(axes: Any, report: Report) -> None:
    frames = report.frames
    warp, strength, means, spreads, clipped = axes
    _line(warp, [one.e_warp_source for one in frames], SOURCE, "source")
    _line(warp, [one.e_warp_dreamed for one in frames], DREAM, "dream")
    warp.set_ylabel("E_warp")
    if report.judge:
        _line(strength, [one.strength for one in frames], DREAM, "dream")
        strength.set_ylabel("strength")
        strength.set_title(report.judged, loc="right", fontsize=8, pad=2)
    else:
        _line(strength, [one.residual for one in frames], DREAM, "dream")
        strength.set_ylabel("residual, levels")
    for axis, name in ((means, "mean"), (spreads, "spread")):
        for channel, (letter, color) in enumerate(zip("RGB", COLORS, strict=True)):
            values = [getattr(one, f"{name}_shift")[channel] for one in frames]
            _line(axis, values, color, letter)
        axis.set_ylabel(f"{name}, levels")
    _line(clipped, [100 * one.clipped_source for one in frames], SOURCE, "source")
    _line(clipped, [100 * one.clipped_dreamed for one in frames], DREAM, "dream")
    clipped.set_ylabel("clipped, %")
    clipped.set_xlabel("frame")
    clipped.xaxis.get_major_locator().set_params(integer=True)
    for one in axes:
        one.axhline(
            0, color="0.8", linewidth=0.8
        )  # keep 0 in view, so that small changes look small
        for cut in report.cuts:
            one.axvline(cut - 0.5, color=CUT, linewidth=0.8, linestyle=":")
        one.margins(x=0.01)
        one.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8, frameon=False)


def _line(axes: Any, values: Sequence[float | None], color: str, label: str) -> None:
    """Plot a curve with gaps for None; with dots if there are at most 100 values."""
    known = [np.nan if value is None else value for value in values]
    marker = "." if len(known) <= 100 else ""
    axes.plot(known, color=color, label=label, linewidth=1.2, marker=marker)


def _pictures(rows: Any, pairs: dict[str, Pair]) -> None:
    """The source's pictures above, the film's below them."""
    for column, (name, (index, *both)) in enumerate(pairs.items()):
        rows[0, column].set_title(f"{name}: frame {index}", fontsize=9)
        for row, (film, anchor) in enumerate((("source", "S"), ("dream", "N"))):
            axes = rows[row, column]
            axes.imshow(to_uint8(both[row]))
            axes.set(xticks=[], yticks=[], anchor=anchor, ylabel="" if column else film)
