"""Addresses of the view of the next run."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from whytrain.app.exploration import Exploration
from whytrain.app.pages import Pages, first_of, form_of


def router(exploration: Exploration, pages: Pages) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(prefix="/retrain")

    @routes.get("")
    def show() -> Response:
        if exploration.first.run is None or exploration.first.is_private:
            return pages.page(
                "nothing", why="Only a tracked run whose words may be shown can be trained again."
            )
        return pages.page(
            "retrain",
            plan=exploration.plan(),
            opinion=exploration.notebook.opinion,
            training=exploration.training,
            effects=exploration.effects(),
        )

    @routes.get("/progress")
    def progress() -> Response:
        return pages.part("progress", training=exploration.training)

    @routes.get("/effects")
    def effects() -> Response:
        return pages.part("effects", effects=exploration.effects(), training=exploration.training)

    @routes.post("/start")
    async def start(request: Request) -> Response:
        fields = await form_of(request)
        control = first_of(fields, "control") == "yes"
        await run_in_threadpool(exploration.train, control=control)
        return RedirectResponse("/retrain", 303)

    @routes.post("/stop")
    def stop() -> Response:
        if exploration.training is not None:
            exploration.training.stop()
        return RedirectResponse("/retrain", 303)

    @routes.post("/beside")
    async def beside(request: Request) -> Response:
        fields = await form_of(request)
        await run_in_threadpool(exploration.put_beside, first_of(fields, "run"))
        return RedirectResponse("/compare" if first_of(fields, "back") == "/compare" else "/sentence", 303)

    return routes
