"""What the ffmpeg that is there can do: its encoders and filters, asked once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from dreamvid.media import ffmpeg


def missing(needs: Sequence[str]) -> list[str]:
    """The encoders and filters among `needs` that this ffmpeg lacks. Raises RunError if it cannot
    be run."""
    return sorted(set(needs) - _listed(ffmpeg.executable())) if needs else []


LISTS = ("-encoders", "-filters")


@cache
def _listed(executable: str) -> frozenset[str]:
    """The names of its encoders and filters."""
    lists = [ffmpeg.run([what], timeout=ffmpeg.PROBE_SECONDS)[0] for what in LISTS]
    return frozenset(re.findall(r"^ [A-Z.]{2,6} (\w+) ", "\n".join(lists), re.MULTILINE))
