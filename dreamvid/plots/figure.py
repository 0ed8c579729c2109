"""Figures by matplotlib, as frames; the only import of it."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np

from dreamvid.frame import Frame

DOTS = 100
"""Px an inch."""

DREAM = "#7b2d8b"
"""The color of what is dreamed."""


def new_figure(size: tuple[float, float]) -> Any:
    """An empty figure of `size` (width, height) in inches, apart from any of the caller's."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # of where it keeps its fonts
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def shifted_down(figure: Any, axis: Any, inches: float) -> Any:
    """An axis's own coordinates, moved down by some inches."""
    from matplotlib.transforms import ScaledTranslation

    return axis.transAxes + ScaledTranslation(0, -inches, figure.dpi_scale_trans)


def pixels(figure: Any) -> Frame:
    """A figure as a frame, (H, W, 3) float32 RGB 0..255."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file's name may have letters that its font has not
        figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(np.float32)
