"""The app's addresses: a page per view, whose parts that take longer come behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from whytrain.app import sentence
from whytrain.app.explored import LONGEST_TEXT, Explored
from whytrain.app.guard import Guard
from whytrain.errors import DataError, WhytrainError
from whytrain.pages.html import visible
from whytrain.presentation import palette, wording

HERE = Path(__file__).parent
VIEWS = ("sentence", "words", "data", "retrain", "compare")
_SUGGESTED = 8  # sentences to pick from
Text = Annotated[str, Query()]


def make_app(models: Sequence[Explored], *, token: str) -> FastAPI:
    """Return the app.

    Args:
        models: one, or several of the same data side by side; views of words, data and training are of the
            first.
        token: that its address carries.
    """
    app = FastAPI(title="whytrain explore", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, token=token)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    show = _Pages(models)

    @app.exception_handler(WhytrainError)
    def wrong(request: Request, error: WhytrainError) -> Response:
        return HTMLResponse(show.part("wrong", message=str(error)), 400)

    @app.get("/static-palette.css")
    def colors() -> Response:
        return Response(palette_sheet(), media_type="text/css")

    @app.get("/")
    def first() -> Response:
        return RedirectResponse("/sentence", 303)

    _add_sentence(app, models, show)
    return app


class _Pages:
    """Pages and parts of pages, made of templates; all text is escaped."""

    def __init__(self, models: Sequence[Explored]) -> None:
        self._models = models
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "visible": lambda text: visible(str(text)),
            "percent": wording.percent,
            "signed": wording.signed,
            "number": wording.number,
            "url": lambda values: urlencode(values, doseq=True),
        }
        self._templates.globals |= {"models": models, "views": VIEWS, "counted": wording.counted}

    def page(self, view: str, **values: object) -> Response:
        """Return a whole page."""
        return HTMLResponse(self.part(view, view=view, **values))

    def part(self, name: str, **values: object) -> str:
        """Return what a template makes of values."""
        return self._templates.get_template(f"{name}.html").render(**values)


def palette_sheet() -> str:
    """Return the house's colors as variables of a style sheet, light and dark."""
    light = {"for": palette.POSITIVE, "against": palette.NEGATIVE, "size": palette.SIZE}
    light |= {"right": palette.RIGHT, "wrong": palette.WRONG, "ink": palette.INK}
    variables = "".join(f"--{name}:{color};" for name, color in light.items())
    return f":root{{{variables}}}"


def checked_text(text: str) -> str:
    """Return a text that may be asked.

    Raises:
        DataError: it is too long for the page.
    """
    if len(text) > LONGEST_TEXT:
        raise DataError(
            f"The text has {len(text):,} characters; up to {LONGEST_TEXT:,} are explained here. Give a part of "
            "it, or use explain.py."
        )
    return text.strip()


def _add_sentence(app: FastAPI, models: Sequence[Explored], show: _Pages) -> None:
    vocabulary = sentence.Vocabulary(models[0])

    def named(letter: int) -> Explored:
        if not 0 <= letter < len(models):
            raise DataError(f"There is no model {letter + 1}.")
        return models[letter]

    @app.get("/sentence")
    def ask(
        text: Text = "",
        before: Text = "",
        word: Annotated[int | None, Query()] = None,
        method: Annotated[list[str] | None, Query()] = None,
    ) -> Response:
        text, before = checked_text(text), checked_text(before)
        answers = [sentence.answer(model, text) for model in models] if text else []
        tried, place = [], None
        if answers and word is not None:
            place = answers[0].asked.checked(word)
            tried = sentence.alternatives(answers, place, vocabulary.tried(answers[0].asked.words[place]))
        known = [name for name in models[0].methods if name in (method or ["shapley"])]
        return show.page(
            "sentence",
            text=text,
            before=before,
            was=[sentence.answer(model, before) for model in models] if before and text else [],
            answers=answers,
            place=place,
            alternatives=tried,
            methods=models[0].methods,
            chosen=known or models[0].methods[:1],
            suggested=[] if text else _suggested(models[0]),
        )

    @app.get("/sentence/replace")
    def replace(text: Text, word: Annotated[int, Query()], by: Text = "") -> Response:
        text = checked_text(text)
        asked, _ = models[0].ask(text)
        new = asked.replaced(word, by.strip()) if by.strip() else asked.without([word])
        return RedirectResponse(f"/sentence?{urlencode({'text': new, 'before': text})}", 303)

    @app.get("/sentence/reasons")
    def reasons(text: Text, model: int = 0, method: Annotated[list[str] | None, Query()] = None) -> Response:
        chosen = [name for name in named(model).methods if name in (method or [])]
        found, notes = sentence.reasons(named(model), checked_text(text), chosen)
        return HTMLResponse(show.part("reasons", reasons=found, notes=notes))

    @app.get("/sentence/least")
    def least(text: Text, model: int = 0) -> Response:
        text = checked_text(text)
        turns, told = sentence.turns(named(model), text)
        return HTMLResponse(show.part("least", turns=turns, told=told, text=text))

    @app.get("/sentence/alike")
    def alike(text: Text) -> Response:
        rows, read = sentence.alike(vocabulary, checked_text(text))
        return HTMLResponse(show.part("alike", rows=rows, read=read))


def _suggested(model: Explored) -> list[str]:
    """Return sentences to pick from: some that are wrong, some that are right; none of a private run."""
    rows = model.validation
    if rows is None:
        return []
    short = rows[rows["text"].str.split().str.len().between(4, 20)].sort_values("loss", ascending=False)
    half = _SUGGESTED // 2
    chosen = [*short["text"][:half], *short[short["right"]].sample(frac=1, random_state=0)["text"][:half]]
    return list(dict.fromkeys(chosen))


def form_of(body: bytes) -> dict[str, list[str]]:
    """Return the fields of a form that a browser sent."""
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50):
        fields.setdefault(name, []).append(value)
    return fields


Add = Callable[[FastAPI, Sequence[Explored], _Pages], None]
