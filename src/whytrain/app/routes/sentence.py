"""Addresses of the view of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from whytrain.app import sentence
from whytrain.app.exploration import Exploration
from whytrain.app.explored import LONGEST_TEXT, MOST_WORDS, Explored
from whytrain.app.pages import Pages, check_part
from whytrain.data.words import split_words
from whytrain.errors import DataError

_SUGGESTED = 8  # sentences to pick from
_WORDS = (4, 20)  # of a sentence to pick
Methods = Annotated[list[str] | None, Query()]


def router(exploration: Exploration, pages: Pages) -> APIRouter:
    """Return the addresses."""
    routes, models = APIRouter(prefix="/sentence"), exploration.models

    def named(methods: Sequence[str] | None) -> Sequence[str]:
        known = dict.fromkeys(name for model in models for name in model.methods)
        for method in methods or ():
            check_part("method", method, known)
        return methods or ()

    def answers_to(text: str) -> list[sentence.Answer]:
        return [sentence.answer(model, text) for model in models]

    def alternatives(answers: list[sentence.Answer], word: int) -> list[sentence.Alternative]:
        asked = answers[0].asked
        tried = exploration.vocabulary.tried(asked.words[asked.checked(word)])
        return sentence.alternatives(answers, word, tried)

    @routes.get("")
    def ask(text: str = "", before: str = "", word: int | None = None, method: Methods = None) -> Response:
        text, before = checked(text), checked(before)
        answers = answers_to(text) if text else []
        place = word if answers else None
        able = models[0].methods
        return pages.page(
            "sentence",
            text=text,
            before=before,
            was=answers_to(before) if before and text else [],
            answers=answers,
            place=place,
            alternatives=[] if place is None else alternatives(answers, place),
            methods=able,
            chosen=_chosen(named(method), able) or able[:1],
            suggested=[] if text else _suggested(models[0]),
        )

    @routes.get("/replace")
    def replace(text: str, word: int, by: str = "") -> Response:
        text = checked(text)
        asked, _ = models[0].ask(text)
        new = asked.replaced(word, by.strip()) if by.strip() else asked.without([word])
        return RedirectResponse(f"/sentence?{urlencode({'text': new, 'before': text})}", 303)

    @routes.get("/reasons")
    def reasons(text: str, model: int = 0, method: Methods = None) -> Response:
        asked = exploration.named(model)
        found, notes = sentence.reasons(asked, checked(text), _chosen(named(method), asked.methods))
        return pages.part("reasons", reasons=found, notes=notes)

    @routes.get("/least")
    def least(text: str, model: int = 0) -> Response:
        asked, text = exploration.named(model), checked(text)
        turns, told = sentence.turns(asked, text)
        return pages.part("least", turns=turns, told=told, text=text, before=asked.ask(text)[0].label)

    @routes.get("/alike")
    def alike(text: str) -> Response:
        rows, read = sentence.alike(exploration.vocabulary, checked(text))
        return pages.part("alike", rows=rows, read=read)

    return routes


def checked(text: str) -> str:
    """Return a text that may be asked.

    Raises:
        DataError: it is too long for the page.
    """
    sizes = ((len(text), LONGEST_TEXT, "characters"), (len(split_words(text)), MOST_WORDS, "words"))
    for size, most, what in sizes:
        if size > most:
            raise DataError(
                f"The text has {size:,} {what}; up to {most:,} are explained here. Give a part of it, or use "
                "whytrain explain."
            )
    return text.strip()


def _chosen(named: Sequence[str], able: Sequence[str]) -> list[str]:
    """Return those of a model's methods that an address names, in the model's order."""
    return [name for name in able if name in named]


def _suggested(model: Explored) -> list[str]:
    """Return sentences to pick from: some that are wrong, some that are right; none of a private run."""
    rows = model.validation
    if rows is None:
        return []
    lengths = rows["text"].map(lambda text: len(split_words(text)))
    short = rows[lengths.between(*_WORDS)].sort_values("loss", ascending=False)
    half = _SUGGESTED // 2
    right = short[short["right"]].sample(frac=1, random_state=0)
    return list(dict.fromkeys([*short["text"][:half], *right["text"][:half]]))
