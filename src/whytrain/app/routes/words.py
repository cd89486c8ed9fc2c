"""Addresses of the view of words: what is said of them changes what the next run learns."""

from __future__ import annotations

from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from whytrain.app import words
from whytrain.app.exploration import Exploration
from whytrain.app.notebook import kin_of
from whytrain.app.pages import Pages, first_of, form_of
from whytrain.errors import ConfigError
from whytrain.shortcuts.group import MOST_WORDS
from whytrain.shortcuts.marks import Kind

_LONGEST = 200  # characters of a word or a pattern
Listed = Annotated[list[str], Query()]


def router(exploration: Exploration, pages: Pages) -> APIRouter:
    """Return the addresses."""
    routes = APIRouter(prefix="/words")

    @routes.get("")
    def show(named: str = "") -> Response:
        model, named = exploration.first, named[:_LONGEST]
        if model.run is None or model.is_private:
            return pages.page("nothing", why=_why_nothing(exploration))
        opinion = exploration.notebook.opinion
        found = model.shortcuts
        return pages.page(
            "words",
            opinion=opinion,
            found=found,
            suspects=[] if found is None else words.suspects(found, model.saved.class_names, opinion),
            group=None if found is None else words.misleading_together(found, opinion),
            ranked=words.ranked_words(model, opinion, named),
            pairs=words.ranked_pairs(model, opinion),
            named=named,
            remarks=exploration.notebook.remarks,
        )

    @routes.get("/sentences")
    def sentences(kind: Kind, word: Listed) -> Response:
        return pages.part("sentences", found=words.occurrences(exploration.first, kind, word[:2]))

    @routes.post("/say")
    async def say(request: Request) -> Response:
        fields = await form_of(request)
        await run_in_threadpool(_say, exploration, fields)
        back = first_of(fields, "back", "/words")
        named = first_of(fields, "named")
        target = back if back in ("/words", "/retrain") else "/words"
        return RedirectResponse(f"{target}{'?' + urlencode({'named': named}) if named else ''}", 303)

    return routes


def _say(exploration: Exploration, fields: dict[str, list[str]]) -> None:
    action, kind = first_of(fields, "action"), first_of(fields, "kind", "words")
    if action not in ("no_reason", "fine", "withdraw") or kind not in get_args(Kind):
        raise ConfigError("The page sent what it does not know.")
    said = [word for word in fields.get("word", []) if word.strip()] or first_of(fields, "words").split()
    if first_of(fields, "typed"):
        typed = first_of(fields, "typed")
        said = [typed] if kind == "pattern" else typed.replace(",", " ").split()
    if not 0 < len(said) <= MOST_WORDS or max(map(len, said)) > _LONGEST:
        raise ConfigError(f"Say which word: up to {MOST_WORDS:,} words, separated by commas.")
    joined = []
    if action == "no_reason" and kind == "words":
        joined = kin_of(said, exploration.notebook.opinion.marks, exploration.first.shortcuts)
    exploration.notebook.say(
        action,  # type: ignore[arg-type]  # one of three that were checked
        kind=kind,  # type: ignore[arg-type]
        words=said,
        joined=joined,
        comment=first_of(fields, "comment"),
    )


def _why_nothing(exploration: Exploration) -> str:
    if exploration.first.run is None:
        return "This model was trained elsewhere: there is no run with its words and its data."
    return (
        "This run keeps its texts private (tracking.log_text=false): of its words only hashes are known, and "
        "nothing of its data is shown."
    )
