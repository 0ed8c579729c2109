"""A job template of the Open Job Description, for Deadline Cloud and others that read it.

Open Job Description, template schemas 2023-09: a step for each film, with a task for each shot. The
task that finishes the last shot joins them, so that no step waits for another.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dreamvid.farm.units import Film

VERSION = "jobtemplate-2023-09"

MOST_NAME = 64
"""Characters of a step's name."""

FOLDER = "{{Param.Folder}}"
"""The folder below which all files lie, which a farm may map to another on its workers."""


def template(films: Sequence[Film], name: str, folder: Path, beside: Path) -> str:
    """The job of some films as JSON.

    Args:
        folder: below which their files lie; paths in it are named by the job's parameter `Folder`.
        beside: the folder of the template, to which the parameter's default is relative.
    """
    steps = [_step(film, number, folder) for number, film in enumerate(films, 1)]
    parameter = {
        "name": "Folder",
        "type": "PATH",
        "objectType": "DIRECTORY",
        "dataFlow": "INOUT",
        "default": os.path.relpath(folder, beside),
        "description": "The folder with recipes, sources and films, which all workers see.",
    }
    job = {
        "specificationVersion": VERSION,
        "name": name[:MOST_NAME],
        "parameterDefinitions": [parameter],
        "steps": steps,
    }
    return json.dumps(job, indent=1, ensure_ascii=False) + "\n"


def _step(film: Film, number: int, folder: Path) -> dict[str, Any]:
    """The step of a film."""
    words = ["render", *(_mapped(word, folder) for word in film.words), "--progress", "openjd"]
    title = re.sub(r"[^\w .=-]", "-", f"{number} {film.output.stem}")[:MOST_NAME]
    tasks: dict[str, Any] = {}
    if film.recipe.is_film:
        words += ["--shot", "{{Task.Param.Shot}}", "--join"]
        shots = {"name": "Shot", "type": "INT", "range": f"1-{len(film.shots.shots)}"}
        tasks = {"parameterSpace": {"taskParameterDefinitions": [shots]}}
    run = {"command": "dreamvid", "args": words}
    return {"name": title, **tasks, "script": {"actions": {"onRun": run}}}


def _mapped(word: str, folder: Path) -> str:
    """A word, with a path within the folder named by the job's parameter."""
    prefix = f"{folder}/"
    option, equals, value = word.partition("=")
    if word.startswith(prefix):
        return f"{FOLDER}/{word.removeprefix(prefix)}"
    if equals and value.startswith(prefix):
        return f"{option}={FOLDER}/{value.removeprefix(prefix)}"
    return word
