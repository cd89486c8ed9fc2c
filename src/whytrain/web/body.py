"""A request's body: read up to a limit, and given on to the app behind."""

from __future__ import annotations

from starlette.types import Message, Receive


async def read_body(receive: Receive, most: int) -> bytes | None:
    """Return the body; None for one of more than `most` bytes, of which no more is read."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body"):
            return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read, and then what comes behind it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
