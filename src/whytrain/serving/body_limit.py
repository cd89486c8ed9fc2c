"""Refuses requests whose body is too large, before all of it is read."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Middleware; see `ServeSettings.max_bytes`."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        """Stand before an app."""
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on whose whole body is small enough."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return  # whoever asked has gone
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._max_bytes:
                line = f"the body has more than {self._max_bytes:,} bytes; ask fewer or shorter texts"
                await JSONResponse({"error": line}, 413)(scope, receive, send)
                return
        is_read = False

        async def whole() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, whole, send)
