"""Who may ask the studio: a browser that opened the terminal's address, and no other site in it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from dreamvid.studio.guard import Guard

PORT = 8642
HOST = f"127.0.0.1:{PORT}"
HOME = f"http://{HOST}"

Headers = list[tuple[str, str]]


@dataclass
class Answer:
    status: int
    headers: dict[str, list[str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        (value,) = self.headers[name]
        return value


@dataclass
class Door:
    """A guard before an app that says who came in."""

    tokens: list[str] = field(default_factory=list)
    entered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            self.entered.append(f"{scope['method']} {scope['path']}")
            await PlainTextResponse("inside")(scope, receive, send)

        self.guard = Guard(app, PORT, self.tokens.append)

    def ask(
        self,
        path: str = "/",
        *headers: tuple[str, str],
        method: str = "GET",
        query: str = "",
        host: str | None = HOST,
        cookie: str = "",
    ) -> Answer:
        first = [("host", host)] if host is not None else []
        first += [("cookie", cookie)] if cookie else []
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in [*first, *headers]],
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.guard(scope, receive, send))
        told: dict[str, list[str]] = {}
        for name, value in sent[0]["headers"]:
            told.setdefault(name.decode(), []).append(value.decode())
        return Answer(sent[0]["status"], told, b"".join(m.get("body", b"") for m in sent))

    def opened(self) -> str:
        """The cookie of a browser that opened the address."""
        answer = self.ask(query=f"token={self.guard.token}")
        return answer["set-cookie"].partition(";")[0]


@pytest.fixture
def door() -> Door:
    return Door()


def test_a_token_is_exchanged_for_a_cookie_and_leaves_the_address(door: Door) -> None:
    token = door.guard.token
    answer = door.ask(query=f"token={token}")
    assert (answer.status, answer["location"]) == (303, "/")
    assert answer["referrer-policy"] == "no-referrer"
    assert answer["cache-control"] == "no-store"
    cookie, *marks = answer["set-cookie"].split("; ")
    assert {mark.lower() for mark in marks} == {"httponly", "samesite=strict", "path=/"}
    assert token not in cookie
    assert not door.entered
    assert door.ask(cookie=cookie).body == b"inside"
    assert door.entered == ["GET /"]


def test_a_token_opens_once_and_the_terminal_has_another(door: Door) -> None:
    token = door.guard.token
    door.ask(query=f"token={token}")
    again = door.ask(query=f"token={token}")
    assert again.status == 403
    assert "set-cookie" not in again.headers
    assert door.tokens == [door.guard.token] != [token]
    assert door.ask(query=f"token={door.tokens[0]}").status == 303
    assert not door.entered


def test_who_has_the_cookie_may_open_an_old_address(door: Door) -> None:
    token, cookie = door.guard.token, door.opened()
    answer = door.ask(query=f"token={token}", cookie=cookie)
    assert (answer.status, answer["location"]) == (303, "/")
    assert "set-cookie" not in answer.headers
    assert len(door.tokens) == 1


@pytest.mark.parametrize(
    "query",
    ["", "token=", "token=x", "token=%00", "token=%ff", "token=é", "token=x&token=", "Token={}"],
)
def test_a_wrong_token_opens_nothing(door: Door, query: str) -> None:
    answer = door.ask(query=query.format(door.guard.token))
    assert answer.status == 403
    assert "terminal" in answer.body.decode()
    assert not door.entered
    assert not door.tokens


def test_a_token_opens_nothing_but_the_page(door: Door) -> None:
    query = f"token={door.guard.token}"
    assert door.ask("/api/start", query=query).status == 403
    assert door.ask("//", query=query).status == 403
    posted = door.ask("/", method="POST", query=query)
    assert posted.status == 403
    assert not door.entered
    assert not door.tokens


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "dreamvid-8642=",
        "dreamvid-8642=x",
        "dreamvid-8643={value}",
        "dreamvid={value}",
        "DREAMVID-8642={value}",
        "dreamvid-8642={value}x",
        "dreamvid-8642=\xe9",
        '"; \\\x01;==',
        "$Version=1; dreamvid-8642",
    ],
)
def test_no_other_cookie_opens(door: Door, cookie: str) -> None:
    value = door.opened().partition("=")[2]
    assert door.ask("/api/start", cookie=cookie.format(value=value)).status == 403
    assert not door.entered


def test_a_cookie_among_others_opens(door: Door) -> None:
    cookie = door.opened()
    assert door.ask(cookie=f"a=b; {cookie}; dreamvid-1=c").status == 200


def test_two_servers_have_two_cookies(door: Door) -> None:
    other = Door()
    assert other.ask(cookie=door.opened()).status == 403
    assert other.guard.token != door.guard.token


@pytest.mark.parametrize("host", [HOST, f"localhost:{PORT}"])
def test_the_servers_own_names_are_answered(door: Door, host: str) -> None:
    assert door.ask(host=host, cookie=door.opened()).status == 200


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        f"evil.example:{PORT}",
        f"127.0.0.1.evil.example:{PORT}",
        f"localhost.evil.example:{PORT}",
        "127.0.0.1",
        "127.0.0.1:80",
        f"127.0.0.1:{PORT}0",
        f"127.0.0.2:{PORT}",
        f"0.0.0.0:{PORT}",
        f"[::1]:{PORT}",
        f"LOCALHOST:{PORT}",
        f"localhost.:{PORT}",
        f"x@127.0.0.1:{PORT}",
        f" 127.0.0.1:{PORT}, evil.example",
        f"2130706433:{PORT}",
    ],
)
def test_another_host_is_refused(door: Door, host: str | None) -> None:
    """A name that an attacker's DNS turns to 127.0.0.1 comes with the attacker's name as Host."""
    cookie = door.opened()
    assert door.ask(host=host, cookie=cookie).status == 403
    assert door.ask(host=host, query=f"token={door.guard.token}").status == 403
    assert door.ask(("/api/films"), method="POST", host=host, cookie=cookie).status == 403
    assert not door.entered
    assert len(door.tokens) == 1


def test_two_hosts_are_refused(door: Door) -> None:
    cookie = door.opened()
    for second in (HOST, "evil.example"):
        assert door.ask("/", ("host", second), cookie=cookie).status == 403
    assert not door.entered


ORIGINS = [
    "http://evil.example",
    f"http://evil.example:{PORT}",
    "null",
    "",
    "http://127.0.0.1",
    "http://127.0.0.1:8643",
    f"https://{HOST}",
    f"http://localhost:{PORT}",
    f"{HOME}/",
    f"{HOME}.evil.example",
    HOME.upper(),
]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_another_origin_is_refused(door: Door, method: str, origin: str) -> None:
    answer = door.ask("/api/start", ("origin", origin), method=method, cookie=door.opened())
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert not door.entered


def test_what_changes_anything_says_where_it_is_from(door: Door) -> None:
    cookie, own = door.opened(), ("origin", HOME)
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
        assert door.ask("/api/films", method=method, cookie=cookie).status == 403
        assert door.ask("/api/films", own, own, method=method, cookie=cookie).status == 403
        assert door.ask("/api/films", own, method=method).status == 403
    assert not door.entered
    assert door.ask("/api/films", own, method="POST", cookie=cookie).status == 200
    assert door.ask("/api/films", own, method="PUT", cookie=cookie).status == 200
    assert door.ask("/", ("origin", f"http://localhost:{PORT}"), method="POST",
                    host=f"localhost:{PORT}", cookie=cookie).status == 200  # fmt: skip


@pytest.mark.parametrize(
    ("site", "status"),
    [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403), ("", 403)],
)
def test_a_page_that_another_site_shows_is_refused(door: Door, site: str, status: int) -> None:
    """An image, a frame or a link on another site sends no Origin, but says what it is."""
    asked = door.ask("/api/start", ("sec-fetch-site", site), cookie=door.opened())
    assert asked.status == status
    assert bool(door.entered) == (status == 200)


def test_every_answer_keeps_the_browser_to_this_server(door: Door) -> None:
    cookie = door.opened()
    answers = [
        door.ask(cookie=cookie),
        door.ask(),
        door.ask(host="evil.example"),
        door.ask("/", ("origin", "null")),
        door.ask(method="POST"),
        door.ask(query=f"token={door.guard.token}"),
    ]
    for answer in answers:
        policy = dict(part.split(" ", 1) for part in answer["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert "unsafe" not in answer["content-security-policy"]
        assert answer["x-content-type-options"] == "nosniff"
        assert answer["x-frame-options"] == "DENY"
        assert answer["referrer-policy"] == "no-referrer"
        assert answer["cross-origin-resource-policy"] == "same-origin"
        assert answer["cross-origin-opener-policy"] == "same-origin"
        assert answer["cache-control"] == "no-store"


def test_a_refusal_tells_nothing_of_its_own(door: Door) -> None:
    secrets = {door.guard.token, door.opened().partition("=")[2]}
    for answer in (door.ask(), door.ask(host="a"), door.ask("/", ("origin", "null"))):
        assert not [each for each in secrets if each.encode() in answer.body]


def test_what_is_no_request_of_http_goes_nowhere(door: Door) -> None:
    async def never(*_: Any) -> Any:
        raise AssertionError("answered")

    asyncio.run(door.guard({"type": "websocket", "path": "/", "headers": []}, never, never))
    assert not door.entered
