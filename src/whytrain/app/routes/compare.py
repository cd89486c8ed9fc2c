"""Addresses of the view of runs side by side."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from whytrain.app.exploration import Exploration
from whytrain.app.pages import Pages


def router(exploration: Exploration, pages: Pages) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(prefix="/compare")

    @routes.get("")
    def show() -> Response:
        return pages.page("nothing", why="Not there yet.")

    return routes
