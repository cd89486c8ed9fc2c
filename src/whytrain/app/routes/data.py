"""Addresses of the view of the validation rows."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from whytrain.app.exploration import Exploration
from whytrain.app.pages import Pages


def router(exploration: Exploration, pages: Pages) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(prefix="/data")

    @routes.get("")
    def show() -> Response:
        return pages.page("nothing", why="Not there yet.")

    return routes
