"""A list of commands, one a line: for GNU parallel, OpenCue's `cuecmd`, Flamenco, job arrays."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from dreamvid.farm.units import Film


def command_lines(films: Sequence[Film]) -> Iterator[str]:
    """A command for each shot, in any order and on any machine that sees the same files. The one
    that finishes a film's last shot joins them, so that nothing needs to wait."""
    for film in films:
        for unit in film.units:
            yield shlex.join(["dreamvid", "render", *unit.words, *PROGRESS])


PROGRESS = ("--progress", "lines")
"""A line a frame, as farms read it."""
