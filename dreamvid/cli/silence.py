"""Standard error, silenced while TensorFlow loads: for the command line's process alone."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced() -> Iterator[None]:
    """Keep what libraries print while they load off standard error.

    TensorFlow's write to the file descriptor itself, before any setting of theirs is read. If
    loading fails, what they wrote is written after all. What other threads write in the meantime is
    lost, so this is only for a program that has none: never for the library.
    """
    sys.stderr.flush()
    spare = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except Exception:
            os.dup2(spare, 2)
            captured.seek(0)
            os.write(2, captured.read())
            raise
        finally:
            os.dup2(spare, 2)
            os.close(spare)
