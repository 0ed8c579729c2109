"""dreamvid with a dreamer that needs no network, which may kill itself: for test_survival.

python -m tests.survivor N WORDS…    SIGKILL at the N-th change of the disk; 0: never; under 0: the
                                     disk is full from the -N-th on
python -m tests.survivor             the same in forks of this process, one for each line of JSON on
                                     standard input (`tests.forks.ForkServer` is who writes them)
"""

from __future__ import annotations

import atexit
import errno
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid.cli import main
from dreamvid.frame import Frame, Fresh
from dreamvid.media import durable, ffmpeg
from dreamvid.media.opencv import cv2
from dreamvid.rendering import plan as render
from tests import forks
from tests.fakes import dreaming

SEGMENT = 4


@dreaming
def dream(canvas: Frame, t: int, bare: Fresh) -> Frame:
    """A pattern of the frame's own over what is softened: each frame hangs on all before it."""
    rng = np.random.default_rng([t, 3])
    pattern = cv2.GaussianBlur(rng.random(canvas.shape, np.float32), (0, 0), 1.5) - 0.5
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.4)
    return np.asarray(soft + 60 * pattern * (0.3 + bare[..., None]))


def fault_at(last: int) -> None:
    """Count what changes the disk, before and after it is done, and die at the `last`, or fail."""
    count = 0

    def counted(real: Any) -> Any:
        def run(*args: Any, **rest: Any) -> Any:
            tick()
            found = real(*args, **rest)
            tick()
            return found

        return run

    def tick() -> None:
        nonlocal count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        if last < 0 and count >= -last:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    durable.sync = counted(durable.sync)
    Path.replace = counted(Path.replace)  # type: ignore[method-assign]
    if last >= 0:  # a full disk lets files go
        Path.unlink = counted(Path.unlink)  # type: ignore[method-assign]
    Path.mkdir = counted(Path.mkdir)  # type: ignore[method-assign]
    ffmpeg.run = counted(ffmpeg.run)
    atexit.register(lambda: print("changes", count, file=sys.stderr))


def run(last: int, words: list[str]) -> int:
    """dreamvid's exit status."""
    fault_at(last)
    return main(words)


if __name__ == "__main__":
    render.make_dreamer = lambda *_: dream  # type: ignore[attr-defined]
    render.SEGMENT = SEGMENT  # before others import it
    if sys.argv[1:]:
        sys.exit(run(int(sys.argv[1]), sys.argv[2:]))
    forks.import_all()
    for words in forks.served():  # in a fork: once
        sys.exit(run(int(words[0]), words[1:]))
