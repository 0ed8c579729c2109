"""A decoder that crashes, hangs or devours memory is one line about the file, and costs no more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dreamvid.errors import MediaError
from dreamvid.frame import Frame
from dreamvid.media import decoder, limits, probe, read
from tests import media_factory as make

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits")


@pytest.fixture(autouse=True)
def _none_is_left_over() -> Iterator[None]:
    yield
    decoder.pool.end()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make.h264(tmp_path / "a.mp4", frames=12)


def worker_that(monkeypatch: pytest.MonkeyPatch, method: str, does: str, after: int = 0) -> None:
    """From here on `does` happens in the decoder's process at the `after`-th call of a method."""
    spoiled = f"""
import os, time
from dreamvid.media.worker import Worker, main
real, calls = Worker.{method}, []
def spoiled(self, path):
    calls.append(1)
    if len(calls) > {after}:
        {does}
    return real(self, path)
Worker.{method} = spoiled
main()
"""
    program = decoder.PROGRAM.replace("from dreamvid.media.worker import main\nmain()", spoiled)
    assert program != decoder.PROGRAM
    decoder.pool.end()
    monkeypatch.setattr(decoder, "PROGRAM", program)


CRASH = "os.kill(os.getpid(), 11)"


@posix
def test_a_crash_is_one_line_about_the_file(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker_that(monkeypatch, "look", CRASH)
    with pytest.raises(MediaError, match=r"a\.mp4: the decoder crashed \(SIGSEGV\)"):
        probe.probe(clip)
    monkeypatch.undo()
    assert probe.probe(clip).frames == 12, "the next one is asked anew"


@posix
def test_a_crash_on_the_way_costs_no_frame_before_it(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = probe.probe(clip)
    worker_that(monkeypatch, "next", CRASH, after=7)
    came: list[Frame] = []
    with pytest.raises(MediaError, match=r"after frame 7 \(the decoder crashed .*--frames 7"):
        came.extend(read.read_clip(told))
    assert [make.number(frame) for frame in came] == list(range(7))


@posix
def test_a_decoder_that_hangs_is_given_up(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker_that(monkeypatch, "still", "time.sleep(60)")
    monkeypatch.setattr(decoder.Decoder.ask, "__defaults__", (0.4,))
    with pytest.raises(MediaError, match=r"did not answer within 0\.4 seconds"):
        read.read_picture(clip)


@posix
def test_memory_has_a_bound(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = limits.DECODER_BYTES + 2**20
    worker_that(monkeypatch, "look", f"__import__('numpy').ones({more}, 'u1')")
    with pytest.raises(MediaError, match=r"takes more than 1\.5 GiB of memory to decode"):
        probe.probe(clip)


@posix
def test_a_decoder_writes_no_file(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = clip.with_name("canary")
    worker_that(monkeypatch, "still", f"open({str(canary)!r}, 'w').write('x')")
    with pytest.raises(MediaError):
        read.read_picture(clip)
    assert not canary.exists() or canary.read_text() == ""


def test_one_process_serves_file_after_file(clip: Path, tmp_path: Path) -> None:
    still = tmp_path / "a.png"
    Image.fromarray(make.quadrants()).save(still)
    decoder.pool.end()
    started = decoder.Decoder._started
    count = []

    def counted() -> subprocess.Popen[bytes]:
        count.append(1)
        return started()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder.Decoder, "_started", staticmethod(counted))
        probe.probe(clip)
        assert len(list(read.read_clip(probe.probe(clip)))) == 12
        assert np.array_equal(read.read_picture(still), make.quadrants())
        with pytest.raises(MediaError):
            read.read_picture(clip)
        read.read_picture(still)
    assert len(count) == 1


def test_a_reader_that_is_left_open_hinders_no_exit(clip: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from dreamvid.media.probe import probe\n"
        "from dreamvid.media.read import read_clip\n"
        "frames = read_clip(probe(Path(sys.argv[1]))); next(frames)\n"
    )
    words = [sys.executable, "-c", script, str(clip)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
    assert said.stderr == ""
