"""Addresses of the view of runs side by side."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from whytrain.app.comparing import compared, others
from whytrain.app.exploration import Exploration
from whytrain.app.pages import Pages


def router(exploration: Exploration, pages: Pages) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(prefix="/compare")

    @routes.get("")
    def show() -> Response:
        if exploration.first.run is None or exploration.first.is_private:
            return pages.page("nothing", why="Only tracked runs whose texts may be shown are compared here.")
        runs = [model.run for model in exploration.models if model.run is not None]
        return pages.page("compare", runs=runs, others=others(exploration.run, runs))

    @routes.get("/result")
    def result(other: int = 1) -> Response:
        found = exploration.named(other).once(
            ("compared", exploration.run.id), lambda: compared(exploration.run, exploration.named(other).run)
        )
        return pages.part("compared", found=found)

    return routes
