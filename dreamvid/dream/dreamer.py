"""The dream: gradient ascent on a picture, over octaves.

Mordvintsev et al., "Inceptionism" (2015) and google/deepdream; the TensorFlow tutorial's form is
the method `resize`, the recursive zoom's the method `recursive`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dreamvid.color import NATURAL, covariance
from dreamvid.dreaming.ascent import Ascent, Scale, StepParams, blurred, taps
from dreamvid.dreaming.objectives import objective
from dreamvid.dreaming.shaping import mixing
from dreamvid.dreaming.step_map import CONTEXT, StepMap, Turn, area, around, step_maps
from dreamvid.dreaming.tensorflow import computed_in
from dreamvid.dreaming.tiles import Draws, tiling
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame, Size
from dreamvid.machine import Machine
from dreamvid.motion.resample import resize_cubic
from dreamvid.pipeline import read_ahead
from dreamvid.recipe import Dream, Recipe
from dreamvid.recipe.resolve import Job, resolve
from dreamvid.task import Colors, DreamTask

RECURSIVE_KEEP = 0.2
"""`recursive`: share of an octave's own picture under the dream that comes up from below."""
RECURSIVE_BLUR = 0.5
"""`recursive`: sigma (px) of the blur before each downscale."""
RECURSIVE_SMOOTH = (0.5, 4.5)
"""`recursive`: sigma of the gradient's cascade at the first step and, rising, after the last."""

FLOOR = 4.0
"""Levels² of natural color that a source's own palette has besides, for gray and flat ones."""


def octave_sizes(
    size: tuple[int, int], dream: Dream, top: int, least: int
) -> list[tuple[int, int]]:
    """The (height, width) of every octave, smallest first, `top` of them above the frame's own
    size; those under `least` px are skipped."""
    powers = range(dream.octaves - 1 - top, -top - 1, -1)
    sizes = [tuple(round(edge / dream.octave_scale**power) for edge in size) for power in powers]
    return [(high, wide) for high, wide in sizes if min(high, wide) >= least]


class Dreamer:
    """`dream(task) -> Frame`: the dream of a recipe, its network loaded once.

    The same task gives the same dream: every random draw comes from (seed, t, octave,
    step) alone. One trace of a graph serves every size and every frame, whatever a frame changes.

    Attributes:
        pixels: of how many pixels the gradient was taken so far.
        means: what it computes with.

    Raises:
        NetworkError: unknown network or layer, no weights, or pictures under the least size.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._begin(resolve(recipe), Machine.here())

    @classmethod
    def of(cls, job: Job, machine: Machine) -> Dreamer:
        """A job's."""
        made = cls.__new__(cls)
        made._begin(job, machine)
        return made

    def _begin(self, job: Job, machine: Machine) -> None:
        self._own = job.spec
        chosen = computed_in(job.network.precision, self._own.bfloat16)
        self.machine = Machine(machine.threads, job.dream.tile, chosen)
        network = job.network.model_copy(update={"precision": chosen})
        dream = job.dream
        self._dream, self._seed, self._tile = dream, job.seed, dream.tile
        self._ascent = Ascent(
            objective(network, dream.objective, dream.power),
            tiling(dream, self._own.min_size),
            normalize=dream.normalize,
            clip=dream.method != "recursive",
        )
        self._judge = tf.function(
            self._ascent.value,
            input_signature=[tf.TensorSpec(shape) for shape in ((None, None, 3), (None,))],
        )
        self.pixels = 0

    def __call__(self, task: DreamTask) -> Frame:
        """The dream of a task. Of its settings the method, power, normalize, tile, margin and the
        objective's layers stay those of the recipe.

        Returns:
            (H, W, 3), clipped to 0..255; the canvas, where every weight is 0.

        Raises:
            MemoryError: TensorFlow got none.
        """
        how, canvas, t = task.settings or self._dream, task.canvas, task.index
        assert how.steps, "settled"
        assert how.burst, "settled"
        assert how.stagger, "settled"
        sizes = self._sizes(canvas.shape[:2], how)
        if not any(self._weights(how)):
            return np.clip(canvas, 0.0, 255.0)
        bare = task.fresh
        if bare is None:
            bare = np.full(canvas.shape[:2], t == 0, np.float32)
        if self._dream.method == "recursive":
            # Its tiles are each at unit strength: a box would not be as strong as its whole.
            bare = np.full_like(bare, bare.min())
        turn = Turn(t, len(sizes), how.stagger)
        works = step_maps(bare, sizes, how.steps, how.burst, self._tile, turn)
        job = _Job(task, how, self._push(how, task))
        try:
            return self._dreamed(works, job)
        except tf.errors.ResourceExhaustedError:
            raise MemoryError from None

    def _dreamed(self, works: list[StepMap], job: _Job) -> Frame:
        canvas = job.task.canvas
        if self._dream.method == "recursive":
            picture = self._recursive(works, job)
        elif self._dream.method == "resize":
            picture = canvas
            for octave, work in enumerate(works):
                picture = self._octave(_resized(picture, work.size), work, octave, job)
        else:
            busy = [(octave, work) for octave, work in enumerate(works) if not work.idle]
            detail: Frame | None = None
            bases = read_ahead((_resized(canvas, work.size) for _, work in busy), len(busy))
            for base, (octave, work) in zip(bases, busy, strict=True):
                begun = base if detail is None else base + _resized(detail, work.size)
                detail = self._octave(begun, work, octave, job) - base
            assert detail is not None, "one octave at least has its turn"
            dreamed: Frame = np.clip(canvas + _resized(detail, canvas.shape[:2]), 0.0, 255.0)
            return dreamed
        return np.clip(_resized(picture, canvas.shape[:2]), 0.0, 255.0)

    def sizes(self, size: Size) -> list[Size]:
        """Its octaves."""
        return [Size(w, h) for h, w in self._sizes(size.shape)]

    def _sizes(self, size: tuple[int, int], how: Dream | None = None) -> list[tuple[int, int]]:
        """The (height, width) of the octaves of a frame of that (height, width), smallest first."""
        high, wide = size
        how = how or self._dream
        sizes = octave_sizes((high, wide), how, self._own.octave_top(how, size), self._own.min_size)
        if not sizes:
            raise NetworkError(
                f"size {wide}x{high}: network {self._own.name} needs at least "
                f"{self._own.min_size}x{self._own.min_size}"
            )
        return sizes

    def objective(self, picture: Frame) -> float:
        """The objective of a picture as it is, unjittered and whole, with the recipe's own weights;
        what the ascent raises."""
        return float(self._judge(tf.constant(picture, tf.float32), self._weights(self._dream)))

    @property
    def traces(self) -> int:
        """How often the ascent's graph was traced: once, whatever the frames, for each of its forms
        that was wanted: smoothed or not, in one tile or in several."""
        return self._ascent.traces

    def _weights(self, how: Dream) -> tuple[float, ...]:
        """Those of a frame, for the terms that the objective was made of."""
        pairs = zip(self._dream.objective or (), how.objective or (), strict=True)
        assert all(own.layer == given.layer for own, given in pairs), "the layers are the recipe's"
        return tuple(term.weight for term in how.objective or ())

    def _push(self, how: Dream, task: DreamTask) -> StepParams:
        assert how.step_size, "settled"
        recursive = self._dream.method == "recursive"
        smooth = RECURSIVE_SMOOTH if recursive else (how.smooth or 0.0,) * 2
        mixed = mixing(_palette(how, task), how.decorrelate) if how.decorrelate else None
        return StepParams(self._weights(how), how.step_size, smooth, how.laplacian or 0, mixed)

    def _recursive(self, works: list[StepMap], job: _Job) -> Frame:
        source = job.task.canvas
        pyramid = [_resized(source, works[-1].size)]
        for work in reversed(works[:-1]):
            soft = blurred(tf.constant(pyramid[-1]), tf.constant(RECURSIVE_BLUR), taps(3))
            pyramid.append(_resized(soft.numpy(), work.size))
        picture = source
        for octave, (own, work) in enumerate(zip(reversed(pyramid), works, strict=True)):
            if octave:
                below = _resized(picture, work.size)
                own = RECURSIVE_KEEP * own + (1 - RECURSIVE_KEEP) * below
            picture = self._octave(own, work, octave, job)
        return picture

    def draws(
        self,
        size: tuple[int, int],
        t: int,
        octave: int,
        steps: int | None = None,
        how: Dream | None = None,
    ) -> Draws:
        """The random (down, right) of every step of frame t at an octave of (height, width).

        What it moves is the method's: the picture's roll, or where the tiles begin.
        """
        how = how or self._dream
        rng = np.random.default_rng([self._seed, t, octave])
        steps = steps or (how.steps if t else how.burst)
        assert steps, "settled"
        return self._ascent.tiling.draws(rng, size, steps, how.jitter)

    def _octave(self, begun: Frame, work: StepMap, octave: int, job: _Job) -> Frame:
        """The steps of ascent at one size."""
        picture = tf.constant(begun, tf.float32)
        boxes = () if work.everywhere else work.boxes
        steps = work.even + (work.further if work.everywhere else 0)
        # Boxes are as strong as the whole: where it has no turn, by what it had at its last.
        known = job.scale(work.size)
        if steps or (boxes and known is None):
            push = job.push if steps else job.push._replace(step_size=0.0)
            draws = self.draws(work.size, job.task.index, octave, max(1, steps), job.how)
            picture, known = self._ascent.ascend(
                picture, draws, push, work.even, work.gain, work.more
            )
            job.task.notes[_scale_of(work.size)] = known.note
            self.pixels += len(draws) * area((0, 0, *work.size))
        rng = np.random.default_rng([self._seed, job.task.index, octave, 1])
        for own in boxes:
            assert known
            seen = around(own, work.size)
            draws = rng.integers(-CONTEXT // 2, CONTEXT // 2 + 1, (work.further, 2), np.int32)
            picture = self._ascent.ascend_box(picture, draws, job.push, seen, own, work.more, known)
            self.pixels += work.further * area(seen)
        dreamed: Frame = picture.numpy()
        return dreamed


class _Job(NamedTuple):
    """A task, its settings, and what they set of the ascent."""

    task: DreamTask
    how: Dream
    push: StepParams

    def scale(self, size: tuple[int, int]) -> Scale | None:
        """That of an octave's last whole gradient, if it was split as it would be now."""
        note = self.task.notes.get(_scale_of(size))
        bands = self.push.bands_of(size)
        fits = note is not None and len(note) == 1 + (bands + 1 if bands else 0)
        return Scale.of(note) if note is not None and fits else None


def _resized(frame: Frame, size: tuple[int, int]) -> Frame:
    return resize_cubic(frame, Size(size[1], size[0]))


def _scale_of(size: tuple[int, int]) -> str:
    """The note of the scale of an octave of (height, width)."""
    return f"scale.{size[0]}x{size[1]}"


def _palette(how: Dream, task: DreamTask) -> Colors:
    """The covariance of the colors that a dream keeps to."""
    if how.palette == "natural":
        return NATURAL
    own = covariance(task.canvas) if task.colors is None else task.colors
    lifted: Colors = own + FLOOR * NATURAL / np.trace(NATURAL)
    return lifted
