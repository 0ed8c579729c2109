"""`dreamvid studio` as a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

START = 60.0
"""Seconds in which it says its address."""

END = 30.0
"""Seconds in which it ends, with the frame in work."""


class Studio:
    """The server of a folder's page.

    Attributes:
        folder: what it serves.
        port: that it listens on, after each start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[str] | None = None
        self._said: queue.Queue[str] = queue.Queue()
        self._address = ""

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = ["studio", ".", "--no-browser", "--port", str(self.port)]
        self._said, self._address = queue.Queue(), ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dreamvid", *words],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()
        self._address = self._said.get(timeout=START)

    def address(self) -> str:
        """An address that opens the page, once."""
        while not self._said.empty():
            self._address = self._said.get()
        address, self._address = self._address, ""
        return address or self._said.get(timeout=START)

    def end(self) -> None:
        """End it as Ctrl-C does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        self._process.wait(END)
        self._process = None

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def prompt(self, *words: str) -> None:
        """What one types at the prompt, in the folder."""
        subprocess.run(
            [sys.executable, "-m", "dreamvid", *words],
            cwd=self.folder,
            check=True,
            capture_output=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )

    def _listen(self, process: subprocess.Popen[str]) -> None:
        said = self._said
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line):
                said.put(found[0])


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
    return port
