"""Who may ask the app: a token, our own page, this machine's name, requests of a bounded size and number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from planted_articles import ORIGIN, TOKEN
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from whytrain.app import guard


@pytest.fixture
def changes() -> list[str]:
    """What reached the app."""
    return []


@pytest.fixture
def guarded(changes: list[str]) -> Iterator[TestClient]:
    async def answer(request: Request) -> Response:
        if request.method == "POST":
            changes.append((await request.body()).decode())
        return PlainTextResponse("a secret text")

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    app.add_middleware(guard.Guard, token=TOKEN)
    with TestClient(app, base_url=ORIGIN) as browser:
        yield browser


def opened(browser: TestClient) -> TestClient:
    browser.get(f"/?token={TOKEN}", follow_redirects=False)
    return browser


def test_the_token_becomes_a_cookie_and_leaves_the_address(guarded: TestClient) -> None:
    answer = guarded.get(f"/words?token={TOKEN}", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/words")
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("whytrain-8000=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert guarded.get("/words").text == "a secret text"


def test_the_address_after_the_token_is_our_own(guarded: TestClient) -> None:
    answer = guarded.get(f"//evil.example/?token={TOKEN}", follow_redirects=False)
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith("//")


@pytest.mark.parametrize("query", ["", "?token=wrong", "?token=", f"?token={TOKEN}x"])
def test_nothing_is_read_or_changed_without_the_token(
    guarded: TestClient, changes: list[str], query: str
) -> None:
    for answer in (
        guarded.get(f"/words{query}"),
        guarded.post(f"/words/say{query}", content="x", headers={"origin": ORIGIN}),
        guarded.get(f"/{query}", headers={"cookie": "whytrain-8000=wrong.a"}),
        guarded.get(f"/{query}", headers={"cookie": "whytrain-8000="}),
        # The token of a form is none: only the address that was opened makes the cookie.
        guarded.post("/words/say", content=f"token={TOKEN}", headers={"origin": ORIGIN}),
        guarded.post(f"/words/say?token={TOKEN}", content="x", headers={"origin": ORIGIN}),
    ):
        assert answer.status_code == 403
        assert "secret" not in answer.text
    assert changes == []


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "",
        "[::1",
        "127.0.0.1:x",
        "127.0.0.1:99999",
    ],
)
def test_another_name_of_this_machine_is_refused(guarded: TestClient, host: str) -> None:
    answer = opened(guarded).get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:5000", "http://localhost:8000", "null", None]
)
def test_another_origin_changes_nothing(guarded: TestClient, changes: list[str], origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    assert opened(guarded).post("/words/say", content="x", headers=headers).status_code == 403
    assert changes == []


def test_a_form_of_our_own_reaches_the_app_whole(guarded: TestClient, changes: list[str]) -> None:
    body = "x" * (guard.LONGEST_BODY - 1)
    assert opened(guarded).post("/", content=body, headers={"origin": ORIGIN}).status_code == 200
    assert changes == [body]


def test_what_is_too_large_is_refused(guarded: TestClient, changes: list[str]) -> None:
    def in_parts() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * (guard.LONGEST_BODY // 9)

    opened(guarded)
    for body in (b"x" * (guard.LONGEST_BODY + 1), in_parts()):
        assert guarded.post("/", content=body, headers={"origin": ORIGIN}).status_code == 413
    assert guarded.get("/?text=" + "x" * guard.LONGEST_QUERY).status_code == 414
    assert changes == []


def test_a_browser_is_slowed_down_and_others_are_not(
    guarded: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(guard.time, "monotonic", lambda: now[0])
    opened(guarded)
    codes = [guarded.get("/").status_code for _ in range(guard.BURST + 5)]
    assert codes == [200] * guard.BURST + [429] * 5
    first = dict(guarded.cookies)
    guarded.cookies.clear()
    assert opened(guarded).get("/").status_code == 200  # somebody else
    guarded.cookies.clear()
    guarded.cookies.update(first)
    now[0] += 2 / guard.RATE
    assert [guarded.get("/").status_code for _ in range(3)] == [200, 200, 429]


def test_every_answer_keeps_other_origins_out(guarded: TestClient) -> None:
    for answer in (guarded.get("/"), opened(guarded).get("/"), guarded.get("/", headers={"host": "evil"})):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
