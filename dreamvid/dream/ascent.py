"""The dream: gradient ascent on a picture, over octaves.

Mordvintsev et al., "Inceptionism" (2015) and google/deepdream; the TensorFlow tutorial's form is
the method `resize`, the recursive zoom's the method `recursive`.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dreamvid.dream.catalogue import entry, settled
from dreamvid.dream.objective import Objective, objective
from dreamvid.dream.tiles import GUARD, Draws, tiling
from dreamvid.errors import NetworkError
from dreamvid.frame import Frame
from dreamvid.recipe import Dream, Recipe

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
    """`dream(canvas, t) -> Frame`: the dream of a recipe, its network loaded once.

    The same canvas and t give the same dream: every random draw comes from (seed, t, octave,
    step) alone. One trace of the graph serves every size and every frame.

    Raises:
        NetworkError: unknown network or layer, no weights, or pictures under the least size.
    """

    def __init__(self, recipe: Recipe) -> None:
        recipe = settled(recipe)
        dream = recipe.dream
        assert dream.objective, "settled"
        assert dream.power and dream.steps and dream.burst and dream.step_size  # noqa: PT018
        self._dream, self._seed = dream, recipe.seed
        self._smooth = (
            RECURSIVE_SMOOTH if dream.method == "recursive" else (dream.smooth or 0.0,) * 2
        )
        self._steps, self._burst, self._step_size = dream.steps, dream.burst, dream.step_size
        self._least = entry(recipe.network.name).least
        self._name = recipe.network.name
        self._value: Objective = objective(recipe.network, dream.objective, dream.power)
        self._tiling = tiling(dream, self._least)
        self._climb = tf.function(
            self._climb_graph,
            input_signature=[
                tf.TensorSpec((None, None, 3), tf.float32),
                tf.TensorSpec((None, 2), tf.int32),
                tf.TensorSpec((None,), tf.float32),
                tf.TensorSpec((3,), tf.int32),
                tf.TensorSpec((3,), tf.int32),
            ],
        )
        self._judge = tf.function(
            self._value, input_signature=[tf.TensorSpec((None, None, 3), tf.float32)]
        )

    def __call__(self, canvas: Frame, t: int) -> Frame:
        """The dream of `canvas`, clipped to 0..255; `t` is the frame's index within its shot."""
        sizes = self.sizes(canvas.shape[:2])
        source = tf.constant(canvas, tf.float32)
        if self._dream.method == "recursive":
            picture = self._recursive(source, sizes, t)
        elif self._dream.method == "resize":
            picture = source
            for octave, size in enumerate(sizes):
                picture = self._octave(_resized(picture, size), t, octave)
        else:
            detail = tf.zeros((*sizes[0], 3))
            for octave, size in enumerate(sizes):
                base = _resized(source, size)
                picture = self._octave(base + _resized(detail, size), t, octave)
                detail = picture - base
        dreamed: Frame = tf.clip_by_value(_resized(picture, canvas.shape[:2]), 0.0, 255.0).numpy()
        return dreamed

    def sizes(self, size: tuple[int, int]) -> list[tuple[int, int]]:
        """The (height, width) of the octaves of a frame of that (height, width), smallest first."""
        high, wide = size
        sizes = octave_sizes((high, wide), self._dream, self._least)
        if not sizes:
            raise NetworkError(
                f"size {wide}x{high}: network {self._name} needs at least "
                f"{self._least}x{self._least}"
            )
        return sizes

    def objective(self, picture: Frame) -> float:
        """The objective of a picture as it is, unjittered and whole; what the ascent raises."""
        return float(self._judge(tf.constant(picture, tf.float32)))

    @property
    def traces(self) -> int:
        """How often the ascent's graph was traced; 1 after any number of frames."""
        return int(self._climb.experimental_get_tracing_count())

    def _recursive(self, source: tf.Tensor, sizes: list[tuple[int, int]], t: int) -> tf.Tensor:
        pyramid = [source]
        for size in reversed(sizes[:-1]):
            pyramid.append(_resized(_blurred(pyramid[-1], tf.constant(RECURSIVE_BLUR), 3), size))
        picture = None
        for octave, own in enumerate(reversed(pyramid)):
            if picture is not None:
                below = _resized(picture, tuple(own.shape[:2]))
                own = RECURSIVE_KEEP * own + (1 - RECURSIVE_KEEP) * below
            picture = self._octave(own, t, octave)
        return picture

    def draws(self, size: tuple[int, int], t: int, octave: int) -> Draws:
        """The random (down, right) of every step of frame t at an octave of (height, width).

        What it moves is the method's: the picture's roll, or where the tiles begin.
        """
        steps = self._steps if t else self._burst
        return self._tiling.draws(np.random.default_rng([self._seed, t, octave]), size, steps)

    def _octave(self, picture: tf.Tensor, t: int, octave: int) -> tf.Tensor:
        """`steps` of ascent at one size."""
        size = int(picture.shape[0]), int(picture.shape[1])
        draws = self.draws(size, t, octave)
        # The width of each step's smoothing cascade; 0: none.
        sigmas = np.linspace(*self._smooth, len(draws), endpoint=False, dtype=np.float32)
        rows, columns = map(self._tiling.axis, size)
        return self._climb(picture, draws, sigmas, rows, columns)

    def _climb_graph(
        self,
        picture: tf.Tensor,
        draws: tf.Tensor,
        sigmas: tf.Tensor,
        rows: tf.Tensor,
        columns: tf.Tensor,
    ) -> tf.Tensor:
        radius = int(np.ceil(3 * 2 * self._smooth[1]))
        for step in tf.range(tf.shape(draws)[0]):
            gradient = self._tiling.gradient(self._value, picture, draws[step], rows, columns)
            if radius:
                sigma = sigmas[step]
                gradient = tf.add_n(
                    [_blurred(gradient, sigma * times, radius) for times in (1.0, 2.0, 0.5)]
                )
            picture = picture + self._step_size * self._normal(gradient)
            # The recursive zoom lets a dream overshoot until the frame is done.
            if self._dream.method != "recursive":
                picture = tf.clip_by_value(picture, 0.0, 255.0)
        return picture

    def _normal(self, gradient: tf.Tensor) -> tf.Tensor:
        """The whole picture's gradient at unit norm."""
        if self._dream.normalize == "mean":
            norm = tf.reduce_mean(tf.abs(gradient))
        else:
            norm = tf.math.reduce_std(gradient)
        return gradient / (norm + GUARD)


def _resized(picture: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Bicubic (Keys), antialiased on the way down; the same size is the picture itself."""
    if tuple(picture.shape[:2]) == tuple(size):
        return picture
    return tf.image.resize(picture, size, method="bicubic", antialias=True)


def _blurred(picture: tf.Tensor, sigma: tf.Tensor, radius: int) -> tf.Tensor:
    """Gaussian blur of each channel (H, W, 3) alone, the edges mirrored."""
    offsets = tf.range(-radius, radius + 1, dtype=tf.float32)
    kernel = tf.exp(-(offsets**2) / (2 * sigma**2))
    kernel = kernel / tf.reduce_sum(kernel)
    for axis in (0, 1):
        shape = (-1, 1, 1, 1) if axis == 0 else (1, -1, 1, 1)
        taps = tf.tile(tf.reshape(kernel, shape), (1, 1, 3, 1))
        # Mirrored by index, for a radius may exceed the picture, which tf.pad refuses.
        length = tf.shape(picture)[axis]
        around = tf.math.floormod(tf.range(-radius, length + radius), 2 * length)
        mirrored = tf.minimum(around, 2 * length - 1 - around)
        padded = tf.gather(picture, mirrored, axis=axis)[tf.newaxis]
        picture = tf.nn.depthwise_conv2d(padded, taps, (1, 1, 1, 1), "VALID")[0]
    return picture
