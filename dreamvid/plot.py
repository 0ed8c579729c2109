"""A report as one picture: its numbers over time, and beneath them the frames that matter."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from dreamvid.comparison import Measured
from dreamvid.frame import Frame, Size
from dreamvid.media.resize import resize_area
from dreamvid.media.sink import to_uint8
from dreamvid.summary import Report
from dreamvid.table import title

SIDE = 320
"""Px of the longer side of a frame that is kept to be shown."""

SIZE, DOTS = (12.0, 14.0), 100
"""Inches of the picture, and its px an inch."""

SOURCE, DREAM, CUT = "0.55", "#7b2d8b", "#d9480f"
COLORS = "#d62728", "#2ca02c", "#1f77b4"

Pair = tuple[int, Frame, Frame]
"""A frame's index, the source's picture and the film's, both small."""


class Gallery:
    """The frames that matter, picked while the films go by: four pairs of small pictures."""

    def __init__(self) -> None:
        self._pairs: dict[str, Pair] = {}
        self._flicker, self._dream = -np.inf, np.inf

    def offer(self, measured: Measured, source: Frame, dreamed: Frame) -> None:
        """Take a frame if it is the first, the last so far, or the worst so far."""
        pair = measured.frame, _small(source), _small(dreamed)
        self._pairs.setdefault("first", pair)
        if measured.flicker is not None and measured.flicker > self._flicker:
            self._flicker, self._pairs["worst flicker"] = measured.flicker, pair
        strength = measured.residual if measured.strength is None else measured.strength
        if strength < self._dream:
            self._dream, self._pairs["weakest dream"] = strength, pair
        self._pairs["last"] = pair

    @property
    def pairs(self) -> dict[str, Pair]:
        """The frames by what they are, in the order in which they are shown."""
        names = ("first", "worst flicker", "weakest dream", "last")
        return {name: self._pairs[name] for name in names if name in self._pairs}


def draw(report: Report, gallery: Gallery) -> Frame:
    """The whole figure as a frame of 1200 by 1400 px."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where it keeps its fonts is its own
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=SIZE, dpi=DOTS, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    above, below = figure.subfigures(2, 1, height_ratios=(8, 5))
    above.suptitle(title(report), parse_math=False)
    _curves(above.subplots(5, 1, sharex=True), report)
    pairs = gallery.pairs
    _pictures(below.subplots(2, len(pairs), squeeze=False), pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file's name may have letters that its font has not
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(np.float32)


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
        one.axhline(0, color="0.8", linewidth=0.8)  # small changes shall look small
        for cut in report.cuts:
            one.axvline(cut - 0.5, color=CUT, linewidth=0.8, linestyle=":")
        one.margins(x=0.01)
        one.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8, frameon=False)


def _line(axes: Any, values: Sequence[float | None], color: str, label: str) -> None:
    """A curve with gaps where there is no number; dots too, where they are few."""
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


def _small(frame: Frame) -> Frame:
    height, width = frame.shape[:2]
    scale = min(1.0, SIDE / max(width, height))
    return resize_area(frame, Size(max(1, round(width * scale)), max(1, round(height * scale))))
