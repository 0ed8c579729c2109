"""The queue of renders, kept in the folder: one at a time, each a process of its own.

Each is the command that the prompt would run, so that what the page makes the prompt makes too. It
outlives the page and its server: its messages go to a file, it is stopped over its standard input,
and what is at work when the server starts again is found by what its run says.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from dreamvid.errors import DreamvidError
from dreamvid.media.durable import atomic_write
from dreamvid.names import derived
from dreamvid.recipe.dump import yaml_of
from dreamvid.studio.films import OnDisk
from dreamvid.studio.folder import Folder

POLL = 1.0
"""Seconds between two looks at a render's progress."""

WORDS = {"--frames", "--from", "-o", "--recipe", "--plot", "--source", "--overwrite", "--control"}
"""Options of jobs' commands."""

LAST = 2**14
"""Bytes at the end of a job's log in which its last message is looked for."""

State = Literal["waiting", "rendering", "stopping", "stopped", "failed", "done"]


COMMANDS = (["render"], ["continue"], ["report"])
"""What jobs are."""


@dataclass
class Job:
    """A render, waiting, at work, or over.

    Attributes:
        output: the film, by its name in the folder.
        command: the arguments of `dreamvid`.
        recipe: the recipe file, by its name in the folder; "": it has none.
        report: whether it measures the film, and does not render it.
        state: of the job; the film's own is on the disk.
        message: the command's last words, if it failed.
        data: the recipe as the page had it.
        after: keys of the recipe file to be set once it is done.
    """

    output: str
    command: list[str]
    recipe: str = ""
    report: bool = False
    state: State = "waiting"
    message: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What it is called among the jobs."""
        return f"{self.output} report" if self.report else self.output


class Jobs:
    """The queue.

    Args:
        changed: is called when a job begins, ends or makes progress, with its event's name.

    Attributes:
        current: the job at work; None: there is none.
        listed: by `Job.id`, in the order in which they were asked for.
    """

    def __init__(self, folder: Folder, changed: Callable[[str], None]) -> None:
        self._folder, self._changed = folder, changed
        self._file = folder.work / "jobs.json"
        self._process: asyncio.subprocess.Process | None = None
        self._woken = asyncio.Event()
        self.current: Job | None = None
        self.listed: dict[str, Job] = {}
        self._load()

    def put(self, job: Job) -> None:
        """Ask for a job; one of the same id is replaced."""
        self.listed.pop(job.id, None)
        self.listed[job.id] = job
        self._store()
        self._woken.set()

    def forget(self, output: str) -> None:
        """Take the jobs of an output off the list, which are not at work."""
        for number in [job.id for job in self.listed.values() if job.output == output]:
            self.listed.pop(number)
        self._store()

    @property
    def foreign(self) -> OnDisk | None:
        """A film of the list that another process renders; None: there is none."""
        for job in self.listed.values():
            film = OnDisk(self._folder.path / job.output)
            if job is not self.current and film.renderer is not None:
                return film
        return None

    @property
    def at_work(self) -> bool:
        """Whether a render is at work."""
        return self.current is not None or self.foreign is not None

    def stop(self, output: str) -> None:
        """Stop a job after the frame in work, or take it out of the queue."""
        job = self.listed.get(output)
        if job is not None and job is self.current:
            job.state = "stopping"
            if self._process is not None:  # else it is being started, and stopped then
                _tell_stop(self._process)
        elif (number := OnDisk(self._folder.path / output).renderer) is not None:
            os.kill(number, signal.SIGTERM)  # one of an earlier server; on Windows ended at once
        elif job is not None and job.state == "waiting":
            job.state = "stopped"
        self._store()

    async def work(self) -> None:
        """Carry out the queue, until cancelled."""
        while True:
            job = next((job for job in self.listed.values() if job.state == "waiting"), None)
            if job is None or self.foreign is not None:
                self._woken.clear()
                with suppress(TimeoutError):
                    # What an earlier server left at work is looked at from time to time.
                    await asyncio.wait_for(self._woken.wait(), 2 * POLL if self.foreign else None)
                    continue
                self._changed("films")
                continue
            await self._carry_out(job)

    async def close(self) -> None:
        """Stop the job at work after its frame, and wait for it."""
        if self.current is not None and self._process is not None:
            self.stop(self.current.output)
            await self._process.wait()
            self._end(self.current, self._process.returncode or 0)

    def log_of(self, job: Job) -> Path:
        """The file of a job's messages."""
        return derived(self._folder.work, job.id.replace("/", "-"), ".log")

    async def _carry_out(self, job: Job) -> None:
        job.state, job.message, self.current = "rendering", "", job
        self._store()
        try:
            code = await self._run(job)
        except OSError as error:
            code, job.message = 1, f"cannot be started: {error.strerror}"
        self._end(job, code)

    def _end(self, job: Job, code: int) -> None:
        if self.current is not job:
            return
        stopped = job.state == "stopping"
        self.current = self._process = None
        killed = f"was killed by signal {-code}; resume it" if code < 0 and not stopped else ""
        job.message = job.message or killed or (self._last_words(job) if code else "")
        job.state = "done" if code == 0 else "stopped" if stopped or code == 130 else "failed"
        if job.state == "done":
            self._amend(job)
        self._store()

    async def _run(self, job: Job) -> int:
        with self.log_of(job).open("wb") as messages:
            self._process = process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "dreamvid", *job.command),
                stdin=asyncio.subprocess.PIPE,
                stdout=messages,
                stderr=messages,
                cwd=self._folder.path,
                start_new_session=True,  # Ctrl-C at the prompt is the server's
            )
        if job.state == "stopping":
            _tell_stop(process)
        shown: Any = None
        while process.returncode is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), POLL)
            now = OnDisk(self._folder.path / job.output).progress
            if now != shown:
                shown = now
                self._changed("progress")
        return process.returncode

    def _last_words(self, job: Job) -> str:
        """The error that a job ended with, in the words of the prompt."""
        try:
            with self.log_of(job).open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - LAST))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        told = [line for line in lines if line.startswith("dreamvid: ")]
        return told[-1].removeprefix("dreamvid: ") if told else (lines or [""])[-1]

    def _amend(self, job: Job) -> None:
        """Set keys of the job's recipe file, whose film they are true of now."""
        if job.after and job.recipe:
            job.data = {**job.data, **job.after}
            job.after = {}
            path = self._folder.path / job.recipe
            with suppress(DreamvidError), atomic_write(path) as file:
                file.write(yaml_of(job.data).encode())

    def _load(self) -> None:
        try:
            stored = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return
        for each in stored if isinstance(stored, list) else ():
            with suppress(DreamvidError, TypeError, AttributeError, ValueError):
                job = self._checked(each)
                if job.state in ("rendering", "stopping"):  # the server ended meanwhile
                    job.state = "stopped"
                self.listed[job.id] = job

    def _checked(self, stored: dict[str, Any]) -> Job:
        """A stored job. The folder may be a stranger's: raises one of several errors where the job
        is none, or names a file outside the folder."""
        known = {each.name: each.default for each in fields(Job)}
        job = Job(**{key: value for key, value in stored.items() if key in known})
        words = [job.output, job.recipe, job.message, *job.command]
        kinds = isinstance(job.data, dict) and isinstance(job.after, dict)
        if not kinds or not all(isinstance(each, str) for each in words):
            raise TypeError
        if job.state not in get_args(State) or job.command[:1] not in COMMANDS:
            raise ValueError
        self._folder.writable(job.output)
        if job.recipe:
            self._folder.writable(job.recipe)
        for word in job.command[1:]:
            if word.startswith("-") and word not in WORDS:
                raise ValueError
            if word not in WORDS and not word.isdecimal():
                self._folder.readable(word)
        return job

    def _store(self) -> None:
        text = json.dumps([asdict(job) for job in self.listed.values()], indent=1)
        with suppress(DreamvidError), atomic_write(self._file) as file:
            file.write(text.encode())
        self._changed("films")


def _tell_stop(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    with suppress(ConnectionError, RuntimeError):
        process.stdin.write(b"stop\n")
