"""The error of a decoder that crashed or hung."""

from __future__ import annotations

import signal
from pathlib import Path

from dreamvid.errors import InputError


class DecoderError(InputError):
    """A decoder's process crashed, or hung and was ended; `reason` tells which."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}", path=path)
        self.reason = reason


def crash(status: int | None) -> str:
    """Why a decoder's process ended, by its exit status."""
    if status is not None and status < 0:
        known = -status in set(signal.Signals)
        name = signal.Signals(-status).name if known else f"signal {-status}"
        return f"the decoder crashed ({name}): a fault in OpenCV, FFmpeg or Pillow, and in the file"
    return f"the decoder ended with status {status}"


def hung(seconds: float) -> str:
    """What is said of a decoder that gave no answer."""
    return f"the decoder did not answer within {seconds:g} seconds"
