"""What a machine computes a render with: chosen once, and kept where the render goes on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

Computed = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Means:
    """What the recipe leaves to the machine, and a film's last bits hang on.

    Attributes:
        threads: that the network computes with; another count rounds otherwise.
        precision: what the network computes in; None: not chosen yet, or nothing is computed.
    """

    threads: int
    precision: Computed | None = None

    @classmethod
    def here(cls) -> Means:
        """Those of this process, the precision to be chosen when the network is loaded."""
        return cls(cores())


def cores() -> int:
    """How many the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
