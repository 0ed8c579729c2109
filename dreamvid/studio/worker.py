"""The process that dreams previews: a `Session` that obeys lines of JSON.

A request is `{"id": 1, "data": {…}, "frame": 0, "side": 480}`, `{"cancel": 1}` ends it early. Each
answer is the length of a JSON text in 4 bytes, the text, and the bytes of a JPEG if the text has
`bytes`. The last answer to a request has `"event": "end"`.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from contextlib import closing
from importlib import import_module
from typing import Any, BinaryIO

from dreamvid.errors import DreamvidError
from dreamvid.frame import Frame
from dreamvid.machine import memory
from dreamvid.media.jpeg import jpeg_of
from dreamvid.recipe.load import load_recipe
from dreamvid.rendering.events import Before, Event, OctaveDone, Warning
from dreamvid.rendering.render import Step
from dreamvid.rendering.session import Session
from dreamvid.studio.recipes import faults_of


class Worker:
    """Answers requests, one after another."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._session = Session()
        self._cancelled: set[int] = set()
        self._current: int | None = None
        self._lock = threading.Lock()

    def cancel(self, number: int) -> None:
        """End a request early, whether it has begun or not."""
        with self._lock:
            self._cancelled.add(number)
            if self._current == number:
                self._session.cancel()

    def answer(self, request: dict[str, Any]) -> None:
        """Answer a request."""
        number = int(request["id"])
        began = time.monotonic()
        try:
            recipe = load_recipe(request["data"])
            looked = self._session.look(recipe, request["frame"], side=request["side"])
            with closing(looked) as events:
                self._current = number
                for event in events:
                    with self._lock:
                        if number in self._cancelled:
                            break
                    self._tell(number, event, began)
        except (DreamvidError, OSError, MemoryError) as error:
            self._send(number, {"event": "fault", "faults": faults_of(error)})
        finally:
            with self._lock:
                self._current = None
                self._cancelled.discard(number)
            self._send(number, {"event": "end", "memory": memory()})

    def _tell(self, number: int, event: Event, began: float) -> None:
        match event:
            case Before():
                self._send(number, {"event": "before"}, event.frame)
            case OctaveDone():
                told = {"event": "octave", "octave": event.octave, "octaves": event.octaves}
                self._send(number, told, event.image)
            case Step():
                took = round(time.monotonic() - began, 2)
                self._send(number, {"event": "done", "seconds": took}, event.frame)
            case Warning():
                self._send(number, {"event": "warning", "message": event.message})

    def _send(self, number: int, told: dict[str, Any], picture: Frame | None = None) -> None:
        data = b"" if picture is None else jpeg_of(picture)
        told = {"id": number, **told} | ({"bytes": len(data)} if data else {})
        head = json.dumps(told).encode()
        self._answers.write(len(head).to_bytes(4, "big") + head + data)
        self._answers.flush()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until their stream ends."""
    worker = Worker(answers)
    waiting: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def read() -> None:
        for line in requests:
            request = json.loads(line)
            if "cancel" in request:
                worker.cancel(request["cancel"])
            else:
                waiting.put(request)
        waiting.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (request := waiting.get()) is not None:
        worker.answer(request)


def main() -> None:
    """Entry point of the process."""
    answers = os.fdopen(os.dup(1), "wb")
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    os.dup2(2, 1)  # what libraries print is no answer
    import_module("dreamvid.dreaming.dreamer")  # TensorFlow, before the first request
    serve(requests, answers)
    sys.stdout.flush()
    os._exit(0)  # the thread that reads may still wait


if __name__ == "__main__":
    main()
