"""The table of commands. Each is imported only when it runs, so that `--help` is fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Run = Callable[[str, str, Sequence[str]], int]
"""Runs a command: takes its name, its summary and the arguments after the name; returns the exit
status."""


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        summary: one line for the help.
        load: imports the function that runs it.
    """

    summary: str
    load: Callable[[], Run]


def _dream() -> Run:
    from dreamvid.cli.render import dream_command

    return dream_command


def _render() -> Run:
    from dreamvid.cli.render import render_command

    return render_command


def _continue() -> Run:
    from dreamvid.cli.render import continue_command

    return continue_command


def _recipe() -> Run:
    from dreamvid.cli.recipes import recipe_command

    return recipe_command


def _layers() -> Run:
    from dreamvid.cli.inspect import layers_command

    return layers_command


def _atlas() -> Run:
    from dreamvid.cli.atlas import atlas_command

    return atlas_command


def _report() -> Run:
    from dreamvid.cli.inspect import report_command

    return report_command


def _shots() -> Run:
    from dreamvid.cli.shots import shots_command

    return shots_command


def _join() -> Run:
    from dreamvid.cli.render import join_command

    return join_command


def _farm() -> Run:
    from dreamvid.cli.farm import farm_command

    return farm_command


def _studio() -> Run:
    from dreamvid.cli.studio import studio_command

    return studio_command


COMMANDS = {
    "zoom": Command("An endless zoom into a picture: dreamvid zoom seed.jpg --frames 50", _dream),
    "video": Command("Dream a clip, or several: dreamvid video clip.mp4", _dream),
    "image": Command("Dream one still: dreamvid image picture.jpg", _dream),
    "render": Command("Render recipes, one after another: dreamvid render night.yaml", _render),
    "continue": Command(
        "Make a finished film longer, or branch it: dreamvid continue dream.mp4", _continue
    ),
    "shots": Command("List a clip's shots: dreamvid shots clip.mp4 --edl", _shots),
    "join": Command(
        "Make the film of shots that were rendered apart: dreamvid join night.yaml", _join
    ),
    "farm": Command("Films on many machines: dreamvid farm night.yaml --as commands", _farm),
    "recipe": Command(
        "List presets, look at a recipe: dreamvid recipe list|show|plot|schema", _recipe
    ),
    "layers": Command(
        "List networks, or a network's layers: dreamvid layers --network lite0", _layers
    ),
    "atlas": Command(
        "Sheets of what layers, channels or classes dream: dreamvid atlas --layers heads", _atlas
    ),
    "report": Command(
        "Measure how steady a dreamed film is: dreamvid report dream.mp4 --source clip.mp4", _report
    ),
    "studio": Command(
        "A page in the browser, to look, choose and render: dreamvid studio films/", _studio
    ),
}
