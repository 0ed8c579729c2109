"""Unit tests start no process (no ffmpeg, no decoder, no Python) and do without TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Any, words: Any, *rest: Any, **more: Any) -> None:
        self.returncode = -1  # for what `Popen` does when it is collected
        self._child_created = False
        raise AssertionError(f"a unit test starts a process: {words}")

    monkeypatch.setattr(subprocess.Popen, "__init__", refused)


@pytest.fixture(autouse=True)
def _no_tensorflow() -> Iterator[None]:
    """Where tests of networks are collected too, it may be imported already."""
    before = "tensorflow" in sys.modules
    yield
    assert before or "tensorflow" not in sys.modules, "a unit test imports TensorFlow"
