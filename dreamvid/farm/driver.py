"""The driver of a cluster: hands out the shots of films, gathers them, and joins each film."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any

from dreamvid.errors import DreamvidError, RunError
from dreamvid.farm.asked import Asked
from dreamvid.farm.cluster import Node, alive, nodes_of, refuse, require_room, stored
from dreamvid.farm.events import RETRIES, Event, Failure, said
from dreamvid.farm.order import Answer
from dreamvid.farm.parcels import Parcel, unpack
from dreamvid.farm.units import Film, Unit
from dreamvid.farm.versions import versions
from dreamvid.farm.work import Work, frames_done, is_rendered, is_whole, tokens
from dreamvid.farm.worker import Tally, rendered
from dreamvid.rendering.join import plan_join
from dreamvid.rendering.render import record
from dreamvid.rendering.run import Keep, folder_of, unfinished_run

STEP = 0.5
"""Seconds between two looks at how far the shots are."""

ENDING = 15
"""Seconds for the workers to store what they have when the work is interrupted."""


class Driver:
    """Renders films on the cluster that this process has joined."""

    def __init__(
        self, films: Sequence[Film], asked: Asked, *, overwrite: bool = False, keep: Keep = "state"
    ) -> None:
        """
        Args:
            asked: what a shot takes.
            overwrite: whether films that exist are replaced.
            keep: what is kept of their runs.
        """
        self._works = [Work.of(film) for film in films]
        self._units = [(work, unit) for work in self._works for unit in work.film.units]
        self._done = [frames_done(unit) for _, unit in self._units]
        self._asked, self._overwrite, self._keep = asked, overwrite, keep
        self._versions = versions()
        self._sent: dict[str, Any] = {}
        self._pending: dict[Any, int] = {}
        self._refused: set[str] = set()
        self.dreamed, self.memory = 0, 0.0

    @property
    def frames(self) -> int:
        """How many frames all films have."""
        return sum(unit.shot.count for _, unit in self._units)

    @property
    def done(self) -> int:
        """How many of them are done."""
        return sum(self._done)

    def render(self) -> Generator[Event]:
        """Render all that is not done. When closed, the workers are stopped; what is done stays.

        Raises:
            RunError: the cluster cannot be used.
        """
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as OnNode

        with tokens(self._works):
            self._examine(nodes_of(self._paths()))
            here = OnNode(ray.get_runtime_context().get_node_id(), soft=True)
            tally = ray.remote(Tally)
            options = {"num_cpus": 0, "max_restarts": -1, "scheduling_strategy": here}
            self._tally = tally.options(**options).remote()
            self._task = ray.remote(rendered)
            try:
                for number, (work, unit) in enumerate(self._units):
                    if not is_rendered(unit):
                        work.left.add(unit.number)
                        self._submit(number)
                for work in self._works:
                    if not work.left:
                        yield self._join(work)
                yield from self._gather()
            finally:
                self._stop()

    def _gather(self) -> Generator[Event]:
        import ray

        while self._pending:
            ready, _ = ray.wait([*self._pending], timeout=STEP)
            for reference in ready:
                number = self._pending.pop(reference)
                work, failure = self._units[number][0], self._take(reference, number)
                if failure is not None:
                    work.failed = True
                    yield Event(self.done, failure=failure)
                elif not work.left and not work.failed:
                    yield self._join(work)
            self._listen()
            yield Event(self.done)

    def _examine(self, nodes: Sequence[Node]) -> None:
        """Refuse machines that cannot be used, and put the files that one lacks into the cluster's
        memory. Raises RunError."""
        threads = max(work.machine.threads for work in self._works)
        require_room(nodes, threads, self._asked.memory)
        usable = {node.identity for node in nodes}
        self._refused = {node.identity for node in alive()} - usable
        lacks = frozenset().union(*(node.lacks for node in nodes))
        for work in self._works:
            for parcel in work.parcels:
                if parcel.path in lacks:
                    self._send(parcel)

    def _paths(self) -> list[str]:
        return sorted({parcel.path for work in self._works for parcel in work.parcels})

    def _send(self, parcel: Parcel) -> None:
        """Put an input file into the cluster's memory, once. Raises DreamvidError."""
        if parcel.sha256 not in self._sent:
            self._sent[parcel.sha256] = stored(parcel.contents, parcel.path)

    def _submit(self, number: int) -> None:
        work, unit = self._units[number]
        machine, asked = work.machine, self._asked
        order = work.order(unit, self._versions, overwrite=self._overwrite, keep=self._keep)
        # Another environment is another process: TensorFlow's threads are fixed when it starts.
        variables = {"DREAMVID_THREADS": str(machine.threads), "TF_CPP_MIN_LOG_LEVEL": "3"}
        if not asked.gpus:
            variables["CUDA_VISIBLE_DEVICES"] = ""
        elsewhere = {"ray.io/node-id": f"!in({','.join(sorted(self._refused))})"}
        task = self._task.options(
            num_cpus=machine.threads,
            num_gpus=asked.gpus,
            memory=int(asked.memory) or None,
            max_retries=RETRIES,
            runtime_env={"env_vars": variables},
            label_selector=elsewhere if self._refused else {},
        )
        sent = {p.sha256: self._sent[p.sha256] for p in work.parcels if p.sha256 in self._sent}
        self._pending[task.remote(order.text(), sent, self._tally, number)] = number

    def _take(self, reference: Any, number: int) -> Failure | None:
        """Take what a task answers; what another machine may render is submitted again."""
        import ray

        work, unit = self._units[number]
        try:
            answer = Answer(**ray.get(reference))
        except ray.exceptions.RayError as error:
            return Failure.of(unit, said(error), retry=True)
        try:
            if answer.state == "refused":
                self._refuse(answer)
            elif answer.state == "lacks":
                for parcel in work.parcels:
                    if parcel.sha256 in answer.lacking:
                        self._send(parcel)
            elif answer.state == "failed":
                return Failure.of(unit, answer.message, retry=answer.retry)
            if answer.state != "done":
                self._submit(number)
                return None
            self._keep_run(answer, work, unit)
        except DreamvidError as error:
            return Failure.of(unit, str(error), retry=error.retry)
        self.dreamed += answer.dreamed
        self.memory = max(self.memory, answer.memory)
        self._done[number] = unit.shot.count
        work.left.discard(unit.number)
        return None

    def _refuse(self, answer: Answer) -> None:
        """A machine that joined later runs other versions. Raises RunError: no other is left."""
        nodes = {node.identity: node for node in alive()}
        if answer.node not in self._refused and answer.node in nodes:
            refuse(nodes[answer.node].name, f"runs {answer.message}")
        self._refused.add(answer.node)
        if not nodes.keys() - self._refused:
            raise RunError("no node of the cluster can be used; install the same versions on all")

    def _keep_run(self, answer: Answer, work: Work, unit: Unit) -> None:
        """Put a run that came from other storage into its place. Raises RunError."""
        if answer.run is None:
            return
        output = work.film.output if is_whole(work.film) else work.film.runs.output_of(unit.shot)
        unpack(answer.run, folder_of(output))

    def _join(self, work: Work) -> Event:
        """Make a film of its shots."""
        film = work.film
        try:
            if not (is_whole(work.film) and unfinished_run(film.output) is None):
                for _ in record(plan_join(film.recipe, overwrite=self._overwrite), keep=self._keep):
                    pass
        except DreamvidError as error:
            return Event(self.done, failure=Failure(film, str(error), error.retry))
        film.runs.remove()
        return Event(self.done, finished=film)

    def _listen(self) -> None:
        """Hear how far the shots are that are being rendered."""
        import ray

        working = set(self._pending.values())
        with suppress(ray.exceptions.RayError):
            told: dict[int, int] = ray.get(self._tally.all.remote(), timeout=5)
            for number in told.keys() & working:
                self._done[number] = told[number]

    def _stop(self) -> None:
        """Stop the workers, which store what they have."""
        import ray

        for reference in self._pending:
            ray.cancel(reference, force=False)
        if self._pending:
            ray.wait([*self._pending], num_returns=len(self._pending), timeout=ENDING)
        with suppress(ray.exceptions.RayError):
            ray.kill(self._tally)
