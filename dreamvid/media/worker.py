"""The process that decodes stills, so that no crash, hang or memory bomb reaches the render.

`decoder` starts it and sends requests to its standard input, one line of JSON each. It answers on
its standard output: the length of a JSON text in 4 bytes, the text, and the bytes of a picture if
the text announces one. It cannot write files, its memory is limited, and it ends when idle.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dreamvid.errors import DreamvidError
from dreamvid.limits import DECODER_BYTES
from dreamvid.media.opencv import cv2
from dreamvid.media.samples import Pixels

IDLE_SECONDS = 30.0
"""Idle time after which it ends; `decoder` does not reuse it that late."""

Answer = tuple[dict[str, Any], Pixels | None]


class Worker:
    """The requests that can be made."""

    def still(self, path: Path) -> Answer:
        """The samples of a still; `notes`, what is to be told of them; and `hdr`, the code points
        of HDR that they have, if any."""
        from dreamvid.media.stills import decode_still

        still = decode_still(path)
        codes = [still.hdr.primaries, still.hdr.transfer] if still.hdr else []
        return {"notes": still.notes, "hdr": codes}, still.pixels


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until the input ends or `IDLE_SECONDS` pass without one."""
    worker = Worker()
    while _wait_for_request(requests):
        line = requests.readline()
        if not line:
            return
        answer, picture = _answer(worker, json.loads(line))
        if picture is not None:
            answer |= {"shape": picture.shape, "type": picture.dtype.str, "bytes": picture.nbytes}
        head = json.dumps(answer).encode()
        answers.write(len(head).to_bytes(4, "big") + head)
        if picture is not None:
            answers.write(np.ascontiguousarray(picture).data.cast("B"))
        answers.flush()


def _wait_for_request(requests: BinaryIO) -> bool:
    if (
        sys.platform == "win32"
    ):  # where select does not support pipes; the end of input ends the process
        return True
    return bool(select.select([requests], [], [], IDLE_SECONDS)[0])


def _answer(worker: Worker, request: dict[str, Any]) -> Answer:
    path = Path(os.fsdecode(request["path"].encode("latin-1")))
    try:
        answer: Answer = getattr(worker, request["do"])(path)
        return answer
    except DreamvidError as error:
        return {"refused": str(error)}, None
    except (MemoryError, cv2.error) as error:
        if isinstance(error, cv2.error) and error.code != cv2.Error.StsNoMem:
            return {"refused": f"{path}: cannot be decoded ({error.err})"}, None
        most = f"{DECODER_BYTES / 2**30:g} GiB"
        return {"refused": f"{path}: takes more than {most} of memory to decode"}, None


def confine() -> None:
    """Limit the process's memory and forbid writing files, where the system supports it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (DECODER_BYTES, DECODER_BYTES))


def main() -> None:
    """Entry point of the process."""
    confine()
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(sys.stdin.buffer, sys.stdout.buffer)
