"""The ascent of one frame, octave after octave."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from dreamvid.dreaming.ascent import Ascended
from dreamvid.dreaming.climb import Climb
from dreamvid.dreaming.dream_step import DreamStep
from dreamvid.dreaming.octaves import Shape, octaves_of
from dreamvid.dreaming.params import frame_maps, noted_scale, scale_key, step_params
from dreamvid.dreaming.tensorflow import tf
from dreamvid.frame import Frame, Size
from dreamvid.motion.resample import resize_cubic
from dreamvid.resolve import DreamSettings
from dreamvid.task import DreamTask


@dataclass(frozen=True)
class FrameAscent:
    """How the frames of an objective are dreamed.

    Attributes:
        climb: the objective, and its ascent.
        method: of the octaves, as in a recipe.
        seed: of all random draws.
        tile: largest side (px) of a tile.
    """

    climb: Climb
    method: str
    seed: int
    tile: int

    def steps(
        self,
        task: DreamTask,
        canvas: Frame,
        settings: DreamSettings,
        shapes: list[Shape],
        *,
        measure: bool,
    ) -> Generator[DreamStep, None, Frame]:
        """The steps of a frame; returns its dream, clipped to 0..255.

        Args:
            canvas: of the task, checked.
            settings: of the frame.
            shapes: (height, width) of the octaves, smallest first.
            measure: whether to compute each step's objective.

        Raises:
            MediaError: the freshness mask has another shape, or a guide cannot be read.
            MemoryError: TensorFlow ran out of memory.
        """
        climb, source = self.climb, canvas if task.source is None else task.source
        readings = climb.objective.readings(source, task.notes, task.guides)
        params = step_params(settings, self.method, climb.terms, task, readings)
        if not any(params.weights):
            return np.clip(canvas, 0.0, 255.0)
        maps = frame_maps(task, settings, self.method, shapes, self.tile)
        active = [(octave, steps) for octave, steps in enumerate(maps) if not steps.idle]
        octaves = octaves_of(self.method, canvas, [steps.size for _, steps in active])
        try:
            for octave, steps in active:
                start = tf.constant(octaves.start(steps.size), tf.float32)
                whole = max(1, steps.whole_steps)
                draws = climb.draws(
                    self.seed, task.index, octave, steps.size, whole, settings.jitter
                )
                rng = np.random.default_rng([self.seed, task.index, octave, 1])
                drawing = np.random.default_rng([self.seed, task.index, octave, 2])
                changes = params.transforms.changes(drawing, len(draws))
                scale = noted_scale(task, steps.size, params)
                base = resize_cubic(source, Size.of(start)) if params.penalties else None
                last: Ascended | None = None
                for count, last in enumerate(
                    climb.ascent.ascend(
                        *(start, steps, params, draws, rng, scale), changes=changes, source=base
                    )
                ):
                    value = climb.value(last.picture, readings) if measure else None
                    at = Size.of(last.picture)
                    number = octave, len(maps), count, steps.count
                    yield DreamStep(*number, at, value, _picture=last.picture)
                assert last is not None, "an active octave takes steps"
                task.notes[scale_key(steps.size)] = last.scale.note
                octaves.finish(last.picture.numpy())
            return np.clip(octaves.frame(), 0.0, 255.0)
        except tf.errors.ResourceExhaustedError:
            raise MemoryError from None
