"""A job template of the Open Job Description, for Deadline Cloud and others that read it.

Open Job Description, template schemas 2023-09: a step for a film's shots, a task each, and one that
joins them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dreamvid.farm.units import Film

VERSION = "jobtemplate-2023-09"

MOST_NAME = 64
"""Characters of a step's name."""

FOLDER = "{{Param.Folder}}"
"""The folder below which all files lie, which a farm may map to another on its workers."""


def template(films: Sequence[Film], name: str, folder: Path) -> str:
    """The job of some films as JSON.

    Args:
        folder: below which their files lie; paths in it are named by the job's parameter `Folder`.
    """
    steps = [step for number, film in enumerate(films, 1) for step in _steps(film, number, folder)]
    parameter = {
        "name": "Folder",
        "type": "PATH",
        "objectType": "DIRECTORY",
        "dataFlow": "INOUT",
        "default": str(folder),
        "description": "The folder with recipes, sources and films, which all workers see.",
    }
    job = {
        "specificationVersion": VERSION,
        "name": name[:MOST_NAME],
        "parameterDefinitions": [parameter],
        "steps": steps,
    }
    return json.dumps(job, indent=1, ensure_ascii=False) + "\n"


def _steps(film: Film, number: int, folder: Path) -> Iterator[dict[str, Any]]:
    words = [*(_mapped(word, folder) for word in film.words), "--progress", "openjd"]
    title = re.sub(r"[^\w .=-]", "-", film.output.stem)[: MOST_NAME - 16]
    render = f"{number} {title}"
    if len(film.shots.shots) == 1:
        yield _step(render, ["render", *words])
        return
    shots = {"name": "Shot", "type": "INT", "range": f"1-{len(film.shots.shots)}"}
    yield _step(
        f"{render} shots",
        ["render", *words, "--shot", "{{Task.Param.Shot}}"],
        parameterSpace={"taskParameterDefinitions": [shots]},
    )
    after = [{"dependsOn": f"{render} shots"}]
    yield _step(f"{render} join", ["join", *words], dependencies=after)


def _step(name: str, words: list[str], **more: Any) -> dict[str, Any]:
    run = {"command": "dreamvid", "args": words}
    return {"name": name, **more, "script": {"actions": {"onRun": run}}}


def _mapped(word: str, folder: Path) -> str:
    """A word, its path within the folder by the job's parameter; other braces are kept as they
    are, which no template may have."""
    prefix = f"{folder}/"
    option, equals, value = word.partition("=")
    if word.startswith(prefix):
        return f"{FOLDER}/{word.removeprefix(prefix)}"
    if equals and value.startswith(prefix):
        return f"{option}={FOLDER}/{value.removeprefix(prefix)}"
    return word
