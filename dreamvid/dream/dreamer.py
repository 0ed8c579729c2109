"""The dream: gradient ascent on a picture, over octaves.

Mordvintsev et al., "Inceptionism" (2015) and google/deepdream; the TensorFlow tutorial's form is
the method `resize`, the recursive zoom's the method `recursive`.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dreamvid.blend import Bare
from dreamvid.dream.ascent import Ascent, Push, blurred, taps
from dreamvid.dream.catalogue import entry, settled
from dreamvid.dream.effort import CONTEXT, Effort, area, around, efforts
from dreamvid.dream.objective import objective
from dreamvid.dream.precision import computed_in
from dreamvid.dream.tiles import Draws, tiling
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame
from dreamvid.means import Means, cores, fitting, kept
from dreamvid.memory import available
from dreamvid.overlap import ahead
from dreamvid.recipe import Dream, Recipe
from dreamvid.resample import resized

RECURSIVE_KEEP = 0.2
"""`recursive`: share of an octave's own picture under the dream that comes up from below."""
RECURSIVE_BLUR = 0.5
"""`recursive`: sigma (px) of the blur before each downscale."""
RECURSIVE_SMOOTH = (0.5, 4.5)
"""`recursive`: sigma of the gradient's cascade at the first step and, rising, after the last."""


def octave_sizes(size: tuple[int, int], dream: Dream, least: int) -> list[tuple[int, int]]:
    """The (height, width) of every octave, smallest first; those under `least` px are skipped."""
    powers = range(dream.octaves - 1 - dream.octave_top, -dream.octave_top - 1, -1)
    sizes = [tuple(round(edge / dream.octave_scale**power) for edge in size) for power in powers]
    return [(high, wide) for high, wide in sizes if min(high, wide) >= least]


class Dreamer:
    """`dream(canvas, t, bare) -> Frame`: the dream of a recipe, its network loaded once.

    The same canvas and t give the same dream: every random draw comes from (seed, t, octave,
    step) alone. One trace of a graph serves every size and every frame, whatever a frame changes.

    Attributes:
        pixels: of how many pixels the gradient was taken so far.
        means: what it computes with.

    Raises:
        NetworkError: unknown network or layer, no weights, or pictures under the least size.
    """

    def __init__(self, recipe: Recipe) -> None:
        chosen = computed_in(recipe.network.precision)
        self.means = Means(cores(), chosen, recipe.dream.tile or fitting(available()))
        recipe = kept(settled(recipe), self.means)
        dream = recipe.dream
        assert dream.tile, "chosen"
        assert dream.objective, "settled"
        assert dream.power, "settled"
        self._dream, self._seed, self._tile = dream, recipe.seed, dream.tile
        self._least = entry(recipe.network.name).least
        self._name = recipe.network.name
        self._ascent = Ascent(
            objective(recipe.network, dream.objective, dream.power),
            tiling(dream, self._least),
            normalize=dream.normalize,
            clip=dream.method != "recursive",
        )
        self._judge = tf.function(
            self._ascent.value,
            input_signature=[tf.TensorSpec(shape) for shape in ((None, None, 3), (None,))],
        )
        self.pixels = 0

    def __call__(
        self, canvas: Frame, t: int, bare: Bare | None = None, how: Dream | None = None
    ) -> Frame:
        """The dream of a canvas.

        Args:
            canvas: (H, W, 3), what it begins from.
            t: the frame's index within its shot.
            bare: (H, W), where no dream lies on the canvas yet, so that it takes a burst of steps;
                None: everywhere on a first frame, nowhere on later ones.
            how: what is in force at this frame, settled; None: the recipe's own. Method, power,
                normalize, tile, margin and the objective's layers stay those of the recipe.

        Returns:
            (H, W, 3), clipped to 0..255; the canvas, where every weight is 0.

        Raises:
            MemoryError: TensorFlow got none.
        """
        how = how or self._dream
        assert how.steps, "settled"
        assert how.burst, "settled"
        sizes = self.sizes(canvas.shape[:2], how)
        if not any(self._weights(how)):
            return np.clip(canvas, 0.0, 255.0)
        if bare is None:
            bare = np.full(canvas.shape[:2], t == 0, np.float32)
        if self._dream.method == "recursive":
            # Its tiles are each at unit strength: a box would not be as strong as its whole.
            bare = np.full_like(bare, bare.min())
        works = efforts(bare, sizes, how.steps, how.burst, self._tile)
        try:
            return self._dreamed(canvas, works, t, how)
        except tf.errors.ResourceExhaustedError:
            raise MemoryError from None

    def _dreamed(self, canvas: Frame, works: list[Effort], t: int, how: Dream) -> Frame:
        if self._dream.method == "recursive":
            picture = self._recursive(canvas, works, t, how)
        elif self._dream.method == "resize":
            picture = canvas
            for octave, work in enumerate(works):
                picture = self._octave(resized(picture, work.size), work, t, octave, how)
        else:
            detail = np.zeros((*works[0].size, 3), np.float32)
            bases = ahead((resized(canvas, work.size) for work in works), len(works))
            for octave, (base, work) in enumerate(zip(bases, works, strict=True)):
                picture = self._octave(base + resized(detail, work.size), work, t, octave, how)
                detail = picture - base
        return np.clip(resized(picture, canvas.shape[:2]), 0.0, 255.0)

    def sizes(self, size: tuple[int, int], how: Dream | None = None) -> list[tuple[int, int]]:
        """The (height, width) of the octaves of a frame of that (height, width), smallest first."""
        high, wide = size
        sizes = octave_sizes((high, wide), how or self._dream, self._least)
        if not sizes:
            raise NetworkError(
                f"size {wide}x{high}: network {self._name} needs at least "
                f"{self._least}x{self._least}"
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

    def _push(self, how: Dream) -> Push:
        assert how.step_size, "settled"
        recursive = self._dream.method == "recursive"
        smooth = RECURSIVE_SMOOTH if recursive else (how.smooth or 0.0,) * 2
        return Push(self._weights(how), how.step_size, smooth)

    def _recursive(self, source: Frame, works: list[Effort], t: int, how: Dream) -> Frame:
        pyramid = [resized(source, works[-1].size)]
        for work in reversed(works[:-1]):
            soft = blurred(tf.constant(pyramid[-1]), tf.constant(RECURSIVE_BLUR), taps(3))
            pyramid.append(resized(soft.numpy(), work.size))
        picture = source
        for octave, (own, work) in enumerate(zip(reversed(pyramid), works, strict=True)):
            if octave:
                below = resized(picture, work.size)
                own = RECURSIVE_KEEP * own + (1 - RECURSIVE_KEEP) * below
            picture = self._octave(own, work, t, octave, how)
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

    def _octave(self, begun: Frame, work: Effort, t: int, octave: int, how: Dream) -> Frame:
        """The steps of ascent at one size."""
        picture = tf.constant(begun, tf.float32)
        push = self._push(how)
        steps = work.even + (work.further if work.everywhere else 0)
        draws = self.draws(work.size, t, octave, steps, how)
        picture, norm = self._ascent.climb(picture, draws, push, work.even, work.more)
        self.pixels += steps * area((0, 0, *work.size))
        rng = np.random.default_rng([self._seed, t, octave, 1])
        for own in () if work.everywhere else work.boxes:
            seen = around(own, work.size)
            draws = rng.integers(-CONTEXT // 2, CONTEXT // 2 + 1, (work.further, 2), np.int32)
            picture = self._ascent.catch_up(picture, draws, push, seen, own, work.more, norm)
            self.pixels += work.further * area(seen)
        dreamed: Frame = picture.numpy()
        return dreamed
