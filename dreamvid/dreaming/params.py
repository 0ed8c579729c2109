"""What a task sets of the ascent: weights, step size, shaping, the scale of earlier gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dreamvid.color import NATURAL, covariance
from dreamvid.dreaming.ascent import Scale, StepParams
from dreamvid.dreaming.objective import name_of
from dreamvid.dreaming.octaves import Shape
from dreamvid.dreaming.shaping import mixing
from dreamvid.frame import Colors
from dreamvid.recipe import Term
from dreamvid.resolve import DreamSettings
from dreamvid.task import DreamTask

RECURSIVE_SMOOTH = (0.5, 4.5)
"""`recursive`: sigma of the gradient's cascade at the first step and, rising, after the last."""

FLOOR = 4.0
"""Levels² of natural color that a source's own palette has besides, for gray and flat ones."""


def step_params(
    settings: DreamSettings, method: str, terms: Sequence[Term], task: DreamTask
) -> StepParams:
    """The parameters of a frame's steps.

    Args:
        settings: the frame's.
        method: the dreamer's.
        terms: the dreamer's; where the settings have the same ones, their weights are taken.
        task: whose palette it may be.
    """
    smooth = RECURSIVE_SMOOTH if method == "recursive" else (settings.gradient_blur,) * 2
    share = settings.decorrelate
    mixed = mixing(_palette(settings, task), share) if share else None
    same = [*map(name_of, settings.objective)] == [*map(name_of, terms)]
    weights = tuple(term.weight for term in (settings.objective if same else terms))
    return StepParams(weights, settings.step_size, smooth, settings.laplacian, mixed)


def scale_key(shape: Shape) -> str:
    """The name of the note of the scale of an octave of (height, width)."""
    return f"scale.{shape[0]}x{shape[1]}"


def noted_scale(task: DreamTask, shape: Shape, params: StepParams) -> Scale | None:
    """That of an octave's last whole gradient, if it was split as it would be now."""
    note = task.notes.get(scale_key(shape))
    bands = params.bands_of(shape)
    fits = note is not None and len(note) == 1 + (bands + 1 if bands else 0)
    return Scale.of(note) if note is not None and fits else None


def _palette(settings: DreamSettings, task: DreamTask) -> Colors:
    """The covariance of the colors that a dream keeps to."""
    if settings.palette == "natural":
        return NATURAL
    own = covariance(task.canvas) if task.colors is None else task.colors
    lifted: Colors = own + FLOOR * NATURAL / np.trace(NATURAL)
    return lifted
