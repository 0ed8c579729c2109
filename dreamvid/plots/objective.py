"""Plot of a picture's objective over steps and octaves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from dreamvid.frame import Frame
from dreamvid.plots.figure import DREAM, new_figure, pixels

SIZE = 12.0, 5.0
"""Inches of the picture."""


class Measured(Protocol):
    """One step of a dream.

    Attributes:
        octave: index of the octave, from 0, smallest first.
        step: index of the step in that octave.
        objective: J of the picture; None if it was not measured.
    """

    @property
    def octave(self) -> int:
        """See above."""

    @property
    def step(self) -> int:
        """See above."""

    @property
    def objective(self) -> float | None:
        """See above."""


def draw_objective(name: str, steps: Iterable[Measured]) -> Frame:
    """Plot J over all steps, 1200 px wide, with a line between octaves.

    J of different octaves is not comparable: it is a mean over pictures of different sizes.
    """
    octaves: dict[int, tuple[list[int], list[float]]] = {}
    for index, step in enumerate(steps):
        if step.objective is not None:
            places, values = octaves.setdefault(step.octave, ([], []))
            places.append(index)
            values.append(step.objective)
    figure = new_figure(SIZE)
    axis: Any = figure.subplots()
    for octave, (places, values) in octaves.items():
        axis.plot(places, values, color=DREAM, linewidth=1.2, marker=".")
        axis.axvline(places[0] - 0.5, color="0.8", linewidth=0.8)
        axis.annotate(f"octave {octave + 1}", (places[0], 1), xycoords=("data", "axes fraction"),
                      xytext=(2, -10), textcoords="offset points", fontsize=8)  # fmt: skip
    axis.set_xlabel("step")
    axis.set_ylabel("objective")
    axis.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axis.margins(x=0.01)
    figure.suptitle(f"{name}: objective by octave and step", parse_math=False)
    return pixels(figure)
