"""TensorFlow's import, number of threads and precision, and Keras's random seed.

The import changes the environment of the process: TensorFlow's variables for its log,
`TF_CPP_MIN_LOG_LEVEL` and `GRPC_VERBOSITY`, are set where the user has not set them. TensorFlow
reads them while it loads, so there is no other way.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
from collections.abc import Iterator
from typing import Literal

import numpy as np

from dreamvid import dreaming
from dreamvid.machine import Computed, cores, processor_flags

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

_state = random.getstate()  # something that Keras imports draws from it
with dreaming.around_import():
    import keras
    import tensorflow as tf
random.setstate(_state)

__all__ = ["computed_in", "gpus", "keras", "keras_seed", "set_threads", "tf"]

FLAGS = {"avx512_bf16", "amx_bf16"}
"""Linux's flags of a processor with bfloat16 instructions; without them bfloat16 is slower than
float32."""


def computed_in(requested: Literal["auto"] | Computed, gains: bool = True) -> Computed:
    """The precision that a network computes in on this machine. For auto that is bfloat16 where the
    hardware multiplies it: it is faster, and dreams are as strong.

    Args:
        requested: the recipe's precision.
        gains: whether the network is known to be faster in bfloat16 on such hardware.
    """
    if requested != "auto":
        return requested
    if not gains:
        return "float32"
    native = bool(FLAGS & processor_flags()) or bool(tf.config.list_physical_devices("GPU"))
    return "bfloat16" if native else "float32"


def set_threads(threads: int) -> int:
    """Set TensorFlow's number of threads, if it has not started computing yet.

    The rounding of sums depends on that number, so a resumed render uses the one it started with.

    Returns:
        The number of threads in use.
    """
    with contextlib.suppress(RuntimeError):  # it has started: the number can no longer change
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    return tf.config.threading.get_intra_op_parallelism_threads() or cores()


def gpus() -> int:
    """How many graphics cards TensorFlow computes on."""
    return len(tf.config.list_physical_devices("GPU"))


_SEEDING = threading.Lock()


@contextlib.contextmanager
def keras_seed(seed: int = 0) -> Iterator[None]:
    """Within it, Keras draws the same random weights in every process.

    Keras's initialisers take their seeds from Python's global generator. NumPy's is seeded too, in
    case a network's builder uses it. Both are restored afterwards.
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
