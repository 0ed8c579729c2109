"""Figures by matplotlib, rendered to frames; only this module imports it."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np

from dreamvid.frame import Frame

DOTS = 100
"""Px per inch."""

DREAM = "#7b2d8b"
"""The color of curves about the dream."""


def new_figure(size: tuple[float, float]) -> Any:
    """An empty figure of `size` (width, height) in inches, independent of pyplot's state."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # silence messages about the font cache
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=DOTS, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def shifted_down(figure: Any, axis: Any, inches: float) -> Any:
    """The transform of an axis's coordinates, shifted down by some inches."""
    from matplotlib.transforms import ScaledTranslation

    return axis.transAxes + ScaledTranslation(0, -inches, figure.dpi_scale_trans)


def pixels(figure: Any) -> Frame:
    """A figure as a frame, (H, W, 3) float32 RGB 0..255."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the font may lack characters of a file name
        figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(np.float32)
