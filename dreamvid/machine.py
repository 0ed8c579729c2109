"""The machine: its threads, memory, and precision, fixed at a render's start so that a resumed one
is the same to the bit."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Computed = Literal["float32", "bfloat16"]

TILES = (1280, 1024, 768, 512, 384, 256, 192)
TILE_PIXEL = 2000
"""Bytes a pixel of a tile, context included, that a gradient takes in float32: some 570 with
`lite0`, 700 with InceptionV3, 1831 with DenseNet121, the most; in bfloat16 some 60 % of that."""


@dataclass(frozen=True)
class Machine:
    """What the recipe leaves to the machine, and a film's last bits depend on.

    Attributes:
        threads: that the network computes with; another count rounds otherwise.
        tile: the largest tile (px).
        precision: what the network computes in; auto: chosen when it is loaded.
    """

    threads: int
    tile: int = TILES[0]
    precision: Literal["auto"] | Computed = "auto"

    @classmethod
    def here(cls) -> Machine:
        """This process's."""
        return cls(cores(), fitting(available()))


def fitting(memory: float | None) -> int:
    """The largest tile (px) of which the gradient takes half of `memory` (bytes) at most."""
    for tile in TILES[:-1]:
        if memory is None or TILE_PIXEL * (tile + 64) ** 2 <= memory / 2:
            return tile
    return TILES[-1]


def cores() -> int:
    """How many the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def taken() -> float:
    """Bytes, the most that the process has taken so far; 0 where the system does not tell."""
    with contextlib.suppress(ImportError):
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(most if sys.platform == "darwin" else most * 1024)
    return 0.0


def available() -> float | None:
    """Bytes that can be had without swapping, within what a container allows and a limit set for
    the process; None where the system does not tell."""
    found = [_free(), _contained(), _limited()]
    return min((one for one in found if one is not None), default=None)


def _free() -> float | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return None


def _contained() -> float | None:
    """By the second version of Linux's control groups; where none is set, its file says "max"."""
    with contextlib.suppress(OSError, ValueError):
        most, used = (
            float(Path("/sys/fs/cgroup", name).read_text(encoding="ascii"))
            for name in ("memory.max", "memory.current")
        )
        return max(0.0, most - used)
    return None


def _limited() -> float | None:
    """By `ulimit -v`, which counts addresses: what is reserved by now is gone."""
    with contextlib.suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            return max(0.0, float(most - pages * resource.getpagesize()))
    return None
