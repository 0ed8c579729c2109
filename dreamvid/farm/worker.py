"""What runs on the machines of a cluster: a process renders one shot after another, and keeps the
network that it has loaded."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Hashable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, LockedError, RunError
from dreamvid.farm.asked import network_kept
from dreamvid.farm.order import Answer, Order
from dreamvid.farm.parcels import Contents, Parcel, own_folder, pack, work_folder
from dreamvid.farm.versions import differences, versions
from dreamvid.machine import taken
from dreamvid.recipe import Recipe
from dreamvid.rendering.plan import Plan, is_done, plan
from dreamvid.rendering.render import Step, record
from dreamvid.rendering.run import Keep, folder_of, make_folder
from dreamvid.rendering.shot_runs import ShotRuns

PATIENCE = 60.0
"""Seconds to wait for the lock of a worker that was killed."""

TOLD_EVERY = 0.5
"""Least seconds between two reports of how far a shot is."""

Tell = Callable[[int], None]
"""Reports how many frames of a shot are done."""

_plans: dict[str, Plan] = {}
"""The plan of the last film, whose network stays loaded."""

_models: dict[Hashable, Any] = {}
"""The last model, for a film of the same network."""


class Tally:
    """An actor of the cluster, which workers tell how far they are, and the driver asks."""

    def __init__(self) -> None:
        self._done: dict[int, int] = {}

    def note(self, unit: int, done: int) -> None:
        """So many frames of a unit are done."""
        self._done[unit] = done

    def all(self) -> dict[int, int]:
        """The frames that are done, by unit."""
        return self._done


def rendered(text: str, sent: Mapping[str, Any], tally: Any, unit: int) -> dict[str, Any]:
    """Render what is ordered; the body of a task. Returns an `Answer` as data.

    Args:
        text: the order.
        sent: by their hashes, references to what is in the input files.
        tally: the actor that hears how far each unit is.
        unit: how this one is called there.
    """
    import ray

    order = Order.read(text)
    node = ray.get_runtime_context().get_node_id()
    differing = differences(order.versions, versions())
    if differing:
        return Answer("refused", node, differing).plain()
    lacking = [each.sha256 for each in order.files if each.sha256 not in sent and not each.is_here]
    if lacking:
        return Answer("lacks", node, lacking=tuple(lacking)).plain()
    told = 0.0

    def tell(done: int) -> None:
        nonlocal told
        if time.monotonic() >= told + TOLD_EVERY:
            told = time.monotonic()
            tally.note.remote(unit, done)

    try:
        run, dreamed = _render(order, lambda parcel: ray.get(sent[parcel.sha256]), tell)
    except LockedError as error:
        answer = Answer("locked", node, str(error), retry=True)
    except DreamvidError as error:
        answer = Answer("failed", node, str(error), retry=error.retry)
    except MemoryError:
        answer = Answer("failed", node, "not enough memory; a smaller --size or --tile needs less")
    except OSError as error:
        answer = Answer("failed", node, str(error.strerror or error), retry=True)
    else:
        answer = Answer("done", node, run=run, dreamed=dreamed, memory=taken())
    if answer.state == "failed":
        _plans.clear()
    return answer.plain()


def _render(
    order: Order, fetch: Callable[[Parcel], Contents], tell: Tell
) -> tuple[Contents | None, int]:
    """Render an order. Returns the files of its run where the storage is not shared, and how many
    frames were made. Raises DreamvidError."""
    with ExitStack() as stack:
        shared, output = order.is_shared, Path(order.output)
        if not shared:
            output = stack.enter_context(work_folder(own_folder())) / output.name
        recipe = order.made([each.placed(own_folder, fetch) for each in order.files], output)
        shot = order.shot
        if shot is None:
            planned = replace(_planned(order, recipe), output=output)
            made = _whole(order, recipe, planned, tell, finish=shared)
            return None if shared else pack(folder_of(output)), made
        runs = ShotRuns(output)
        own = runs.output_of(shot)
        make_folder(own.parent)
        planned = _planned(order, recipe).of_shot(shot, own, ends=shot.stop == order.frames)
        made = 0

        def finished() -> bool:
            return runs.state(shot) == "done"

        with closing(_when_free(planned, finished, overwrite=True)) as steps:
            for step in steps:
                made += 1
                tell(step.index + 1 - shot.start)
        return None if shared else pack(folder_of(own)), made


def _whole(order: Order, recipe: Recipe, planned: Plan, tell: Tell, *, finish: bool) -> int:
    """Render a film of one shot. Returns how many frames were made.

    Args:
        finish: whether the film is made; otherwise its run is left unfinished after the last frame,
            and becomes the film wherever it is finished.
    """

    def finished() -> bool:
        return is_done(recipe)

    made = 0
    steps = _when_free(planned, finished, overwrite=order.overwrite, keep=order.keep)
    with closing(steps):
        for step in steps:
            made += 1
            tell(step.index + 1)
            if not finish and step.index + 1 == order.frames:
                break
    return made


def _when_free(
    planned: Plan, is_finished: Callable[[], bool], *, overwrite: bool, keep: Keep = "state"
) -> Generator[Step]:
    """Record a plan unless it is finished. A worker that was killed may hold its lock for a moment,
    and another process may be rendering it. Raises DreamvidError."""
    until = time.monotonic() + PATIENCE
    while not is_finished():
        try:
            yield from record(planned, overwrite=overwrite, keep=keep)
            return
        except LockedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def _planned(order: Order, recipe: Recipe) -> Plan:
    """The plan of a film, made once for all its shots in this process. Raises DreamvidError."""
    if order.film not in _plans:
        _plans.clear()
        with network_kept(recipe, _models):
            planned = plan(recipe, overwrite=True, machine=order.pinned)
        if planned.manifest is None or planned.manifest.machine != order.pinned:
            raise RunError("a worker computes with another number of threads, or other numbers")
        _plans[order.film] = planned
    return _plans[order.film]
