"""TensorFlow's import, its threads, its precision, and Keras's random numbers.

Importing it is the one thing here that the whole process notices: TensorFlow's own environment
variables for its log, `TF_CPP_MIN_LOG_LEVEL` and `GRPC_VERBOSITY`, are set where the user has not
set them. It reads them while it loads, so there is no other way.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from dreamvid import dreaming
from dreamvid.machine import Computed, cores

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

with dreaming.around_import():
    import keras
    import tensorflow as tf

__all__ = ["computed_in", "keras", "keras_seed", "set_threads", "tf"]

FLAGS = {"avx512_bf16", "amx_bf16"}
"""Linux's names of the processor's bfloat16 instructions; without them bfloat16 is slower than
float32, not faster."""


def computed_in(asked: Literal["auto"] | Computed, gains: bool = True) -> Computed:
    """The precision that a network computes in on this machine: bfloat16 where the machine
    multiplies it, as strongly and faster.

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
    """The processor's feature flags; none where the system does not list them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return set()
    found = next((line for line in lines if line.startswith("flags")), "")
    return set(found.partition(":")[2].split())


def set_threads(threads: int) -> int:
    """Let TensorFlow compute with so many threads, if it has not started computing yet.

    The rounding of sums depends on it, so a resumed render takes as many as it began with.

    Returns:
        How many it computes with.
    """
    with contextlib.suppress(RuntimeError):  # it has started: the number is fixed for the process
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    return tf.config.threading.get_intra_op_parallelism_threads() or cores()


_SEEDING = threading.Lock()


@contextlib.contextmanager
def keras_seed(seed: int = 0) -> Iterator[None]:
    """Let Keras draw the same random weights in every process.

    Its initialisers take their seeds from Python's global generator; NumPy's is put back too, for
    what a network's own builder may do. Afterwards both are as they were.
    """
    with _SEEDING:
        python, numpy = random.getstate(), np.random.get_state()
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
