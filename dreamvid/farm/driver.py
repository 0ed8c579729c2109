"""The driver of a cluster: hands out the shots of films, gathers them, and joins each film."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dreamvid.errors import DreamvidError, RunError
from dreamvid.farm.asked import Asked
from dreamvid.farm.cluster import NO_ROOM, Node, alive, nodes_of, refuse, require_room, stored
from dreamvid.farm.order import Answer, Order
from dreamvid.farm.parcels import Parcel, parcels_of, unpack
from dreamvid.farm.tally import Tally
from dreamvid.farm.units import Film, Unit
from dreamvid.farm.versions import versions
from dreamvid.farm.worker import rendered
from dreamvid.machine import Machine
from dreamvid.rendering.join import plan_join
from dreamvid.rendering.render import record
from dreamvid.rendering.run import Keep, done_frames, folder_of, unfinished_run
from dreamvid.rendering.run_part import write_text

RETRIES = 20
"""How often a shot is begun again whose worker or machine was lost."""

STEP = 0.5
"""Seconds between two looks at how far the shots are."""

ENDING = 15
"""Seconds for the workers to store what they have when the work is interrupted."""


@dataclass(frozen=True)
class Failure:
    """What could not be rendered.

    Attributes:
        film: of which it is.
        message: why, in one line.
        retry: whether it may succeed later.
    """

    film: Film
    message: str
    retry: bool


@dataclass(frozen=True)
class Event:
    """What the driver tells while films are rendered.

    Attributes:
        done: how many frames of all films are done.
        finished: a film that is there now.
        failure: of a shot or a film.
    """

    done: int
    finished: Film | None = None
    failure: Failure | None = None


@dataclass
class _Work:
    """A film in work.

    Attributes:
        film: which.
        machine: what all its shots are computed with.
        parcels: its input files.
        token, secret: a file that a worker sees if it shares the storage, and what is in it.
        left: the numbers of its shots that are not done.
        failed: whether one of them cannot be rendered.
    """

    film: Film
    machine: Machine
    parcels: list[Parcel]
    token: Path
    secret: str
    left: set[int] = field(default_factory=set)
    failed: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the film is one shot, and rendered whole."""
        return len(self.film.shots.shots) == 1


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
        self._works = [_begun(film) for film in films]
        self._units = [(work, unit) for work in self._works for unit in work.film.units]
        self._done = [_frames_done(unit) for _, unit in self._units]
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

        with _tokens(self._works):
            self._examine(nodes_of(self._paths()))
            here = OnNode(ray.get_runtime_context().get_node_id(), soft=True)
            tally = ray.remote(Tally)
            options = {"num_cpus": 0, "max_restarts": -1, "scheduling_strategy": here}
            self._tally = tally.options(**options).remote()
            self._task = ray.remote(rendered)
            try:
                for number, (work, unit) in enumerate(self._units):
                    if not _is_done(unit):
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
        order = Order(
            recipe=work.film.recipe.model_dump(mode="json", exclude={"output"}),
            output=str(work.film.output.absolute()),
            machine=asdict(machine),
            span=None if work.is_whole else (unit.shot.start, unit.shot.stop),
            frames=work.film.shots.frames,
            token=str(work.token),
            secret=work.secret,
            parcels=[asdict(parcel) for parcel in work.parcels],
            versions=self._versions,
            overwrite=self._overwrite,
            keep=self._keep,
        )
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
            return Failure(work.film, _named(unit, _said(error)), retry=True)
        try:
            if answer.state == "refused":
                self._refuse(answer)
            elif answer.state == "lacks":
                for parcel in work.parcels:
                    if parcel.sha256 in answer.lacking:
                        self._send(parcel)
            elif answer.state == "failed":
                return Failure(work.film, _named(unit, answer.message), answer.retry)
            if answer.state != "done":
                self._submit(number)
                return None
            self._keep_run(answer, work, unit)
        except DreamvidError as error:
            return Failure(work.film, _named(unit, str(error)), error.retry)
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

    def _keep_run(self, answer: Answer, work: _Work, unit: Unit) -> None:
        """Put a run that came from other storage into its place. Raises RunError."""
        if answer.run is None:
            return
        output = work.film.output if work.is_whole else work.film.runs.output_of(unit.shot)
        unpack(answer.run, folder_of(output))

    def _join(self, work: _Work) -> Event:
        """Make a film of its shots."""
        film = work.film
        try:
            if not (work.is_whole and unfinished_run(film.output) is None):
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


def _begun(film: Film) -> _Work:
    begun, manifest = film.runs.manifest, film.planned.manifest
    assert begun is not None  # by `Film.of`
    assert manifest is not None
    token = film.runs.folder / f"seen-{secrets.token_hex(8)}"
    parcels = parcels_of(film.recipe, manifest)
    return _Work(film, begun.machine, parcels, token, secrets.token_hex(16))


@contextmanager
def _tokens(works: Sequence[_Work]) -> Iterator[None]:
    """The files by which a worker finds that it shares the storage, within the context."""
    try:
        for work in works:
            write_text(work.token, work.secret)
        yield
    finally:
        for work in works:
            with suppress(OSError):
                work.token.unlink(missing_ok=True)


def _is_done(unit: Unit) -> bool:
    """Whether a unit needs no worker any more."""
    film = unit.film
    if len(film.shots.shots) > 1:
        return film.runs.state(unit.shot) == "done"
    return done_frames(film.output) >= film.shots.frames


def _frames_done(unit: Unit) -> int:
    film = unit.film
    if len(film.shots.shots) > 1:
        return film.runs.frames_done(unit.shot)
    return done_frames(film.output)


def _named(unit: Unit, message: str) -> str:
    return message if len(unit.film.shots.shots) == 1 else f"shot {unit.number}: {message}"


def _said(error: BaseException) -> str:
    """What an error of Ray's says, in one line that a person can act on."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    if "ObjectStoreFull" in name + text or "OutOfDisk" in name + text:
        return NO_ROOM.format(what="a shot")
    if name in ("WorkerCrashedError", "NodeDiedError", "ObjectLostError", "OwnerDiedError"):
        return f"its worker was lost more than {RETRIES} times, or its node; see Ray's own logs"
    if name == "OutOfMemoryError":
        return "its node ran out of memory; a smaller --size or --tile, or fewer workers need less"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else name
