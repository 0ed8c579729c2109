"""`Dreamer`: gradient ascent on a picture, over octaves.

The method `detail` follows Mordvintsev et al., "Inceptionism" (2015) and google/deepdream, the
method `resize` the TensorFlow tutorial, and `recursive` the recursive zoom.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np

from dreamvid.dreaming.climb import Climb, Climbs
from dreamvid.dreaming.dream_step import DreamStep
from dreamvid.dreaming.frame_ascent import FrameAscent
from dreamvid.dreaming.identity import identity_of
from dreamvid.dreaming.masked_part import MaskedPart
from dreamvid.dreaming.objectives import ObjectiveFunction
from dreamvid.dreaming.octaves import Shape, octave_sizes
from dreamvid.dreaming.params import forget_other_scales
from dreamvid.dreaming.tensorflow import computed_in, set_threads
from dreamvid.dreaming.tiles import Draws
from dreamvid.errors import RecipeError
from dreamvid.frame import Frame, Notes, Size, as_frame
from dreamvid.machine import Machine
from dreamvid.networks.defaults import dream_values
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import spec_of
from dreamvid.recipe import Dream, Network, Term
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.schedule import Schedule
from dreamvid.resolve import DreamSettings, Job
from dreamvid.task import DreamTask


class Dreamer:
    """`dreamer(DreamTask(picture)) -> Frame`: a network loaded once, to dream many pictures.

    The same task gives the same dream: every random draw comes from (seed, index, octave, step)
    alone. One trace of a graph serves all sizes, frames and settings of a frame.

    Attributes:
        machine: threads, tile and precision in use.
        spec: the network's spec.
    """

    machine: Machine
    spec: NetworkSpec

    function: ClassVar[type[ObjectiveFunction]] = ObjectiveFunction
    """The class of the objective's function."""

    _make_climb: Callable[..., Climb] = staticmethod(Climb.of)

    def __init__(
        self,
        network: str | Network | NetworkSpec = "lite0",
        *,
        weights: str | None = None,
        layers: Any = None,
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        seed: int = 0,
        **settings: Any,
    ) -> None:
        """
        Args:
            network: a name, a recipe's `network` section, or a spec, registered or not.
            weights: `imagenet`, `random` or a file; None: the network's default.
            layers: what to dream on: an `Objective`, or a value of a recipe's `objective`, such as
                `"heads,creatures=0.5"`; None: the network's default.
            precision: the network's number format; auto: the fastest on this machine.
            seed: of all random draws.
            settings: keys of a recipe's section `dream`, such as `octaves=3`.

        Raises:
            RecipeError: an unknown setting, or a value out of its range.
            NetworkError: an unknown network or layer, or weights that cannot be loaded.
        """
        if isinstance(network, Network):
            weights, precision = weights or network.weights, network.precision
        name = network if isinstance(network, str) else network.name
        if layers is not None:
            if "objective" in settings:
                raise RecipeError("is what `layers` sets: give one of them", key="objective")
            settings = {**settings, "objective": layers}
        stated = network.preprocess if isinstance(network, Network) else None
        section = {"name": name, "weights": weights, "precision": precision, "preprocess": stated}
        recipe = make_recipe({"network": section, "dream": settings, "seed": seed}, "image")
        spec = network if isinstance(network, NetworkSpec) else spec_of(recipe.network)
        machine = Machine.here()
        self._load(spec, recipe.network, recipe.dream, recipe.seed, machine)

    @classmethod
    def of(cls, job: Job, machine: Machine, climbs: Climbs | None = None) -> Dreamer:
        """The dreamer of a job.

        Args:
            climbs: shared with other dreamers; None: it makes its own.
            job: at its first frame; no value of its `dream` may be a schedule.
            machine: threads, tile and precision to use; the number of threads has no effect once
                TensorFlow has computed anything.

        Raises:
            RecipeError: a value is a schedule.
            NetworkError: an unknown layer, or weights that cannot be loaded.
        """
        dreamer = cls.__new__(cls)
        machine = replace(machine, threads=set_threads(machine.threads))
        dreamer._make_climb = climbs.of if climbs else Climb.of
        dreamer._load(job.spec, job.network, job.dream, job.seed, machine)
        for region in job.regions:
            if region.objective and not any(c.fits(region.objective) for c in dreamer._climbs):
                dreamer._climbs.append(dreamer._climb_of(region.objective))
        return dreamer

    def _load(
        self, spec: NetworkSpec, network: Network, dream: Dream, seed: int, machine: Machine
    ) -> None:
        weights = [(term.name, term.weight) for term in dream.objective or ()]
        for key, value in (*dream, *weights):
            if isinstance(value, Schedule):
                raise RecipeError("a schedule needs a film; a Dreamer takes a number", key=key)
        self.spec, self._network, self._dream, self._seed = spec, network, dream, seed
        precision = machine.precision if network.precision == "auto" else network.precision
        self.machine = Machine(
            machine.threads, dream.tile or machine.tile, computed_in(precision, spec.bfloat16)
        )
        settings = self._settings(Size(spec.min_size, spec.min_size))
        self._climbs = [self._climb_of(settings.objective)]

    def _climb_of(self, terms: Sequence[Term]) -> Climb:
        power = self._settings(Size(self.spec.min_size, self.spec.min_size)).power
        network = self._network.model_copy(update={"precision": self.machine.precision})
        settings = power, self._dream, self.machine.tile
        return self._make_climb(self.spec, network, terms, *settings, self.function)

    def __call__(self, task: DreamTask) -> Frame:
        """The dream of a task.

        A task's settings do not change the dreamer's method, power, normalize, tile, tile_margin
        and objective terms. Weights come from the task where its terms are the dreamer's, or those
        of a region of its job.

        Returns:
            (H, W, 3), clipped to 0..255; the clipped canvas where every weight is 0, or the mask.

        Raises:
            MediaError: the canvas, the freshness mask or the mask has another shape or type.
            NetworkError: the canvas is smaller than the network's `min_size`.
            MemoryError: TensorFlow ran out of memory.
        """
        steps = self.steps(task)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                frame: Frame = end.value
                return frame

    def steps(self, picture: Any, *, measure: bool = False) -> Generator[DreamStep, None, Frame]:
        """The steps of one frame's dream; yields a `DreamStep` after each.

        Args:
            picture: (H, W, 3) uint8 or float, 0–255; or a `DreamTask`.
            measure: whether to compute each step's objective, which takes a third of a step more.

        Returns:
            The dream, as from `__call__`; the value of a `yield from`.

        Raises:
            MediaError, NetworkError, MemoryError: as `__call__`.
        """
        task = picture if isinstance(picture, DreamTask) else DreamTask(picture)
        canvas = as_frame(task.canvas)
        if task.mask is None:
            return (yield from self._steps(task, canvas, measure))
        settings = task.settings or self._settings(Size.of(canvas))
        smallest = min(self._shapes(Size.of(canvas), settings)[0])
        # A part has as many octaves as the canvas.
        least = math.ceil((self.spec.min_size + 1) * min(canvas.shape[:2]) / smallest)
        part = MaskedPart.of(task, canvas, least)
        if part is None:
            return np.clip(canvas, 0.0, 255.0)
        inner = part.task.canvas
        forget_other_scales(task.notes, self._shapes(Size.of(inner), settings))
        steps = self._steps(part.task, inner, measure)
        return part.pasted((yield from part.told(steps)))

    def _steps(
        self, task: DreamTask, canvas: Frame, measure: bool
    ) -> Generator[DreamStep, None, Frame]:
        """The steps of a task, over all of its canvas; see `steps`."""
        settings = task.settings or self._settings(Size.of(canvas))
        climb = next((c for c in self._climbs if c.fits(settings.objective)), self._climbs[0])
        ascent = FrameAscent(climb, self._dream.method, self._seed, self.machine.tile)
        shapes = self._shapes(Size.of(canvas), settings)
        return (yield from ascent.steps(task, canvas, settings, shapes, measure=measure))

    def sizes(self, size: Size, settings: DreamSettings | None = None) -> list[Size]:
        """The sizes of the octaves of a frame of that size, smallest first.

        Args:
            size: (width, height).
            settings: of a frame; None: of the dreamer.

        Raises:
            NetworkError: the frame is too small for the network.
        """
        size = Size(*size)
        shapes = self._shapes(size, settings or self._settings(size))
        return [Size(wide, high) for high, wide in shapes]

    def objective_of(self, picture: Any, source: Any = None) -> float:
        """The objective that the ascent raises, for a picture, without jitter or tiles and with the
        dreamer's weights.

        Args:
            picture: (H, W, 3), 0–255.
            source: (H, W, 3), on which channels such as `strong5` are chosen; None: `picture`.

        Raises:
            MediaError: as `steps`; or a guide is no picture.
        """
        return self.value(picture, {}, source)

    def value(self, picture: Any, notes: Notes, source: Any = None) -> float:
        """As `objective_of`, on the channels that the notes of a dream have."""
        seen = as_frame(picture if source is None else source)
        climb = self._climbs[0]
        return climb.value(picture, climb.objective.readings(seen, notes))

    @cached_property
    def identity(self) -> str:
        """A hash of everything that the dreams depend on, so that a render can be resumed; empty
        where that cannot be hashed: `build` is a function, or the weights cannot be read."""
        filled = self._settings(Size(self.spec.min_size, self.spec.min_size))
        settings = filled.model_copy(update={"octave_top": self._dream.octave_top})
        network = self._network.model_copy(update={"precision": self.machine.precision})
        return identity_of(self.spec, network, settings, self._seed)

    @property
    def pixels(self) -> int:
        """Number of pixels whose gradient was computed so far, all steps together."""
        return sum(climb.ascent.pixels for climb in self._climbs)

    @property
    def traces(self) -> int:
        """Number of traces of the gradient's graphs: one for each variant that was used (blurred or
        not, in one tile or several), whatever the number of frames."""
        return sum(climb.ascent.traces for climb in self._climbs)

    def draws(
        self,
        shape: Shape,
        index: int,
        octave: int,
        steps: int | None = None,
        settings: DreamSettings | None = None,
    ) -> Draws:
        """The random (down, right) offsets (px) of an octave's steps, int32 (steps, 2).

        They roll the picture, or place the first tile (method `recursive`).

        Args:
            shape: (height, width) of the octave.
            index: the dream's number in its shot.
            octave: the octave's number, from 0, the smallest.
            steps: number of steps; None: `burst` for index 0, else `steps`.
            settings: of the frame; None: of the dreamer.
        """
        settings = settings or self._settings(Size(*shape[::-1]))
        steps = steps or (settings.steps if index else settings.burst)
        return self._climbs[0].draws(self._seed, index, octave, shape, steps, settings.jitter)

    def _settings(self, size: Size) -> DreamSettings:
        """The dreamer's settings for frames of a size, defaults filled in."""
        section = dict(self._dream)
        filled = dream_values(self._dream, self.spec, carried=None)
        top = self.spec.octave_top(self._dream, size.shape)
        return DreamSettings(**{**section, **filled, "octave_top": top, "tile": self.machine.tile})

    def _shapes(self, size: Size, settings: DreamSettings) -> list[Shape]:
        """The (height, width) of a frame's octaves."""
        top = self.spec.octave_top(settings, size.shape)
        shapes = octave_sizes(size.shape, settings, top, self.spec.min_size)
        if not shapes:
            raise self.spec.too_small(size)
        return shapes
