"""Addresses of the view of rows."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from whytrain.app.exploration import Exploration
from whytrain.app.explored import MOST_TRAINING
from whytrain.app.pages import Pages, check_part, first_of, form_of
from whytrain.app.rows import SHOWN, Filters, Show, Which, filtered
from whytrain.errors import ConfigError


def router(exploration: Exploration, pages: Pages) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(prefix="/data")

    @routes.get("")
    def show(
        rows: Which = "validation",
        show: Show = "wrong",
        label: str = "",
        word: str = "",
        group: str = "",
        page: int = 1,
    ) -> Response:
        if exploration.first.validation is None:
            return pages.page("nothing", why=_WHY)
        if label:
            check_part("label", label, exploration.first.saved.class_names)
        filters = Filters(rows=rows, show=show, label=label, word=word[:60], group=group)
        return pages.page("data", **_shown(exploration, filters, page))

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


def _shown(exploration: Exploration, filters: Filters, page: int) -> dict[str, object]:
    model, opinion = exploration.first, exploration.notebook.opinion
    table = exploration.table(filters.rows, methods=filters.show == "methods")
    return {
        "found": filtered(table, model.groups(filters.rows), opinion, filters, page),
        "filters": filters,
        "shown": SHOWN,
        "has_training": model.corpus is not None,
        "most_training": MOST_TRAINING if len(table) == MOST_TRAINING else None,
        "other": exploration.models[1].name if len(exploration.models) > 1 else "",
        "names": model.saved.class_names,
        "n_corrections": len(opinion.labels),
        "doubted": [] if model.doubted is None else model.doubted["id"].tolist(),
        "decided": opinion.kept | opinion.labels.keys(),
        "exclusive": model.saved.task.exclusive,
    }


def _correct(exploration: Exploration, row: str, to: str) -> None:
    label, notebook = exploration.label_of(row), exploration.notebook
    if label is None or to not in ("", *exploration.first.saved.class_names):
        raise ConfigError("There is no such row, or no such label.")
    is_kept = to == label and row not in notebook.opinion.labels
    notebook.say("keep" if is_kept else "label" if to else "withdraw", row=row, label=to)
