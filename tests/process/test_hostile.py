"""Files that try to read another, or to take more than there is; and places with little in them."""

from __future__ import annotations

import json
import os
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dreamvid.cli import main
from dreamvid.errors import MediaError
from dreamvid.media import ffmpeg
from dreamvid.media import probe as probing
from dreamvid.media.decoder import pool
from dreamvid.media.pictures import Sample, sample
from dreamvid.media.probe import probe
from dreamvid.media.read import read_clip, read_picture
from tests import media_factory as make
from tests.media_factory import bomb
from tests.recipes import LAUGHS

ROOT = Path(__file__).parents[2]

posix = pytest.mark.skipif(os.name != "posix", reason="pipes, devices, rusage")

PINK = (255, 0, 255)

PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile '{canary}'\n",
    "ffconcat that is not safe": "ffconcat version 1.0\nfile '{url}'\nduration 1\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{canary}\n#EXT-X-ENDLIST\n",
    "hls of a url": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n",
    "hls with a key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}"\n#EXTINF:1,\n{canary}\n',
    "dash": """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
 mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1"
 bandwidth="1"><BaseURL>{url}</BaseURL><SegmentList><SegmentURL media="{canary}"/></SegmentList>
</Representation></AdaptationSet></Period></MPD>""",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=a\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9"><image href="{url}"/></svg>',
    "xspf": '<?xml version="1.0"?><playlist><trackList><track><location>{canary}</location>'
    "</track></trackList></playlist>",
    "a name alone": "{canary}\n",
}

NAMES = ("a.mp4", "a.m3u8", "a.mpd", "a.mkv", "a.gif", "a.ts", "a.png", "a.jpg", "%d.mp4")


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A pink clip that no one named."""
    path = tmp_path / "canary.mp4"
    make.run("-f", "lavfi", "-i", "color=0xff00ff:64x48:d=0.4", "-c:v", "libx264", path)
    return path


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that no one is to call."""

    class Called(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            calls.append(self.client_address)

    calls: list[object] = []
    with socketserver.TCPServer(("127.0.0.1", 0), Called) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
    assert not calls, "someone was called"


def read_since(path: Path) -> bool:
    """Whether a file has been read since it was `untouched`."""
    return path.stat().st_atime > 10


def untouched(path: Path) -> None:
    os.utime(path, (1, 1))


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_file_that_names_another_opens_nothing(
    tmp_path: Path, canary: Path, port: int, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {"canary": canary, "url": f"http://127.0.0.1:{port}/canary.mp4", "port": port}
    untouched(canary)
    for name in NAMES:
        path = tmp_path / name
        path.write_text(PLAYLISTS[kind].format(**there))
        for look in (probe, read_picture):
            with pytest.raises(MediaError):
                look(path)
        assert "Stream" not in ffmpeg.describe(path), "each of the readers refuses by itself"
        path.unlink()
    path = tmp_path / "a.mp4"
    path.write_text(PLAYLISTS[kind].format(**there))
    for word in ("video", "image"):
        assert main([word, str(path), "--network", "none", "-o", str(tmp_path / "out")]) == 1
    assert not (tmp_path / "out").exists()
    assert not read_since(canary)
    canary.read_bytes()
    if not read_since(canary):
        pytest.skip("this disk does not tell when a file was read")


def test_without_the_whitelists_the_canary_would_sing(
    tmp_path: Path, canary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above would see of a reader that lets itself be led."""
    path = tmp_path / "a.mp4"
    path.write_text(PLAYLISTS["ffconcat"].format(canary=canary.name))
    monkeypatch.setattr(ffmpeg, "GUARD", ())
    picture = next(read_clip(probe(path)))
    assert np.abs(picture.mean((0, 1)) - PINK).max() < 8


@pytest.mark.parametrize(
    "name",
    [
        "concat:canary.mp4|canary.mp4",
        "subfile,,start,0,end,0,,:canary.mp4",
        "file:canary.mp4",
        "crypto:canary.mp4",
        "cache:canary.mp4",
        "pipe:0",
        "fd:0",
        "-i canary.mp4",
        "canary.mp4\nfile canary.mp4",
        "data:,canary",
    ],
)
def test_a_name_is_a_name_and_no_protocol(
    tmp_path: Path, canary: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MediaError, match="no such file"):
        probe(Path(name))
    Path(name).write_bytes(b"nothing to see")
    for look in (probe, read_picture):
        with pytest.raises(MediaError):
            look(Path(name))
    make.h264(tmp_path / "own.mp4", frames=3).rename(name)
    assert probe(Path(name)).frames == 3, "its own three, not the canary's ten"


def test_a_still_starts_no_other_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow hands EPS to Ghostscript."""
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch '{tmp_path}/started'\n")
    (tmp_path / "gs").chmod(0o755)
    pool.end()
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    for name in ("a.eps", "a.png"):
        Image.fromarray(make.quadrants()).save(tmp_path / name, "EPS")
        with pytest.raises(MediaError, match="not a picture"):
            read_picture(tmp_path / name)
    pool.end()
    assert not (tmp_path / "started").exists()


@posix
@pytest.mark.parametrize("target", ["/dev/zero", "/dev/urandom", "/dev/stdin", "/dev/tty", "pipe"])
def test_a_link_to_a_device_or_a_pipe_is_not_waited_for(
    tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("a.mp4", "a.png", "a.yaml", "a.npz"):
        (tmp_path / name).symlink_to(tmp_path / target)
    still = make.picture(tmp_path / "still.png", 32, 24)
    begin, none = time.monotonic(), ["--network", "none"]
    for words in (
        ["video", f"{tmp_path}/a.mp4", *none],
        ["image", f"{tmp_path}/a.png", *none],
        ["zoom", f"{tmp_path}/a.png", str(still), *none],
        ["render", f"{tmp_path}/a.yaml"],
        ["render", f"{tmp_path}/a.mp4"],
        ["continue", f"{tmp_path}/a.mp4"],
        ["report", f"{tmp_path}/a.mp4", "--source", f"{tmp_path}/a.mp4"],
        ["zoom", str(still), *none, "--weights", f"{tmp_path}/a.npz", "-o", f"{tmp_path}/o.mp4"],
    ):
        assert main(words) == 1, words
        said = capsys.readouterr().err
        assert said.startswith("dreamvid: error: "), words
        assert said.count("\n") == 1, said
    assert time.monotonic() - begin < 10


def gif(path: Path, count: int) -> Path:
    head = b"GIF89a" + struct.pack("<HHBBB", 64, 48, 0x80, 0, 0) + bytes([0, 0, 0, 255, 255, 255])
    wait = b"\x21\xf9\x04\x04\x04\x00\x00\x00"
    one = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x4c\x01\x00"
    path.write_bytes(head + (wait + one) * count + b";")
    return path


ALONE = """
import json, resource, subprocess, sys
run = subprocess.run([sys.executable, "-m", "dreamvid", *sys.argv[1:]], stderr=subprocess.PIPE)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds, kibibytes = used.ru_utime + used.ru_stime, used.ru_maxrss
print(json.dumps([run.returncode, run.stderr.decode(), seconds, kibibytes / 2**10]))
"""
"""What a process took is asked by a small one: to Linux a child is as large as whom it was forked
from, and these tests may have grown."""


def measured(words: list[str], folder: Path) -> tuple[str, float, float]:
    """What dreamvid says, the seconds of processor time that it took, and MiB, all processes'."""
    told = subprocess.run(
        [sys.executable, "-c", ALONE, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    status, said, seconds, mebibytes = json.loads(told.stdout)
    assert status == 1, said
    return said, seconds, mebibytes


@posix
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["image", "bomb.png", "--network", "none"], "bomb.png: too large; at most 134 million"),
        (["video", "million.gif", "--network", "none"], "holds more than 16384 pictures"),
        (["render", "laughs.yaml"], "holds more than 50000 values"),
    ],
)
def test_a_bomb_is_refused_at_once(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(60_000, 60_000))
    gif(tmp_path / "million.gif", 10**6)
    (tmp_path / "laughs.yaml").write_text(LAUGHS)
    told, seconds, mebibytes = measured(words, tmp_path)
    print(f"{words[1]}: {seconds:.2f} s, {mebibytes:.0f} MiB")
    assert said in told
    assert told.count("\n") == 1
    assert seconds < 15, "mostly the start of Python; to read such a file whole takes minutes"
    assert mebibytes < 300


@pytest.mark.parametrize("size", [(20_000, 20_000), (40_000, 10), (60_000, 60_000)])
def test_pictures_in_a_clip_have_a_largest_size(tmp_path: Path, size: tuple[int, int]) -> None:
    path = make.clip(tmp_path / "a.avi", "-c:v", "ffv1", frames=2)
    data = bytearray(path.read_bytes())
    at = data.index(b"strf") + 8 + 4
    data[at : at + 8] = struct.pack("<II", *size)
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"too large|not a clip|not one frame"):
        probe(path)


def test_pixels_cannot_be_said_to_be_endlessly_wide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make.h264(tmp_path / "a.mp4", frames=2)

    def wide(*arguments: Any) -> Sample:
        first = sample(*arguments)
        return replace(first, pictures=[replace(first.pictures[0], aspect=Fraction(9999))])

    monkeypatch.setattr(probing, "sample", wide)
    with pytest.raises(MediaError, match=r"its pictures, \d+x48, are too large"):
        probe(clip)


BARE = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}


@posix
@pytest.mark.parametrize(
    "place",
    [
        {},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/proc", "MPLCONFIGDIR": "/proc"},
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"HOME": "/proc", "TMPDIR": "/nonexistent", "TERM": "dumb", "COLUMNS": "1"},
    ],
    ids=["no HOME", "no cache", "LANG=C", "nothing writable"],
)
def test_a_place_with_little_in_it(tmp_path: Path, place: dict[str, str]) -> None:
    Image.fromarray(make.quadrants()).save(tmp_path / "夢 été.png")
    words = ["zoom", "夢 été.png", "-n", "2", "--network", "none", "-o", "夢.mp4"]
    said = subprocess.run(
        [sys.executable, "-m", "dreamvid", *words],
        cwd=tmp_path,
        env={**BARE, **place},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    assert said.returncode == 0, said.stderr
    assert b"Traceback" not in said.stderr
    assert probe(tmp_path / "夢.mp4").frames == 2
    said = subprocess.run(
        [sys.executable, "-m", "dreamvid", *words, "--angle", "1"],
        cwd=tmp_path, env={**BARE, **place}, capture_output=True, timeout=60,
    )  # fmt: skip
    assert said.returncode == 1
    assert said.stderr.startswith(b"dreamvid: error: output exists: ")
    assert said.stderr.count(b"\n") == 1


@posix
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_no_terminal_at_all(tmp_path: Path, closed: str) -> None:
    make.picture(tmp_path / "a.png", 64, 48)
    words = f"'{sys.executable}' -m dreamvid zoom a.png -n 2 --network none -o a.mp4 {closed}"
    said = subprocess.run(
        ["/bin/sh", "-c", words], cwd=tmp_path, env=BARE, capture_output=True, timeout=60
    )
    assert said.returncode == 0, said.stderr
    assert probe(tmp_path / "a.mp4").frames == 2


@posix
def test_memory_that_is_refused_is_one_line(tmp_path: Path) -> None:
    make.picture(tmp_path / "a.png", 64, 48)
    words = ["zoom", "a.png", "-n", "2", "--network", "none", "--size", "8000x8000", "-o", "a.mp4"]
    limited = f"ulimit -d 1500000; exec '{sys.executable}' -m dreamvid {' '.join(words)}"
    said = subprocess.run(
        ["/bin/sh", "-c", limited],
        cwd=tmp_path,
        env=BARE,
        capture_output=True,
        timeout=60,
        text=True,
    )
    assert said.returncode == 1
    assert "dreamvid: error: not enough memory; a smaller --size" in said.stderr
    assert "Traceback" not in said.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_clocks_that_jump_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make.picture(tmp_path / "a.png", 64, 48)
    words = ["zoom", f"{tmp_path}/a.png", "-n", "5", "--network", "none", "-q", "-o"]
    assert main([*words, f"{tmp_path}/steady.mp4"]) == 0
    real, jumps = time.time, iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: real() + (-1) ** next(jumps) * 1e8)
    assert main([*words, f"{tmp_path}/jumping.mp4"]) == 0
    films = [(tmp_path / f"{name}.mp4").read_bytes() for name in ("steady", "jumping")]
    assert films[0] == films[1]
