"""Joining the shots of a film that were rendered one by one into the film that one machine makes.

The run of the film is filled with the shots' segments and the last shot's checkpoint, as if it had
been interrupted after the last frame; `record` then finishes it, as it does any other.
"""

from __future__ import annotations

import os
import shutil

from dreamvid import notices
from dreamvid.checkpoint import Checkpoint
from dreamvid.errors import StateError
from dreamvid.frame import Frame
from dreamvid.machine import Machine
from dreamvid.media.durable import os_errors
from dreamvid.recipe import Recipe
from dreamvid.rendering.film_source import HEARD, heard_in
from dreamvid.rendering.manifest import Manifest
from dreamvid.rendering.output import output_of
from dreamvid.rendering.plan import Plan, plan
from dreamvid.rendering.run import (
    Run,
    done_frames,
    folder_of,
    load_checkpoint,
    prepare_run,
    unfinished_run,
)
from dreamvid.rendering.shot_runs import ShotRuns
from dreamvid.resolve import Job
from dreamvid.shot_list import ShotList, named
from dreamvid.shots import Shot
from dreamvid.task import AnyDreamer, DreamTask


def plan_join(recipe: Recipe, *, overwrite: bool = False) -> Plan:
    """Prepare the film of shots that are all done; `record` then joins them. No network is loaded.

    The shots stay where they are until the film is finished: `ShotRuns.remove`.

    Raises:
        DreamvidError: a shot is not done, or was made by another recipe; one line.
    """
    output = output_of(recipe)
    runs = ShotRuns(output)
    manifest = runs.manifest
    if manifest is None:
        raise StateError("none of its shots has been rendered: --shot 1 renders one", path=output)
    machine, known = manifest.machine, heard_in(runs.folder)
    planned = plan(recipe, overwrite=overwrite, load=_none, machine=machine, known=known)
    if unfinished_run(output) is None:
        assert planned.manifest is not None
        runs.require_same(planned.manifest)
        _fill(runs, runs.shots, manifest)
    elif done_frames(output) != runs.shots.frames:
        raise StateError(
            "an unfinished render of the whole film is there: finish it, or remove "
            f"{folder_of(output)}",
            path=output,
        )
    return planned


def _fill(runs: ShotRuns, listed: ShotList, manifest: Manifest) -> None:
    """Fill the film's run with its shots'. Raises StateError if one is missing."""
    missing = runs.missing(listed)
    if missing:
        raise StateError(
            f"of {len(listed.shots)} shots, not rendered yet: {named(missing)}; "
            f"--shot {missing[0]} renders one",
            path=runs.output,
        )
    for number, shot in enumerate(listed.shots, 1):
        own = Manifest.read(folder_of(runs.output_of(shot)) / "manifest.json")
        assert own is not None
        differing = own.differences(manifest)
        if differing:
            raise StateError(
                f"shot {number} was rendered with another recipe or input: "
                f"{', '.join(differing)}; remove "
                f"{runs.output_of(shot).parent} and render it again",
                path=runs.output,
            )
        for line in manifest.other_machine(own):
            notices.warn(
                f"{runs.output}: shot {number} was rendered with another {line}; its last bits may "
                "differ"
            )

    def fill(run: Run) -> Checkpoint:
        heard = runs.folder / HEARD
        if heard.exists():
            with os_errors(run.folder):
                shutil.copy2(heard, run.folder / HEARD)
        for shot in listed.shots:
            _take(Run(runs.output_of(shot)), run)
        return _checkpoint(runs, listed.shots[-1])

    prepare_run(runs.output, manifest, fill, anew=True)


def _take(shot: Run, film: Run) -> None:
    """Link the files of a shot's run into the film's; copy them where there are no links. Raises
    RunError."""
    for part in shot.parts:
        folder = film.folder / part.film.relative_to(shot.folder)
        with os_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for path in part.film.iterdir():
                try:
                    os.link(path, folder / path.name)
                except OSError:
                    shutil.copy2(path, folder / path.name)


def _checkpoint(runs: ShotRuns, last: Shot) -> Checkpoint:
    output = runs.output_of(last)
    checkpoint = load_checkpoint(folder_of(output) / "state.npz")
    if checkpoint is None or checkpoint.done != last.stop:
        raise StateError("its last shot has no checkpoint; render it again", path=runs.output)
    return checkpoint


class _None:
    """Stands in for a dreamer: all frames are dreamed."""

    def __call__(self, task: DreamTask, /) -> Frame:
        """Never called, but where the source has more frames than the shots."""
        raise StateError("the source has more frames than its shots; list them anew")


def _none(job: Job, machine: Machine) -> AnyDreamer:
    return _None()
