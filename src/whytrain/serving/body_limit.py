"""Refuses requests whose body is too large, before all of it is read."""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from whytrain.web.body import read_body, replayed


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
        body = await read_body(receive, self._max_bytes)
        if body is None:
            line = f"the body has more than {self._max_bytes:,} bytes; ask fewer or shorter texts"
            await JSONResponse({"error": line}, 413)(scope, receive, send)
        else:
            await self._app(scope, replayed(body, receive), send)
