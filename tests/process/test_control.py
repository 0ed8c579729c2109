"""`--control`: stopping a render over its standard input."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from dreamvid.media.probe import probe
from dreamvid.rendering.run import done_frames
from tests import media_factory as make

WORDS = ["zoom", "still.png", "--network", "none", "--frames", "4000", "-o", "a.mp4"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make.picture(Path("still.png"), 320, 240)


@pytest.fixture
def rendering() -> Iterator[subprocess.Popen[bytes]]:
    """A long render that can be controlled, whose first frames are done."""
    command = [sys.executable, "-m", "dreamvid", *WORDS, "--control"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            waited = time.monotonic() + 60
            while not done_frames(Path("a.mp4")):
                assert process.poll() is None
                assert time.monotonic() < waited
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def told(stream: IO[Any] | None, line: bytes) -> None:
    assert stream
    stream.write(line)
    stream.flush()


def test_a_line_stop_stops_as_ctrl_c_does(rendering: subprocess.Popen[bytes]) -> None:
    told(rendering.stdin, b"stop\n")
    _, said = rendering.communicate(timeout=30)
    assert rendering.returncode == 130
    assert b"run the same command again to resume" in said
    assert probe(Path("a.partial.mp4")).frames == done_frames(Path("a.mp4")) > 0


@pytest.mark.parametrize("line", [b"", b"stopp\nstop it\n\n", b"stop"])
def test_the_end_of_input_and_other_lines_change_nothing(
    rendering: subprocess.Popen[bytes], line: bytes
) -> None:
    before = done_frames(Path("a.mp4"))
    told(rendering.stdin, line)
    assert rendering.stdin
    rendering.stdin.close()
    waited = time.monotonic() + 30
    while done_frames(Path("a.mp4")) < before + 20:
        assert rendering.poll() is None
        assert time.monotonic() < waited
        time.sleep(0.05)


def test_without_it_standard_input_is_left_alone() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"stop\n")
    words = ["zoom", "still.png", "--network", "none", "--frames", "3", "-q"]
    subprocess.run(
        [sys.executable, "-m", "dreamvid", *words], stdin=reading, check=True, timeout=60
    )
    assert os.read(reading, 5) == b"stop\n"
