"""Who may ask: a token, no other site, requests of a bounded size and number."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from whytrain.web.body import read_body, replayed

HOSTS = ("127.0.0.1", "localhost")
LONGEST_BODY, LONGEST_QUERY = 64_000, 32_000  # bytes
RATE, BURST = 20.0, 120  # requests of a browser per second in the long run, and at once
_BROWSERS = 1000  # whose rates are remembered
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """Lets a request through that carries the token, comes from our own page, and is not too much.

    The token stands in the address that is printed. Opened once, it becomes a cookie that other sites cannot
    send. A host name that is not this machine's is refused (DNS rebinding), and so is a change that another
    origin asks for, even one on this machine. Every answer carries the headers that keep scripts, styles and
    pictures of other origins out.
    """

    def __init__(self, app: ASGIApp, *, token: str) -> None:
        """Guard an app with a token."""
        self.app, self.token = app, token
        self._spent: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        headers = Headers(scope=scope)
        answer = self._at_once(scope, headers)
        if answer is None and _changes(scope):
            body = await read_body(receive, LONGEST_BODY)
            if body is None:
                answer = PlainTextResponse("The request is too large.", 413)
            else:
                receive = replayed(body, receive)
        await (answer or self.app)(scope, receive, send_with_headers)

    def _at_once(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the cookie for the token, or a refusal; None where the app shall answer."""
        host = headers.get("host", "")
        if _name_and_port(host)[0] not in HOSTS:
            return PlainTextResponse(f"This page is served as {' or '.join(HOSTS)} alone.", 421)
        if len(scope["query_string"]) > LONGEST_QUERY:
            return PlainTextResponse("The address is too long.", 414)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "GET" and self._is_token(given):
            return self._welcome(scope["path"], _cookie_name(host))
        return self._refusal(scope, headers, host)

    def _refusal(self, scope: Scope, headers: Headers, host: str) -> Response | None:
        token, _, browser = _cookie(headers.get("cookie", ""), _cookie_name(host)).partition(".")
        if not self._is_token(token):
            return PlainTextResponse("Open the address that explore printed: it carries the key.", 403)
        if (
            _changes(scope) and headers.get("origin") != f"http://{host}"
        ):  # browsers say who changes something
            return PlainTextResponse("Another site asked for this.", 403)
        if not self._may_ask(browser):
            return PlainTextResponse("Too many questions at once.", 429, {"Retry-After": "1"})
        return None

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())

    def _welcome(self, path: str, cookie: str) -> Response:
        answer = RedirectResponse(path if path.startswith("/") and not path.startswith("//") else "/", 303)
        value = f"{self.token}.{secrets.token_urlsafe(9)}"
        answer.set_cookie(cookie, value, httponly=True, samesite="lax")
        return answer

    def _may_ask(self, browser: str) -> bool:
        """Take one from a browser's bucket, which fills again at `RATE`."""
        now = time.monotonic()
        left, seen = self._spent.pop(browser, (float(BURST), now))
        left = min(BURST, left + (now - seen) * RATE)
        self._spent[browser] = (left - 1 if left >= 1 else left, now)
        if len(self._spent) > _BROWSERS:
            self._spent.popitem(last=False)
        return left >= 1


def _cookie_name(host: str) -> str:
    """Return the cookie's name: browsers keep cookies by host, whatever the port."""
    return f"whytrain-{_name_and_port(host)[1]}"


def _name_and_port(host: str) -> tuple[str | None, int]:
    try:
        parts = urlsplit(f"//{host}")
        return parts.hostname, parts.port or 80
    except ValueError:  # an open bracket, a port that is none
        return None, 80


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _changes(scope: Scope) -> bool:
    return scope["method"] not in ("GET", "HEAD")
