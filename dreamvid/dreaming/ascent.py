"""One octave's gradient ascent.

The steps are counted out here. A picture that goes around within a graph makes a ring of nodes, and
where TensorFlow puts in oneDNN's kernels it begins such a ring anywhere: whether a max pool's
gradient is oneDNN's or not, which round differently on several threads, is drawn anew with each
trace, and a render that is resumed in another process would not be the same film.
So nothing that the network reads may go around a loop in a graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.blur import taps
from dreamvid.dreaming.graphs import StepGraphs
from dreamvid.dreaming.objectives import ObjectiveFunction
from dreamvid.dreaming.shaping import Sizes, evened, most_bands
from dreamvid.dreaming.step_map import CONTEXT, Box, StepMap, area, around
from dreamvid.dreaming.tensorflow import tf
from dreamvid.dreaming.tiles import Draws, Tiling

SMOOTH_REACH = 3
"""Sigmas that the widest of a cascade's blurs, of twice the sigma, looks far."""
EVERYWHERE = np.zeros((1, 1, 1), np.float32)
"""For a whole picture, that no pixel of it takes extra steps."""
LEAST_SIGMA = 1e-3
"""Px: a narrower cascade smooths nothing; the square of its sigma may vanish, and divides."""


class StepParams(NamedTuple):
    """Per-frame parameters of a step, passed as tensors so that one trace serves all frames.

    Attributes:
        weights: those of the objective's terms.
        step_size: levels a step, for a gradient of unit norm.
        smooth: sigma (px) of the gradient's cascade at the first step and, rising evenly, after
            the last; 0: none.
        bands: into how many the gradient is split, as far as the picture's size allows.
        mixing: what its colors are multiplied by, (3, 3); None: nothing.
    """

    weights: tuple[float, ...]
    step_size: float
    smooth: tuple[float, float]
    bands: int = 0
    mixing: NDArray[np.float32] | None = None

    @property
    def smooths(self) -> bool:
        """Whether there is a cascade."""
        return self.smooth[1] >= LEAST_SIGMA

    def bands_of(self, size: tuple[int, int]) -> int:
        """Into how many bands the gradient of a picture of (height, width) is split."""
        return min(self.bands, most_bands(size))

    def blurs(self, count: int) -> Iterator[tuple[np.float32, tf.Tensor]]:
        """For each of `count` steps the cascade's sigma, and its blurs' taps."""
        reach = taps(math.ceil(SMOOTH_REACH * 2 * self.smooth[1]))
        for sigma in np.linspace(*self.smooth, count, endpoint=False, dtype=np.float32):
            yield sigma, reach

    @property
    def table(self) -> tf.Tensor:
        """The mixing, as the graphs take it."""
        mixing = np.eye(3, dtype=np.float32) if self.mixing is None else self.mixing
        return tf.constant(mixing)


class Scale(NamedTuple):
    """What a whole picture's gradient was divided by, for boxes of it to be as strong.

    Attributes:
        sizes: of its bands; None if it was not split.
        norm: the norm of what was left.
    """

    sizes: Sizes | None
    norm: float

    @classmethod
    def of(cls, note: NDArray[np.float64]) -> Scale:
        """One that was saved as an array."""
        return cls(note[1:].astype(np.float32) if len(note) > 1 else None, float(note[0]))

    @property
    def note(self) -> NDArray[np.float64]:
        """The norm, then the sizes."""
        return np.array([self.norm, *([] if self.sizes is None else self.sizes)], np.float64)


class Ascended(NamedTuple):
    """A picture after a step, and the last whole gradient's scale: its bands' sizes, its norm."""

    picture: tf.Tensor
    sizes: Sizes | None
    norm: tf.Tensor | float

    @property
    def scale(self) -> Scale:
        """As plain numbers."""
        return Scale(self.sizes, float(self.norm))


class Ascent:
    """Steps up the gradient of an objective.

    Attributes:
        pixels: of how many pixels the gradient was taken so far.
    """

    def __init__(
        self, objective: ObjectiveFunction, tiling: Tiling, *, normalize: str, clip: bool
    ) -> None:
        """
        Args:
            objective: what is raised.
            tiling: how the gradient is taken.
            normalize: what the norm is, "std" or "mean" magnitude.
            clip: whether each step's picture is clipped to 0..255.
        """
        self.tiling = tiling
        self.pixels = 0
        self._graphs = StepGraphs(objective, tiling, normalize=normalize, clip=clip)

    @property
    def traces(self) -> int:
        """How often a whole gradient's graphs were traced: each form once, if it was wanted."""
        return sum(_traced(graph) for graph in self._graphs.gradients.values())

    @property
    def box_traces(self) -> int:
        """How often a box's gradient's graphs were."""
        return sum(_traced(graph) for graph in self._graphs.box_gradients.values())

    def ascend(
        self,
        picture: tf.Tensor,
        steps: StepMap,
        params: StepParams,
        draws: Draws,
        rng: np.random.Generator,
        scale: Scale | None = None,
    ) -> Iterator[Ascended]:
        """The steps of one octave: the picture (H, W, 3) after each, first of the whole picture,
        then of the boxes that take extra steps.

        Args:
            picture: where it begins.
            steps: how many each pixel takes.
            params: what drives them.
            draws: each whole step's random (down, right); one at least.
            rng: for those of the boxes' steps.
            scale: of the last whole gradient, if it is known; where there are boxes and no whole
                step, it is looked at otherwise.
        """
        if steps.whole_steps or (steps.parts and scale is None):
            # Boxes are as strong as the whole: where it has no turn, by what it had at its last.
            driven = params if steps.whole_steps else params._replace(step_size=0.0)
            bands = params.bands_of(steps.size)
            axes = [self.tiling.axis(length) for length in steps.size]
            gradient_of = self._graphs.gradients[params.smooths, self.tiling.whole(steps.size)]
            weights, table = tf.constant(params.weights, tf.float32), params.table
            extra = steps.extra
            field = tf.constant(extra[..., None] if extra.any() else EVERYWHERE)
            for step, (draw, blur) in enumerate(zip(draws, params.blurs(len(draws)), strict=True)):
                gradient, sizes = gradient_of(picture, draw, weights, *blur, *axes), None
                if bands:
                    gradient, sizes = evened(gradient.numpy(), bands)
                gain = steps.gain if step < steps.base_steps else 1.0
                stepped = self._graphs.steps[params.mixing is not None, gain > 1]
                size, beyond = gain * driven.step_size, float(step - steps.base_steps)
                picture, norm = stepped(picture, gradient, table, size, field, beyond)
                self.pixels += area((0, 0, *steps.size))
                if steps.whole_steps:
                    yield Ascended(picture, sizes, norm)
            scale = Scale(sizes, float(norm))
        for box in steps.parts:
            assert scale is not None
            draws = rng.integers(-CONTEXT // 2, CONTEXT // 2 + 1, (steps.extra_steps, 2), np.int32)
            boxed = self.ascend_box(picture, box, steps.extra, params, draws, scale)
            for picture in boxed:
                yield Ascended(picture, *scale)

    def ascend_box(
        self,
        picture: tf.Tensor,
        box: Box,
        extra: NDArray[np.float32],
        params: StepParams,
        draws: Draws,
        scale: Scale,
        seen: Box | None = None,
    ) -> Iterator[tf.Tensor]:
        """The picture (H, W, 3) after each step of a box, as strong as those of the whole.

        Args:
            picture: where it begins.
            box: what takes the steps.
            extra: (H, W), how many each pixel takes.
            params: what drives them.
            draws: each step's random (down, right).
            scale: of the whole picture's last gradient.
            seen: what of the picture the box looks at; None: itself and CONTEXT px around it.
        """
        seen = seen or around(box, (int(picture.shape[0]), int(picture.shape[1])))
        weights, table = tf.constant(params.weights, tf.float32), params.table
        gradient_of = self._graphs.box_gradients[params.smooths]
        stepped = self._graphs.box_steps[params.mixing is not None]
        size = params.step_size / scale.norm
        for step, (draw, blur) in enumerate(zip(draws, params.blurs(len(draws)), strict=True)):
            gradient = gradient_of(picture, draw, weights, *blur, seen)
            if scale.sizes is not None:
                gradient, _ = evened(gradient.numpy(), len(scale.sizes) - 1, scale.sizes)
            left = extra[..., None] - np.float32(step)
            picture = stepped(picture, gradient, table, size, left, seen, box)
            self.pixels += area(seen)
            yield picture


def _traced(graph: tf.types.experimental.PolymorphicFunction) -> int:
    return int(graph.experimental_get_tracing_count())
