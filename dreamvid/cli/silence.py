"""Silencing standard error while TensorFlow loads, for the command line's process only."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced() -> Iterator[None]:
    """Suppress messages that libraries print to standard error while they load.

    TensorFlow writes to the file descriptor before it reads any log setting. If loading fails, the
    captured messages are printed. Output of other threads in the meantime is lost, so a library
    must not do this.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except Exception:
            os.dup2(saved, 2)
            captured.seek(0)
            os.write(2, captured.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
