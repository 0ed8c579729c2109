"""Who may ask: a browser that opened the address which the terminal shows, and no other site in it.

A page on any site can send requests to 127.0.0.1. So a request needs a cookie that only the address
with the token gives; its Host must be this server's (a name that an attacker's DNS turns to
127.0.0.1 is another), and so must its Origin, if it has one, as one that changes anything must.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy: everything comes from this server."""

HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

LOCKED = (
    "This page needs the address that `dreamvid studio` shows in its terminal, which opens once. "
    "The terminal has a new one."
)


class Guard:
    """Lets a request pass, or refuses it.

    Args:
        app: what answers those that pass.
        port: that the server listens on.
        told: is given each new token, for the terminal.
    """

    def __init__(self, app: ASGIApp, port: int, told: Callable[[str], None]) -> None:
        self._app, self._told = app, told
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._name = f"dreamvid-{port}"  # cookies of all ports of a host are one jar
        self._cookie = secrets.token_urlsafe(32)
        self.token = secrets.token_urlsafe(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        answer = self._refusal(scope)
        await (answer or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to a request that does not pass; None: it does."""
        headers, method = Headers(scope=scope), scope["method"]
        if headers.getlist("host") != [headers.get("host")] or headers["host"] not in self._hosts:
            return PlainTextResponse("another host's name", 403)
        origins = headers.getlist("origin")
        allowed = [f"http://{headers['host']}"]
        if origins and origins != allowed:
            return _refused("another site's request")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _refused("another site's request")
        if method not in ("GET", "HEAD") and origins != allowed:
            return _refused("a request that does not say where it is from")
        token = QueryParams(scope["query_string"]).get("token")
        if scope["path"] == "/" and token is not None:
            return self._exchanged(token, headers)
        return None if self._is_known(headers) else PlainTextResponse(LOCKED, 403)

    def _exchanged(self, token: str, headers: Headers) -> Response:
        """Exchange a token for the cookie, once, and drop it from the address."""
        fits = hmac.compare_digest(token.encode(), self.token.encode())
        if not fits and not self._is_known(headers):
            return PlainTextResponse(LOCKED, 403)
        answer = RedirectResponse("/", 303)
        if fits:
            self.token = secrets.token_urlsafe(32)
            self._told(self.token)
            answer.set_cookie(self._name, self._cookie, httponly=True, samesite="strict", path="/")
        return answer

    def _is_known(self, headers: Headers) -> bool:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return False
        given = cookies[self._name].value if self._name in cookies else ""
        return hmac.compare_digest(given.encode(), self._cookie.encode())


def _refused(why: str) -> Response:
    return JSONResponse({"faults": [{"key": "", "message": why, "hint": None, "line": why}]}, 403)
