"""Gradient ascent within one octave: the loop over its steps.

The loop is in Python, not in a graph. A `tf.while_loop` over the picture makes a cycle of nodes,
and TensorFlow's pass that inserts oneDNN's kernels starts at an arbitrary node of a cycle. Whether
a max pool's gradient is computed by oneDNN, which rounds differently on several threads, would then
vary from trace to trace, and a render resumed in another process would be a different film. So the
network's input may never depend on a loop within a graph.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dreamvid.dreaming.blur import taps
from dreamvid.dreaming.graphs import StepGraphs
from dreamvid.dreaming.inputs import NO_READINGS, Inputs, Readings
from dreamvid.dreaming.objectives import Function
from dreamvid.dreaming.penalties import Penalties
from dreamvid.dreaming.shaping import Sizes, evened, most_bands
from dreamvid.dreaming.step_map import CONTEXT, Box, StepMap, area, around
from dreamvid.dreaming.tensorflow import tf
from dreamvid.dreaming.tiles import Draws, Tiling
from dreamvid.dreaming.transforms import Changes, Transforms, unchanged
from dreamvid.frame import Frame

SMOOTH_REACH = 3
"""Radius of a blur's kernel in sigmas, for the widest blur of a cascade, of twice the sigma."""
NO_EXTRA = np.zeros((1, 1, 1), np.float32)
"""Extra steps of a picture whose pixels take none; broadcast over the picture."""
MIN_SIGMA = 1e-3
"""Px: a narrower cascade smooths nothing, and its squared sigma, a divisor, may underflow to 0."""


class StepParams(NamedTuple):
    """Per-frame parameters of a step, passed as tensors so that one trace serves all frames.

    Attributes:
        weights: one for each term of the objective.
        step_size: levels a step, for a gradient of unit norm.
        smooth: sigma (px) of the blurs of the gradient (`cascade`) at the first step and after the
            last, changing linearly between; 0: no blur.
        bands: number of bands the gradient is split into, fewer where the picture is small; 0: no
            split.
        mixing: matrix that mixes the gradient's colors, (3, 3); None: they are not mixed.
        readings: what the objective's terms take from pictures.
        transforms: how far the picture is turned, scaled and mixed with noise at random.
        penalties: of noise, and of difference from the source.
    """

    weights: tuple[float, ...]
    step_size: float
    smooth: tuple[float, float]
    bands: int = 0
    mixing: NDArray[np.float32] | None = None
    readings: Readings = NO_READINGS
    transforms: Transforms = Transforms()
    penalties: Penalties = Penalties()

    @property
    def inputs(self) -> Inputs:
        """The numbers that the objective takes."""
        return Inputs.of(self.weights, self.readings)

    @property
    def smooths(self) -> bool:
        """Whether the gradient is blurred."""
        return self.smooth[1] >= MIN_SIGMA

    def bands_of(self, size: tuple[int, int]) -> int:
        """The number of bands for the gradient of a picture of (height, width)."""
        return min(self.bands, most_bands(size))

    def blurs(self, count: int) -> Iterator[tuple[np.float32, tf.Tensor]]:
        """The sigma (px) of each of `count` steps, with the kernel's squared distances (`taps`)."""
        reach = taps(math.ceil(SMOOTH_REACH * 2 * self.smooth[1]))
        for sigma in np.linspace(*self.smooth, count, endpoint=False, dtype=np.float32):
            yield sigma, reach

    @property
    def table(self) -> tf.Tensor:
        """The mixing as a tensor; the identity where colors are not mixed."""
        mixing = np.eye(3, dtype=np.float32) if self.mixing is None else self.mixing
        return tf.constant(mixing)


class Scale(NamedTuple):
    """Divisors of a whole picture's gradient, which make the steps of its boxes equally strong.

    Attributes:
        sizes: of the gradient's bands (`shaping.Sizes`); None if it was not split.
        norm: of the gradient after its bands were evened and its colors mixed.
    """

    sizes: Sizes | None
    norm: float

    @classmethod
    def of(cls, note: NDArray[np.float64]) -> Scale:
        """The scale stored in a note."""
        return cls(note[1:].astype(np.float32) if len(note) > 1 else None, float(note[0]))

    @property
    def note(self) -> NDArray[np.float64]:
        """The scale as an array for a note: the norm, then the sizes."""
        return np.array([self.norm, *([] if self.sizes is None else self.sizes)], np.float64)


class Ascended(NamedTuple):
    """A picture after a step, and the scale of the last gradient of the whole picture (`Scale`)."""

    picture: tf.Tensor
    sizes: Sizes | None
    norm: tf.Tensor | float

    @property
    def scale(self) -> Scale:
        """The scale as plain numbers."""
        return Scale(self.sizes, float(self.norm))


class Ascent:
    """Steps up the gradient of an objective.

    Attributes:
        pixels: number of pixels whose gradient was computed so far, all steps together.
    """

    def __init__(self, objective: Function, tiling: Tiling, *, normalize: str, clip: bool) -> None:
        """
        Args:
            objective: the function whose value rises.
            tiling: cuts pictures into tiles for the gradient.
            normalize: the norm a gradient is divided by: "std", its standard deviation, or "mean",
                its mean magnitude.
            clip: whether the picture is clipped to 0..255 after each step.
        """
        self.tiling = tiling
        self.pixels = 0
        self._graphs = StepGraphs(objective, tiling, normalize=normalize, clip=clip)

    @property
    def traces(self) -> int:
        """Number of traces of the whole picture's gradient: one for each variant that was used."""
        return sum(_traced(graph) for graph in self._graphs.gradients.values())

    @property
    def box_traces(self) -> int:
        """Number of traces of a box's gradient."""
        return sum(_traced(graph) for graph in self._graphs.box_gradients.values())

    def ascend(
        self,
        picture: tf.Tensor,
        steps: StepMap,
        params: StepParams,
        draws: Draws,
        rng: np.random.Generator,
        scale: Scale | None = None,
        *,
        changes: Changes | None = None,
        source: Frame | None = None,
    ) -> Iterator[Ascended]:
        """The steps of one octave, the whole picture's first, then those of the boxes that take
        extra steps. Yields the picture (H, W, 3) after each step.

        Args:
            picture: (H, W, 3), where the ascent starts.
            steps: the steps of each pixel.
            params: of this frame's steps.
            draws: the random (down, right) of each whole step; at least one.
            rng: draws those of the boxes' steps.
            scale: of the last gradient of the whole picture, if known; needed where there are boxes
                but no whole step, and otherwise measured.
            changes: the random transforms of each whole step; None: `rng` draws them.
            source: (H, W, 3), for the penalty on the difference from it; None: `picture`.
        """
        source = picture if source is None else tf.constant(source, tf.float32)
        transforms, held = params.transforms, bool(params.penalties)
        changes = transforms.changes(rng, len(draws)) if changes is None else changes
        if steps.whole_steps or (steps.parts and scale is None):
            # With boxes but no whole step and no known scale, a step of size 0 measures the scale.
            applied = params if steps.whole_steps else params._replace(step_size=0.0)
            bands = params.bands_of(steps.size)
            axes = [self.tiling.axis(length) for length in steps.size]
            one_tile = self.tiling.whole(steps.size)
            gradient_of = self._graphs.gradients[params.smooths, one_tile, bool(transforms)]
            inputs, table = params.inputs, params.table
            extra = steps.extra
            field = tf.constant(extra[..., None] if extra.any() else NO_EXTRA)
            mask = _tensor(steps.mask)
            blurs = params.blurs(len(draws))
            for step, (draw, change, blur) in enumerate(zip(draws, changes, blurs, strict=True)):
                gradient, sizes = gradient_of(picture, draw, change, inputs, *blur, *axes), None
                if bands:
                    gradient, sizes = evened(gradient.numpy(), bands)
                # Only base steps take turns between octaves, so only they are enlarged for it.
                gain = steps.gain if step < steps.base_steps else 1.0
                stepped = self._graphs.steps[params.mixing is not None, gain > 1, held]
                size, beyond = gain * applied.step_size, float(step - steps.base_steps)
                picture, norm = stepped(
                    *(picture, gradient, table, size, field, beyond, source, params.penalties),
                    mask,
                )
                self.pixels += area((0, 0, *steps.size))
                if steps.whole_steps:
                    yield Ascended(picture, sizes, norm)
            scale = Scale(sizes, float(norm))
        for box in steps.parts:
            assert scale is not None
            draws = rng.integers(-CONTEXT // 2, CONTEXT // 2 + 1, (steps.extra_steps, 2), np.int32)
            changes = transforms.changes(rng, steps.extra_steps)
            box_steps = self.ascend_box(
                *(picture, box, steps.extra, params, draws, scale),
                changes=changes,
                source=source,
                mask=steps.mask,
            )
            for picture in box_steps:
                yield Ascended(picture, *scale)

    def ascend_box(
        self,
        picture: tf.Tensor,
        box: Box,
        extra: NDArray[np.float32],
        params: StepParams,
        draws: Draws,
        scale: Scale,
        context: Box | None = None,
        *,
        changes: Changes | None = None,
        source: tf.Tensor | None = None,
        mask: NDArray[np.float32] | None = None,
    ) -> Iterator[tf.Tensor]:
        """The steps of one box, as strong as those of the whole picture. Yields the whole picture
        (H, W, 3) after each.

        Args:
            picture: (H, W, 3), where the ascent starts.
            box: the part of the picture that changes.
            extra: (H, W), number of extra steps of each pixel.
            params: of this frame's steps.
            draws: the random (down, right) of each step.
            scale: of the whole picture's last gradient.
            context: the part of the picture that the network sees; None: the box and CONTEXT px
                around it.
            changes: the random transforms of each step; None: none.
            source: (H, W, 3), as in `ascend`.
            mask: (H, W), as in `StepMap`.
        """
        source = picture if source is None else source
        transforms = changes is not None and bool(params.transforms)
        changes = unchanged(len(draws)) if changes is None else changes
        context = context or around(box, (int(picture.shape[0]), int(picture.shape[1])))
        inputs, table = params.inputs, params.table
        gradient_of = self._graphs.box_gradients[params.smooths, transforms]
        stepped = self._graphs.box_steps[params.mixing is not None, bool(params.penalties)]
        size = params.step_size / scale.norm
        blurs = params.blurs(len(draws))
        for step, (draw, change, blur) in enumerate(zip(draws, changes, blurs, strict=True)):
            gradient = gradient_of(picture, draw, change, inputs, *blur, context)
            if scale.sizes is not None:
                gradient, _ = evened(gradient.numpy(), len(scale.sizes) - 1, scale.sizes)
            remaining = extra[..., None] - np.float32(step)
            picture = stepped(
                *(picture, gradient, table, size, remaining, context, box),
                *(scale.norm, source, params.penalties, _tensor(mask)),
            )
            self.pixels += area(context)
            yield picture


def _tensor(mask: NDArray[np.float32] | None) -> tf.Tensor:
    """A mask for a graph, (H, W, 1), or one that broadcasts over the picture."""
    return tf.constant(np.ones((1, 1, 1), np.float32) if mask is None else mask[..., None])


def _traced(graph: tf.types.experimental.PolymorphicFunction) -> int:
    return int(graph.experimental_get_tracing_count())
