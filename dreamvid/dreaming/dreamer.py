"""The dream: gradient ascent on a picture, over octaves.

Mordvintsev et al., "Inceptionism" (2015) and google/deepdream; the TensorFlow tutorial's form is
the method `resize`, the recursive zoom's the method `recursive`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from dreamvid.dreaming.ascent import Ascended, Ascent
from dreamvid.dreaming.dream_step import DreamStep
from dreamvid.dreaming.identity import identity_of
from dreamvid.dreaming.objective import Objective, name_of
from dreamvid.dreaming.objectives import measure, objective
from dreamvid.dreaming.octaves import Shape, octave_sizes, octaves_of
from dreamvid.dreaming.params import noted_scale, scale_key, step_params
from dreamvid.dreaming.step_map import StepMap, Turn, step_maps
from dreamvid.dreaming.tensorflow import computed_in, set_threads, tf
from dreamvid.dreaming.tiles import Draws, tiling
from dreamvid.errors import RecipeError
from dreamvid.frame import Frame, Size, as_frame
from dreamvid.machine import Machine
from dreamvid.networks.defaults import dream_values
from dreamvid.networks.network_spec import NetworkSpec
from dreamvid.networks.registry import spec_of
from dreamvid.recipe import Dream, Network
from dreamvid.recipe.load import make_recipe
from dreamvid.recipe.schedule import Schedule
from dreamvid.resolve import DreamSettings, Job
from dreamvid.task import DreamTask


class Dreamer:
    """`dreamer(DreamTask(picture)) -> Frame`: a network loaded once, to dream many pictures.

    The same task gives the same dream: every random draw comes from (seed, index, octave, step)
    alone. One trace of a graph serves every size and every frame, whatever a frame changes.

    Attributes:
        machine: what it computes with, the precision chosen.
        spec: what is known of its network.
    """

    machine: Machine
    spec: NetworkSpec

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
            network: its name, a recipe's section, or a spec, which need not be registered.
            weights: `imagenet`, `random` or a file; None: the network's own.
            layers: what to dream on: an `Objective`, or what a recipe's objective may be, such as
                `"heads,creatures=0.5"`; None: the network's default.
            precision: what the network computes in; auto: as is fastest here.
            seed: of every random draw.
            settings: keys of a recipe's section `dream`, as `octaves=3`.

        Raises:
            RecipeError: a setting that cannot be.
            NetworkError: unknown network or layer, or weights that cannot be had.
        """
        if isinstance(network, Network):
            weights, precision = weights or network.weights, network.precision
        name = network if isinstance(network, str) else network.name
        if isinstance(layers, Objective):
            layers = [term.model_dump() for term in layers.terms]
        if layers is not None:
            settings = {**settings, "objective": layers}
        section = {"name": name, "weights": weights, "precision": precision}
        recipe = make_recipe({"network": section, "dream": settings, "seed": seed}, "image")
        spec = network if isinstance(network, NetworkSpec) else spec_of(recipe.network)
        machine = Machine.here()
        self._load(spec, recipe.network, recipe.dream, recipe.seed, machine)

    @classmethod
    def of(cls, job: Job, machine: Machine) -> Dreamer:
        """The dreamer of a recipe's job at its first frame.

        Args:
            job: no setting of its `dream` may be a schedule.
            machine: what to compute with; its threads only if TensorFlow has not computed yet.

        Raises:
            NetworkError: unknown layer, or weights that cannot be had.
        """
        dreamer = cls.__new__(cls)
        machine = replace(machine, threads=set_threads(machine.threads))
        dreamer._load(job.spec, job.network, job.dream, job.seed, machine)
        return dreamer

    def _load(
        self, spec: NetworkSpec, network: Network, dream: Dream, seed: int, machine: Machine
    ) -> None:
        weights = [(name_of(term), term.weight) for term in dream.objective or ()]
        for key, value in (*dream, *weights):
            if isinstance(value, Schedule):
                raise RecipeError(f"{key}: a schedule needs a film; a Dreamer takes a number")
        self.spec, self._network, self._dream, self._seed = spec, network, dream, seed
        asked = machine.precision if network.precision == "auto" else network.precision
        self.machine = Machine(
            machine.threads, dream.tile or machine.tile, computed_in(asked, spec.bfloat16)
        )
        first = self._settings(Size(spec.min_size, spec.min_size))
        self._terms = first.objective
        network = network.model_copy(update={"precision": self.machine.precision})
        function = objective(spec, network, self._terms, first.power)
        self._ascent = Ascent(
            function,
            tiling(dream, self.machine.tile, spec.min_size),
            normalize=dream.normalize,
            clip=dream.method != "recursive",
        )
        self._measure = measure(function)

    def __call__(self, task: DreamTask) -> Frame:
        """The dream of a task.

        Of a task's settings the method, power, normalize, tile, tile_margin and the objective's
        terms stay the dreamer's own; where the terms are the same, their weights are the task's.

        Returns:
            (H, W, 3), clipped to 0..255; the canvas, where every weight is 0.

        Raises:
            NetworkError: the canvas is under the network's least size.
            MemoryError: TensorFlow got none.
        """
        steps = self.steps(task)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                frame: Frame = end.value
                return frame

    def steps(self, picture: Any, *, measure: bool = False) -> Generator[DreamStep, None, Frame]:
        """The steps of one frame's dream, one by one; a `DreamStep` after each.

        Args:
            picture: (H, W, 3) uint8 or float, 0–255; or a `DreamTask`.
            measure: whether each step says its objective, which costs a third of it besides.

        Returns:
            What `__call__` returns: the value of a `yield from`.

        Raises:
            MediaError: what is given is no picture.
            NetworkError, MemoryError: as `__call__`.
        """
        task = picture if isinstance(picture, DreamTask) else DreamTask(as_frame(picture))
        canvas, size = task.canvas, Size.of(task.canvas)
        settings = task.settings or self._settings(size)
        shapes = self._shapes(size, settings)
        params = step_params(settings, self._dream.method, self._terms, task)
        if not any(params.weights):
            return np.clip(canvas, 0.0, 255.0)
        maps = self._step_maps(task, settings, shapes)
        busy = [(octave, steps) for octave, steps in enumerate(maps) if not steps.idle]
        octaves = octaves_of(self._dream.method, canvas, [steps.size for _, steps in busy])
        try:
            for octave, steps in busy:
                started = tf.constant(octaves.start(steps.size), tf.float32)
                draws = self.draws(
                    steps.size, task.index, octave, max(1, steps.whole_steps), settings
                )
                rng = np.random.default_rng([self._seed, task.index, octave, 1])
                scale = noted_scale(task, steps.size, params)
                last: Ascended | None = None
                for count, last in enumerate(
                    self._ascent.ascend(started, steps, params, draws, rng, scale)
                ):
                    told = self.objective_of(last.picture) if measure else None
                    at = Size.of(last.picture)
                    yield DreamStep(octave, len(maps), count, steps.count, at, told, last.picture)
                assert last is not None, "no octave here is idle"
                task.notes[scale_key(steps.size)] = last.scale.note
                octaves.finish(last.picture.numpy())
            return np.clip(octaves.frame(), 0.0, 255.0)
        except tf.errors.ResourceExhaustedError:
            raise MemoryError from None

    def sizes(self, size: Size, settings: DreamSettings | None = None) -> list[Size]:
        """The sizes of the octaves of a frame of that size, smallest first.

        Args:
            size: (width, height).
            settings: a frame's; None: the dreamer's own.

        Raises:
            NetworkError: the frame is too small for the network.
        """
        size = Size(*size)
        shapes = self._shapes(size, settings or self._settings(size))
        return [Size(wide, high) for high, wide in shapes]

    def objective_of(self, picture: Any) -> float:
        """The objective of a picture (H, W, 3), 0–255, as it is, unjittered and whole, with the
        dreamer's own weights; what the ascent raises."""
        return self._measure(picture, [term.weight for term in self._terms])

    @cached_property
    def identity(self) -> str:
        """A hash of what its dreams depend on, so that a render with it can be resumed; empty where
        nothing tells: for a network whose `build` is a function, or a file that cannot be read."""
        own = self._settings(Size(self.spec.min_size, self.spec.min_size))
        settings = own.model_copy(update={"octave_top": self._dream.octave_top})
        network = self._network.model_copy(update={"precision": self.machine.precision})
        return identity_of(self.spec, network, settings, self._seed)

    @property
    def pixels(self) -> int:
        """Of how many pixels the gradient was taken so far."""
        return self._ascent.pixels

    @property
    def traces(self) -> int:
        """How often the ascent's graph was traced: once, whatever the frames, for each of its forms
        that was wanted: smoothed or not, in one tile or in several."""
        return self._ascent.traces

    def draws(
        self,
        shape: Shape,
        index: int,
        octave: int,
        steps: int | None = None,
        settings: DreamSettings | None = None,
    ) -> Draws:
        """The random (down, right) of every step of a shot's frame at an octave of (height, width).

        What it moves is the method's: the picture's roll, or where the tiles begin.

        Args:
            steps: how many; None: the burst of a first frame, the steps of a later one.
            settings: the frame's; None: the dreamer's own.
        """
        settings = settings or self._settings(Size(*shape[::-1]))
        steps = steps or (settings.steps if index else settings.burst)
        rng = np.random.default_rng([self._seed, index, octave])
        return self._ascent.tiling.draws(rng, shape, steps, settings.jitter)

    def _settings(self, size: Size) -> DreamSettings:
        """The dreamer's own settings for frames of a size."""
        own = dict(self._dream)
        filled = dream_values(self._dream, self.spec, carries=False)
        top = self.spec.octave_top(self._dream, size.shape)
        return DreamSettings(**{**own, **filled, "octave_top": top, "tile": self.machine.tile})

    def _shapes(self, size: Size, settings: DreamSettings) -> list[Shape]:
        """The (height, width) of a frame's octaves."""
        top = self.spec.octave_top(settings, size.shape)
        shapes = octave_sizes(size.shape, settings, top, self.spec.min_size)
        if not shapes:
            raise self.spec.too_small(size)
        return shapes

    def _step_maps(
        self, task: DreamTask, settings: DreamSettings, shapes: list[Shape]
    ) -> list[StepMap]:
        fresh = task.fresh
        if fresh is None:
            fresh = np.full(task.canvas.shape[:2], task.index == 0, np.float32)
        if self._dream.method == "recursive":
            # Its tiles are each at unit strength: a box would not be as strong as its whole.
            fresh = np.full_like(fresh, fresh.min())
        turn = Turn(task.index, len(shapes), settings.stagger)
        tile = self.machine.tile
        return step_maps(fresh, shapes, settings.steps, settings.burst, tile, turn)
