"""The app: its views behind the guard."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

from whytrain.app.exploration import Exploration
from whytrain.app.guard import Guard
from whytrain.app.pages import HERE, Pages, WrongPartError, about_part, palette_sheet
from whytrain.app.routes import compare, data, reports, retrain, sentence, words
from whytrain.errors import WhytrainError


def make_app(exploration: Exploration, *, token: str) -> FastAPI:
    """Return the app of an exploration.

    Args:
        exploration: what it shows.
        token: that its address carries.
    """
    app = FastAPI(title="whytrain explore", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, token=token)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    pages = Pages(exploration)

    @app.exception_handler(WhytrainError)
    def wrong(request: Request, error: WhytrainError) -> Response:
        return pages.part("wrong", status=400, message=str(error))

    @app.exception_handler(WrongPartError)
    def unknown(request: Request, error: WrongPartError) -> Response:
        return pages.part("wrong", status=422, message=str(error))

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> Response:
        return pages.part("wrong", status=422, message="; ".join(map(about_part, error.errors())))

    @app.exception_handler(404)
    def nowhere(request: Request, error: Exception) -> Response:
        return pages.part("wrong", status=404, message="There is no such page.")

    @app.get("/palette.css")
    def colors() -> Response:
        return Response(palette_sheet(), media_type="text/css")

    @app.get("/")
    def first() -> Response:
        return RedirectResponse("/sentence", 303)

    for view in (sentence, words, data, retrain, compare):
        app.include_router(view.router(exploration, pages))
    app.include_router(reports.router(exploration))
    return app
