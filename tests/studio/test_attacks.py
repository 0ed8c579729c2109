"""What other sites, other programs and hostile files ask of the studio: refused, or served, never
more."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from dreamvid.errors import DreamvidError
from dreamvid.studio import uploads
from dreamvid.studio.folder import WORK, Folder
from tests import media_factory as make
from tests.process.test_hostile import PLAYLISTS
from tests.recipes import LAUGHS
from tests.studio_server import QUICK, Server

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, /proc")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server beside whose folder lie secrets; no test may have broken it."""
    folder = tmp_path_factory.mktemp("attacks") / "folder"
    folder.mkdir()
    make.picture(folder / "a.png", 32, 24)
    make.picture(folder.parent / "secret.png", 32, 24)
    make.h264(folder.parent / "secret.mp4", frames=3)
    (folder / "link.png").symlink_to("../secret.png")
    (folder / "link.mp4").symlink_to("../secret.mp4")
    (folder / "way").symlink_to("..")
    with Server(folder) as server:
        yield server.open()
        assert server.process.poll() is None
        assert "Traceback" not in server.told


@pytest.fixture(autouse=True)
def _lives(server: Server) -> Iterator[None]:
    before = set(names(server.folder))
    yield
    assert server.get("/api/sources").status == 200
    assert not list((server.folder / WORK).glob("upload-*")), "a temporary file is left"
    for new in set(names(server.folder)) - before:
        (server.folder / new).unlink()


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


GETS = [
    "/",
    "/static/index.html",
    "/api/start",
    "/api/sources",
    "/api/source?path=a.png",
    "/api/picture?path=a.png",
    "/api/strip?path=a.png",
    "/api/events",
    "/api/films/a.mp4/recipe",
    "/api/films/a.mp4/film",
    "/api/films/a.mp4/frame.jpg",
    "/api/films/a.mp4/poster.jpg",
    "/api/films/a.mp4/report.png",
    "/none",
]
POSTS = ["check", "curves", "curve", "preview", "looks", "layers", "films"]
POSTS = [f"/api/{name}" for name in POSTS] + [
    f"/api/films/a.mp4/{what}"
    for what in ("stop", "resume", "again", "finish", "forget", "continue")
]
PUTS = ["/api/files/b.png", "/api/masks/b.png"]
ROUTES = [("GET", p) for p in GETS] + [("POST", p) for p in POSTS] + [("PUT", p) for p in PUTS]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_is_closed_to_strangers(server: Server, method: str, path: str) -> None:
    body = (server.folder / "a.png").read_bytes()
    for strange in (
        {"Cookie": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Host": "evil.example"},
        {"Host": f"evil.example:{server.port}"},
        {"Sec-Fetch-Site": "cross-site"},
        *([] if method == "GET" else [{"Origin": ""}]),
    ):
        answer = server.ask(method, path, None if method == "GET" else body, **strange)
        assert answer.status == 403, strange
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not (server.folder / "b.png").exists()


OUTSIDE = [
    "../secret.png",
    "..%2fsecret.png",
    "%2e%2e%2fsecret.png",
    "..%252fsecret.png",
    "way/secret.png",
    "link.png",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "a.png/../../secret.png",
    "..%5csecret.png",
    "%00",
    "a.png%00",
    "..%c0%afsecret.png",
    "%ff",
    "",
    "..",
    ".",
    "x" * 5000,
    "*",
    "../*.png",
    "way",
    "concat:../secret.mp4",
    "file:///etc/passwd",
    "http://127.0.0.1:1/a.png",
    "-i",
]


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_parameter_leads_outside(server: Server, name: str) -> None:
    for path in ("source", "picture", "strip"):
        got = server.get(f"/api/{path}?path={name}")
        assert 400 <= got.status < 500, (path, got.body[:200])
        assert len(got.json["faults"]) == 1
    film = name.replace(".png", ".mp4").replace("/", "%2f") if len(name) < 100 else name
    for what in ("film", "poster.jpg", "frame.jpg", "report.png", "recipe"):
        got = server.get(f"/api/films/{film}/{what}")
        assert 400 <= got.status < 500, (what, got.status, got.body[:200])
    for what in ("stop", "resume", "again", "finish", "forget", "report"):
        got = server.post(f"/api/films/{film}/{what}")
        assert got.status in (202, 404, 405, 422), (what, got.status)
    assert (server.folder.parent / "secret.mp4").exists()


@pytest.mark.parametrize(
    "path", ["../page.py", "..%2fpage.py", "%2e%2e/page.py", "/etc/passwd", "%00"]
)
def test_the_pages_files_are_its_own(server: Server, path: str) -> None:
    assert server.get(f"/static/{path}").status == 404


HOSTILE = {
    "not.png": b"nothing",
    "empty.png": b"",
    "a.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a.html": b"<script>alert(1)</script>",
    "svg.png": PLAYLISTS["svg"].encode(),
    "html.png": b"<!DOCTYPE html><script>alert(1)</script>",
    "bomb.png": make.bomb(60_000, 60_000),
    "laughs.yaml": LAUGHS.encode(),
    "no.yaml": b"\xff\xfe",
    "list.yaml": b"- a\n",
    "no.txt": b"\xff",
    "no.wav": b"RIFF",
    "no.mp4": b"\0" * 4096,
    "none": b"a",
    "a.py": b"import os",
    "a.exe": b"MZ",
    "jobs.json": b"[]",
    "..": b"a",
    ".": b"a",
    "/": b"a",
    "a.png/": b"a",
    "\0.png": b"a",
    "a\n.png": b"a",
    "a\0.png": b"a",
    "x" * 300 + ".png": b"a",
    ".png": b"a",
    "\u202egnp.exe": b"a",
    "\x7f.png": b"a",
}
HOSTILE |= {
    f"{kind.replace(' ', '-')}{ending}": text.encode()
    for kind, text in PLAYLISTS.items()
    for ending in (".mp4", ".png", ".wav")
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_upload_is_refused_in_a_line_and_leaves_nothing(
    server: Server, name: str
) -> None:
    there = set(names(server.folder))
    got = server.put(name, HOSTILE[name])
    assert 400 <= got.status < 500, got.body
    if got.status == 404:  # no route has such a name
        return
    assert "\n" not in got.line
    assert str(server.folder / WORK) not in got.line, "the name is told, not where it lay"
    mask = server.ask("PUT", "/api/masks/a.png", HOSTILE[name])
    assert 400 <= mask.status < 500, mask.body
    assert set(names(server.folder)) == there


def test_hard_files_are_taken_or_refused(server: Server, media: Path) -> None:
    for path in sorted((media / "hard").iterdir())[::3]:
        got = server.put(path.name, path.read_bytes())
        assert got.status in (201, 422), (path.name, got.body)
        if got.status == 422:
            assert path.name in got.line


@pytest.mark.parametrize(
    ("name", "placed"),
    [
        ("b.png", "b.png"),
        ("../b.png", "b.png"),
        ("../../etc/b.png", "b.png"),
        ("..\\b.png", "b.png"),
        ("/etc/b.png", "b.png"),
        ("C:\\b.png", "b.png"),
        (".b.png", "b.png"),
        ("a.png", "a-2.png"),
        ("link.png", "b.png"),
        ("b%2f.png", "b%2f.png"),
        ("夢 b.PNG", "夢 b.PNG"),
        ("-i.png", "-i.png"),
        (f"{WORK}/b.png", "b.png"),
        ("way/b.png", "b.png"),
    ],
)
def test_an_upload_lies_in_the_folder_under_its_own_plain_name(
    server: Server, name: str, placed: str
) -> None:
    data = (server.folder / "a.png").read_bytes()
    got = server.put(name, data)
    if name == "link.png":  # whose link leads outside
        assert got.status == 422
        return
    assert (got.status, got.json) == (201, {"path": placed, "kind": "picture"}), got.body
    assert (server.folder / placed).read_bytes() == data
    assert (server.folder / placed).stat().st_mode & 0o111 == 0
    assert sorted(names(server.folder.parent)) == [
        "folder",
        "folder.log",
        "secret.mp4",
        "secret.png",
    ]


def raw(server: Server, data: bytes, wait: float = 2) -> bytes:
    """What is answered to bytes."""
    got = b""
    with closing(socket.create_connection(("127.0.0.1", server.port), wait)) as connection:
        with suppress(OSError):
            connection.sendall(data)
        with suppress(OSError):
            while piece := connection.recv(65536):
                got += piece
    return got


def head(server: Server, method: str, path: str, *more: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", *more]
    lines += [f"{name}: {value}" for name, value in server.headers(method).items()]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000 + b"\r\n",
        b"GET /" + b"x" * 200_000,
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"CONNECT evil.example:80 HTTP/1.1\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(server: Server, data: bytes) -> None:
    answer = raw(server, data, 0.5)
    assert not answer or answer[9:12] in (b"400", b"403", b"431"), answer[:200]


def test_an_upload_that_breaks_off_leaves_nothing(server: Server) -> None:
    begin = head(server, "PUT", "/api/files/broken.png", "Content-Length: 5000000")
    raw(server, begin + b"x" * 100_000, 0.2)
    time.sleep(0.3)
    assert not (server.folder / "broken.png").exists()


def test_a_slow_sender_keeps_no_one_waiting(server: Server) -> None:
    with ExitStack() as stack:
        for path in ("/api/check", "/api/films"):
            slow = socket.create_connection(("127.0.0.1", server.port))
            stack.enter_context(closing(slow))
            slow.sendall(head(server, "POST", path, "Content-Length: 500") + b"{")
        begin = time.monotonic()
        assert server.post("/api/check", {"data": {}}).status == 200
        assert time.monotonic() - begin < 2


def memory(server: Server) -> int:
    """KiB that the server takes."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("the system does not tell")
    return int(next(w for w in status.read_text().splitlines() if w.startswith("VmRSS")).split()[1])


def test_slow_readers_cost_no_memory(server: Server) -> None:
    film = server.folder / "large.mp4"
    film.write_bytes(b"\0" * 2**27)
    with ExitStack() as stack:
        before = memory(server)
        for path in ("/api/films/large.mp4/film", "/api/events") * 5:
            slow = socket.create_connection(("127.0.0.1", server.port))
            stack.enter_context(closing(slow))
            slow.sendall(head(server, "GET", path))
            assert slow.recv(15) == b"HTTP/1.1 200 OK"
        for number in range(100):  # news for those who do not read
            server.act(f"x{number}.mp4", "stop")
        assert memory(server) - before < 30_000


def test_two_hundred_connections_at_once(server: Server) -> None:
    answers: list[bytes] = []
    with ExitStack() as stack:
        sockets = []
        for _ in range(200):
            made = socket.create_connection(("127.0.0.1", server.port), 10)
            sockets.append(stack.enter_context(closing(made)))
        for each in sockets:
            each.sendall(head(server, "GET", "/api/sources", "Connection: close"))
        for each in sockets:
            with suppress(OSError):
                answers.append(each.recv(12))
    assert len(answers) == 200
    assert set(answers) <= {b"HTTP/1.1 200", b"HTTP/1.1 503"}
    deadline = time.monotonic() + 5
    while server.get("/api/sources").status != 200:
        assert time.monotonic() < deadline


BODIES = {
    "deep lists": b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"data": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
    "ten megabytes": b'{"data": {"source": "' + b"x" * 10**7 + b'"}}',
    "many values": b'{"data": {"source": [' + b"1," * 500_000 + b"1]}}",
    "NaN": b'{"data": {"frames": NaN}}',
    "infinity": b'{"data": {"frames": 1e999}}',
    "a long number": b'{"data": {"frames": ' + b"9" * 5000 + b"}}",
    "no text": b'{"data": {"source": "\\ud800"}}',
    "no UTF-8": b'{"data": {"source": "\xff"}}',
    "a list": b"[1]",
    "nothing": b"",
    "not JSON": b"<a/>",
    "no data": b'{"data": 5}',
}


@pytest.mark.parametrize("what", BODIES)
def test_a_spoilt_request_is_refused_in_a_line(server: Server, what: str) -> None:
    begin = time.monotonic()
    for path in ("check", "curves", "preview", "looks", "layers", "films"):
        got = server.ask("POST", f"/api/{path}", BODIES[what])
        assert got.status == 422 or what == "ten megabytes", (path, got.status, got.body[:300])
        if what != "ten megabytes":
            assert got.line
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("key", ["source", "output", "extends", "mask"])
def test_a_recipe_that_leads_outside_is_neither_shown_nor_rendered(
    server: Server, key: str
) -> None:
    data = {**QUICK, key: "../secret.yaml" if key == "extends" else "../secret.png"}
    for path in ("curves", "preview", "films"):
        got = server.post(f"/api/{path}", {"data": data, "frame": 0, "side": None})
        assert got.status == 422, (path, got.body[:300])
        assert "lies outside the folder" in got.line
    checked = server.post("/api/check", {"data": data}).json
    assert "lies outside the folder" in checked["faults"][0]["line"]
    assert not server.films()


# Without a server


async def endless(size: int = 2**16, pause: float = 0) -> AsyncIterator[bytes]:
    """More than is taken, and not so much that a fault fills the disk."""
    for _ in range(100):
        await asyncio.sleep(pause)
        yield b"x" * size


def refused(folder: Path, pieces: AsyncIterator[bytes], name: str = "b.png") -> str:
    (folder / WORK).mkdir(exist_ok=True)
    with pytest.raises(DreamvidError) as raised:
        asyncio.run(_taken(folder, name, pieces))
    assert [path.name for path in folder.iterdir()] == [WORK]
    assert not list((folder / WORK).iterdir())
    return str(raised.value)


async def _taken(folder: Path, name: str, pieces: AsyncIterator[bytes]) -> None:
    async with asyncio.timeout(10):
        await uploads.take(Folder(folder), name, pieces)


def test_an_upload_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST", 2**20)
    assert refused(tmp_path, endless()) == "b.png: is larger than 1 MiB"


def test_an_upload_leaves_the_disk_some_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LEFT", 2**60)
    assert refused(tmp_path, endless()) == "b.png: the disk is full"


def test_an_upload_that_stands_still_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 0.05)
    assert "nothing came for" in refused(tmp_path, endless(pause=5))


def test_uploads_of_one_name_at_once_are_all_kept(server: Server) -> None:
    data = (server.folder / "a.png").read_bytes()
    paths: list[str] = []
    threads = [
        threading.Thread(target=lambda: paths.append(server.put("same.png", data).json["path"]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == 4
    assert all((server.folder / path).read_bytes() == data for path in paths)


def test_a_painted_mask_becomes_a_gray_picture(server: Server) -> None:
    import numpy as np
    from PIL import Image

    painted = np.zeros((24, 32, 4), np.uint8)
    painted[:, :16] = 255
    got = server.ask("PUT", "/api/masks/painted", make.encoded(painted, "PNG"))
    assert (got.status, got.json["path"]) == (201, "painted.png"), got.body
    with Image.open(server.folder / "painted.png") as mask:
        pixels = np.asarray(mask.convert("RGB"))
    assert pixels[:, :16].min() == 255
