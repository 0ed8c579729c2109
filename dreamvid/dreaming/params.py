"""Parameters of one frame's ascent: weights, step size, shaping, the scale of earlier gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dreamvid.color import NATURAL
from dreamvid.dreaming.ascent import Scale, StepParams
from dreamvid.dreaming.inputs import NO_READINGS, Readings
from dreamvid.dreaming.octaves import Shape
from dreamvid.dreaming.penalties import Penalties
from dreamvid.dreaming.shaping import mixing
from dreamvid.dreaming.step_map import StepMap, Turn, step_maps
from dreamvid.dreaming.transforms import Transforms
from dreamvid.errors import MediaError
from dreamvid.frame import Colors, Notes
from dreamvid.inside import covariance
from dreamvid.recipe import Term
from dreamvid.resolve import DreamSettings
from dreamvid.task import DreamTask

RECURSIVE_SMOOTH = (0.5, 4.5)
"""`recursive`: sigma (px) of the gradient's blurs at the first step and after the last."""

FLOOR = 4.0
"""Levels² of natural color added to the palette of a source, so that gray and flat ones work."""


def step_params(
    settings: DreamSettings,
    method: str,
    terms: Sequence[Term],
    task: DreamTask,
    readings: Readings = NO_READINGS,
) -> StepParams:
    """The parameters of a frame's steps.

    Args:
        settings: of the frame.
        method: of the dreamer.
        terms: of the dreamer; where the settings have the same terms, the settings' weights count.
        task: gives the colors of the palette `source`.
        readings: what the terms take from pictures.
    """
    smooth = RECURSIVE_SMOOTH if method == "recursive" else (settings.gradient_blur,) * 2
    share = settings.decorrelate
    mixed = mixing(_palette(settings, task), share) if share else None
    same = [term.name for term in settings.objective] == [term.name for term in terms]
    weights = tuple(term.weight for term in (settings.objective if same else terms))
    sustain = settings.sustain if task.index else 1.0
    return StepParams(
        weights,
        settings.step_size * sustain,
        smooth,
        settings.laplacian,
        mixed,
        readings,
        Transforms(settings.jitter_angle, settings.jitter_scale, settings.jitter_noise * sustain),
        Penalties(settings.total_variation, settings.source_difference),
    )


def scale_key(shape: Shape) -> str:
    """The key of the note that stores the scale of an octave of (height, width)."""
    return f"scale.{shape[0]}x{shape[1]}"


def forget_other_scales(notes: Notes, shapes: Sequence[Shape]) -> None:
    """Remove the notes of other octaves than these: of a part whose mask moves on, there would be
    more and more."""
    kept = set(map(scale_key, shapes))
    for key in [key for key in notes if key.startswith("scale.") and key not in kept]:
        del notes[key]


def noted_scale(task: DreamTask, shape: Shape, params: StepParams) -> Scale | None:
    """The scale of an octave's last whole gradient; None where there is none, or where that
    gradient was split into another number of bands."""
    note = task.notes.get(scale_key(shape))
    bands = params.bands_of(shape)
    fits = note is not None and len(note) == 1 + (bands + 1 if bands else 0)
    return Scale.of(note) if note is not None and fits else None


def _palette(settings: DreamSettings, task: DreamTask) -> Colors:
    """The covariance of the colors that a dream is kept to."""
    if settings.palette == "natural":
        return NATURAL
    colors = covariance(task.canvas) if task.colors is None else task.colors
    lifted: Colors = colors + FLOOR * NATURAL / np.trace(NATURAL)
    return lifted


def frame_maps(
    task: DreamTask, settings: DreamSettings, method: str, shapes: list[Shape], tile: int
) -> list[StepMap]:
    """The steps of each octave of a frame, by the task's freshness mask.

    Args:
        settings: of the frame.
        method: of the dreamer.
        shapes: (height, width) of the octaves.
        tile: px, the largest width or height of a box with its context.

    Raises:
        MediaError: the freshness mask has another shape than the canvas.
    """
    shape = np.shape(task.canvas)[:2]
    fresh = np.full(shape, task.index == 0, np.float32) if task.fresh is None else task.fresh
    if np.shape(fresh) != shape:
        raise MediaError(f"fresh: must have the canvas's shape {shape}, not {np.shape(fresh)}")
    if method == "recursive":
        # Each of its tiles is normalised by itself, so a box would not match the whole picture.
        fresh = np.full_like(fresh, fresh.min())
    turn = Turn(task.index, len(shapes), settings.stagger)
    return step_maps(*(fresh, shapes, settings.steps, settings.burst, tile, turn), mask=task.mask)
