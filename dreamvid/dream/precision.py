"""What a network computes in: bfloat16 where the machine multiplies it, as strongly and faster."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tensorflow as tf

from dreamvid.machine import Computed

FLAGS = {"avx512_bf16", "amx_bf16"}
"""What Linux calls the instructions; without them bfloat16 is slower than float32, not faster."""


def computed_in(asked: Literal["auto"] | Computed, gains: bool = True) -> Computed:
    """What is computed in on this machine.

    Args:
        asked: by the recipe.
        gains: whether the network is known to be faster in bfloat16 where the machine has it.
    """
    if asked != "auto":
        return asked
    if not gains:
        return "float32"
    native = bool(FLAGS & _flags()) or bool(tf.config.list_physical_devices("GPU"))
    return "bfloat16" if native else "float32"


def _flags() -> set[str]:
    """What the processor says it can do; nothing where the system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return set()
    told = next((line for line in lines if line.startswith("flags")), "")
    return set(told.partition(":")[2].split())
