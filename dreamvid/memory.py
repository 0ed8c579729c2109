"""How much memory there is, and how much was taken."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path


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
