"""Addresses of the pages that runs keep: whole pages of their own, without scripts."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from whytrain.app.exploration import Exploration

# They hold their own styles and pictures; nothing else is read, and nothing runs.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
)


def router(exploration: Exploration) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(prefix="/pages")

    @routes.get("/{place}/{name}")
    def show(place: int, name: str) -> HTMLResponse:
        text = exploration.named(place).page(name)
        return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})

    return routes
