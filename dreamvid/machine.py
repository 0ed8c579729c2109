"""Threads, memory, tile size and precision of this machine.

They are fixed when a render starts, so that a resumed render is identical to the bit.
"""

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
"""Bytes of memory per pixel of a tile, context included, for a gradient in float32. Measured: some
570 with `lite0`, 700 with InceptionV3, 1831 with DenseNet121, the most; in bfloat16 some 60 % of
that."""


@dataclass(frozen=True)
class Machine:
    """Values that the recipe leaves to the machine and that affect a film's last bits.

    Attributes:
        threads: number of threads of the network; another number rounds sums differently.
        tile: the largest tile (px).
        precision: the network's number format; auto: chosen when it is loaded.
    """

    threads: int
    tile: int = TILES[0]
    precision: Literal["auto"] | Computed = "auto"

    @classmethod
    def here(cls) -> Machine:
        """The values for this process on this machine."""
        return cls(cores(), fitting(available()))


def fitting(memory: float | None) -> int:
    """The largest tile (px) whose gradient takes at most half of `memory` (bytes).

    The smallest of `TILES` where none does, the largest where `memory` is None (unknown).
    """
    for tile in TILES[:-1]:
        if memory is None or TILE_PIXEL * (tile + 64) ** 2 <= memory / 2:
            return tile
    return TILES[-1]


def cores() -> int:
    """The number of cores that the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


VECTORS = ("amx_bf16", "avx512_bf16", "avx512f", "avx2", "avx")
"""Linux's flags of a processor's instructions, by which networks round sums in other ways."""


def processor() -> str:
    """The kind of processor: the best of its instructions of `VECTORS`; "unknown" where the system
    does not list them."""
    return next((flag for flag in VECTORS if flag in processor_flags()), "unknown")


def processor_flags() -> set[str]:
    """The processor's feature flags; empty where the system does not list them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return set()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return set(flags.partition(":")[2].split())


def taken() -> float:
    """Peak memory of the process so far (bytes); 0 where the system does not report it."""
    with contextlib.suppress(ImportError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else peak * 1024)  # bytes on macOS, else KiB
    return 0.0


def memory() -> float:
    """Memory that the process takes now (bytes), by Linux's /proc; 0 where that is not known."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return float(pages * os.sysconf("SC_PAGE_SIZE"))
    return 0.0


def available() -> float | None:
    """Memory available without swapping (bytes), within the limits of the container and of the
    process; None where the system does not report it."""
    bounds = [_free_memory(), _cgroup_memory(), _ulimit_memory()]
    return min((bound for bound in bounds if bound is not None), default=None)


def _free_memory() -> float | None:
    """Free memory of the system (bytes), by Linux's /proc/meminfo."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
    return None


def _cgroup_memory() -> float | None:
    """Memory left within the container's limit (bytes), by Linux's cgroup v2; None where no limit
    is set: the file then contains "max", which is no number."""
    with contextlib.suppress(OSError, ValueError):
        limit, used = (
            float(Path("/sys/fs/cgroup", name).read_text(encoding="ascii"))
            for name in ("memory.max", "memory.current")
        )
        return max(0.0, limit - used)
    return None


def _ulimit_memory() -> float | None:
    """Memory left within `ulimit -v` (bytes), which limits address space: what the process has
    reserved so far counts as used."""
    with contextlib.suppress(ImportError, OSError, ValueError, IndexError):
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            return max(0.0, float(limit - pages * resource.getpagesize()))
    return None
