"""The films of the folder as the page lists them, and what can be done with each."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dreamvid.errors import DreamvidError, OutputError, RecipeError
from dreamvid.machine import cores
from dreamvid.media.codecs.table import carries_recipe
from dreamvid.media.durable import atomic_write
from dreamvid.media.frame_names import is_pattern
from dreamvid.names import derived
from dreamvid.recipe import FilmRecipe, Recipe
from dreamvid.recipe.at_frame import schedules
from dreamvid.recipe.dump import yaml_of
from dreamvid.rendering.output import output_of
from dreamvid.rendering.run import done_frames
from dreamvid.studio.films import OnDisk, outputs_in
from dreamvid.studio.folder import Folder
from dreamvid.studio.jobs import Job, Jobs
from dreamvid.studio.recipes import Data, Recipes

CONTROL = "--control"
"""The option by which a job is stopped over its standard input."""


class Shelf:
    """The films."""

    def __init__(self, folder: Folder, recipes: Recipes, jobs: Jobs) -> None:
        self._folder, self._recipes, self._jobs = folder, recipes, jobs
        for job in list(jobs.listed.values()):
            if job.state == "waiting" and not job.report:
                self._ask_again(job)

    def told(self) -> Data:
        """All films and the machine; see `/api/events`."""
        free = shutil.disk_usage(self._folder.path).free
        films = [self.film(output) for output in self._outputs()]
        return {"films": films, "disk_free": free, "device": f"{cores()} processor threads"}

    def progress(self) -> Data | None:
        """The film at work; None: there is none."""
        if self._jobs.current is not None:
            return self.film(self._jobs.current.output)
        foreign = self._jobs.foreign
        return self.film(self._folder.named(foreign.output)) if foreign else None

    def film(self, name: str) -> Data:
        """A film as the page shows it."""
        disk, job = OnDisk(self._folder.path / name), self._jobs.listed.get(name)
        progress, state = disk.progress, self._state(disk, job)
        shown, address = disk.shown, f"/api/films/{quote(name, safe='')}"
        stamp = shown.stat().st_mtime_ns if shown and shown.exists() else 0
        report = self.report_of(name)
        works, done = state in ("rendering", "stopping"), progress.get("frames_done", 0)
        watched = shown is not None and shown.is_file() and not works
        codec = (job.data.get("encode") or {}).get("codec") if job else None
        return {
            "id": name,
            "state": state,
            "frames_done": done,
            "frames": progress.get("frames"),
            "seconds_a_frame": progress.get("seconds_a_frame"),
            "seconds_left": progress.get("seconds_left") if works and done else None,
            "message": self._message(progress, job, state),
            "bytes": disk.size if not works else 0,
            "film": f"{address}/film?v={stamp}" if watched else None,
            "playable": bool(watched and disk.is_played(codec)),
            "live": f"{address}/frame.jpg?v=1" if works and done else None,
            "poster": f"{address}/poster.jpg?v={stamp}" if watched else None,
            "report": f"{address}/report.png?v={report.stat().st_mtime_ns}"
            if report.exists()
            else None,
            "can": list(self._can(disk, job, state)),
            "kind": job.data.get("kind") if job else None,
        }

    def report_of(self, name: str) -> Path:
        """The file of a film's plot."""
        return derived(self._folder.work, name.replace("/", "-"), "-report", ".png")

    def render(self, data: Mapping[str, Any]) -> str:
        """Ask for the film of a recipe; returns its id. Raises RecipeError, OutputError."""
        recipe = self._recipes.read(data)
        if not recipe.source:
            raise RecipeError("name the picture or clip to dream on", key="source")
        output = self._new_output(recipe)
        name = self._folder.named(output)
        file = self._new_recipe(output.stem if not is_pattern(output) else output.parent.name)
        whole = {**data, "kind": recipe.kind, "output": name}
        self._put(Job(name, ["render", f"./{file}", CONTROL], file, data=whole))
        return name

    def resume(self, name: str, *words: str) -> None:
        """Go on with a film that was stopped or failed; or render it anew."""
        job = self._job(name)
        self._confine(job)
        if job.recipe and not job.after:  # else a film is being made longer
            job.command = ["render", f"./{job.recipe}", *words, CONTROL]
        self._refuse_at_work(name)
        job.state, job.message = "waiting", ""
        self._put(job)

    def finish(self, name: str) -> None:
        """Make the film of the frames that there are. Raises RecipeError where it would be another
        film."""
        job, done = self._job(name), done_frames(self._folder.path / name)
        recipe = self._recipes.read(job.data)
        closes = isinstance(recipe, FilmRecipe) and recipe.loop
        if closes or any(schedule.uses_length for _, schedule in schedules(recipe)):
            raise RecipeError(
                "it closes, or has schedules that use its length, and would be another film if it "
                "were shorter; its partial film stays"
            )
        job.data = {**job.data, "frames": done}
        self.resume(name)

    def extend(self, name: str, frames: int, start: int | None, changes: Data | None) -> str:
        """Make a finished film longer, or branch another from it; returns that one's id.

        Args:
            frames: how many more.
            start: after how many frames to branch; None: at the end, and the film itself grows.
            changes: of the recipe for the new frames.
        """
        old, path = self._jobs.listed.get(name), self._folder.path / name
        self._refuse_at_work(name)
        self._recipes.read(self.recipe(name)["data"])  # a stranger's film may name any file
        words = ["continue", f"./{name}", "--frames", str(frames), CONTROL]
        if start is None and not changes:
            before = OnDisk(path).progress.get("frames_done", 0)
            after = {"frames": before + frames}
            recipe, data = (old.recipe, old.data) if old else ("", {})
            self._put(Job(name, words, recipe, data=data, after=after), write=False)
            return name
        output = self._free(derived(path.parent, path.stem, f"-{start or 'on'}", path.suffix))
        branch = self._folder.named(output)
        words += ["-o", f"./{branch}", *(["--from", str(start)] if start else [])]
        if changes:
            self._recipes.read({"kind": changes.get("kind", "zoom"), **changes})
            # In the folder itself, from which its paths are meant.
            file = derived(self._folder.path, Path(branch).stem, "-changes", ".yaml")
            kept = {k: v for k, v in changes.items() if k not in ("source", "frames", "output")}
            with atomic_write(file) as written:
                written.write(yaml_of(kept).encode())
            words += ["--recipe", f"./{self._folder.named(file)}"]
        self._put(Job(branch, words), write=False)
        return branch

    def measure(self, name: str) -> None:
        """Ask for a film's report."""
        job = self._job(name)
        source = self._recipes.read(job.data).source
        plot = self._folder.named(self.report_of(name))
        words = ["report", f"./{name}", "--plot", f"./{plot}", "--overwrite"]
        words += ["--source", str(source[0])] if source else []
        self._put(Job(name, words, report=True), write=False)

    def forget(self, name: str) -> None:
        """Take a film off the list, and remove its run; the film itself stays."""
        self._refuse_at_work(name)
        self._folder.writable(name)
        disk = OnDisk(self._folder.path / name)
        self._jobs.forget(name)
        shutil.rmtree(disk.run, ignore_errors=True)
        self.report_of(name).unlink(missing_ok=True)

    def recipe(self, name: str) -> Data:
        """A film's recipe as the page had it, or as the film carries it."""
        job = self._jobs.listed.get(name)
        if job and job.data:
            return {"data": job.data, "yaml": yaml_of(job.data)}
        from dreamvid.rendering.extend import default_extension

        data = default_extension(self._folder.path / name).model_dump(
            mode="json", exclude_defaults=True
        )
        sources = data.get("source", ())
        named = [
            self._folder.named(Path(each))
            for each in ([sources] if isinstance(sources, str) else sources)
        ]
        data = {"kind": "zoom", **data, "source": named[0] if len(named) == 1 else named}
        return {"data": data, "yaml": yaml_of(data)}

    def _outputs(self) -> Iterator[str]:
        """The films, the newest job first."""
        listed = [job.output for job in self._jobs.listed.values() if not job.report]
        yield from reversed(listed)
        for output in outputs_in(self._folder.path):
            name = self._folder.named(output)
            if name not in listed:
                yield name

    def _state(self, disk: OnDisk, job: Job | None) -> str:
        if job is not None and job.state in ("waiting", "rendering", "stopping"):
            return job.state
        if disk.renderer is not None:
            return "rendering"
        if disk.is_unfinished:
            failed = disk.progress.get("status") == "failed" or (job and job.state == "failed")
            return "failed" if failed else "stopped"
        if disk.output.exists() and not (job and job.state == "failed"):
            return "done"
        return job.state if job else "stopped"

    def _message(self, progress: Data, job: Job | None, state: str) -> str:
        if state in ("stopped", "failed"):
            return str((job.message if job else "") or progress.get("error") or "")
        measured = self._jobs.listed.get(f"{job.output} report") if job else None
        return measured.message if measured else ""

    def _can(self, disk: OnDisk, job: Job | None, state: str) -> Iterator[str]:
        if state in ("waiting", "rendering", "stopping"):
            yield "stop"
        if state in ("stopped", "failed") and job is not None:
            yield "resume"
            if disk.is_unfinished and job.recipe:
                yield "finish"
        if state == "done":
            if carries_recipe(disk.output):
                yield "continue"
            if job is not None and job.recipe:
                yield "again"
                if job.data.get("kind") == "video":  # a report compares a film with its clip
                    yield "report"
        carried = disk.output.exists() and carries_recipe(disk.output)
        if (job is not None and job.data) or carried:
            yield "recipe"
        if state not in ("rendering", "stopping"):
            yield "forget"

    def _ask_again(self, job: Job) -> None:
        """Let a job of an earlier server wait on, if its recipe still holds."""
        try:
            self.resume(job.output, *(word for word in job.command if word == "--overwrite"))
        except DreamvidError as error:
            job.state, job.message = "failed", str(error)

    def _confine(self, job: Job) -> None:
        """Raise RecipeError where a job would use a file outside the folder."""
        film = (
            job.data or self.recipe(self._folder.named(self._folder.path / job.command[1]))["data"]
        )
        self._recipes.read(film)
        if "--recipe" in job.command:
            changes = job.command[job.command.index("--recipe") + 1]
            self._recipes.read({"kind": film["kind"], "extends": changes})

    def _job(self, name: str) -> Job:
        job = self._jobs.listed.get(name)
        if job is None:
            raise RecipeError(f"{name}: was not made here")
        return job

    def _refuse_at_work(self, name: str) -> None:
        job = self._jobs.listed.get(name)
        at_work = job is not None and job is self._jobs.current
        if at_work or OnDisk(self._folder.path / name).renderer is not None:
            raise OutputError("another dreamvid is rendering it", path=name)

    def _put(self, job: Job, *, write: bool = True) -> None:
        if write and job.recipe:
            with atomic_write(self._folder.path / job.recipe) as file:
                file.write(yaml_of(job.data).encode())
        self._jobs.put(job)

    def _new_output(self, recipe: Recipe) -> Path:
        """Where a recipe's film goes: where it says, or under a name that is free."""
        if recipe.output is not None:
            return self._folder.writable(recipe.output)
        return self._free(self._folder.path / output_of(recipe).name)

    def _free(self, output: Path) -> Path:
        def is_free(path: Path) -> bool:
            name = self._folder.named(path)
            taken = path.exists() or path.with_suffix(".yaml").exists() or OnDisk(path).run.exists()
            return not taken and name not in self._jobs.listed

        numbered = (
            output if n == 1 else derived(output.parent, output.stem, f"-{n}", output.suffix)
            for n in range(1, 10_000)
        )
        return next(filter(is_free, numbered))

    def _new_recipe(self, stem: str) -> str:
        """The name of the recipe file of a film; another recipe's file is not replaced."""
        path = derived(self._folder.path, stem, "", ".yaml")
        own = {job.recipe for job in self._jobs.listed.values()}
        if path.exists() and path.name not in own:
            path = self._free(path.with_suffix(".yaml"))
        return path.name
