"""The rooms that import TensorFlow: networks, objective, ascent."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what TensorFlow's libraries print while they load off standard error.

    They write to the descriptor itself, before any setting of theirs is heard. If loading fails,
    what was said is said after all. What they would say later is not for the user either: their
    errors come as exceptions.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    sys.stderr.flush()
    spare = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except Exception:
            os.dup2(spare, 2)
            said.seek(0)
            os.write(2, said.read())
            raise
        finally:
            os.dup2(spare, 2)
            os.close(spare)


def pinned(threads: int) -> None:
    """Let TensorFlow compute with so many threads, if it has not begun; else all cores do.

    How sums are rounded hangs on it: a render that is gone on with takes as many as it began with.
    """
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(threads)
