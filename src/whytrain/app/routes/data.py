"""Addresses of the view of the validation rows."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from whytrain.app import rows
from whytrain.app.exploration import Exploration
from whytrain.app.pages import Pages, first_of, form_of
from whytrain.errors import ConfigError


def router(exploration: Exploration, pages: Pages) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(prefix="/data")

    @routes.get("")
    def show(show: rows.Show = "wrong", label: str = "", word: str = "", page: int = 1) -> Response:
        model = exploration.first
        if model.validation is None:
            return pages.page("nothing", why=_WHY)
        corrections = exploration.notebook.opinion.labels
        found = rows.filtered(
            model.validation, corrections, show=show, label=label, word=word[:60], page=page
        )
        filters = {"show": show, "label": label, "word": word}
        return pages.page(
            "data",
            found=found,
            show=show,
            label=label,
            word=word,
            filters={name: value for name, value in filters.items() if value},
            shown=rows.SHOWN,
            names=model.saved.class_names,
            n_corrections=len(corrections),
            exclusive=model.saved.task.exclusive,
        )

    @routes.post("/label")
    async def correct(request: Request) -> Response:
        fields = await form_of(request)
        await run_in_threadpool(_correct, exploration, first_of(fields, "row"), first_of(fields, "to"))
        back = first_of(fields, "back")
        return RedirectResponse(f"/data{f'?{back}' if back else ''}", 303)

    return routes


_WHY = (
    "There are no validation rows to show: the model comes from elsewhere, or its run recorded "
    "none, or keeps its texts private."
)


def _correct(exploration: Exploration, row: str, to: str) -> None:
    table = exploration.first.validation
    if table is None or row not in set(table["id"]) or to not in ("", *exploration.first.saved.class_names):
        raise ConfigError("There is no such row, or no such label.")
    exploration.notebook.say("label" if to else "withdraw", row=row, label=to)
