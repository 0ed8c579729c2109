"""An ffmpeg whose output comes through a pipe: confined, and ended if it hangs."""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dreamvid.errors import RunError
from dreamvid.limits import ANSWER_SECONDS, clip_bytes
from dreamvid.media import ffmpeg, showinfo
from dreamvid.media.decoder_error import DecoderError, crash, hung

LONGEST_LINE = 4096
"""Bytes of a message parsed at once; what a hostile file makes ffmpeg print has no bound."""


class FfmpegPipe:
    """A running ffmpeg that reads an untrusted file.

    It can write no file, its memory is limited, and Ctrl-C does not reach it.

    Attributes:
        messages: what it says, parsed on another thread.
    """

    def __init__(self, path: Path, arguments: Sequence[str], pixels: int = 0) -> None:
        """Start it. Raises RunError.

        Args:
            path: the file that it reads, which errors are about.
            pixels: of each picture, by which its memory is limited.
        """
        self._path, self._most = path, clip_bytes(pixels)
        self.messages = showinfo.Messages()
        command = ffmpeg.command(arguments, loglevel=showinfo.LOGLEVEL)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pipesize=2**20,
                process_group=0,  # Ctrl-C at the terminal is for dreamvid to handle
            )
        except (OSError, ValueError) as error:  # ValueError: a null byte in a name
            raise RunError(f"ffmpeg cannot be started: {error}") from error
        _confine(self._process.pid, self._most)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def receive(self, count: int) -> bytearray | None:
        """The next `count` bytes of its output; None at the end, also if some are missing.

        Raises:
            DecoderError: it crashed, or neither sent nor said anything for `ANSWER_SECONDS`.
        """
        data = self.receive_most(count)
        return data if len(data) == count else None

    def receive_most(self, count: int) -> bytearray:
        """The next `count` bytes of its output, fewer only at its end. Raises as `receive`."""
        output: Any = self._process.stdout
        data, received = bytearray(count), 0
        view = memoryview(data)
        since = time.monotonic()
        while received < count:
            if not _is_ready(output):
                if time.monotonic() - max(since, self.messages.heard) > ANSWER_SECONDS:
                    self.close()
                    raise DecoderError(self._path, hung(ANSWER_SECONDS))
                continue
            more = output.readinto(view[received:])
            if not more:
                self.wait()
                break
            received += more
            since = time.monotonic()
        view.release()
        del data[received:]
        return data

    def reason(self, status: int) -> str:
        """Why it ended, by its exit status and its last error."""
        faults = self.messages.faults
        if any("Cannot allocate memory" in fault for fault in faults):
            return f"takes more than {self._most / 2**30:.1f} GiB of memory to decode"
        return faults[-1] if faults else f"ffmpeg ended with status {status}"

    def wait(self) -> int:
        """Wait for its end, discarding what it still sends; returns its exit status.

        Raises:
            DecoderError: it crashed, or said nothing for `ANSWER_SECONDS`.
        """
        status = None
        while status is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = self._process.wait(0.5)
            if status is None and time.monotonic() - self.messages.heard > ANSWER_SECONDS:
                self.close()
                raise DecoderError(self._path, hung(ANSWER_SECONDS))
        self._listener.join()
        if status < 0:
            raise DecoderError(self._path, crash(status))
        return status

    def close(self) -> None:
        """End it, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._listener.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _listen(self) -> None:
        messages: Any = self._process.stderr
        with messages:
            self.messages.read(iter(lambda: messages.readline(LONGEST_LINE), b""))


def _is_ready(output: Any) -> bool:
    if sys.platform == "win32":  # where select does not support pipes
        return True
    return bool(select.select([output], [], [], 0.5)[0])


def _confine(process: int, most: int) -> None:
    """Limit its memory and forbid writing files, where the system supports it."""
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(process, resource.RLIMIT_DATA, (most, most))
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, 0))
        resource.prlimit(process, resource.RLIMIT_CORE, (0, 0))
