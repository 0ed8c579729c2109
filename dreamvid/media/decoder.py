"""Decoding stills in a separate, confined process, which is ended when it crashes or hangs.

A decoder is a few hundred thousand lines of C that read untrusted files. In a process of its own
(see `worker`) a crash becomes a one-line error about the file. Processes are pooled: starting one
takes some .2 s, and transferring a picture of 1920 by 1080 some 3 ms.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import math
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from dreamvid.errors import InputError, RunError
from dreamvid.limits import ANSWER_SECONDS
from dreamvid.media.decoder_error import DecoderError, crash, hung
from dreamvid.media.samples import Pixels

REUSED_SECONDS = 10.0
"""An idle process is reused within this time; it ends by itself after 30 s."""

TYPES = ("|u1", "<u2", "<f4", "<f8", "|i1", "<i2", "<i4", "|b1")
"""NumPy types allowed for samples in an answer."""

# Importing the package's `__init__` would double the start-up time for things not needed here.
PROGRAM = """
import json, sys, types
sys.path[:] = json.loads(sys.argv[1])
package = types.ModuleType("dreamvid")
package.__path__ = [sys.argv[2]]
sys.modules["dreamvid"] = package
from dreamvid.media.worker import main
main()
"""

ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "4"}


class Decoder:
    """One process that decodes one file at a time."""

    def __init__(self) -> None:
        """Start the process. Raises RunError."""
        try:
            self._process = self._started()
        except OSError as error:
            raise RunError(f"the decoder cannot be started: {error.strerror or error}") from error
        self.lost = False

    @staticmethod
    def _started() -> subprocess.Popen[bytes]:
        arguments = [
            json.dumps([path for path in sys.path if path]),
            str(Path(__file__).parent.parent),
        ]
        return subprocess.Popen(
            [sys.executable, "-P", "-X", "utf8", "-c", PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pipesize=2**20,
            env={**os.environ, **ALONE},
            process_group=0,  # Ctrl-C at the terminal is for dreamvid to handle
        )

    def ask(
        self, do: str, path: Path, seconds: float = ANSWER_SECONDS
    ) -> tuple[dict[str, Any], Pixels | None]:
        """Call a method of `worker.Worker` for a file.

        Returns:
            Its answer, and its picture if it has one.

        Raises:
            MediaError: the file was refused.
            DecoderError: the process crashed, or did not answer within `seconds`.
        """
        assert self._process.stdin is not None
        until = time.monotonic() + seconds
        try:
            # As bytes, since names may be undecodable in this locale.
            name = os.fsencode(path.absolute())
            request = json.dumps({"do": do, "path": name.decode("latin-1")})
            self._process.stdin.write(request.encode() + b"\n")
            length = int.from_bytes(self._receive(4, until), "big")
            answer: dict[str, Any] = json.loads(self._receive(length, until))
            picture = self._picture(answer, until) if "bytes" in answer else None
        except TimeoutError:
            self.end()
            raise DecoderError(path, hung(seconds)) from None
        except (OSError, EOFError, ValueError, KeyError) as error:
            self.end()
            raise DecoderError(path, crash(self._process.returncode)) from error
        except BaseException:  # an interrupt: the next answer would belong to this request
            self.end()
            raise
        if "refused" in answer:
            full_name = name.decode(errors="surrogateescape")
            raise InputError(answer["refused"].replace(full_name, str(path)), path=path)
        return answer, picture

    def _picture(self, answer: dict[str, Any], until: float) -> Pixels:
        """The picture that an answer announces. Raises as `_receive`, ValueError, KeyError."""
        if answer["type"] not in TYPES:
            raise ValueError(answer["type"])
        kind = np.dtype(answer["type"])
        shape = tuple(int(side) for side in answer["shape"])
        if answer["bytes"] != math.prod(shape) * kind.itemsize:
            raise ValueError(shape)
        return np.frombuffer(self._receive(answer["bytes"], until), kind).reshape(shape)

    def _receive(self, count: int, until: float) -> bytearray:
        """Read that many bytes of an answer. Raises OSError, EOFError, TimeoutError."""
        answers: Any = self._process.stdout
        data, received = bytearray(count), 0
        view = memoryview(data)
        while received < count:
            if sys.platform != "win32":  # where select does not support pipes
                left = until - time.monotonic()
                if left <= 0 or not select.select([answers], [], [], left)[0]:
                    raise TimeoutError
            count_read = answers.readinto(view[received:])
            if not count_read:
                raise EOFError
            received += count_read
        return data

    def end(self) -> None:
        """End the process."""
        self.lost = True
        process = self._process
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
        if process.poll() is None:
            # If it has just crashed, waiting for it reveals the signal.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        process.kill()
        process.wait()


class DecoderPool:
    """A thread-safe pool of idle decoders of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[float, Decoder]] = []

    @contextmanager
    def decoder(self) -> Iterator[Decoder]:
        """A decoder for exclusive use with one file: an idle one, else a new one.

        Raises:
            RunError: no process can be started.
        """
        decoder = self._take()
        try:
            yield decoder
        finally:
            if not decoder.lost:
                with self._lock:
                    self._idle.append((time.monotonic(), decoder))

    def _take(self) -> Decoder:
        while True:
            with self._lock:
                since, idle = self._idle.pop() if self._idle else (0.0, None)
            if idle is None:
                return Decoder()
            if time.monotonic() - since < REUSED_SECONDS:
                return idle
            idle.end()

    def forget(self) -> None:
        """Forget the idle decoders without ending them."""
        self._lock = threading.Lock()  # another thread may have locked it at the fork
        self._idle = []

    def end(self) -> None:
        """End the idle decoders."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, each in idle:
            each.end()


pool = DecoderPool()
"""The pool of this process."""

decoder = pool.decoder

atexit.register(pool.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.forget)  # they belong to the parent process
