"""A decoder that crashes, hangs or devours memory is one line about the file, and costs no more."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dreamvid import limits
from dreamvid.errors import MediaError
from dreamvid.frame import Frame
from dreamvid.media import decoder, ffmpeg, ffmpeg_pipe, probe, read
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


@pytest.fixture
def still(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.fromarray(make.quadrants()).save(path)
    return path


def ffmpeg_that(monkeypatch: pytest.MonkeyPatch, folder: Path, does: str, words: str) -> None:
    """From here on ffmpeg is a script where its arguments have some words; `$real` is ffmpeg."""
    real = ffmpeg.executable()
    script = folder / "ffmpeg"
    script.write_text(
        f"#!/bin/sh\nreal='{real}'\n"
        f'case "$*" in *{words}*) {does} ;; *) exec "$real" "$@" ;; esac\n'
    )
    script.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "executable", lambda: str(script))


@posix
def test_a_crash_is_one_line_about_the_file(still: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker_that(monkeypatch, "still", CRASH)
    with pytest.raises(MediaError, match=r"a\.png: the decoder crashed \(SIGSEGV\)"):
        read.read_picture(still)
    monkeypatch.undo()
    assert read.read_picture(still).shape == (48, 64, 3), "the next one is asked anew"


@posix
def test_a_crash_on_a_clip_is_one_line_about_it(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ffmpeg_that(monkeypatch, tmp_path, "kill -SEGV $$", "showinfo")
    with pytest.raises(MediaError, match=r"a\.mp4: the decoder crashed \(SIGSEGV\)"):
        probe.probe(clip)


@posix
def test_a_crash_on_the_way_costs_no_frame_before_it(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = probe.probe(clip)
    dies = f'"$real" "$@" | head -c {7 * 64 * 48 * 3 + 99}; kill -SEGV $$'
    ffmpeg_that(monkeypatch, tmp_path, dies, "rawvideo")
    came: list[Frame] = []
    with pytest.raises(MediaError, match=r"after frame 7 \(the decoder crashed .*--frames 7"):
        came.extend(read.read_clip(told))
    assert [make.number(frame) for frame in came] == list(range(7))


@posix
def test_a_decoder_of_clips_that_hangs_is_given_up(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = probe.probe(clip)
    ffmpeg_that(monkeypatch, tmp_path, "exec sleep 60", "rawvideo")
    monkeypatch.setattr(ffmpeg_pipe, "ANSWER_SECONDS", 0.4)
    with pytest.raises(MediaError, match=r"did not answer within 0\.4 seconds"):
        list(read.read_clip(told))


@posix
def test_memory_for_a_clip_has_a_bound(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = probe.probe(clip)
    limit = "resource.getrlimit(resource.RLIMIT_DATA)[0]"
    says = f"import resource, sys, time; time.sleep(.2); sys.exit(f'[error] {{{limit}}}')"
    ffmpeg_that(monkeypatch, tmp_path, f'exec "{sys.executable}" -c "{says}"', "rawvideo")
    with pytest.raises(MediaError, match=rf"a\.mp4: {limits.DECODER_BYTES}"):
        list(read.read_clip(told))


@posix
def test_large_pictures_may_take_more_memory(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert limits.clip_bytes(4096 * 4096) == limits.DECODER_BYTES
    assert limits.clip_bytes(7680 * 4320) > 1.5 * limits.DECODER_BYTES
    told = probe.probe(clip)
    fails = "echo '[error] Cannot allocate memory' >&2; exit 1"
    ffmpeg_that(monkeypatch, tmp_path, fails, "rawvideo")
    with pytest.raises(MediaError, match=r"a\.mp4: takes more than 1\.5 GiB of memory to decode"):
        list(read.read_clip(told))


@posix
def test_a_decoder_that_hangs_is_given_up(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker_that(monkeypatch, "still", "time.sleep(60)")
    monkeypatch.setattr(decoder.Decoder.ask, "__defaults__", (0.4,))
    with pytest.raises(MediaError, match=r"did not answer within 0\.4 seconds"):
        read.read_picture(clip)


@posix
def test_memory_has_a_bound(still: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = limits.DECODER_BYTES + 2**20
    worker_that(monkeypatch, "still", f"__import__('numpy').ones({more}, 'u1')")
    with pytest.raises(MediaError, match=r"takes more than 1\.5 GiB of memory to decode"):
        read.read_picture(still)


@posix
def test_a_decoder_writes_no_file(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = clip.with_name("canary")
    worker_that(monkeypatch, "still", f"open({str(canary)!r}, 'w').write('x')")
    with pytest.raises(MediaError):
        read.read_picture(clip)
    assert not canary.exists() or canary.read_text() == ""


def test_one_process_serves_file_after_file(clip: Path, still: Path) -> None:
    decoder.pool.end()
    started = decoder.Decoder._started
    count = []

    def counted() -> subprocess.Popen[bytes]:
        count.append(1)
        return started()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder.Decoder, "_started", staticmethod(counted))
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


def test_threads_that_decode_at_once_share_no_process(
    still: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is idle, and two threads ask for it: between looking and taking, the other comes."""

    class Slow(list[tuple[float, decoder.Decoder]]):
        def __len__(self) -> int:
            length = super().__len__()
            time.sleep(0.05)
            return length

    read.read_picture(still)
    monkeypatch.setattr(decoder.pool, "_idle", Slow(decoder.pool._idle))
    together = threading.Barrier(3)

    def look() -> decoder.Decoder:
        together.wait()
        with decoder.decoder() as child:
            child.ask("still", still)
            together.wait()
            return child

    with ThreadPoolExecutor(3) as threads:
        looks = [threads.submit(look) for _ in range(3)]
        assert len({each.result() for each in looks}) == 3


def test_two_readers_on_two_threads_are_kept_apart(clip: Path, tmp_path: Path) -> None:
    other = make.h264(tmp_path / "b.mp4", frames=7)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(3):
            films = [
                threads.submit(lambda p: list(read.read_clip(probe.probe(p))), p)
                for p in (clip, other)
            ]
            read_each = [[make.number(frame) for frame in film.result()] for film in films]
            assert read_each == [list(range(12)), list(range(7))]


@posix
def test_a_forked_process_uses_no_decoder_of_its_parent(still: Path) -> None:
    read.read_picture(still)
    assert decoder.pool._idle
    child = os.fork()
    if not child:
        os._exit(len(decoder.pool._idle))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert decoder.pool._idle
